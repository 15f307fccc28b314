"""The questions about what came out."""

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from fabwatch.store.view import Answerable, View
from fabwatch.terms.errors import BadQuestion
from fabwatch.terms.questions import Cost, Param, Reach, Spec, Timed, declaration

if TYPE_CHECKING:
    from fabwatch.yields.answers import (
        Bins,
        Commonality,
        Defects,
        FabMaps,
        Screens,
        SplitLots,
        StackedMap,
        TestPareto,
        Yields,
    )
    from fabwatch.yields.lots import LotHistory

MOST_NAMES = 100_000
Lot = Annotated[str | None, Param("Only this lot.")]
Wafer = Annotated[str | None, Param("Only this wafer, as its files name it.")]
Product = Annotated[str | None, Param("Only this product.")]
Pattern = Literal["Center", "Donut", "Edge-Loc", "Edge-Ring", "Loc", "Near-full", "Random", "Scratch", "none", "unknown"]
Retests = Annotated[
    Literal["flagged", "position", "part", "none"],
    Param("Which results are retests of one part: as flagged by the files, of one position, of one part name, or none."),
]


@declaration
class YieldQuestion(Timed, Answerable["Yields"]):
    """Yield: parts that came out good, by lot, wafer, product, day, insertion, site, or tool, chamber or area passed."""

    spec: ClassVar = Spec(
        "yield", "/yield", "yields", "groups", reach=Reach.FAB, tag="results", example={"by": "lot"}, scans=True
    )
    by: Annotated[
        Literal["lot", "wafer", "product", "day", "insertion", "site", "tool", "chamber", "area"],
        Param("One row per group of this kind."),
    ] = "lot"
    lot: Lot = None
    wafer: Wafer = None
    product: Product = None
    retests: Retests = "flagged"

    def answer(self, view: View) -> "Yields":
        """The yield. Raises UnknownTool for a lot, wafer or product without results."""
        from fabwatch.yields.counting import Chosen, yields

        return yields(view, self.by, Chosen(self.lot, self.wafer, self.retests, self.product))


@declaration
class BinsQuestion(Timed, Answerable["Bins"]):
    """Parts by hard and soft bin, the largest first, with 95 % intervals."""

    spec: ClassVar = Spec("yield bins", "/yield/bins", "bins", "bins", reach=Reach.FAB, tag="results", scans=True)
    lot: Lot = None
    wafer: Wafer = None
    product: Product = None
    retests: Retests = "flagged"

    def answer(self, view: View) -> "Bins":
        """The bins. Raises UnknownTool for a lot, wafer or product without results."""
        from fabwatch.yields.counting import Chosen, bins

        return bins(view, Chosen(self.lot, self.wafer, self.retests, self.product))


@declaration
class TestsQuestion(Timed, Answerable["TestPareto"]):
    """The tests of parts, those that fail most first, with mean, spread and Cpk."""

    __test__: ClassVar = False
    spec: ClassVar = Spec("yield tests", "/yield/tests", "tests", "tests", reach=Reach.FAB, tag="results", scans=True)
    lot: Lot = None
    wafer: Wafer = None
    product: Product = None

    def answer(self, view: View) -> "TestPareto":
        """The tests. Raises UnknownTool for a lot, wafer or product without results."""
        from fabwatch.yields.counting import Chosen, tests

        return tests(view, Chosen(self.lot, self.wafer, product=self.product))


@declaration
class StackedMapQuestion(Timed, Answerable["StackedMap"]):
    """Where on the wafer parts fail: wafers stacked by place, with zones and a profile from the centre to the edge."""

    spec: ClassVar = Spec("yield map", "/yield/map", "stacked_map", "dies", reach=Reach.FAB, tag="results", scans=True)
    lot: Lot = None
    wafer: Wafer = None
    product: Annotated[str | None, Param("Only this product: places of several products do not match.")] = None
    bin: Annotated[int | None, Param("Count the parts in this hard bin too.", least=0, most=65_535)] = None
    test: Annotated[int | None, Param("The mean of this test by place and zone too.", least=0, most=4_294_967_295)] = None
    retests: Retests = "flagged"

    def answer(self, view: View) -> "StackedMap":
        """The map. Raises UnknownTool for a lot, wafer, product or test without results."""
        from fabwatch.yields.counting import Chosen
        from fabwatch.yields.stacking import stacked

        return stacked(view, Chosen(self.lot, self.wafer, self.retests), self.product, self.bin, self.test)


