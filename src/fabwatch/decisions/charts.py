"""Limits of control charts that people froze, as versions, each with its period, who and why."""

from collections.abc import Collection, Sequence
from datetime import datetime

from fabwatch.decisions.answers import ChartLimits, FrozenChart
from fabwatch.decisions.audit import append, fingerprint, reasoned
from fabwatch.spc.freezing import PhaseOne
from fabwatch.store.lake import Lake
from fabwatch.store.rows import insert
from fabwatch.terms.errors import DecidedAlready
from fabwatch.terms.tables import CHART_LIMITS

FIELDS = tuple(FrozenChart.__dataclass_fields__)


def freeze(
    lake: Lake,
    moment: datetime,
    who: str,
    limits: Sequence[PhaseOne],
    period: tuple[datetime | None, datetime | None],
    reason: str,
) -> ChartLimits:
    """Freeze the limits of some charts, each as its next version. Raises BadQuestion without a reason."""
    reason = reasoned(reason)
    since, until = period
    with lake.writing():
        rows = [
            {**vars(one), **_signed(moment, who, reason), "version": _last(lake, one) + 1, "since": since, "until": until}
            for one in limits
        ]
        _write(lake, moment, who, rows, reason)
    return ChartLimits(tuple(FrozenChart(**row) for row in rows))


def withdraw(lake: Lake, moment: datetime, who: str, charts: Sequence[FrozenChart], reason: str) -> ChartLimits:
    """Take the limits of some charts back: their points are judged by their own again. Raises BadQuestion."""
    reason = reasoned(reason)
    if not charts:
        raise DecidedAlready("No frozen limits to withdraw.", "fabwatch spc limits lists them")
    empty = {"center": None, "sigma": None, "df": None, "points": None, "since": None, "until": None}
    with lake.writing():
        rows = [{**vars(one), **empty, **_signed(moment, who, reason), "version": _last(lake, one) + 1} for one in charts]
        _write(lake, moment, who, rows, reason)
    return ChartLimits(tuple(FrozenChart(**row) for row in rows))


def chart_limits(lake: Lake, tool: str | None = None) -> list[FrozenChart]:
    """Every version that was frozen or withdrawn, the latest first."""
    rows = lake.remember(("chart_limits",), lambda: lake.rows("SELECT * FROM chart_limits ORDER BY seq, name"))
    return [FrozenChart(**{name: row[name] for name in FIELDS}) for row in reversed(rows) if tool in (None, row["tool"])]


def in_force(lake: Lake, charts: Collection[tuple[str, str, str]]) -> list[FrozenChart]:
    """The versions that count now of some charts, which go by tool, chamber and name."""
    latest: dict[tuple[str, ...], FrozenChart] = {}
    for one in reversed(chart_limits(lake)):
        latest[one.tool, one.chamber, one.name, one.kind] = one
    return [one for key, one in latest.items() if one.center is not None and key[:3] in charts]


def _last(lake: Lake, one: PhaseOne | FrozenChart) -> int:
    where = "tool = $tool AND chamber = $chamber AND name = $name AND kind = $kind"
    key = {"tool": one.tool, "chamber": one.chamber, "name": one.name, "kind": one.kind}
    return int(lake.rows(f"SELECT max(version) AS version FROM lake.chart_limits WHERE {where}", key)[0]["version"] or 0)


def _signed(moment: datetime, who: str, reason: str) -> dict[str, object]:
    return {"decided_at": moment, "who": who, "reason": reason}


def _write(lake: Lake, moment: datetime, who: str, rows: Sequence[dict[str, object]], reason: str) -> None:
    """Write the rows and their entry of the audit in the open transaction."""
    records = [{column.name: row[column.name] for column in CHART_LIMITS.columns if column.name != "seq"} for row in rows]
    charts = [{name: row[name] for name in ("tool", "chamber", "name", "kind", "version")} for row in records]
    about = {"charts": charts, "table": "chart_limits", "rows": fingerprint(records)}
    seq = append(lake, moment, who, "chart", about, reason)
    insert(lake, CHART_LIMITS, [{**row, "seq": seq} for row in records])
