"""The door to polishing: how long, by which rate, and how that would have done."""

from collections.abc import Mapping, Sequence
from typing import Any

from fabwatch.cmp.advice import Place, Wanted, advise
from fabwatch.cmp.exported import export
from fabwatch.cmp.polish import film_of
from fabwatch.cmp.rates import rates, trends
from fabwatch.cmp.removal import predict
from fabwatch.cmp.replay import replay
from fabwatch.decisions import polishing as decided
from fabwatch.fab.door import Door, Moment
from fabwatch.terms.polishing import PolishTime, PolishTimes, PredictedRates, RateModel, Rates, RateState, Replayed


class Polishing(Door):
    """Questions about polish times and removal rates."""

    def polish_time(
        self,
        incoming: float | None,
        target: float,
        *,
        tool: str,
        sites: Sequence[float] = (),
        unit: str = "angstrom",
        head: str | None = None,
        product: str | None = None,
        stage: str | None = None,
        wafer: str | None = None,
        rework: bool = False,
        changed: bool = False,
        incoming_sd: float = 0.0,
        lower: float | None = None,
        upper: float | None = None,
        coverage: float | None = None,
        as_of: Moment = None,
        known_at: Moment = None,
    ) -> PolishTime:
        """How long to polish one wafer on a tool, by what is known of its rate.

        Thicknesses in `unit`; `sites` in place of `incoming`: their mean; `changed`: a consumable has just been changed,
        which no file says yet. Raises CannotPolish for what cannot be, UnknownTool and BadQuestion.
        """
        about = {
            "incoming_sd": incoming_sd,
            "lower": lower,
            "upper": upper,
            "rework": rework,
            "wafer": wafer,
            "sites": sites,
        }
        film = film_of({"incoming": incoming, "target": target, **about}, unit)
        told, _ = self._advised([Wanted(film)], Place(tool, head, product, stage, changed), coverage, as_of, known_at)
        return told.only()

    def polish_times(
        self,
        wafers: Sequence[Mapping[str, Any]],
        *,
        tool: str,
        unit: str = "angstrom",
        head: str | None = None,
        product: str | None = None,
        stage: str | None = None,
        changed: bool = False,
        coverage: float | None = None,
        as_of: Moment = None,
        known_at: Moment = None,
    ) -> PolishTimes:
        """How long to polish each of several wafers, in the order in which they are polished.

        A wafer is {"incoming", "target", "wafer", "head", "rework", "lower", "upper", "incoming_sd", "sites"}. One that
        cannot be polished says why. Raises UnknownTool and BadQuestion for the tool, head or product.
        """
        wanted = [Wanted(film_of(one, unit), one.get("head")) for one in wafers]
        return self._advised(wanted, Place(tool, head, product, stage, changed), coverage, as_of, known_at)[0]

    def _advised(
        self, wanted: Sequence[Wanted], place: Place, coverage: float | None, as_of: Moment, known_at: Moment
    ) -> tuple[PolishTimes, RateState]:
        moment, known = self._moment(as_of, known_at)
        with self._lake.reading(known):
            return advise(self._lake, moment, place, wanted, coverage)

    def keep_polish(
        self,
        incoming: float | None,
        target: float,
        *,
        who: str,
        reason: str,
        tool: str,
        chosen_s: float | None = None,
        sites: Sequence[float] = (),
        unit: str = "angstrom",
        head: str | None = None,
        product: str | None = None,
        stage: str | None = None,
        wafer: str | None = None,
        lot: str | None = None,
        rework: bool = False,
        changed: bool = False,
    ) -> PolishTime:
        """Keep an advice with all that was known, or what somebody chose instead and why; written to the audit.

        Raises CannotPolish, UnknownTool, and BadQuestion for a time that cannot be or a missing reason.
        """
        moment = self._now()
        about = {"rework": rework, "wafer": wafer, "sites": sites}
        film = film_of({"incoming": incoming, "target": target, **about}, unit)
        told, state = self._advised([Wanted(film)], Place(tool, head, product, stage, changed), None, moment, None)
        advised = told.only()
        decided.keep(self._lake, moment, who, advised, state, lot, chosen_s, reason)
        return advised

    def advices(self, *, tool: str | None = None, limit: int = 1000) -> list[dict[str, object]]:
        """Polish times that were kept, with what was known then, the latest first."""
        self._lake.pin()
        return decided.advices(self._lake, tool, limit)

    def rates(self, *, tool: str | None = None, as_of: Moment = None, known_at: Moment = None) -> Rates:
        """The removal rate of every tool, head, product and stage as it stands. Raises UnknownTool and BadQuestion."""
        moment, known = self._moment(as_of, known_at)
        with self._lake.reading(known) as snapshot:
            return rates(self._lake, snapshot, moment, known, tool)

    def rate_trends(self, *, tool: str | None = None, known_at: Moment = None) -> list[dict[str, object]]:
        """The measured rate of each group wafer by wafer, and where a consumable was changed; the latest few hundred."""
        moment, known = self._moment(None, known_at)
        with self._lake.reading(known):
            return trends(self._lake, moment, tool)

    def replay(self, *, tool: str | None = None, as_of: Moment = None, known_at: Moment = None) -> Replayed:
        """How each controller would have done on the fab's own history. Raises UnknownTool and BadQuestion."""
        moment, known = self._moment(as_of, known_at)
        with self._lake.reading(known) as snapshot:
            return replay(self._lake, snapshot, moment, known, tool)

    def predicted_rates(
        self,
        *,
        tool: str | None = None,
        first: str | None = None,
        last: str | None = None,
        as_of: Moment = None,
        known_at: Moment = None,
    ) -> PredictedRates:
        """The removal rate of each run from its log and the metrology that had arrived before it ended.

        `first` and `last` name runs, or count them from 1 in order of time. Raises BadQuestion.
        """
        moment, known = self._moment(as_of, known_at)
        with self._lake.reading(known) as snapshot:
            return predict(self._lake, snapshot, moment, known, tool, (first, last))

    def rate_model(self, *, tool: str | None = None, as_of: Moment = None, known_at: Moment = None) -> RateModel:
        """The predicted removal rate of the next run of each group as an ONNX file (`.onnx`), compared before it is given.

        Raises BadQuestion, ExtraMissing without the packages of fabwatch[onnx], ParityFailed.
        """
        moment, known = self._moment(as_of, known_at)
        with self._lake.reading(known) as snapshot:
            return export(self._lake, snapshot, moment, known, tool)
