"""A sign-in on its way: what the browser keeps until it comes back from the provider."""

import base64
import hmac
import json
import secrets
from dataclasses import asdict, dataclass

LASTS_S = 600
"""Seconds after which a sign-in has to be begun again."""


@dataclass(frozen=True)
class Begun:
    """The secrets of one sign-in, each for one use: the answer has to carry them or to be made for them."""

    state: str
    nonce: str
    verifier: str
    next: str

    @classmethod
    def now(cls, then: str) -> "Begun":
        """A new one; `then` is the page to show at its end."""
        return cls(secrets.token_urlsafe(32), secrets.token_urlsafe(32), secrets.token_urlsafe(48), then)

    @classmethod
    def of(cls, cookie: str) -> "Begun | None":
        """The one in a cookie; None where it holds none."""
        try:
            words = json.loads(base64.urlsafe_b64decode(cookie))
            return cls(**{name: str(words[name]) for name in cls.__dataclass_fields__})
        except (ValueError, KeyError, TypeError):
            return None

    @property
    def cookie(self) -> str:
        """For the browser that began it, and for no other: whoever else brings the answer has not this."""
        return base64.urlsafe_b64encode(json.dumps(asdict(self)).encode()).decode()

    def is_answered_by(self, state: str) -> bool:
        """Whether an answer with that state belongs to it."""
        return hmac.compare_digest(self.state.encode(), state.encode())
