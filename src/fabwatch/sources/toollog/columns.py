"""The columns of a tool log: their roles and units, and which setpoint belongs to which reading."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from fabwatch.sources.kinds import CHAMBER_NAMES, TOOL_NAMES, compact_name, compact_names, names, plain_name
from fabwatch.sources.moves import MOVES_KIND
from fabwatch.terms.tables import SAMPLE_COLUMNS
from fabwatch.terms.units import in_brackets, is_unit

KEYS = ("tool", "chamber", "recipe", "lot", "wafer", "slot", "stage")
"""What identifies a run, in the order in which it is written."""
TIMES = ("time", "date", "elapsed")
ROLES = (*TIMES, *KEYS, "step", "sensor", "setpoint", "usage", "label", "message", "ignore")
_OF_MOVES = {name: column for name, column in MOVES_KIND.aliases.items() if column in ("lot", "wafer", "recipe")}
NAMES: Mapping[str, str] = {
    **{name: name for name in KEYS},
    **_OF_MOVES,
    **names("tool", *TOOL_NAMES, "tool_name", "equipment_name", "eqp_name"),
    **names("chamber", *CHAMBER_NAMES, "pm", "chamber_name", "station", "unit"),
    **names("recipe", "recipe", "process", "process_recipe", "program"),
    **names("slot", "slot_id", "slot_no", "slot_number", "wafer_slot"),
    **names("stage", "stage_id", "process_stage"),
    **names("step", "step", "step_id", "step_no", "step_number", "step_nr", "step_num", "recipe_step", "step_name"),
    **names("step", "recipe_step_no", "stepid", "stepno", "phase"),
    **names("time", "time", "timestamp", "date_time", "datetime", "ts", "log_time", "logtime", "time_stamp", "clock"),
    **names("time", "at", "sample_time", "event_time", "utc", "local_time", "zeit", "uhrzeit", "hora", "heure", "ora"),
    **names("time", "date_heure", "zeitstempel", "horodatage", "time_string", "時刻", "時間", "日時", "时间"),
    **names("date", "date", "day", "datum", "fecha", "data", "日付", "日期"),
    **names("elapsed", "elapsed", "elapsed_time", "elapsed_s", "elapsed_ms", "run_time", "process_time", "t", "seconds"),
    **names("elapsed", "time_ms", "time_s", "time_sec", "msec", "ms", "rel_time", "relative_time", "step_time_total"),
    **names("elapsed", "time_relative", "x_value"),
    **names("message", "message", "msg", "event", "remark", "comment", "text", "alarm_text"),
}
"""The role of a header, by its name as `plain_name` writes it."""
_COMPACT = compact_names(NAMES)
_PATH = re.compile(r"/'.*'/'(.*)'")
"""The path of a channel in a measurement file: /'Group'/'Channel'."""
USAGE = re.compile(
    r"^(usage|use_count|life|lifetime|count(er)?|rf_hours|hours|wafer_count)(_|$)|_(usage|counter|life|hours)$"
)
_SET = ("sp", "set", "setpoint", "setpt", "set_point", "target", "soll", "demand", "cmd", "command", "req", "setvalue")
_ACTUAL = ("pv", "act", "actual", "read", "ist", "mon", "meas", "measured", "value", "rdbk", "readback", "fb")
RESERVED = frozenset(column.name for column in SAMPLE_COLUMNS)
SECONDS = {
    **dict.fromkeys(("", "s", "sec", "second", "seconds"), 1.0),
    **{"ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9, "min": 60.0, "h": 3600.0},
}


@dataclass(frozen=True)
class LogColumn:
    """One column of a log: its name without the unit, its unit, its role, and for a setpoint the reading it belongs to."""

    name: str
    unit: str = ""
    role: str = "sensor"
    setpoint_of: str | None = None
    number: bool = True
    """False for a column of words."""


def role_of(name: str) -> str:
    """The role that a header has by its name alone: one of `NAMES`, usage, or sensor."""
    plain = plain_name(name)
    role = NAMES.get(plain) or _COMPACT.get(compact_name(name))
    if role is not None:
        return role
    return "usage" if USAGE.search(plain) else "sensor"


def columns_of(
    header: Sequence[str], second: Sequence[str], units: Sequence[str], stated: Mapping[str, str]
) -> tuple[LogColumn, ...]:
    """What the columns of a log are, from its header rows and from what the user states.

    `second` says setpoint or actual below the names, `units` their units; both may be empty. `stated` is
    {header, case folded: role}.
    """
    columns = []
    group = _group(header)
    for position, cell in enumerate(header):
        # No name in a database holds a zero byte.
        name, unit = _name_and_unit(cell.replace("\0", "").strip())
        below = second[position].strip() if second else ""
        if below:
            name = f"{name} {below}" if name else below
        if units and units[position].strip():
            unit = units[position].strip(" []()")
        name = name or nameless(position)
        role = stated.get(
            cell.strip().casefold(), stated.get(name.casefold(), role_of(_PATH.sub(r"\1", name.removeprefix(group))))
        )
        columns.append(LogColumn(name, unit, role))
    return _paired(_distinct(_one_per_role(columns)))


def _group(header: Sequence[str]) -> str:
    """What stands before the last slash of every name, as in `Group/Channel`."""
    groups = {name.strip().rpartition("/")[0] for name in header if name.strip()}
    return f"{groups.pop()}/" if len(groups) == 1 and len(header) > 1 and "" not in groups else ""


def nameless(position: int) -> str:
    """What a column without a name is called."""
    return f"column {position + 1}"


def _name_and_unit(cell: str) -> tuple[str, str]:
    name, inside, rest = in_brackets(cell)
    if is_unit(inside):
        return f"{name} {rest}".strip(), inside
    if plain_name(inside) in _SET + _ACTUAL:
        return f"{name} {inside}", ""
    return cell, ""


def _one_per_role(columns: list[LogColumn]) -> list[LogColumn]:
    """If several columns have the role of the same key or time, only the first keeps it; the others become sensors."""
    taken: set[str] = set()
    unique = []
    for column in columns:
        if column.role in (*TIMES, *KEYS, "step", "message") and column.role in taken:
            column = replace(column, role="sensor")
        taken.add(column.role)
        unique.append(column)
    if "time" in taken and "elapsed" in taken:
        # The clock is used; the elapsed time is then a reading like any other.
        unique = [replace(column, role="sensor") if column.role == "elapsed" else column for column in unique]
    return unique


def stored_name(name: str) -> str:
    """The name of a column in the table of samples: its own, with `_` added to the few that samples already have."""
    return f"{name}_" if name.casefold() in RESERVED else name


def _distinct(columns: list[LogColumn]) -> list[LogColumn]:
    """Columns of one name are numbered, those that would only be stored under one name too."""
    taken: set[str] = set()
    distinct = []
    for column in columns:
        name, number = column.name, 1
        while stored_name(name).casefold() in taken:
            number += 1
            name = f"{column.name} ({number})"
        taken.add(stored_name(name).casefold())
        distinct.append(column if number == 1 else replace(column, name=name))
    return distinct


def _paired(columns: list[LogColumn]) -> tuple[LogColumn, ...]:
    """Assigns setpoints to their readings: both have the same name except for a word such as SP, set or soll."""
    bases: dict[str, list[tuple[LogColumn, str]]] = {}
    for column in columns:
        if column.role == "sensor":
            base, kind = _base(column.name)
            bases.setdefault(base, []).append((column, kind))
    partner: dict[str, str] = {}
    for members in bases.values():
        sets = [column.name for column, kind in members if kind == "set"]
        rest = [column.name for column, kind in members if kind != "set"]
        if len(sets) == 1 and len(rest) == 1:
            partner[sets[0]] = rest[0]
    return tuple(
        replace(column, role="setpoint", setpoint_of=partner[column.name]) if column.name in partner else column
        for column in columns
    )


def _base(name: str) -> tuple[str, str]:
    parts = plain_name(re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", name)).split("_")
    joined = "_".join(parts)
    for words, kind in ((_SET, "set"), (_ACTUAL, "actual")):
        for word in sorted(words, key=len, reverse=True):
            if joined.endswith("_" + word):
                return joined.removesuffix("_" + word), kind
            if joined.startswith(word + "_"):
                return joined.removeprefix(word + "_"), kind
    return joined, ""
