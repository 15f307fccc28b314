"""fab.toml: what the user states about a fab. One frozen object, made once; all faults are listed at once."""

import codecs
import re
import tomllib
from datetime import datetime
from fnmatch import fnmatch
from ipaddress import ip_network
from pathlib import Path
from re import fullmatch
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator, model_validator

from fabwatch.terms.errors import BadSettings, nearest
from fabwatch.terms.tables import BY_NAME, LOADED
from fabwatch.terms.words import PLANNED, RESTORE

FILE = "fab.toml"
SQLITE, POSTGRES = "sqlite", "postgres"
"""What catalogs are kept in."""
PULLED = ".pulled.parquet"
"""How files of rows from a database end: mes.moves.pulled.parquet holds those of the query for moves of the database mes."""
LIVE = ".live.csv"
"""How files of live messages end: 20260701T060000-7.mes.live.csv holds some of those of the source mes."""
LOG = "log"
TIMES_AS_NUMBERS = ("excel", "epoch_s", "epoch_ms", "epoch_us", "epoch_ns", "filetime")
"""What `time_format` may be of times that are numbers: days of a spreadsheet, seconds … since 1970, Windows FILETIME."""
LOG_ROLES = (
    "time", "date", "elapsed", "tool", "chamber", "recipe", "lot", "wafer", "slot", "stage", "step", "sensor", "usage",
    "label", "message", "ignore",
)  # fmt: skip
"""The possible roles of a column of a tool log."""

SEPARATING = '\n\r,;\t|: .-09"AZaz'
"""What lines and cells are found by: its bytes have to be those of ASCII in every encoding but UTF-16."""
FOR_CELLS = '"\r\n\0.-+'
"""Signs that numbers, times and quoted cells are written with."""


def _one_or_many(value: object) -> object:
    return (value,) if isinstance(value, str) else value


Names = Annotated[tuple[str, ...], BeforeValidator(_one_or_many)]


class _Stated(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=False)


def known_zone(name: str) -> str:
    """The IANA zone of that name. Raises ValueError, with the nearest ones."""
    if name not in available_timezones():
        near = nearest(name, available_timezones())
        raise ValueError(f"{name!r} is not a time zone" + (f"; near it: {', '.join(near)}" if near else ""))
    return ZoneInfo(name).key


Missing = tuple[str | int | float, ...] | dict[str, tuple[str | int | float, ...]]
_TIME_FORMAT = "strptime format of its times ('%d/%m/%Y %H:%M'), or excel, epoch_s, epoch_ms, epoch_us, epoch_ns, filetime."


def _ways_to_write(word: str | float) -> tuple[str, ...]:
    """A sentinel as text: -9999 is also -9999.0 and -9999.00."""
    text = str(word)
    whole = text.removesuffix(".0")
    return (text, *(f"{whole}.{'0' * n}" for n in range(1, 7))) if whole.lstrip("+-").isdigit() else (text,)


