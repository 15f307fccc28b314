"""Yield: parts that came out good, by whatever they share."""

from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from fabwatch.equipment.tools import tool_cards
from fabwatch.stats.capability import cpk_of
from fabwatch.stats.intervals import of_share
from fabwatch.store.lake import Record
from fabwatch.store.questions import filled, question, reading
from fabwatch.store.temporary import temp_table
from fabwatch.store.view import View
from fabwatch.terms.doubts import Doubt
from fabwatch.yields.answers import KEYS, BinCount, Bins, TestFigures, TestPareto, YieldGroup, Yields, YieldTotal
from fabwatch.yields.doubts import ByLot, NoHistory, OddFiles, TestedAgain
from fabwatch.yields.identity import TESTED, wafer_key
from fabwatch.yields.refusing import refuse_unknown

COVERAGE = 0.95
METHOD = (
    "Parts that passed over parts that were tested, each with its last result. --retests says which results are retests of "
    "one part: flagged (the file says so, or a later file tests the same place of the wafer at the same insertion), "
    "position, part or none. First-pass yield counts the first result. Wafers without a result for each part count by their "
    "sort summary."
)
BIN_METHOD = (
    "Parts by the bin of their last result; the interval of a share is exact and holds 95 % of the time "
    "(Clopper and Pearson, Biometrika 26 (1934) 404)."
)
TEST_METHOD = (
    "All results of a test, retests among them; values that the tester marks as invalid are in no figure. Standard "
    "deviation of a sample (n - 1); Cpk = the smaller of (upper - mean) and (mean - lower) over three standard deviations, "
    "where all results have the same limits."
)


@dataclass(frozen=True)
class Chosen:
    """Which parts are counted, and how retests are joined."""

    lot: str | None = None
    wafer: str | None = None
    retests: str = "flagged"
    product: str | None = None

    def parameters(self, view: View) -> dict[str, Any]:
        """What the statement about parts takes. Raises UnknownTool for a lot, wafer or product without results."""
        refuse_unknown(view, self.named, "fabwatch yield --by wafer lists what has results")
        return {**self.named, "retests": self.retests, "as_of": view.as_of}

    @property
    def named(self) -> dict[str, str | None]:
        """Which wafers are meant: lot, wafer and product."""
        return {"lot": self.lot, "wafer": self.wafer, "product": self.product}


_CHOSEN = "($lot IS NULL OR lot = $lot) AND ($wafer IS NULL OR wafer = $wafer) AND ($product IS NULL OR product = $product)"
_EXPRESSIONS = {
    "day": "strftime(tested_at, '%Y-%m-%d') AS day",
    "site": "site::VARCHAR AS site",
}
_WITH_TOOLS = f"""(
    SELECT p.*, h.tool, h.chamber, h.area FROM (SELECT *, {wafer_key("lot", "wafer")} AS key FROM parts) AS p
    JOIN (
        SELECT DISTINCT {wafer_key("lot", "wafer")} AS key, NULL AS whole, {{passed}}
        FROM moves WHERE wafer IS NOT NULL AND end_at <= $as_of
        UNION SELECT DISTINCT NULL, lot, {{passed}} FROM moves WHERE wafer IS NULL AND end_at <= $as_of
    ) AS h ON h.key = p.key OR (h.key IS NULL AND h.whole = p.lot)
)"""


_PASSED = {
    "tool": "tool, NULL AS chamber, NULL AS area",
    "chamber": "tool, chamber, NULL AS area",
    "area": "NULL AS tool, NULL AS chamber, (SELECT a.area FROM tool_areas AS a WHERE a.tool = moves.tool) AS area",
}
"""What counts as one passing of a wafer: a wafer that passed a tool twice is counted there once."""


def _hand_over_areas(view: View) -> None:
    """Write the area of each tool into the table `tool_areas`, which the statement reads."""
    areas = {tool: card.area for tool, card in tool_cards(view.lake).items() if card.area}
    columns = {"tool": pa.array(areas, pa.string()), "area": pa.array(areas.values(), pa.string())}
    temp_table(view.lake, "tool_areas", pa.table(columns))


