"""`[server]`, `[audit]` and `[retention]`: how the service runs."""

from ipaddress import ip_network
from re import fullmatch
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, field_validator

from fabwatch.terms.settings.stated import Names, Period, Stated
from fabwatch.terms.tls import CA

Scope = Literal["read", "load", "decide", "admin"]


class RoleSettings(Stated):
    """`[server.oidc.roles]`: what a person of a group may do."""

    scope: Scope = Field(description="read, load, decide or admin.")
    area: str | None = Field(None, description="See only this area.")


Role = Annotated[RoleSettings, BeforeValidator(lambda value: {"scope": value} if isinstance(value, str) else value)]


class OidcSettings(Stated):
    """`[server.oidc]`: people sign in with their account (OpenID Connect), beside those who have a key."""

    issuer: str = Field(description="Address of the provider, such as 'https://login.fab.example/realms/fab'.")
    client_id: str = Field(min_length=1, description="What the provider knows this service as.")
    secret_env: str = Field(
        "FABWATCH_OIDC_SECRET", description="Environment variable with the client's secret; '' for a client without one."
    )
    roles: dict[str, Role] = Field(
        description="Group = scope, or { scope = 'decide', area = 'CMP' }; of several the first that stands here counts."
    )
    roles_claim: str = Field("groups", description="Claim that names the groups; dots lead into it: 'realm_access.roles'.")
    name_claim: str = Field("preferred_username", description="Claim with the name that the audit shows.")
    scopes: str = Field("openid profile email", description="What the provider is asked for.")
    address: str = Field("", description="Address of this service, where the one that a browser names is not right.")
    prompt: Literal["", "login", "select_account"] = Field(
        "", description="login: the provider asks for the password each time, for terminals that people share."
    )
    ca: str | None = Field(None, description=CA)

    @field_validator("issuer", "address")
    @classmethod
    def _passwords_go_over_tls(cls, value: str) -> str:
        """The address as it is compared later: without a slash at its end."""
        parts = urlsplit(value)
        nearby = parts.hostname in ("127.0.0.1", "localhost", "::1")
        if value and (parts.scheme != "https" and not (nearby and parts.scheme == "http")):
            raise ValueError("it begins with https:// (http:// for 127.0.0.1 only)")
        return value

    @field_validator("roles")
    @classmethod
    def _somebody_may_do_something(cls, value: dict[str, RoleSettings]) -> dict[str, RoleSettings]:
        if not value:
            raise ValueError("state at least one group, or nobody could sign in")
        return value

    @field_validator("scopes")
    @classmethod
    def _openid_is_among_the_scopes(cls, value: str) -> str:
        if "openid" not in value.split():
            raise ValueError("'openid' has to be among them")
        return value


class ServerSettings(Stated):
    """`[server]`: the service and its pages."""

    upload_mb: int = Field(512, gt=0, le=100_000, description="Largest upload, in MB.")
    requests_per_minute: int = Field(0, ge=0, description="Requests of one key within a minute; 0: as many as come.")
    load_mb_per_day: float = Field(0.0, ge=0, description="MB that one key may load over HTTP in a day (UTC); 0: any.")
    log: Literal["text", "json"] = Field(
        "text", description="Form of the log on stderr; json: one object a line, and a line for each request."
    )
    proxies: Names = Field(
        (), description="Addresses of proxies in front, whose X-Forwarded-For and X-Forwarded-Proto are believed."
    )

    oidc: OidcSettings | None = None

    @field_validator("proxies")
    @classmethod
    def _proxies_are_addresses(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for address in value:
            try:
                ip_network(address)
            except ValueError:
                raise ValueError(f"{address!r} is not an address or a network such as 127.0.0.1 or 10.0.0.0/8") from None
        return value


class RetentionSettings(Stated):
    """`[retention]`: for how long rows are kept that only a look at them needs; without a statement for good."""

    samples: Period = Field(None, ge=1, description="Samples of tool logs, such as '90 days'; their statistics stay.")
    problems: Period = Field(None, ge=1, description="Rows that were set aside, such as '1 year'; those that wait stay.")

    @property
    def is_stated(self) -> bool:
        """Whether anything goes."""
        return self.samples is not None or self.problems is not None


class AuditSettings(Stated):
    """`[audit]`: where the service sends the audit, beside keeping it."""

    syslog: str = Field("", description="Receiver of syslog: udp://host:514, tcp://host:601 or tls://host:6514.")
    ca: str | None = Field(None, description=CA)

    @field_validator("syslog")
    @classmethod
    def _syslog_is_an_address(cls, value: str) -> str:
        if value and not fullmatch(r"(udp|tcp|tls)://([\w.-]+|\[[\da-fA-F:]+\])(:\d{1,5})?/?", value):
            raise ValueError("syslog is udp://host:514, tcp://host:601 or tls://host:6514")
        return value.rstrip("/")
