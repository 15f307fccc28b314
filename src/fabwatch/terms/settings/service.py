"""`[server]`, `[audit]` and `[retention]`: how the service runs."""

from ipaddress import ip_network
from re import fullmatch
from typing import Literal

from pydantic import Field, field_validator

from fabwatch.terms.settings.stated import Names, Period, Stated


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
    ca: str | None = Field(
        None, description="File with the certificate that signed that of the receiver, if it is the fab's own."
    )

    @field_validator("syslog")
    @classmethod
    def _syslog_is_an_address(cls, value: str) -> str:
        if value and not fullmatch(r"(udp|tcp|tls)://([\w.-]+|\[[\da-fA-F:]+\])(:\d{1,5})?/?", value):
            raise ValueError("syslog is udp://host:514, tcp://host:601 or tls://host:6514")
        return value.rstrip("/")
