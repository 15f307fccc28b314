"""fab.toml: what the user states about a fab. One frozen object, made once; all faults are listed at once."""

import tomllib
from pathlib import Path
from re import fullmatch
from typing import Any, get_args

from pydantic import BaseModel, Field, ValidationError, field_validator

from fabwatch.terms.errors import BadSettings, nearest
from fabwatch.terms.settings.alerting import AlertSettings
from fabwatch.terms.settings.answering import BUILT_IN, CmpSettings, CostSettings, QualSettings, RuleSettings
from fabwatch.terms.settings.files import LogSettings, SourceSettings
from fabwatch.terms.settings.outside import LIVE, PULLED, DatabaseSettings, LiveSettings, PublishSettings
from fabwatch.terms.settings.place import FabSettings, SparkSettings
from fabwatch.terms.settings.service import AuditSettings, RetentionSettings, ServerSettings
from fabwatch.terms.settings.stated import Stated

FILE = "fab.toml"


class Settings(Stated):
    """Everything in fab.toml."""

    fab: FabSettings = FabSettings()
    sources: dict[str, SourceSettings] = Field({})
    quals: dict[str, QualSettings] = Field({})
    costs: CostSettings = CostSettings()
    server: ServerSettings = ServerSettings()
    audit: AuditSettings = AuditSettings()
    retention: RetentionSettings = RetentionSettings()
    logs: LogSettings = LogSettings()
    rules: dict[str, RuleSettings] = Field({})
    cmp: CmpSettings = CmpSettings()
    alerts: AlertSettings = AlertSettings()
    databases: dict[str, DatabaseSettings] = Field({})
    publish: dict[str, PublishSettings] = Field({})
    live: dict[str, LiveSettings] = Field({})
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


def _fault_line(error: dict[str, Any]) -> str:
    where = ".".join(str(part) for part in error["loc"])
    if error["type"] != "extra_forbidden":
        return f"{where}: {str(error['msg']).removeprefix('Value error, ')} (got {error['input']!r})"
    section = _section_at(error["loc"][:-1])
    known = [field.alias or name for name, field in section.model_fields.items()]
    near = nearest(str(error["loc"][-1]), known)
    return f"{where}: no such key" + (f"; near it: {', '.join(near)}" if near else f"; there are {', '.join(known)}")


def _section_at(place: tuple[str | int, ...]) -> type[BaseModel]:
    """The section that a place in fab.toml belongs to, however deep; the names that users give are none."""
    section: type[BaseModel] = Settings
    for part in place:
        field = section.model_fields.get(str(part))
        section = section if field is None else _section_in(field.annotation) or section
    return section


def _section_in(annotation: Any) -> type[BaseModel] | None:
    """The section in a type such as dict[str, SourceSettings]."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := _section_in(part))), None)
