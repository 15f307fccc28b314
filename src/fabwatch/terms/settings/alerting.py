"""`[alerts]`: who is told of what."""

from typing import Literal

from pydantic import Field, field_validator, model_validator

from fabwatch.terms.errors import nearest
from fabwatch.terms.settings.outside import no_password
from fabwatch.terms.settings.stated import Names, Stated
from fabwatch.terms.tls import CA

ALERT_RULES = (
    "failed",
    "limit",
    "out_of_spec",
    "window",
    "charts",
    "faults",
    "not_loaded",
    "connection",
    "quiet",
    "silent",
    "disk",
    "model",
)
"""What can be an alert; of several about one tool the first counts."""


class ChannelSettings(Stated):
    """`[alerts.channels.NAME]`: whom alerts are sent to."""

    url: str = Field(
        description="smtp://host:25, smtp+starttls://user@host:587, smtps://user@host:465, or https://… of a webhook."
    )
    form: Literal["mail", "json", "slack", "mattermost", "teams"] | None = Field(
        None, description="Form of the message; mail for smtp, else json."
    )
    to: Names = Field((), description="Addresses of a mail.")
    sender: str = Field("fabwatch@localhost", description="From which address a mail comes.")
    secret_env: str | None = Field(
        None, description="Name of the environment variable with the password, or with the whole address of a webhook."
    )
    ca: str | None = Field(None, description=CA)
    areas: Names = Field((), description="Only these areas; none stated means all.")
    rules: Names = Field((), description="Only these rules; none stated means all.")
    language: Literal["en", "es"] = Field("en", description="Language of the message.")

    @model_validator(mode="after")
    def _can_be_sent(self) -> "ChannelSettings":
        kind = self.url.partition("://")[0]
        if kind not in ("smtp", "smtps", "smtp+starttls", "http", "https"):
            raise ValueError(f"url {self.url[:60]!r} is no smtp://, smtp+starttls://, smtps://, http:// or https:// address")
        if "smtp" in kind and not self.to:
            raise ValueError("a mail needs an address in `to`")
        if ("smtp" in kind) != (self.form in (None, "mail")) and self.form is not None:
            raise ValueError(f"form {self.form!r} does not go to {kind}://")
        no_password(self.url)
        _known_rules(self.rules)
        return self


class AlertSettings(Stated):
    """`[alerts]`: what people are told without asking."""

    on: bool = Field(False, description="true: the service sends alerts. First try: fabwatch alerts test.")
    rules: Names = Field(
        ("failed", "limit", "not_loaded", "quiet", "silent", "disk", "model"),
        description="Of failed, limit, out_of_spec, window, charts, faults, not_loaded, quiet, silent, disk, model.",
    )
    every_s: float = Field(60.0, ge=1, le=86_400, description="How often the service looks.")
    remind_hours: float = Field(
        12.0, ge=0, description="After how many hours a case that nobody acknowledged is sent again; 0: never."
    )
    silent_hours: float = Field(
        6.0, gt=0, description="Hours without anything new on record, from which it is called silent."
    )
    disk_share: float = Field(0.05, ge=0, lt=1, description="Free part of the disk, or of its files, under which it is low.")
    disk_days: float = Field(7.0, ge=0, description="Days that the disk has to last at the pace of the last week; 0: any.")
    maintenance_hours: float = Field(0.0, ge=0, description="Hours before planned work during which its tool is quiet.")
    address: str = Field("", description="Address of the pages for links, such as https://fabwatch.example.")
    channels: dict[str, ChannelSettings] = Field({})

    @field_validator("rules")
    @classmethod
    def _rules_are_known(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return _known_rules(value)


def _known_rules(value: tuple[str, ...]) -> tuple[str, ...]:
    for name in value:
        if name not in ALERT_RULES:
            near = nearest(name, ALERT_RULES) or ALERT_RULES
            raise ValueError(f"{name!r} is not a rule of alerts; use one of {', '.join(near)}")
    return value