class SourceSettings(_Stated):
    """`[sources.NAME]`: how the files of one source are to be read."""

    pattern: Names = Field((), alias="files", description="Names of its files, such as 'moves_*.csv.gz'.")
    kind: str | None = Field(
        None,
        description="Its table (moves, quals, restores, counters, metrology, tools, sort_summary, wat, layouts), or log.",
    )
    zone: str | None = Field(None, description="IANA zone of times without one, such as 'Europe/Berlin'.")
    ambiguous: Literal["", "first", "second"] = Field("", description="Which of the two, for the hour that exists twice.")
    columns: dict[str, str] = Field({}, description="column = 'Header in the file'.")
    ignore: Names = Field((), description="Headers that are not needed.")
    constants: dict[str, str | int | float | bool] = Field({}, description="A value for a column the file lacks.")
    words: dict[str, str | bool] = Field({}, description="Meaning of a word: ENGR = 'test', GREEN = 'pass'.")
    missing: Missing = Field((), description="What stands for 'not measured': [-9999], or by column { reading = [-9999] }.")
    encoding: str | None = Field(None, description="Encoding, when it is not UTF-8 or UTF-16 with a mark.")
    delimiter: str | None = Field(None, description="The separator, if it is not recognised.")
    decimal: Literal[".", ","] | None = Field(None, description="The decimal sign.")
    time_format: str | None = Field(None, description=_TIME_FORMAT)
    complete: bool = Field(False, description="true: a last line without a line end is whole.")
    name: str | None = Field(None, description="Pattern of log file names: '{tool}_{lot}_{wafer}_{*}.csv'.")
    expects: Names = Field((), description="Columns that a log must have; * stands for any text.")

    def as_stated(self) -> dict[str, Any]:
        """What is stated of the source, as fab.toml has it; without the names of its files."""
        return self.model_dump(exclude={"pattern"}, exclude_defaults=True)

    def missing_words(self, column: str = "") -> tuple[str, ...]:
        """What stands for "not measured" in a column, as it may be written."""
        stated = self.missing.get(column, ()) if isinstance(self.missing, dict) else self.missing
        if not column and isinstance(self.missing, dict):
            stated = tuple(word for words in self.missing.values() for word in words)
        return tuple(dict.fromkeys(text for word in stated for text in _ways_to_write(word)))

    @model_validator(mode="before")
    @classmethod
    def _pattern_by_other_names(cls, value: Any) -> Any:
        if isinstance(value, dict):
            value = dict(value)
            for other in ("pattern", "file", "file_pattern", "match", "glob"):
                if other in value and "files" not in value:
                    value["files"] = value.pop(other)
        return value

    @field_validator("zone")
    @classmethod
    def _zone_is_known(cls, value: str | None) -> str | None:
        return None if value is None else known_zone(value)

    @field_validator("kind")
    @classmethod
    def _kind_is_a_table(cls, value: str | None) -> str | None:
        kinds = [*(table.name for table in LOADED), LOG]
        if value is not None and value not in kinds:
            raise ValueError(f"{value!r} is not a kind of file; use one of {', '.join(kinds)}")
        return value

    @field_validator("encoding")
    @classmethod
    def _encoding_is_known(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                name = codecs.lookup(value).name
                own = SEPARATING.encode(value)
            except (LookupError, UnicodeError):
                raise ValueError(f"{value!r} is not an encoding of text") from None
            if not name.startswith("utf-16") and own != SEPARATING.encode():
                why = "line ends and separators have other bytes in it"
                raise ValueError(f"{value!r} cannot be read: {why}; save such files as UTF-8 first")
        return value

    @field_validator("delimiter")
    @classmethod
    def _delimiter_is_one_character(cls, value: str | None) -> str | None:
        if value is not None and len(value) != 1:
            raise ValueError("a delimiter is a single character")
        if value is not None and (not value.isascii() or value.isalnum() or value in FOR_CELLS):
            raise ValueError(f"{value!r} cannot be a delimiter: it stands in cells, ends lines or is not ASCII")
        return value

    @field_validator("time_format")
    @classmethod
    def _time_format_reads_a_date(cls, value: str | None) -> str | None:
        if value is not None and value not in TIMES_AS_NUMBERS:
            moment = datetime(2026, 3, 17, 6, 30)  # noqa: DTZ001 - a local time on purpose
            try:
                back = datetime.strptime(moment.strftime(value), value)  # noqa: DTZ007 - a local time on purpose
            except ValueError as fault:
                raise ValueError(f"not a time format: {fault}") from None
            if back.date() != moment.date():
                raise ValueError("a time format needs the year, the month and the day")
        return value

    @model_validator(mode="after")
    def _columns_are_known(self) -> "SourceSettings":
        if self.kind == LOG:
            return self
        tables = [BY_NAME[self.kind]] if self.kind else list(LOADED)
        known = {name for table in tables for name in table.names} | set(LOG_ROLES)
        for column, header in self.columns.items():
            if column not in known and header not in known:
                near = nearest(column, known)
                raise ValueError(f"columns: {column!r} is not a column" + (f"; near it: {', '.join(near)}" if near else ""))
        for column in self.constants:
            if column not in known:
                raise ValueError(f"constants: {column!r} is not a column")
        return self

    def headers(self) -> dict[str, str]:
        """What the user states about the header: {header in the file, case folded: column}, written either way round."""
        known = {name for table in LOADED for name in table.names}
        return {
            (header if column in known else column).casefold(): column if column in known else header
            for column, header in self.columns.items()
        }

    def roles(self) -> dict[str, str]:
        """What the user states about the columns of a log: {header in the file, case folded: role}."""
        roles = {
            (header if column in LOG_ROLES else column).casefold(): column if column in LOG_ROLES else header
            for column, header in self.columns.items()
        }
        return roles | {header.casefold(): "ignore" for header in self.ignore}

    def covers(self, name: str, file_name: str) -> bool:
        """True if a file of that name belongs to this source; without a pattern the file name must contain NAME."""
        folded = file_name.casefold()
        patterns = [p.casefold() for p in self.pattern] or [f"*{name.casefold()}*"]
        # A sheet of a workbook goes by the name of the workbook, too.
        names = (folded, folded.partition("!")[0])
        return any(fnmatch(own, p) or fnmatch(own, p + ".gz") for p in patterns for own in names)


class QualSettings(_Stated):
    """`[quals.TYPE]`: what a qual type covers, how sure it is, and its limits on wafers at risk."""

    recipes: Names = Field((), description="The recipes it covers; none stated means all.")
    sensitivity: float = Field(1.0, gt=0, le=1, description="Chance that it detects a fault.")
    false_alarm: float = Field(0.0, ge=0, lt=1, description="Chance that it fails a good tool.")
    warning: int | None = Field(None, gt=0, description="Number of wafers at risk from which to watch a tool.")
    inhibit: int | None = Field(None, gt=0, description="Number of wafers at risk from which to stop a tool.")
    resets: Names = Field((), description="Kinds of restore (pm, repair, part) that reset it; none stated means all.")
    hours: float = Field(1.0, gt=0, description="Hours of the tool that one qual takes.")
    wear_shape: float = Field(1.0, gt=0, description="Weibull shape of the wear, for a qual that can miss.")
    wear_scale: float | None = Field(None, gt=0, description="Weibull scale in wafers; none means no wear is assumed.")

    @field_validator("resets")
    @classmethod
    def _resets_are_kinds_of_restore(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        kinds = sorted(set(RESTORE.values()) - {PLANNED})
        for name in value:
            if name not in kinds:
                raise ValueError(f"{name!r} is not a kind of restore; use one of {', '.join(kinds)}")
        return value

    @model_validator(mode="after")
    def _limits_in_order(self) -> "QualSettings":
        if self.warning and self.inhibit and self.warning > self.inhibit:
            raise ValueError(f"warning {self.warning} is above inhibit {self.inhibit}")
        if self.wear_shape != 1.0 and self.wear_scale is None:
            raise ValueError("wear_shape needs a wear_scale")
        return self


class CostSettings(_Stated):
    """`[costs]`: what things cost, all in one currency; without it the unit is one qual."""

    qual: float = Field(1.0, gt=0, description="One qual: test wafers, metrology and the time of the tool.")
    contain: float = Field(0.005, gt=0, description="One wafer contained: held, inspected, released.")
    scrap: float = Field(0.1, gt=0, description="One wafer that ran on a bad tool.")
    fail: float = Field(5.0, gt=0, description="One failure: repair and requal.")
    false: float = Field(1.0, gt=0, description="One false alarm.")


class ServerSettings(_Stated):
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


DAYS_OF = {"day": 1.0, "week": 7.0, "month": 30.5, "year": 365.25}


def _days(value: object) -> object:
    """Days of a period as it is written: 90, "90 days", "12 weeks", "6 months" or "2 years"."""
    hit = fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(day|week|month|year)s?\s*", value) if isinstance(value, str) else None
    if isinstance(value, str) and hit is None:
        raise ValueError('a period is written as "90 days", "12 weeks", "6 months" or "2 years"')
    return value if hit is None else float(hit[1]) * DAYS_OF[hit[2]]


Period = Annotated[float | None, BeforeValidator(_days)]


class RetentionSettings(_Stated):
    """`[retention]`: for how long rows are kept that only a look at them needs; without a statement for good."""

    samples: Period = Field(None, ge=1, description="Samples of tool logs, such as '90 days'; their statistics stay.")
    problems: Period = Field(None, ge=1, description="Rows that were set aside, such as '1 year'; those that wait stay.")

    @property
    def is_stated(self) -> bool:
        """Whether anything goes."""
        return self.samples is not None or self.problems is not None


class AuditSettings(_Stated):
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


def _no_password(url: str) -> None:
    """Raise ValueError for an address with a password in it."""
    rest = url.partition("://")[2]
    if ("@" in rest and ":" in rest.partition("@")[0]) or re.search(r"\b(pwd|password)\s*=", rest, re.IGNORECASE):
        raise ValueError("url holds a password; put it into an environment variable and name that in secret_env")


SCHEMES = ("postgresql", "oracle", "mssql", "odbc", "sqlite")
"""Databases that rows can be pulled from."""


class PullSettings(SourceSettings):
    """`[databases.NAME.pull.KIND]`: a query whose rows are loaded as those of a file of that kind.

    What a source may state can be stated here too: zone, columns, words, constants, missing.
    """

    query: str = Field(min_length=6, description="One SELECT, or the name of a view as SELECT * FROM VIEW.")
    watermark: str | None = Field(
        None,
        description="Column that grows with each new row, such as the time of its last change; none: all rows are read.",
    )
    overlap: float = Field(
        3600.0,
        ge=0,
        description="Seconds before the last watermark (of one that counts: how many) that are read again: rows come late.",
    )
    most_rows: int = Field(20_000_000, gt=0, description="Rows at once from which something must be wrong.")

    @field_validator("query")
    @classmethod
    def _query_reads(cls, value: str) -> str:
        if value.split(None, 1)[0].lower() not in ("select", "with"):
            raise ValueError("a query begins with SELECT or WITH: nothing is changed in the database")
        return value


class DatabaseSettings(_Stated):
    """`[databases.NAME]`: a database of the fab that rows are pulled from; it is only read."""

    url: str = Field(
        description="postgresql://user@host/db, oracle://user@host/service, mssql://user@host/db, odbc://user@DSN or sqlite:///path."
    )
    secret_env: str | None = Field(None, description="Name of the environment variable with the password.")
    timeout_s: float = Field(600.0, gt=0, description="Seconds that a statement may take.")
    every_minutes: float = Field(0.0, ge=0, description="How often the service pulls; 0: only by fabwatch pull.")
    pull: dict[str, PullSettings] = {}

    @field_validator("url")
    @classmethod
    def _url_is_known(cls, value: str) -> str:
        kind, _, rest = value.partition("://")
        if kind not in SCHEMES or not rest:
            raise ValueError(f"url is none of {', '.join(f'{one}://' for one in SCHEMES)}")
        _no_password(value)
        return value

    @field_validator("pull")
    @classmethod
    def _kinds_are_tables(cls, value: dict[str, PullSettings]) -> dict[str, PullSettings]:
        for kind in value:
            if kind not in BY_NAME or not BY_NAME[kind].loaded:
                names = [table.name for table in LOADED]
                near = nearest(kind, names) or names
                raise ValueError(f"{kind!r} is not a kind of file; use one of {', '.join(near)}")
        return value


LIVE_SCHEMES = ("mqtt", "mqtts", "hsms")


class LiveSettings(SourceSettings):
    """`[live.NAME]`: a source whose messages arrive by themselves; each is loaded like a row of a file of its kind.

    What a source may state can be stated here too: zone, columns, words, constants, missing.
    """

    url: str | None = Field(
        None, description="mqtt://user@host:1883, mqtts://user@host:8883 or hsms://host:5000; none: over HTTP alone."
    )
    of: str | None = Field(None, description="The live source whose connection to an equipment it shares.")
    topics: Names = Field((), description="MQTT topics; fab/{area}/{tool}/moves makes columns of its levels.")
    payload: Literal["json", "sparkplug"] = Field("json", description="What MQTT messages are: json, or Sparkplug B.")
    secret_env: str | None = Field(None, description="Name of the environment variable with the password.")
    ca: str | None = Field(
        None, description="File with the certificate that signed that of the broker, if it is the fab's own."
    )
    client: str | None = Field(
        None, description="Name towards the broker, by which it keeps what was missed; fabwatch-NAME."
    )
    identity: str | None = Field(None, description="Field in which the sender names a message, so that it counts once.")
    stamp: str | None = Field(None, description="Column for the time of arrival, for messages that carry no time.")
    every_s: float = Field(1.0, ge=0.1, le=3600, description="Seconds that messages are collected before they are loaded.")
    queue_mb: float = Field(1000.0, gt=0, description="Megabytes that may wait to be loaded; then senders have to wait.")
    message_mb: float = Field(
        8.0, gt=0, le=32, description="Longest message in megabytes; of a longer one the beginning is kept."
    )
    quiet_minutes: float = Field(0.0, ge=0, description="Minutes without a message from which it is an alert; 0: never.")
    session: int = Field(0, ge=0, le=32767, description="Session ID of the equipment (SECS/GEM).")
    events: dict[str, dict[str, int]] = Field(
        {}, description="Events: 200 = { lot = 1001 } makes a row of CEID 200 with VID 1001."
    )
    trace: dict[str, int] = Field({}, description="Sensors to trace: Pressure = 2001 takes VID 2001.")
    trace_s: float = Field(1.0, ge=0.01, description="Seconds between two samples of the trace.")
    alarms: bool = Field(False, description="true: alarms of the equipment (S5F1) are rows too, with alarm, code and text.")

    def as_source(self) -> SourceSettings:
        """What is stated of its files, which are always written the same way."""
        fixed = {"delimiter": ",", "encoding": None, "decimal": self.decimal or ".", "complete": True}
        return SourceSettings.model_construct(**{name: getattr(self, name) for name in SourceSettings.model_fields} | fixed)

    @property
    def most_bytes(self) -> int:
        """Bytes that may wait in its queue."""
        return int(self.queue_mb * 1e6)

    @property
    def longest(self) -> int:
        """Bytes of its longest message."""
        return int(self.message_mb * 1e6)

    @field_validator("url")
    @classmethod
    def _url_is_known(cls, value: str | None) -> str | None:
        if value is not None:
            kind, _, rest = value.partition("://")
            if kind not in LIVE_SCHEMES or not rest:
                raise ValueError(f"url is none of {', '.join(f'{one}://' for one in LIVE_SCHEMES)}")
            _no_password(value)
        return value

    @model_validator(mode="after")
    def _can_be_received(self) -> "LiveSettings":
        if self.kind is None:
            raise ValueError("kind is missing: moves, quals, … or log")
        scheme = (self.url or "").partition("://")[0]
        if scheme.startswith("mqtt") and not self.topics:
            raise ValueError("topics are missing: which messages of the broker are taken")
        if self.url is not None and self.of is not None:
            raise ValueError("url and of exclude each other: of names the source whose connection it shares")
        return self


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


class ChannelSettings(_Stated):
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
        _no_password(self.url)
        _known_rules(self.rules)
        return self


class AlertSettings(_Stated):
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
    channels: dict[str, ChannelSettings] = {}

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


class LogSettings(_Stated):
    """`[logs]`: tolerances for tool logs."""

    tolerance: float = Field(
        0.02, gt=0, lt=1, description="Allowed deviation from a setpoint, as a share of the largest setpoint in the run."
    )
    tolerances: dict[str, float] = Field({}, description="The same for single sensors, in their unit: Pressure = 0.5.")


class CmpSettings(_Stated):
    """`[cmp]`: polish times. Thicknesses in angstrom."""

    coverage: float = Field(0.9, gt=0, lt=1, description="Chance that the required polish time is in the interval.")
    below: float | None = Field(None, gt=0, description="How far under its target a wafer may end, in angstrom.")
    above: float | None = Field(None, gt=0, description="How far over its target a wafer may end, in angstrom.")
    least_s: float = Field(1.0, gt=0, description="Shortest polish time.")
    most_s: float = Field(1200.0, gt=0, description="Longest polish time.")
    step_s: float | None = Field(None, gt=0, description="Largest change of the time from the last wafer of the head.")
    deadband_s: float = Field(0.0, ge=0, description="Changes up to this are not applied.")
    controller: Literal["auto", "fixed", "last", "ewma", "dewma", "age"] = Field(
        "auto", description="Which estimate of the rate to use; auto: the best one on the record."
    )
    offsets: dict[str, float] = Field({}, description="Seconds more for a head or product: H1 = 1.5.")

    @model_validator(mode="after")
    def _times_in_order(self) -> "CmpSettings":
        if self.least_s > self.most_s:
            raise ValueError(f"least_s {self.least_s:g} is above most_s {self.most_s:g}")
        return self


FIGURES = ("mean", "std", "min", "max", "range", "first", "last", "slope", "outside_s", "settle_s", "over", "under")
"""Statistics of a sensor in a step that a rule can watch."""
BUILT_IN = ("neighbours", "setpoint", "golden")
"""Names of the built-in rules."""


class RuleSettings(_Stated):
    """`[rules.NAME]`: an alarm on a statistic of a sensor in a step; it counts once it was tested and switched on."""

    sensor: str = Field("*", description="The sensor; * stands for any text.")
    step: str = Field("*", description="The step.")
    chamber: str = Field("*", description="The chamber.")
    recipe: str = Field("*", description="The recipe.")
    tool: str = Field("*", description="The tool.")
    figure: str = Field(
        "mean", description="mean, std, min, max, range, first, last, slope, outside_s, settle_s, over or under."
    )
    above: float | None = Field(None, description="Alarm above this value.")
    below: float | None = Field(None, description="Alarm below this value.")
    z: float | None = Field(
        None, gt=0, description="Alarm this many robust standard deviations from the good runs before it."
    )

    @field_validator("figure")
    @classmethod
    def _figure_is_known(cls, value: str) -> str:
        if value not in FIGURES:
            near = nearest(value, FIGURES) or FIGURES
            raise ValueError(f"{value!r} is not a figure; use one of {', '.join(near)}")
        return value

    @model_validator(mode="after")
    def _says_something(self) -> "RuleSettings":
        if self.above is None and self.below is None and self.z is None:
            raise ValueError("a rule needs above, below or z")
        if self.above is not None and self.below is not None and self.above < self.below:
            raise ValueError(f"above {self.above:g} is less than below {self.below:g}: every run would be an alarm")
        return self


HOLD_LIST = "hold_list"
ANSWERS = ("at_risk", "windows", "plan", HOLD_LIST, "holds", "intervals", "score", "yields", "polish_rates")
"""Answers that can be published."""


class PublishSettings(_Stated):
    """`[publish.NAME]`: answers that are put where people look already."""

    to: str = Field(
        min_length=1, description="Name of a database of fab.toml; or a folder, or 's3://bucket/path', for files."
    )
    what: Names = Field((), description="Answers, and tables of docs/tables.md; none: all answers.")
    db_schema: str = Field(
        "fabwatch", alias="schema", pattern=r"^[a-z_][a-z0-9_]{0,40}$", description="Schema in the database; it is made."
    )
    readers: Names = Field((), description="Roles of the database that may read it; PUBLIC for all.")
    keep: int = Field(3, ge=1, le=100, description="Versions that stay in the database for those who read them still.")
    form: Literal["parquet", "csv"] = Field("parquet", alias="format", description="Form of the files.")
    every_minutes: float = Field(0.0, ge=0, description="How often the service publishes; 0: only by fabwatch publish.")

    @field_validator("what")
    @classmethod
    def _what_is_there(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        known = (*ANSWERS, *(table.name for table in LOADED))
        for name in value:
            if name not in known:
                near = nearest(name, known)
                raise ValueError(
                    f"{name!r} cannot be published; " + (f"near it: {', '.join(near)}" if near else ", ".join(known))
                )
        return value


class SparkSettings(_Stated):
    """`[spark]`: the engine Spark, where it runs on this machine or is led from it."""

    memory: str = Field("2GB", pattern=r"^\d+(MB|GB)$", description="Memory of its Java here; 512MB at least.")


class S3Settings(_Stated):
    """`[fab.s3]`: the object storage that the data lies on, where `[fab] data` is an s3:// address."""

    endpoint: str = Field("", description="Address of a server of one's own, such as 'https://s3.fab.example:9000'.")
    region: str = Field("us-east-1", description="Region of the bucket.")
    key_env: str = Field("AWS_ACCESS_KEY_ID", description="Environment variable with the access key, or NAME_FILE a file.")
    secret_env: str = Field(
        "AWS_SECRET_ACCESS_KEY", description="Environment variable with its secret, or NAME_FILE a file."
    )

    @field_validator("endpoint")
    @classmethod
    def _endpoint_is_an_address(cls, value: str) -> str:
        if value and not re.fullmatch(r"https?://[\w.:\[\]-]+/?", value):
            raise ValueError("endpoint begins with https:// or http:// and names a host, and a port if need be")
        return value.rstrip("/")


class FabSettings(_Stated):
    """`[fab]`: the fab itself."""

    name: str = Field("", description="Name of the fab, for headings.")
    zone: str = Field("UTC", description="IANA zone in which the pages show and read times, such as 'Europe/Berlin'.")
    catalog: str = Field(
        "sqlite:catalog.sqlite",
        description="Location of the catalog: a file in the fab folder, or 'postgres:host=… dbname=…' for a team.",
    )
    catalog_secret_env: str = Field(
        "FABWATCH_CATALOG_PASSWORD", description="Environment variable with the password of its user, or NAME_FILE a file."
    )
    data: str = Field(
        "data", description="Location of the data files: a folder (in the fab, by itself), or 's3://bucket/path'."
    )
    s3: S3Settings = S3Settings()
    memory: str = Field("700MB", pattern=r"^\d+(MB|GB)$", description="Memory the engine may use.")
    check_areas: Names = Field(("*met*", "*insp*"), description="Areas whose steps check wafers; * stands for any text.")
    anchor: str = Field("anchor.txt", description="File for the heads of audit and ledger, better elsewhere; or 'syslog'.")
    keep_days: float = Field(400.0, gt=0, le=36_500, description="Days that `known_at` reaches back; older states go.")
    suspect_days: int = Field(30, gt=0, description="How long wafers stay suspect after a fail that passed again (rule 8).")
    horizon_days: float = Field(7.0, gt=0, le=366, description="Days ahead for the chance that a tool fails.")
    watch: float = Field(0.2, gt=0, le=1, description="Chance of being out of spec from which to watch a tool.")
    act: float = Field(0.5, gt=0, le=1, description="Chance of being out of spec from which a tool needs a qual now.")
    demo: bool = Field(False, description="true: the data is made up, and every answer says so.")

    @field_validator("zone")
    @classmethod
    def _zone_is_known(cls, value: str) -> str:
        return known_zone(value)

    @field_validator("catalog")
    @classmethod
    def _catalog_is_known(cls, value: str) -> str:
        kind, _, rest = value.partition(":")
        if kind not in (SQLITE, POSTGRES) or not rest.strip():
            raise ValueError("a catalog is 'sqlite:FILE' or 'postgres:host=… dbname=…'")
        if kind == POSTGRES and re.search(r"\bpassword\s*=", rest):
            raise ValueError("catalog holds a password; put it into the environment variable that catalog_secret_env names")
        return value

    @field_validator("data")
    @classmethod
    def _data_is_a_place(cls, value: str) -> str:
        if "://" in value and not re.fullmatch(r"s3://[a-z0-9][a-z0-9.-]+(/[^'\s]*)?", value):
            raise ValueError("data is a folder, or 's3://bucket/path'")
        return value.rstrip("/") or "data"


class Settings(_Stated):
    """Everything in fab.toml."""

    fab: FabSettings = FabSettings()
    sources: dict[str, SourceSettings] = {}
    quals: dict[str, QualSettings] = {}
    costs: CostSettings = CostSettings()
    server: ServerSettings = ServerSettings()
    audit: AuditSettings = AuditSettings()
    retention: RetentionSettings = RetentionSettings()
    logs: LogSettings = LogSettings()
    rules: dict[str, RuleSettings] = {}
    cmp: CmpSettings = CmpSettings()
    alerts: AlertSettings = AlertSettings()
    databases: dict[str, DatabaseSettings] = {}
    publish: dict[str, PublishSettings] = {}
    live: dict[str, LiveSettings] = {}
    spark: SparkSettings = SparkSettings()

    @field_validator("live")
    @classmethod
    def _live_sources_have_plain_names(cls, value: dict[str, LiveSettings]) -> dict[str, LiveSettings]:
        for name, stated in value.items():
            if not fullmatch(r"[A-Za-z0-9_-]{1,60}", name):
                raise ValueError(f"{name!r} is not a name of letters, digits, _ and -, which is also that of a folder")
            if stated.of is not None and (stated.of not in value or value[stated.of].url is None):
                raise ValueError(f"{name}: of names {stated.of!r}, which is no live source with a url")
        return value

    @field_validator("rules")
    @classmethod
    def _rules_have_names_of_their_own(cls, value: dict[str, RuleSettings]) -> dict[str, RuleSettings]:
        for name in value:
            if name in BUILT_IN:
                raise ValueError(f"{name} is the name of a built-in rule")
        return value

    def source_of(self, file_name: str) -> tuple[str, SourceSettings]:
        """The source that a file belongs to, the longest pattern first; an empty one when none covers it."""
        pulled = self._pulled(file_name)
        if pulled is not None:
            return file_name.removesuffix(PULLED), pulled
        live = self._live(file_name)
        if live is not None:
            return live, self.live[live].as_source()
        hits = [(name, source) for name, source in self.sources.items() if source.covers(name, file_name)]
        hits.sort(key=lambda hit: max((len(p) for p in hit[1].pattern), default=0), reverse=True)
        return hits[0] if hits else ("", SourceSettings())

    def _pulled(self, file_name: str) -> SourceSettings | None:
        """What is stated of the rows of a query, for the file that they come in."""
        if not file_name.endswith(PULLED):
            return None
        name, _, kind = file_name.removesuffix(PULLED).rpartition(".")
        database = self.databases.get(name)
        pull = None if database is None else database.pull.get(kind)
        return None if pull is None else pull.model_copy(update={"kind": kind})

    def _live(self, file_name: str) -> str | None:
        """The live source whose messages a file holds."""
        name = file_name.removesuffix(LIVE).partition(".")[2]
        return name if file_name.endswith(LIVE) and name in self.live else None

    def qual(self, qual_type: str | None) -> QualSettings:
        """The settings of a qual type."""
        return self.quals.get(qual_type or "", QualSettings())


def read_settings(folder: Path) -> Settings:
    """The settings of the fab in `folder`; all defaults without a fab.toml. Raises BadSettings with every fault."""
    path = folder / FILE
    if not path.exists():
        return Settings()
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as fault:
        raise BadSettings(f"{path} is not TOML: {fault}") from None
    return settings_of(text, path)


def settings_of(text: str, path: Path) -> Settings:
    """The settings that the text of a fab.toml states; `path` is where it stands. Raises BadSettings with every fault."""
    try:
        stated = tomllib.loads(text)
    except tomllib.TOMLDecodeError as fault:
        raise BadSettings(f"{path} is not TOML: {fault}") from None
    try:
        return Settings.model_validate(stated)
    except ValidationError as fault:
        lines = [_fault_line(dict(error)) for error in fault.errors()]
        raise BadSettings(f"{path} has {len(lines)} fault(s):\n" + "\n".join(f"  {line}" for line in lines)) from None


_KEYS: dict[str, type[BaseModel]] = {
    "fab": FabSettings,
    "sources": SourceSettings,
    "quals": QualSettings,
    "costs": CostSettings,
    "server": ServerSettings,
    "audit": AuditSettings,
    "retention": RetentionSettings,
    "logs": LogSettings,
    "rules": RuleSettings,
    "cmp": CmpSettings,
    "live": LiveSettings,
}


def _fault_line(error: dict[str, Any]) -> str:
    where = ".".join(str(part) for part in error["loc"])
    if error["type"] != "extra_forbidden":
        return f"{where}: {str(error['msg']).removeprefix('Value error, ')} (got {error['input']!r})"
    key = str(error["loc"][-1])
    room = _KEYS.get(str(error["loc"][0])) if len(error["loc"]) > 1 else Settings
    known = [field.alias or name for name, field in room.model_fields.items()] if room else []
    near = nearest(key, known)
    return f"{where}: no such key" + (f"; near it: {', '.join(near)}" if near else f"; there are {', '.join(known)}")
