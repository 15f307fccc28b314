"""Rows of the future: those of a tool whose clock is fast wait until their time has come."""

from datetime import UTC, datetime

from fabwatch.sources.toollog.columns import KEYS
from fabwatch.store.lake import Lake, identifier, samples_name
from fabwatch.store.temporary import temp_table
from fabwatch.store.waiting import admit_waiting
from fabwatch.terms.problems import FutureTime
from fabwatch.terms.settings.files import LOG

_WAITING = f"rule = '{FutureTime.code}' AND waiting IS NOT NULL"
_DUE = f"{_WAITING} AND kind = '{LOG}' AND (waiting->>'$.t')::DOUBLE <= $latest"
_NAMES = {"chamber": "chambers"}
"""The column of `parts` for a key that it has under another name."""


def admit_due(lake: Lake, latest: datetime) -> int:
    """Store the rows whose time has come by `latest`, in one transaction; returns how many of logs. Raises StoreBusy."""
    if lake.is_untouched("problems") or not lake.rows(f"SELECT 1 FROM lake.problems WHERE {_WAITING} LIMIT 1"):
        return 0
    with lake.writing():
        admit_waiting(lake, latest)
        return _admit_samples(lake, latest)


def _admit_samples(lake: Lake, latest: datetime) -> int:
    moment = {"latest": latest.replace(tzinfo=UTC).timestamp()}
    temp_table(lake, "due", f"SELECT load, byte_offset, waiting FROM lake.problems WHERE {_DUE}", moment)
    count = int(lake.ask("SELECT count(*) FROM due").fetchall()[0][0])
    if not count:
        return 0
    for (shape,) in lake.ask("SELECT DISTINCT waiting->>'$.shape' FROM due").fetchall():
        _store(lake, shape)
    _mend_parts(lake)
    # What was derived of these logs is derived again.
    lake.ask("DELETE FROM lake.step_summary WHERE load IN (SELECT load FROM due)")
    lake.ask(
        "UPDATE lake.loads SET rows = rows + d.n, set_aside = set_aside - d.n "
        "FROM (SELECT load AS due_load, count(*) AS n FROM due GROUP BY ALL) AS d WHERE load = d.due_load"
    )
    lake.ask(f"DELETE FROM lake.problems WHERE {_DUE}", moment)
    return count


def _store(lake: Lake, shape: str) -> None:
    columns = lake.rows("SELECT column_name, number FROM lake.sensors WHERE shape = $s ORDER BY position", {"s": shape})
    values = [
        f"(waiting->'values'->>{_quoted(row['column_name'])})::{'DOUBLE' if row['number'] else 'VARCHAR'}" for row in columns
    ]
    names = [identifier(row["column_name"]) for row in columns]
    lake.ask(
        f"INSERT INTO lake.{samples_name(shape)} (load, part, byte_offset, t, chamber, step, {', '.join(names)}) "
        "SELECT load, (waiting->>'$.part')::BIGINT, byte_offset, (waiting->>'$.t')::DOUBLE, waiting->>'$.chamber', "
        f"waiting->>'$.step', {', '.join(values)} FROM due WHERE (waiting->>'$.shape') = $shape",
        {"shape": shape},
    )


def _mend_parts(lake: Lake) -> None:
    """The parts that these rows belong to, with their rows and times; a part of which they are the first is new."""
    keys = ", ".join(f"any_value(waiting->>'$.{key}') AS {_NAMES.get(key, key)}" for key in KEYS)
    temp_table(
        lake,
        "due_parts",
        "SELECT load, (waiting->>'$.part')::BIGINT AS part, any_value(waiting->>'$.shape') AS shape, count(*) AS rows, "
        "min((waiting->>'$.t')::DOUBLE) AS begin_s, max((waiting->>'$.t')::DOUBLE) AS end_s, "
        f"any_value((waiting->>'$.first_offset')::BIGINT) AS first_offset, true AS dated, {keys} FROM due GROUP BY ALL",
    )
    lake.ask(
        "UPDATE lake.parts SET rows = parts.rows + d.rows, begin_s = least(parts.begin_s, d.begin_s), "
        "end_s = greatest(parts.end_s, d.end_s) FROM due_parts AS d WHERE parts.load = d.load AND parts.part = d.part"
    )
    lake.ask(
        "INSERT INTO lake.parts BY NAME SELECT d.*, coalesce(s.stream, d.load) AS stream FROM due_parts AS d "
        "LEFT JOIN (SELECT load, any_value(stream) AS stream FROM (SELECT load, stream FROM lake.parts UNION ALL "
        "SELECT load, stream FROM lake.streams) GROUP BY load) AS s ON s.load = d.load "
        "WHERE NOT EXISTS (SELECT 1 FROM lake.parts AS p WHERE p.load = d.load AND p.part = d.part)"
    )


def _quoted(name: str) -> str:
    """A name as the key of a JSON object."""
    return "'" + name.replace("'", "''") + "'"
