"""The provider that fab.toml names: where it sends people, and what it says of the one who comes back.

Source: OpenID Connect Core 1.0, section 3.1 (code flow); RFC 7636 (PKCE); RFC 9207 (issuer of an answer).
"""

import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from fabwatch.api.oidc.begun import Begun
from fabwatch.terms.drivers import first_line
from fabwatch.terms.errors import ExtraMissing
from fabwatch.terms.secrets import NoSecret, secret_of
from fabwatch.terms.settings.service import OidcSettings
from fabwatch.terms.tls import trusting

if TYPE_CHECKING:
    from authlib.integrations.httpx_client import AsyncOAuth2Client

TIMEOUT_S = 10.0
MOST_AT_ONCE = 8
"""Sign-ins that wait for the provider together: one that hangs takes no more places of the service than these."""
KEPT_S = 3600.0
"""For so long it is believed what the provider says of itself; its keys are asked for again when one is new."""
LEEWAY_S = 60
"""Seconds by which the clocks of the two may differ."""
SIGNED_BY = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"]
"""How a token may be signed: with a key that only the provider has. Never `none`, and never with a shared secret."""

ENDPOINTS = ("authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri", "end_session_endpoint")
NO_OIDC = "It answered what is no OpenID Connect"
Claims = Mapping[str, Any]


class ProviderFails(Exception):
    """The provider cannot be reached, or what it says cannot be believed."""


