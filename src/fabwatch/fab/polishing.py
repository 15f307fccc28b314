"""The door to polishing: how long, by which rate, and how that would have done."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from typing import Any

from fabwatch.cmp.advice import Place, PolishJob, advise
from fabwatch.cmp.answers import PolishAdvice, PolishTime, PolishTimes, PredictedRates, RateModel, Rates, RateTrend, Replayed
from fabwatch.cmp.polish import Rate, film_of
from fabwatch.cmp.polish import polish_times as times_of
from fabwatch.cmp.questions import (
    PolishTimesQuestion,
    PredictedRatesQuestion,
    RateModelQuestion,
    RatesQuestion,
    RateTrendsQuestion,
    ReplayQuestion,
)
from fabwatch.cmp.wafer import WaferToPolish
from fabwatch.decisions import polishing as decided
from fabwatch.decisions.questions import AdvicesQuestion
from fabwatch.fab.door import Door, Present
from fabwatch.terms.errors import BadQuestion, unknown
from fabwatch.terms.questions import Moment, Timed

__all__ = ["Polishing", "WaferToPolish", "times_by_rate", "wafer_to_polish"]
COVERAGE = 0.9


def wafer_to_polish(stated: Mapping[str, Any]) -> WaferToPolish:
    """A wafer from its fields by name. Raises BadQuestion for a field that there is none of, and for what is no number."""
    known = {each.name for each in fields(WaferToPolish)}
    for name in stated:
        if name not in known:
            raise unknown("field of a wafer", name, known, f"fields are {', '.join(sorted(known))}")
    values = {name: value for name, value in stated.items() if value is not None}
    for name in ("incoming", "target", "lower", "upper", "incoming_sd"):
        value = values.get(name, 0.0)
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise BadQuestion(f"{name} must be a number (got {value!r}).", "write it such as 9012.5")
    return WaferToPolish(**{**values, "sites": tuple(values.get("sites", ()))})


def times_by_rate(
    wafers: Iterable[WaferToPolish],
    rate: float,
    rate_unit: str | None = None,
    rate_sd: float | None = None,
    unit: str = "angstrom",
    coverage: float | None = None,
) -> PolishTimes:
    """How long to polish wafers by a stated rate, without a fab; one that cannot be polished says why.

    `rate` in `rate_unit`, else in `unit` per second; `rate_sd` is its standard deviation. Raises BadQuestion.
    """
    if coverage is not None and not 0 < coverage < 1:
        raise BadQuestion(f"coverage must be between 0 and 1 (got {coverage:g}).", "such as 0.9")
    stated = Rate(rate, rate_unit or f"{unit}/s", rate_sd)
    return times_of((film_of(wafer, unit) for wafer in wafers), stated, COVERAGE if coverage is None else coverage)


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
        film = WaferToPolish(
            incoming=incoming,
            target=target,
            incoming_sd=incoming_sd,
            lower=lower,
            upper=upper,
            rework=rework,
            wafer=wafer,
            sites=tuple(sites),
        )
        return self.polish_times(
            [film],
            tool=tool,
            unit=unit,
            head=head,
            product=product,
            stage=stage,
            changed=changed,
            coverage=coverage,
            as_of=as_of,
            known_at=known_at,
        ).only()

    def polish_times(
        self,
        wafers: Sequence[Mapping[str, Any] | WaferToPolish],
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
        stated = tuple(wafer if isinstance(wafer, WaferToPolish) else wafer_to_polish(wafer) for wafer in wafers)
        return self.ask(
            PolishTimesQuestion(
                tool=tool,
                wafers=stated,
                unit=unit,
                head=head,
                product=product,
                stage=stage,
                changed=changed,
                coverage=coverage,
                as_of=as_of,
                known_at=known_at,
            )
        )

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
        film = WaferToPolish(incoming=incoming, target=target, rework=rework, wafer=wafer, sites=tuple(sites))
        place = Place(tool, head, product, stage, changed)
        with self._view(Timed(), Present(moment)) as view:
            times, state = advise(view.lake, view.as_of, place, [PolishJob(film_of(film, unit))], None)
        advised = times.only()
        decided.keep(self._lake, moment, who, advised, state, lot, chosen_s, reason)
        return advised

    def advices(self, *, tool: str | None = None, limit: int = 1000) -> list[PolishAdvice]:
        """Polish times that were kept, with what was known then, the latest first."""
        return list(self.ask(AdvicesQuestion(tool=tool, limit=limit)).advices)

    def rates(self, *, tool: str | None = None, as_of: Moment = None, known_at: Moment = None) -> Rates:
        """The removal rate of every tool, head, product and stage as it stands. Raises UnknownTool and BadQuestion."""
        return self.ask(RatesQuestion(tool=tool, as_of=as_of, known_at=known_at))

    def rate_trends(self, *, tool: str | None = None, known_at: Moment = None) -> list[RateTrend]:
        """The measured rate of each group wafer by wafer, and where a consumable was changed; the latest few hundred."""
        return list(self.ask(RateTrendsQuestion(tool=tool, known_at=known_at)).groups)

    def replay(self, *, tool: str | None = None, as_of: Moment = None, known_at: Moment = None) -> Replayed:
        """How each controller would have done on the fab's own history. Raises UnknownTool and BadQuestion."""
        return self.ask(ReplayQuestion(tool=tool, as_of=as_of, known_at=known_at))

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
        return self.ask(PredictedRatesQuestion(tool=tool, first=first, last=last, as_of=as_of, known_at=known_at))

    def rate_model(self, *, tool: str | None = None, as_of: Moment = None, known_at: Moment = None) -> RateModel:
        """The predicted removal rate of the next run of each group as an ONNX file (`.onnx`), compared before it is given.

        Raises BadQuestion, ExtraMissing without the packages of fabwatch[onnx], ParityFailed.
        """
        return self.ask(RateModelQuestion(tool=tool, as_of=as_of, known_at=known_at))