def yields(view: View, by: str, chosen: Chosen) -> Yields:
    """Yield by group, with first-pass yield and retests. Raises UnknownTool for a lot or wafer without results."""
    parameters = chosen.parameters(view)
    keys = ", ".join(_EXPRESSIONS.get(key, key) for key in KEYS[by])
    source = "parts"
    if by in _PASSED:
        source = filled(_WITH_TOOLS, passed=_PASSED[by])
        if by == "area":
            _hand_over_areas(view)
    sql = filled(question("yields", "yields"), keys=keys, source=source, order=", ".join(KEYS[by]))
    sql = reading(sql, {"parts": question("yields", "parts")}, materialized=True)
    rows = view.lake.rows(sql, parameters)
    whole = rows if by not in _PASSED else _totals(view, parameters)
    groups = [_group(row, by) for row in rows]
    summaries = _summaries(view, chosen) if by not in (*_PASSED, "site") else []
    groups += [_group(row, by) for row in _merged(summaries, by)]
    doubts = (*_doubts(view, parameters), *(_history_doubts(view, chosen) if by in _PASSED else ()))
    order = tuple(sorted(groups, key=lambda group: tuple(str(getattr(group, key) or "") for key in KEYS[by])))
    return Yields(*view.header(METHOD, sql), by, chosen.retests, order, _total([*whole, *summaries]), doubts)


def bins(view: View, chosen: Chosen) -> Bins:
    """Parts by hard and soft bin. Raises UnknownTool for a lot or wafer without results."""
    sql = reading(question("yields", "bins"), {"parts": question("yields", "parts")}, materialized=True)
    rows = view.lake.rows(sql, chosen.parameters(view))
    totals: dict[str, int] = {}
    for row in rows:
        totals[row["kind"]] = totals.get(row["kind"], 0) + row["parts"]
    counted = tuple(_bin(row, totals[row["kind"]]) for row in rows)
    return Bins(*view.header(BIN_METHOD, sql), chosen.retests, counted)


def tests(view: View, chosen: Chosen) -> TestPareto:
    """Statistics of each test. Raises UnknownTool for a lot or wafer without results."""
    stated = chosen.parameters(view)
    selected = "TRUE AND"
    parameters: dict[str, Any] = {}
    if any(chosen.named.values()):
        selected = f"(t.load, t.wafer_test) IN (SELECT (load, wafer_test) FROM wafer_tests WHERE {_CHOSEN}) AND"
        parameters = {name: stated[name] for name in chosen.named}
    sql = filled(question("yields", "tests"), selected=selected)
    figures = tuple(_figures(row) for row in view.lake.rows(sql, parameters))
    return TestPareto(*view.header(TEST_METHOD, sql), figures)


def _group(row: Record, by: str) -> YieldGroup:
    first = None if row["first_good"] is None else row["first_good"] / row["parts"]
    keys = {key: row[key] for key in KEYS[by]}
    return YieldGroup(row["parts"], row["good"], row["good"] / row["parts"], first, row["retested"], **keys)


def _total(rows: list[Record]) -> YieldTotal:
    parts, good = sum(row["parts"] for row in rows), sum(row["good"] for row in rows)
    known = [row for row in rows if row["first_good"] is not None]
    first = sum(row["first_good"] for row in known) / parts if parts and len(known) == len(rows) else None
    return YieldTotal(parts, good, good / parts if parts else None, first, sum(row["retested"] for row in rows))


def _totals(view: View, parameters: dict[str, Any]) -> list[Record]:
    sql = filled(question("yields", "yields"), keys="'all' AS everything", source="parts", order="everything")
    return view.lake.rows(reading(sql, {"parts": question("yields", "parts")}, materialized=True), parameters)


