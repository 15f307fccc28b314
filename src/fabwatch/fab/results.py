"""What came out: the part of the door that asks about test results, defects and what bad wafers share."""

from collections.abc import Sequence
from typing import Literal

from fabwatch.fab.door import Door
from fabwatch.fab.questions import (
    BinsQuestion,
    CommonalityQuestion,
    DefectsQuestion,
    LotQuestion,
    MapsQuestion,
    ScreensQuestion,
    SplitQuestion,
    StackedMapQuestion,
    TestsQuestion,
    YieldQuestion,
)
from fabwatch.terms.questions import Moment
from fabwatch.yields.answers import Bins, Commonality, Defects, FabMaps, Screens, SplitLots, StackedMap, TestPareto, Yields
from fabwatch.yields.lots import LotHistory
from fabwatch.yields.names import groups_in, names_in
from fabwatch.yields.population import low_limit

__all__ = ["Results", "groups_in", "low_limit", "names_in"]
YieldBy = Literal["lot", "wafer", "product", "day", "insertion", "site", "tool", "chamber", "area"]
Pattern = Literal["Center", "Donut", "Edge-Loc", "Edge-Ring", "Loc", "Near-full", "Random", "Scratch", "none", "unknown"]
Retests = Literal["flagged", "position", "part", "none"]


class Results(Door):
    """Questions about what came out."""

    def yields(
        self,
        *,
        by: YieldBy = "lot",
        lot: str | None = None,
        wafer: str | None = None,
        product: str | None = None,
        retests: Retests = "flagged",
        as_of: Moment = None,
        known_at: Moment = None,
    ) -> Yields:
        """Yield by lot, wafer, product, day, insertion, site, or tool, chamber or area passed; first pass and retests.

        `retests` says which results are retests of one part. Raises UnknownTool for a lot or wafer without results, and
        UnknownTime.
        """
        return self.ask(
            YieldQuestion(by=by, lot=lot, wafer=wafer, product=product, retests=retests, as_of=as_of, known_at=known_at)
        )

    def bins(
        self,
        *,
        lot: str | None = None,
        wafer: str | None = None,
        product: str | None = None,
        retests: Retests = "flagged",
        as_of: Moment = None,
        known_at: Moment = None,
    ) -> Bins:
        """Parts by hard and soft bin, with 95 % intervals. Raises UnknownTool and UnknownTime."""
        return self.ask(BinsQuestion(lot=lot, wafer=wafer, product=product, retests=retests, as_of=as_of, known_at=known_at))

    def tests(
        self,
        *,
        lot: str | None = None,
        wafer: str | None = None,
        product: str | None = None,
        as_of: Moment = None,
        known_at: Moment = None,
    ) -> TestPareto:
        """Statistics of each test, those that fail most first. Raises UnknownTool and UnknownTime."""
        return self.ask(TestsQuestion(lot=lot, wafer=wafer, product=product, as_of=as_of, known_at=known_at))

    def defects(
        self,
        *,
        lot: str | None = None,
        wafer: str | None = None,
        layer: str | None = None,
        as_of: Moment = None,
        known_at: Moment = None,
    ) -> Defects:
        """Defects of inspected wafers: count, density, clusters, kill ratio. Raises UnknownTool and UnknownTime."""
        return self.ask(DefectsQuestion(lot=lot, wafer=wafer, layer=layer, as_of=as_of, known_at=known_at))

    def lot_history(self, lot: str, *, as_of: Moment = None, known_at: Moment = None) -> LotHistory:
        """What a lot passed, how the next quals there went, where it is and what came out.

        Raises UnknownTool for a lot of which nothing is known, and UnknownTime.
        """
        return self.ask(LotQuestion(lot=lot, as_of=as_of, known_at=known_at))

    def commonality(
        self,
        *,
        bad: Sequence[str] | None = None,
        below: float | None = None,
        good: Sequence[str] | None = None,
        value: str | None = None,
        direction: Literal["low", "high"] | None = None,
        as_of: Moment = None,
        known_at: Moment = None,
    ) -> Commonality:
        """What bad wafers share that others do not, or what shifts a number of them, and since when.

        `bad` and `good` are names of wafers or lots: LOT, WAFER or LOT,WAFER; `below` is a yield below which wafers are bad.
        `value` compares a number of each wafer instead: `yield`, or its mean of a test or WAT parameter. Raises BadQuestion
        where no wafer is bad or none is left to compare them with, UnknownTool for an unknown value, and UnknownTime.
        """
        return self.ask(
            CommonalityQuestion(
                bad=tuple(bad or ()) or None,
                below=below,
                good=tuple(good or ()) or None,
                value=value,
                direction=direction,
                as_of=as_of,
                known_at=known_at,
            )
        )

    def split_lots(
        self,
        wafers: Sequence[str],
        *,
        control: str | None = None,
        as_of: Moment = None,
        known_at: Moment = None,
    ) -> SplitLots:
        """Groups of wafers, each stated as GROUP=LOT,WAFER, against a control: the first group, or all others.

        Raises BadQuestion for groups that cannot be read or of which no wafer has results, and UnknownTime.
        """
        return self.ask(SplitQuestion(wafers=tuple(wafers), control=control, as_of=as_of, known_at=known_at))

    def stacked_map(
        self,
        *,
        lot: str | None = None,
        wafer: str | None = None,
        product: str | None = None,
        bin: int | None = None,  # noqa: A002 - the field's word
        test: int | None = None,
        retests: Retests = "flagged",
        as_of: Moment = None,
        known_at: Moment = None,
    ) -> StackedMap:
        """Where on the wafer parts fail: by place, zone, distance from the centre and angle, with the mean of a test.

        Raises UnknownTool, BadQuestion where the test has several units, and UnknownTime.
        """
        return self.ask(
            StackedMapQuestion(
                lot=lot, wafer=wafer, product=product, bin=bin, test=test, retests=retests, as_of=as_of, known_at=known_at
            )
        )

    def screens(
        self,
        *,
        lot: str | None = None,
        wafer: str | None = None,
        product: str | None = None,
        neighbours: int = 5,
        retests: Retests = "flagged",
        as_of: Moment = None,
        known_at: Moment = None,
    ) -> Screens:
        """What outlier screens would cost in good parts: by values (static and dynamic PAT), and by failing neighbours.

        `neighbours` of the eight places around a good part fail in a bad neighbourhood. Raises UnknownTool and UnknownTime.
        """
        return self.ask(
            ScreensQuestion(
                lot=lot,
                wafer=wafer,
                product=product,
                neighbours=neighbours,
                retests=retests,
                as_of=as_of,
                known_at=known_at,
            )
        )

    def maps(
        self,
        *,
        lot: str | None = None,
        wafer: str | None = None,
        product: str | None = None,
        pattern: Pattern | None = None,
        like: str | None = None,
        most: int = 100,
        pictures: bool = False,
        as_of: Moment = None,
        known_at: Moment = None,
    ) -> FabMaps:
        """The wafer maps of the fab and the pattern that each shows; with `like`, LOT,WAFER, those that look most like it.

        Raises UnknownTool for a lot, wafer or product without maps, and UnknownTime.
        """
        return self.ask(
            MapsQuestion(
                lot=lot,
                wafer=wafer,
                product=product,
                pattern=pattern,
                like=like,
                most=most,
                pictures=pictures,
                as_of=as_of,
                known_at=known_at,
            )
        )