@declaration
class ScreensQuestion(Timed, Answerable["Screens"]):
    """What outlier screens would cost in good parts: static and dynamic part average testing, bad neighbourhoods."""

    spec: ClassVar = Spec(
        "yield screens", "/yield/screens", "screens", "screens", cost=Cost.DEEP, reach=Reach.FAB, tag="results", scans=True
    )
    lot: Lot = None
    wafer: Wafer = None
    product: Product = None
    neighbours: Annotated[
        int, Param("Of the 8 places around a good part so many fail in a bad neighbourhood.", least=1, most=8)
    ] = 5
    retests: Retests = "flagged"

    def answer(self, view: View) -> "Screens":
        """The screens. Raises UnknownTool for a lot, wafer or product without results."""
        from fabwatch.yields.counting import Chosen
        from fabwatch.yields.screens import screens

        return screens(view, Chosen(self.lot, self.wafer, self.retests), self.product, self.neighbours)


@declaration
class MapsQuestion(Timed, Answerable["FabMaps"]):
    """The wafer maps of the fab: which pattern each shows, those tested last first, or those most like one wafer."""

    spec: ClassVar = Spec(
        "maps list", "/maps", "maps", "maps", cost=Cost.DEEP, reach=Reach.FAB, tag="results", working="looking at the maps …"
    )
    lot: Lot = None
    wafer: Wafer = None
    product: Product = None
    pattern: Annotated[
        Literal["Center", "Donut", "Edge-Loc", "Edge-Ring", "Loc", "Near-full", "Random", "Scratch", "none", "unknown"]
        | None,
        Param("Only maps that show this pattern, among the latest 3,000."),
    ] = None
    like: Annotated[str | None, Param("The maps most like this wafer, as LOT,WAFER, among the latest 3,000.")] = None
    most: Annotated[int, Param("At most so many maps.", least=1, most=3_000)] = 100
    pictures: Annotated[bool, Param("With the cells of each map, to draw it.")] = False

    def answer(self, view: View) -> "FabMaps":
        """The maps. Raises UnknownTool for a lot, wafer or product without maps."""
        from fabwatch.yields.gallery import Shown, fab_maps

        names = (self.lot, self.wafer, self.product, self.pattern, self.like)
        return fab_maps(view, Shown(*names, self.most, pictures=self.pictures))


@declaration
class DrawnMapsQuestion(Timed, Answerable["FabMaps"]):
    """The same maps with their pictures and without patterns: quick, for a page that fills in patterns later."""

    spec: ClassVar = Spec("", "", "", "maps", reach=Reach.FAB, tag="results")
    lot: Lot = None
    wafer: Wafer = None
    product: Product = None
    most: Annotated[int, Param("At most so many maps.", least=1, most=3_000)] = 100

    def answer(self, view: View) -> "FabMaps":
        """The maps. Raises UnknownTool for a lot, wafer or product without maps."""
        from fabwatch.yields.gallery import Shown, fab_maps

        names = (self.lot, self.wafer, self.product)
        return fab_maps(view, Shown(*names, most=self.most, classified=False, pictures=True))


@declaration
class DefectsQuestion(Timed, Answerable["Defects"]):
    """Defects of inspected wafers: count, density, clusters, and how many of the dies that they hit they kill."""

    spec: ClassVar = Spec("defects", "/defects", "defects", "wafers", reach=Reach.FAB, tag="results", scans=True)
    lot: Lot = None
    wafer: Wafer = None
    layer: Annotated[str | None, Param("Only inspections after this step.")] = None

    def answer(self, view: View) -> "Defects":
        """The defects. Raises UnknownTool for a lot, wafer or layer that was not inspected."""
        from fabwatch.yields.defects import Inspected, defects

        return defects(view, Inspected(self.lot, self.wafer, self.layer))


