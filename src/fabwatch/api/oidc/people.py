"""Which person may what: by the groups that the provider names, as fab.toml states."""

from collections.abc import Iterable

from fabwatch.api.keys import Key, Keys
from fabwatch.api.oidc.provider import Claims, claim
from fabwatch.terms.settings.service import OidcSettings, RoleSettings

NO_GROUP, REVOKED = "no group", "revoked"


class NotLetIn(Exception):
    """A person whom the provider knows, and who may not come in: NO_GROUP with those that were named, or REVOKED."""

    def __init__(self, why: str, groups: list[str]):
        super().__init__(why)
        self.why, self.groups = why, groups


def signed_in(keys: Keys, stated: OidcSettings, said: Claims) -> Key:
    """The person of those claims, as one who may. Raises NotLetIn."""
    groups = _groups(claim(said, stated.roles_claim))
    role = _role(stated, groups)
    if role is None:
        raise NotLetIn(NO_GROUP, groups)
    account = f"{stated.issuer} {said['sub']}"
    key = keys.valid(keys.person(account, _name(stated, said), role.scope, role.area))
    if key is None:
        raise NotLetIn(REVOKED, groups)
    return key


def _groups(found: object) -> list[str]:
    if isinstance(found, str):
        return [found]
    return [str(group) for group in found] if isinstance(found, Iterable) else []


def _role(stated: OidcSettings, groups: list[str]) -> RoleSettings | None:
    """The first that stands in fab.toml, so that what a person of several groups may can be read there."""
    return next((role for group, role in stated.roles.items() if group in groups), None)


def _name(stated: OidcSettings, said: Claims) -> str:
    names = (stated.name_claim, "preferred_username", "name", "email", "sub")
    return next(str(said[name]) for name in names if said.get(name))
