"""Whom a connection over TLS trusts: the authorities of this machine, or the fab's own certificate."""

import ssl

from fabwatch.terms.errors import BadSettings

CA = "File with the certificate that signed that of the server, if it is the fab's own."


def trusting(ca: str | None) -> ssl.SSLContext:
    """A server has to show a certificate of these that is valid now, for its name. Raises BadSettings."""
    try:
        return ssl.create_default_context(cafile=ca)
    except (OSError, ssl.SSLError) as fault:
        raise BadSettings(f"ca: {ca} holds no certificate that can be read: {fault}") from None