def _summaries(view: View, chosen: Chosen) -> list[Record]:
    """Wafers of which only a summary is there, as rows of a yield."""
    return view.lake.rows(
        "SELECT s.lot, s.wafer, s.product, s.insertion, strftime(s.tested_at, '%Y-%m-%d') AS day, "
        "sum(s.parts)::BIGINT AS parts, sum(s.good)::BIGINT AS good, NULL AS first_good, 0 AS retested "
        "FROM sort_summary AS s "
        f"WHERE {_CHOSEN.replace('OR ', 'OR s.')} AND s.parts > 0 "
        "AND (s.tested_at IS NULL OR s.tested_at <= $as_of) AND NOT EXISTS (SELECT 1 FROM wafer_tests AS w "
        f"WHERE {wafer_key('w.lot', 'w.wafer')} IS NOT DISTINCT FROM {wafer_key('s.lot', 's.wafer')} "
        "AND w.insertion IS NOT DISTINCT FROM coalesce(s.insertion, w.insertion) AND w.parts > 0) GROUP BY ALL",
        {**chosen.named, "as_of": view.as_of},
    )


def _merged(rows: list[Record], by: str) -> list[Record]:
    """The same rows by the keys of a grouping."""
    merged: dict[tuple[Any, ...], Record] = {}
    for row in rows:
        key = tuple(row[name] for name in KEYS[by])
        known = merged.setdefault(key, {**row, "parts": 0, "good": 0})
        known["parts"] += row["parts"]
        known["good"] += row["good"]
    return list(merged.values())


def _doubts(view: View, parameters: dict[str, Any]) -> tuple[Doubt, ...]:
    doubts: list[Doubt] = []
    if parameters["retests"] == "flagged":
        again = view.lake.rows(
            reading(
                "SELECT count(*) AS places, count(DISTINCT (lot, wafer)) AS wafers FROM (SELECT lot, wafer FROM parts "
                "WHERE at_x IS NOT NULL GROUP BY lot, wafer, insertion, at_x, at_y HAVING count(*) > 1) AS again",
                {"parts": question("yields", "parts")},
            ),
            parameters,
        )[0]
        if again["places"]:
            doubts.append(TestedAgain(again["places"], again["wafers"]))
    odd = view.lake.rows(
        "SELECT count(*) AS files, min(concat_ws(' ', lot, wafer) || ': ' || doubts) AS first FROM wafer_tests "
        f"WHERE doubts IS NOT NULL AND {_CHOSEN}",
        {name: parameters[name] for name in Chosen().named},
    )[0]
    if odd["files"]:
        doubts.append(OddFiles(odd["files"], odd["first"].strip()))
    return tuple(doubts)


def _history_doubts(view: View, chosen: Chosen) -> tuple[Doubt, ...]:
    """Wafers whose history is not known, or only by lot."""
    key = wafer_key("lot", "wafer")
    row = view.lake.rows(
        f"WITH tested AS (SELECT DISTINCT lot, key FROM ({TESTED}) AS known "
        "WHERE ($lot IS NULL OR lot = $lot) AND ($wafer IS NULL OR wafer = $wafer)), "
        f"named AS (SELECT DISTINCT {key} AS key FROM moves WHERE wafer IS NOT NULL AND end_at <= $as_of), "
        "lots AS (SELECT DISTINCT lot FROM moves WHERE wafer IS NULL AND end_at <= $as_of) "
        "SELECT count(*) FILTER (n.key IS NULL AND l.lot IS NULL) AS without, "
        "count(*) FILTER (n.key IS NULL AND l.lot IS NOT NULL) AS by_lot "
        "FROM tested AS t LEFT JOIN named AS n ON n.key = t.key LEFT JOIN lots AS l ON l.lot = t.lot",
        {"lot": chosen.lot, "wafer": chosen.wafer, "as_of": view.as_of},
    )[0]
    without = (NoHistory(row["without"]),) if row["without"] else ()
    return (*without, *((ByLot(row["by_lot"]),) if row["by_lot"] else ()))


def _bin(row: Record, total: int) -> BinCount:
    low, high = of_share(row["parts"], total, COVERAGE)
    return BinCount(row["kind"], row["bin"], row["name"], row["parts"], row["parts"] / total, low, high)


def _figures(row: Record) -> TestFigures:
    return TestFigures(
        row["test"],
        row["name"],
        row["unit"],
        row["results"] if row["functional"] else row["n"],
        row["failed"],
        row["mean"],
        row["std"],
        row["least"],
        row["most"],
        row["lower"],
        row["upper"],
        None if row["mixed"] else cpk_of(row["mean"], row["std"], row["lower"], row["upper"]),
    )