class Provider:
    """What is asked of one provider."""

    def __init__(self, stated: OidcSettings):
        try:
            import authlib.integrations.httpx_client  # noqa: F401
        except ImportError:
            hint = "pip install 'fabwatch[oidc]'"
            raise ExtraMissing(
                "Signing in with an account needs the package authlib, which is not installed.", hint
            ) from None
        self.stated = stated
        self._trust = trusting(stated.ca)
        self._known: dict[str, Any] = {}
        self._keys: dict[str, Any] = {}
        self._asked = float("-inf")
        self._waiting = 0

    async def begin(self, begun: Begun, back: str) -> str:
        """The address to send the browser to; it comes back to `back`. Raises ProviderFails."""
        async with self._client(back) as client:
            about = {"prompt": self.stated.prompt} if self.stated.prompt else {}
            url, _ = client.create_authorization_url(
                self._known["authorization_endpoint"],
                state=begun.state,
                nonce=begun.nonce,
                code_verifier=begun.verifier,
                **about,
            )
            return str(url)

    async def claims(self, code: str, begun: Begun, back: str) -> Claims:
        """What the provider says of the person whom it sent back with that code. Raises ProviderFails."""
        async with self._client(back) as client:
            token = await client.fetch_token(
                self._known["token_endpoint"], code=code, code_verifier=begun.verifier, grant_type="authorization_code"
            )
            said = await self._verified(client, token, begun.nonce)
            if self._is_told(said) or not self._known.get("userinfo_endpoint"):
                return said
            more = await _object(client, self._known["userinfo_endpoint"], withhold_token=False)
            if more.get("sub") != said["sub"]:
                raise ProviderFails("What it says of the person is of somebody else.")
            return {**more, **said}

    async def leave(self, back: str) -> str | None:
        """The address that ends the session at the provider; None where it has none or cannot be reached."""
        try:
            async with self._client(back):
                end = self._known.get("end_session_endpoint")
        except ProviderFails:
            return None
        words = urlencode({"client_id": self.stated.client_id, "post_logout_redirect_uri": back})
        return f"{end}{'&' if '?' in end else '?'}{words}" if end else None

    def _is_told(self, said: Claims) -> bool:
        return claim(said, self.stated.roles_claim) is not None and self.stated.name_claim in said

    @asynccontextmanager
    async def _client(self, back: str) -> AsyncIterator["AsyncOAuth2Client"]:
        """Somebody who asks the provider; whatever goes wrong meanwhile is said in one line."""
        import httpx2
        from authlib.common.errors import AuthlibBaseError
        from authlib.integrations.httpx_client import AsyncOAuth2Client
        from joserfc.errors import JoseError

        if self._waiting >= MOST_AT_ONCE:
            raise ProviderFails(f"{MOST_AT_ONCE} sign-ins wait for its answer already.")
        self._waiting += 1
        try:
            secret = secret_of(self.stated.secret_env) if self.stated.secret_env else None
            async with AsyncOAuth2Client(
                self.stated.client_id,
                secret,
                scope=self.stated.scopes,
                redirect_uri=back,
                code_challenge_method="S256",
                verify=self._trust,
                timeout=TIMEOUT_S,
            ) as client:
                await self._ask(client)
                client.token_endpoint_auth_method = self._shown_by(secret)
                yield client
        except NoSecret as fault:
            raise ProviderFails(str(fault)) from None
        except (httpx2.HTTPError, httpx2.InvalidURL, AuthlibBaseError, JoseError) as fault:
            raise ProviderFails(f"{type(fault).__name__}: {first_line(fault)}") from None
        except (ValueError, KeyError) as fault:
            raise ProviderFails(f"{NO_OIDC}: {type(fault).__name__}: {first_line(fault)}") from None
        finally:
            self._waiting -= 1

    async def _ask(self, client: "AsyncOAuth2Client") -> None:
        """What the provider says of itself, unless that is known."""
        if time.monotonic() - self._asked < KEPT_S:
            return
        place = f"{self.stated.issuer.rstrip('/')}/.well-known/openid-configuration"
        known = await _object(client, place)
        if known["issuer"] != self.stated.issuer:
            raise ProviderFails(
                f"It calls itself {known['issuer']}, and fab.toml {self.stated.issuer}: they have to be equal."
            )
        self._is_private(known)
        keys = await _object(client, known["jwks_uri"])
        self._known, self._keys, self._asked = known, keys, time.monotonic()

    def _is_private(self, known: dict[str, Any]) -> None:
        """Raise ProviderFails where a secret would be sent in the clear."""
        open_ones = [str(url) for name, url in known.items() if name in ENDPOINTS and not str(url).startswith("https://")]
        if open_ones and self.stated.issuer.startswith("https://"):
            raise ProviderFails(f"It names an address that is not https: {open_ones[0]}")

    def _shown_by(self, secret: str | None) -> str:
        """How the secret is sent: in the header, unless the provider takes it in the body only."""
        if secret is None:
            return "none"
        taken = self._known.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        return "client_secret_basic" if "client_secret_basic" in taken else "client_secret_post"

    async def _verified(self, client: "AsyncOAuth2Client", token: dict[str, Any], nonce: str) -> Claims:
        """The claims of a token that the provider signed, for this service and for this sign-in, a moment ago."""
        from authlib.oidc.core import CodeIDToken
        from joserfc.errors import JoseError

        try:
            read = self._read(token["id_token"])
        except JoseError:
            # It may have another key since its keys were asked for, even under the name of the former one.
            self._keys = await _object(client, self._known["jwks_uri"])
            read = self._read(token["id_token"])
        made_for = {
            "iss": {"essential": True, "value": self.stated.issuer},
            "aud": {"essential": True, "value": self.stated.client_id},
        }
        about = {"nonce": nonce, "client_id": self.stated.client_id, "access_token": token.get("access_token")}
        said = CodeIDToken(read.claims, read.header, made_for, about)
        said.validate(leeway=LEEWAY_S)
        return dict(said)

    def _read(self, token: str) -> Any:
        from joserfc import jwt
        from joserfc.jwk import KeySet
        from joserfc.jws import JWSRegistry

        registry = JWSRegistry(algorithms=SIGNED_BY, strict_check_header=False)
        return jwt.decode(token, KeySet.import_key_set(self._keys), registry=registry)  # type: ignore[arg-type]


async def _object(client: "AsyncOAuth2Client", url: str, withhold_token: bool = True) -> dict[str, Any]:
    """The JSON object at an address of the provider. Raises ProviderFails for anything else that is JSON."""
    answer = await client.request("GET", url, withhold_token=withhold_token)
    said = answer.raise_for_status().json()
    if not isinstance(said, dict):
        raise ProviderFails(f"{NO_OIDC}: {url}")
    return said


def claim(said: Claims, name: str) -> Any:
    """A claim of that name, or what its dots lead to; None where there is none."""
    if name in said:
        return said[name]
    found: Any = said
    for part in name.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found
