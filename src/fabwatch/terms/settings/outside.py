"""`[databases]`, `[publish]` and `[live]`: where rows come from beside files, and where answers go."""

import re
from typing import Literal
from urllib.parse import parse_qsl, urlsplit

from pydantic import Field, field_validator, model_validator

from fabwatch.terms.drivers import POSTGRESQL_WORDS
from fabwatch.terms.errors import nearest
from fabwatch.terms.settings.files import SourceSettings
from fabwatch.terms.settings.stated import Names, Stated
from fabwatch.terms.tables import BY_NAME, LOADED
from fabwatch.terms.tls import CA

PULLED = ".pulled.parquet"
"""How files of rows from a database end: mes.moves.pulled.parquet holds those of the query for moves of the database mes."""


LIVE = ".live.csv"
"""How files of live messages end: 20260701T060000-7.mes.live.csv holds some of those of the source mes."""


def no_password(url: str) -> None:
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


class DatabaseSettings(Stated):
    """`[databases.NAME]`: a database of the fab that rows are pulled from; it is only read."""

    url: str = Field(
        description="postgresql://user@host/db, oracle://user@host/service, mssql://user@host/db, odbc://user@DSN or sqlite:///path."
    )
    secret_env: str | None = Field(None, description="Name of the environment variable with the password.")
    ca: str | None = Field(
        None, description=f"{CA} With it the connection is encrypted, and the server has to show a valid one."
    )
    timeout_s: float = Field(600.0, gt=0, description="Seconds that a statement may take.")
    every_minutes: float = Field(0.0, ge=0, description="How often the service pulls; 0: only by fabwatch pull.")
    pull: dict[str, PullSettings] = Field({})

    @field_validator("url")
    @classmethod
    def _url_is_known(cls, value: str) -> str:
        kind, _, rest = value.partition("://")
        if kind not in SCHEMES or not rest:
            raise ValueError(f"url is none of {', '.join(f'{one}://' for one in SCHEMES)}")
        no_password(value)
        asked = [name for name, _ in parse_qsl(urlsplit(value).query, keep_blank_values=True)]
        taken = {"postgresql": POSTGRESQL_WORDS, "odbc": asked}.get(kind, ())
        if not set(asked) <= set(taken):
            known = f"only {', '.join(taken)}" if taken else "nothing"
            raise ValueError(f"a {kind} url may say {known} behind a question mark; for TLS state ca beside it")
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
            no_password(value)
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


HOLD_LIST = "hold_list"


ANSWERS = ("at_risk", "windows", "plan", HOLD_LIST, "holds", "intervals", "score", "yields", "polish_rates")
"""Answers that can be published."""


class PublishSettings(Stated):
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
    predict: dict[str, Literal["wafer", "lot", "reading"]] = Field(
        {}, description="Models, and what each is asked about: { vm = 'reading', etch = 'wafer' }."
    )
    predict_days: float = Field(
        30.0, gt=0, description="Days back from now of the wafers, lots or readings they are asked about."
    )
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
