"""Outlier screens: how many good parts each would reject, by their values and by their neighbours."""

from dataclasses import dataclass
from typing import Any

from fabwatch.store.lake import Record
from fabwatch.store.questions import filled, question, reading
from fabwatch.store.temporary import temp_table
from fabwatch.store.view import View
from fabwatch.terms.doubts import Doubt
from fabwatch.yields.answers import DYNAMIC, NEIGHBOURS, STATIC, Screen, Screens, ScreenTotal
from fabwatch.yields.counting import Chosen
from fabwatch.yields.doubts import FewLots, HalfEqual, SeveralGroups, TooFewValues, UnscreenedWafers
from fabwatch.yields.stacking import known_product

WIDTH = 6
"""Robust standard deviations from the median to a limit."""
SPREAD = 1.35
"""Quartiles of a normal distribution lie so many standard deviations apart."""
FEWEST_VALUES = 30
FEWEST_LOTS = 6
FEWEST_NEIGHBOURS = 3
MOST_OUTSIDE = 0.05
"""Limits that a larger share of the values lies outside of tell groups apart, not outliers."""
MOST_VALUES = 4_000_000
"""So many values are held for their quartiles at a time, which bounds the memory."""
SHOWN = 3
METHOD = (
    "Good parts, each with its last result. Static PAT: one pair of limits for each product, insertion and test, the median "
    f"± {WIDTH} · (Q3 − Q1) / {SPREAD} of its good parts (AEC-Q001); dynamic PAT: the same for each wafer, or lot of "
    f"packaged parts. No limits from fewer than {FEWEST_VALUES} values, without a distance between the quartiles, or where "
    f"more than {MOST_OUTSIDE:.0%} of the values would be outside. Bad neighbourhood: of the up to eight places around a "
    "good part that were tested, at least the share --neighbours of 8 failed; at the edge it is the same share of the "
    f"places that there are, at least {FEWEST_NEIGHBOURS}. In the total a part that several screens reject counts once."
)
_KEYS = (
    "SELECT load, test, limit_set, name, unit, dense_rank() OVER (ORDER BY test, name, unit) AS key FROM limits "
    "WHERE load IN (SELECT load FROM good)"
)
_GOOD = "SELECT * FROM screened WHERE passed"
_COUNTS = "SELECT test, count(*) AS n FROM tests GROUP BY test ORDER BY test"
_TOTAL = (
    "SELECT (SELECT count(*) FROM good) AS good, count(DISTINCT id) AS parts, count(DISTINCT unit) AS wafers, "
    "count(DISTINCT lot_no) AS lots, count(DISTINCT id) FILTER (screen = $static) AS static, "
    "count(DISTINCT id) FILTER (screen = $dynamic) AS dynamic, "
    "count(DISTINCT id) FILTER (screen = $neighbours) AS neighbourhood FROM rejected"
)
_WITHOUT = (
    "SELECT coalesce(m.test, -1 - j.key) AS test, m.name, j.why, count(*) FILTER (j.unit IS NULL) AS families, "
    "count(j.unit) AS wafers FROM judged AS j "
    "LEFT JOIN (SELECT DISTINCT key, test, name FROM test_keys) AS m ON m.key = j.key "
    "WHERE j.why IS NOT NULL AND j.why <> 'constant' GROUP BY ALL ORDER BY test, name"
)
_LOTS = "SELECT count(DISTINCT lot_no) AS lots FROM good GROUP BY family ORDER BY lots LIMIT 1"


