"""What happened to a lot: what it passed, how the next quals there went, and what came out."""

from dataclasses import dataclass
from datetime import datetime

from fabwatch.store.questions import question
from fabwatch.store.view import View
from fabwatch.terms.answers import Answer, Row, plain
from fabwatch.terms.errors import unknown
from fabwatch.terms.words import sentence
from fabwatch.yields.answers import YieldTotal
from fabwatch.yields.counting import Chosen, yields

METHOD = (
    "The moves of the lot in order of their end, one row for each step, tool, chamber and recipe. Next qual: of each type "
    "the first that was processed on that tool or chamber afterwards; failed if one of them failed. Yield as in `yield`."
)
NEAREST_AMONG = 100_000
"""Lots among which a name that is not known is looked for."""


@dataclass(frozen=True)
class Pass:
    """A lot at one step on one tool or chamber."""

    end_at: datetime
    step_no: int | None
    step: str | None
    tool: str
    chamber: str | None
    recipe: str | None
    wafers: int
    start_at: datetime
    next_passed: bool | None
    """Whether the next quals there were good; None where none is known yet."""
    next_at: datetime | None
    """When the first of them failed, else when the last was processed."""
    next_failed: str | None
    """The types that failed."""


@dataclass(frozen=True, repr=False)
class LotHistory(Answer):
    """What a lot passed and what came out of it."""

    lot: str
    product: str | None
    route: str | None
    passes: tuple[Pass, ...]
    result: YieldTotal | None
    """Parts and yield; None where nothing was tested."""

    def rows(self) -> list[Row]:
        """One row per pass."""
        return [plain(row) for row in self.passes]

    def sentence(self, language: str = "en") -> str:
        """Where the lot is, how many of its passes were followed by a failed qual, and its yield."""
        text = sentence(language, "lot_tested_only", lot=self.lot)
        if self.passes:
            last, failed = self.passes[-1], sum(row.next_passed is False for row in self.passes)
            where = " ".join(filter(None, (last.tool, last.chamber, last.step)))
            counts = {"passes": len(self.passes), "failed": failed}
            text = sentence(language, "lot_history", lot=self.lot, where=where, at=last.end_at, **counts)
        if self.result is not None and self.result.yield_ is not None:
            text += sentence(language, "lot_yield", good=self.result.good, parts=self.result.parts, share=self.result.yield_)
        return text


def lot_history(view: View, lot: str) -> LotHistory:
    """The history of a lot. Raises UnknownTool for a lot of which nothing is known."""
    sql = question("yields", "lot_history")
    rows = view.lake.rows(sql, {"lot": lot, "as_of": view.as_of})
    tested = view.lake.rows(_TESTED, {"lot": lot})
    if not rows and not tested:
        known = {row["lot"] for row in view.lake.rows(_LOTS, {"most": NEAREST_AMONG})}
        raise unknown("lot", lot, known, "lots are named in moves and test results: fabwatch yield --by lot")
    result = yields(view, "lot", Chosen(lot=lot)).total if tested else None
    named = {name: next((row[name] for row in rows if row[name] is not None), None) for name in ("product", "route")}
    passes = tuple(Pass(**{name: row[name] for name in Pass.__dataclass_fields__}) for row in rows)
    return LotHistory(*view.header(METHOD, sql), lot, named["product"], named["route"], passes, result)


_TESTED = "SELECT lot FROM wafer_tests WHERE lot = $lot UNION SELECT lot FROM sort_summary WHERE lot = $lot"
_LOTS = (
    "SELECT lot FROM (SELECT DISTINCT lot FROM wafer_tests UNION SELECT DISTINCT lot FROM moves) AS lots "
    "WHERE lot IS NOT NULL LIMIT $most"
)