@declaration
class SplitQuestion(Timed, Answerable["SplitLots"]):
    """Split lots: groups of wafers against a control, in yield, tests and electrical tests, and what else they passed."""

    spec: ClassVar = Spec(
        "",
        "/yield/split",
        "split_lots",
        "differences",
        cost=Cost.DEEP,
        reach=Reach.FAB,
        tag="results",
        working="comparing groups …",
        example={"wafers": "B={lot}"},
        scans=True,
    )
    wafers: Annotated[
        tuple[str, ...],
        Param("A wafer or lot of a group: GROUP=LOT,WAFER; may stand several times.", most=MOST_NAMES),
    ]
    control: Annotated[
        str | None, Param("The group that others are compared with; else the first, or all others for a single group.")
    ] = None

    def answer(self, view: View) -> "SplitLots":
        """The comparison. Raises BadQuestion for groups that cannot be read, NothingRecorded for wafers without results."""
        from fabwatch.yields.splits import split_lots

        return split_lots(view, self.wafers, self.control)


@declaration
class LotQuestion(Timed, Answerable["LotHistory"]):
    """What happened to a lot: what it passed, how the next quals there went, where it is, and what came out."""

    spec: ClassVar = Spec(
        "lot", "/lots/{lot}", "lot_history", "passes", reach=Reach.FAB, tag="results", example={"lot": "{lot}"}, scans=True
    )
    lot: Annotated[str, Param("The lot.", argument=True)]

    def answer(self, view: View) -> "LotHistory":
        """The history. Raises UnknownTool for a lot of which nothing is known."""
        from fabwatch.yields.lots import lot_history

        return lot_history(view, self.lot)


@declaration
class CommonalityQuestion(Timed, Answerable["Commonality"]):
    """What bad wafers share that others do not, or what shifts a number of them: tool, chamber, recipe …, and since when."""

    spec: ClassVar = Spec(
        "",
        "/commonality",
        "commonality",
        "findings",
        cost=Cost.DEEP,
        reach=Reach.FAB,
        tag="results",
        working="comparing wafers …",
        example={"below": "0.7"},
        scans=True,
    )
    bad: Annotated[
        tuple[str, ...] | None,
        Param("A bad wafer or lot: LOT, WAFER or LOT,WAFER; may stand several times.", most=MOST_NAMES),
    ] = None
    below: Annotated[
        float | None,
        Param(
            "Wafers with a yield below this are bad: 0.85, or 85 for 85 %; else those far below the others.",
            above=0,
            most=100,
        ),
    ] = None
    good: Annotated[
        tuple[str, ...] | None,
        Param("A good wafer or lot to compare them with, may stand several times; all others without it.", most=MOST_NAMES),
    ] = None
    value: Annotated[
        str | None,
        Param("Instead of bad wafers a number of each: yield, or its mean of this test or WAT parameter (test:…, wat:…)."),
    ] = None
    direction: Annotated[
        Literal["low", "high"] | None,
        Param("Whether low or high numbers are looked for; else low yields, and either of other numbers."),
    ] = None

    def answer(self, view: View) -> "Commonality":
        """The findings. Raises NothingRecorded where no wafer is bad, or none is left to compare them with."""
        from fabwatch.yields.commonality import commonality, share_of, shifted
        from fabwatch.yields.numbers import numbers_of
        from fabwatch.yields.population import below, named

        if self.value is not None:
            if self.bad or self.good or self.below is not None:
                hint = "leave out bad, good and below, or the value"
                raise BadQuestion("Numbers are compared, or bad wafers with good ones.", hint)
            return shifted(view, numbers_of(view, self.value, self.direction))
        if self.direction is not None:
            raise BadQuestion("A direction is one of numbers.", "state the number as well: --value yield")
        if self.bad:
            return commonality(view, named(view, self.bad, self.good or ()))
        return commonality(view, below(view, None if self.below is None else share_of(self.below)))


QUESTIONS: tuple[type[Answerable[Any]], ...] = (
    YieldQuestion,
    BinsQuestion,
    TestsQuestion,
    StackedMapQuestion,
    ScreensQuestion,
    MapsQuestion,
    DefectsQuestion,
    LotQuestion,
    SplitQuestion,
    CommonalityQuestion,
)
