"""The rows of a log around one moment of a run, with their position in the file."""

from pathlib import Path

from fabwatch.store.lake import Lake, Record, identifier, samples_name
from fabwatch.store.streams import EDGE, digest
from fabwatch.terms.answers import Row
from fabwatch.terms.errors import unknown
from fabwatch.trace.envelope import parts_of
from fabwatch.trace.kept import check_kept
from fabwatch.trace.runs import RUNS_LISTED

AROUND = 3
LINE_SHOWN = 2000


def samples(lake: Lake, run: str, at: float) -> list[Row]:
    """The few rows of a run nearest to a second after its begin: file, byte, the line as it stands, and what was read.

    The line is empty where the file was moved or is compressed. Raises UnknownTool.
    """
    parts = parts_of(lake, [run])
    if not parts:
        raise unknown("run", run, (), RUNS_LISTED)
    check_kept(lake, run, parts)
    moment = parts[0].began + at
    columns = lake.rows("SELECT * FROM sensors WHERE shape = $shape ORDER BY position", {"shape": parts[0].shape})
    names = ", ".join(f"s.{identifier(column['column_name'])}" for column in columns)
    places = " OR ".join(f"(s.load = '{part.load}' AND s.part = {int(part.part)})" for part in parts)
    rows = lake.rows(
        f"SELECT l.path, s.byte_offset, s.t - $began AS seconds, s.chamber, s.step, {names} "
        f"FROM {samples_name(parts[0].shape)} AS s JOIN loads AS l ON l.load = s.load WHERE ({places}) "
        "ORDER BY abs(coalesce(s.t, s.byte_offset) - $moment), s.byte_offset LIMIT $few",
        {"began": parts[0].began, "moment": moment, "few": 2 * AROUND + 1},
    )
    rows.sort(key=lambda row: (row["seconds"] if row["seconds"] is not None else row["byte_offset"], row["byte_offset"]))
    same = {row["path"]: _is_same(lake, row["path"]) for row in rows}
    return [
        {
            "file": Path(row["path"]).name,
            "byte": row["byte_offset"],
            **({"line": _line(row)} if same[row["path"]] else {}),
            **_read(row),
        }
        for row in rows
    ]


def _is_same(lake: Lake, path: str) -> bool:
    """Whether the file still begins like the log that was loaded from there."""
    known = lake.rows(
        "SELECT head, least(read_to, $edge) AS n FROM streams WHERE path = $path", {"path": path, "edge": EDGE}
    )
    if Path(path).is_symlink():
        # Somebody who may only write into a folder could else show any file that this user may read.
        return False
    try:
        with Path(path).open("rb") as file:
            begin = file.read(EDGE)
    except OSError:
        return False
    return any(digest(begin[: row["n"]]) == row["head"] for row in known)


def _read(row: Record) -> Row:
    seconds = {} if row["seconds"] is None else {"seconds": round(row["seconds"], 6)}
    known = ("path", "byte_offset", "seconds", "chamber", "step")
    place = {name: row[name] for name in ("chamber", "step") if row[name] is not None}
    return {**seconds, **place, **{name: value for name, value in row.items() if name not in known}}


def _line(row: Record) -> str:
    """The line as it is in the file."""
    with Path(row["path"]).open("rb") as file:
        file.seek(row["byte_offset"])
        line = file.readline(LINE_SHOWN)
    return line.decode("utf-8", errors="replace").strip() if b"\0" not in line else ""
