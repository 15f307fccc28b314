"""Sending one message: by mail (SMTP) or to a webhook. What goes wrong is an error that says what to do."""

import json
import smtplib
import urllib.error
import urllib.request
from urllib.parse import unquote, urlsplit

from fabwatch.alerts.messages import Words, body_of, mail
from fabwatch.terms.errors import BadSettings, CannotSend
from fabwatch.terms.secrets import NoSecret, secret_of
from fabwatch.terms.settings.alerting import ChannelSettings
from fabwatch.terms.tls import trusting

TIMEOUT_S = 15.0
SAID = 160


def send(name: str, channel: ChannelSettings, words: Words) -> None:
    """Send a message by a channel. Raises CannotSend."""
    try:
        if "smtp" in channel.url.partition("://")[0]:
            _mail(channel, words)
        else:
            _post(channel, words)
    except CannotSend:
        raise
    except BadSettings as fault:
        raise CannotSend(f"Channel {name}: {fault.what}") from None
    except (OSError, smtplib.SMTPException, ValueError) as fault:
        raise CannotSend(f"Channel {name} could not send: {_reason(fault)}") from fault


def _mail(channel: ChannelSettings, words: Words) -> None:
    parts = urlsplit(channel.url)
    host, port = parts.hostname or "localhost", parts.port
    if parts.scheme == "smtps":
        server: smtplib.SMTP = smtplib.SMTP_SSL(host, port or 465, timeout=TIMEOUT_S, context=trusting(channel.ca))
    else:
        server = smtplib.SMTP(host, port or (587 if parts.scheme == "smtp+starttls" else 25), timeout=TIMEOUT_S)
    with server:
        if parts.scheme == "smtp+starttls":
            server.starttls(context=trusting(channel.ca))
        if parts.username:
            server.login(unquote(parts.username), _secret(channel))
        server.send_message(mail(words, channel))


def _post(channel: ChannelSettings, words: Words) -> None:
    address = _secret(channel) if channel.secret_env else channel.url
    if urlsplit(address).scheme not in ("http", "https"):
        raise CannotSend(f"The environment variable {channel.secret_env} holds no http(s) address.")
    content = json.dumps(body_of(words, channel.form or "json"), ensure_ascii=False).encode()
    headers = {"Content-Type": "application/json", "Idempotency-Key": words.mark, "User-Agent": "fabwatch"}
    request = urllib.request.Request(address, content, headers, method="POST")  # noqa: S310 - http and https alone, see above
    # A webhook that points elsewhere is not followed: the message would go to whoever answers.
    opener = urllib.request.build_opener(_NoRedirect, urllib.request.HTTPSHandler(context=trusting(channel.ca)))
    with opener.open(request, timeout=TIMEOUT_S) as answer:
        answer.read(1_000)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *given: object, **more: object) -> None:
        """Never."""
        del given, more


def _secret(channel: ChannelSettings) -> str:
    name = channel.secret_env
    if name is None:
        raise CannotSend("The channel names a user and no secret_env for the password.")
    try:
        return secret_of(name)
    except NoSecret as fault:
        raise CannotSend(str(fault)) from None


def _reason(fault: Exception) -> str:
    """What went wrong, without the address of a webhook, which is a secret itself."""
    if isinstance(fault, urllib.error.HTTPError):
        return f"the receiver answered {fault.code} {fault.reason}"[:SAID]
    if isinstance(fault, urllib.error.URLError):
        return f"the receiver cannot be reached: {fault.reason}"[:SAID]
    if isinstance(fault, smtplib.SMTPResponseException):
        said = fault.smtp_error.decode(errors="replace") if isinstance(fault.smtp_error, bytes) else fault.smtp_error
        return f"the mail server answered {fault.smtp_code} {said}"[:SAID]
    return " ".join(str(fault).split())[:SAID] or type(fault).__name__