def screens(view: View, chosen: Chosen, product: str | None, neighbours: int) -> Screens:
    """What each screen would cost. Raises UnknownTool for a lot, wafer or product without results."""
    known_product(view, product)
    run = _Run(view)
    run.table("screened", _screened(), {**chosen.parameters(view), "product": product})
    run.table("good", _GOOD)
    run.table("test_keys", _KEYS)
    run.figures()
    limits = filled(question("yields", "screen_limits"), spread=str(SPREAD), width=str(WIDTH), fewest=str(FEWEST_VALUES))
    run.table("screen_limits", limits)
    run.table("outside", question("yields", "outside"))
    run.table("judged", filled(question("yields", "screen_judged"), most=str(MOST_OUTSIDE)))
    near = filled(question("yields", "neighbourhood"), fewest=str(FEWEST_NEIGHBOURS))
    run.table("neighbourhood", near, {"neighbours": neighbours})
    run.table("rejected", question("yields", "rejected"))
    rows = tuple(Screen(**row) for row in run.rows(question("yields", "screens")))
    total = _total(run.rows(_TOTAL, {"static": STATIC, "dynamic": DYNAMIC, "neighbours": NEIGHBOURS})[0])
    doubts = _doubts(run.rows(_WITHOUT), run.rows(_LOTS)) if total.good else ()
    return Screens(*view.header(METHOD, run.sql), chosen.retests, neighbours, rows, total, doubts)


def _screened() -> str:
    return reading(question("yields", "screened"), {"parts": question("yields", "parts")}, materialized=True)


@dataclass
class _Run:
    """Statements that build on each other, each kept as it ran."""

    view: View
    sql: str = ""

    def table(self, name: str, statement: str, parameters: dict[str, Any] | None = None) -> None:
        """Make a temporary table of what a statement gives."""
        self._note(statement)
        temp_table(self.view.lake, name, statement, parameters)

    def rows(self, statement: str, parameters: dict[str, Any] | None = None) -> list[Record]:
        """The rows of a statement."""
        self._note(statement)
        return self.view.lake.rows(statement, parameters)

    def figures(self) -> None:
        """Make the table `figures`, of a range of tests at a time."""
        statement = question("yields", "screen_figures")
        self._note(statement)
        ranges = _ranges(self.view.lake.rows(_COUNTS))
        temp_table(self.view.lake, "figures", statement, {"first": 0, "last": -1})
        for first, last in ranges:
            self.view.lake.ask(f"INSERT INTO figures {statement}", {"first": first, "last": last})

    def _note(self, statement: str) -> None:
        self.sql += f"{';' if self.sql else ''}\n{statement.strip()}"


def _ranges(counts: list[Record]) -> list[tuple[int, int]]:
    """Ranges of tests, each with no more values than are held at a time, or of one test alone."""
    ranges: list[tuple[int, int]] = []
    held = 0
    for row in counts:
        if ranges and held + row["n"] <= MOST_VALUES:
            ranges[-1] = (ranges[-1][0], row["test"])
        else:
            ranges.append((row["test"], row["test"]))
            held = 0
        held += row["n"]
    return ranges


def _total(row: Record) -> ScreenTotal:
    return ScreenTotal(**row, share=row["parts"] / row["good"] if row["good"] else None)


def _doubts(without: list[Record], lots: list[Record]) -> tuple[Doubt, ...]:
    """Which tests and wafers are without limits, and static limits of few lots."""
    doubts: list[Doubt] = []
    for reason, make in _REASONS.items():
        tests = [row for row in without if row["why"] == reason and row["families"]]
        if tests:
            names = ", ".join(f"{row['test']} {row['name'] or ''}".strip() for row in tests[:SHOWN])
            doubts.append(make(len(tests), names))
    wafers = {reason: sum(row["wafers"] for row in without if row["why"] == reason) for reason in _REASONS}
    if any(wafers.values()):
        doubts.append(UnscreenedWafers(**wafers))
    if lots[0]["lots"] < FEWEST_LOTS:
        doubts.append(FewLots(lots[0]["lots"], FEWEST_LOTS))
    return tuple(doubts)


_REASONS: dict[str, Any] = {
    "few": lambda tests, first: TooFewValues(tests, FEWEST_VALUES, first),
    "flat": HalfEqual,
    "groups": lambda tests, first: SeveralGroups(tests, MOST_OUTSIDE, first),
}
