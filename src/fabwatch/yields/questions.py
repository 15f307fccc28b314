"""The questions about what came out."""

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from fabwatch.store.view import Answerable, View
from fabwatch.terms.questions import Param, Reach, Spec, Timed, declaration

if TYPE_CHECKING:
    from fabwatch.yields.answers import Bins, Defects, TestPareto, Yields

Lot = Annotated[str | None, Param("Only this lot.")]
Wafer = Annotated[str | None, Param("Only this wafer, as its files name it.")]
Retests = Annotated[
    Literal["flagged", "position", "part", "none"],
    Param("Which results are retests of one part: as flagged by the files, of one position, of one part name, or none."),
]


@declaration
class YieldQuestion(Timed, Answerable["Yields"]):
    """Yield: parts that came out good, by lot, wafer, product, day, insertion, site, or tool or chamber passed."""

    spec: ClassVar = Spec("yield", "/yield", "yields", "groups", reach=Reach.FAB, tag="yields", example={"by": "lot"})
    by: Annotated[
        Literal["lot", "wafer", "product", "day", "insertion", "site", "tool", "chamber"],
        Param("One row per group of this kind."),
    ] = "lot"
    lot: Lot = None
    wafer: Wafer = None
    retests: Retests = "flagged"

    def answer(self, view: View) -> "Yields":
        """The yield. Raises UnknownTool for a lot or wafer without results."""
        from fabwatch.yields.counting import Chosen, yields

        return yields(view, self.by, Chosen(self.lot, self.wafer, self.retests))


@declaration
class BinsQuestion(Timed, Answerable["Bins"]):
    """Parts by hard and soft bin, the largest first, with 95 % intervals."""

    spec: ClassVar = Spec("yield bins", "/yield/bins", "bins", "bins", reach=Reach.FAB, tag="yields")
    lot: Lot = None
    wafer: Wafer = None
    retests: Retests = "flagged"

    def answer(self, view: View) -> "Bins":
        """The bins. Raises UnknownTool for a lot or wafer without results."""
        from fabwatch.yields.counting import Chosen, bins

        return bins(view, Chosen(self.lot, self.wafer, self.retests))


@declaration
class TestsQuestion(Timed, Answerable["TestPareto"]):
    """The tests of parts, those that fail most first, with mean, spread and Cpk."""

    __test__: ClassVar = False
    spec: ClassVar = Spec("yield tests", "/yield/tests", "tests", "tests", reach=Reach.FAB, tag="yields")
    lot: Lot = None
    wafer: Wafer = None

    def answer(self, view: View) -> "TestPareto":
        """The tests. Raises UnknownTool for a lot or wafer without results."""
        from fabwatch.yields.counting import Chosen, tests

        return tests(view, Chosen(self.lot, self.wafer))


@declaration
class DefectsQuestion(Timed, Answerable["Defects"]):
    """Defects of inspected wafers: count, density, clusters, and how many of the dies that they hit they kill."""

    spec: ClassVar = Spec("defects", "/defects", "defects", "wafers", reach=Reach.FAB, tag="yields")
    lot: Lot = None
    wafer: Wafer = None
    layer: Annotated[str | None, Param("Only inspections after this step.")] = None

    def answer(self, view: View) -> "Defects":
        """The defects. Raises UnknownTool for a lot, wafer or layer that was not inspected."""
        from fabwatch.yields.defects import Inspected, defects

        return defects(view, Inspected(self.lot, self.wafer, self.layer))


QUESTIONS: tuple[type[Answerable[Any]], ...] = (YieldQuestion, BinsQuestion, TestsQuestion, DefectsQuestion)
