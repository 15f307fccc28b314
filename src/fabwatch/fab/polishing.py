"""The door to polishing: how long, by which rate, and how that would have done."""

from collections.abc import Sequence

from fabwatch.cmp.advice import Place, advise
from fabwatch.cmp.polish import Film
from fabwatch.cmp.rates import rates, trends
from fabwatch.cmp.removal import predict
from fabwatch.cmp.replay import replay
from fabwatch.decisions import polishing as decided
from fabwatch.fab.door import Door, Moment
from fabwatch.terms.errors import CannotPolish
from fabwatch.terms.polishing import PolishTime, PolishTimes, PredictedRates, Rates, Replayed


class Polishing(Door):
    """Questions about polish times and removal rates."""

    def polish_time(
        self,
        incoming: float,
        target: float,
        *,
        tool: str,
        unit: str = "angstrom",
        head: str | None = None,
        product: str | None = None,
        stage: str | None = None,
        wafer: str | None = None,
        rework: bool = False,
        lower: float | None = None,
        upper: float | None = None,
        coverage: float | None = None,
        as_of: Moment = None,
        known_at: Moment = None,
    ) -> PolishTime:
        """How long to polish one wafer on a tool, by what is known of its rate.

        Thicknesses in `unit`. Raises CannotPolish for what cannot be, UnknownTool and BadQuestion.
        """
        film = Film(incoming, target, unit, 0.0, lower, upper, rework=rework)
        asked = {
            "head": head,
            "product": product,
            "stage": stage,
            "coverage": coverage,
            "as_of": as_of,
            "known_at": known_at,
        }
        told = self._advised([(wafer, film)], tool, **asked)  # type: ignore[arg-type]
        if told.wafers[0] is None:
            what, _, hint = (told.refused[0] or "").partition(". ")
            raise CannotPolish(f"{what}.", hint or None)
        return told.wafers[0]

    def polish_times(
        self,
        wafers: Sequence[dict[str, object]],
        *,
        tool: str,
        unit: str = "angstrom",
        head: str | None = None,
        product: str | None = None,
        stage: str | None = None,
        coverage: float | None = None,
        as_of: Moment = None,
        known_at: Moment = None,
    ) -> PolishTimes:
        """How long to polish each of several wafers: {"incoming", "target", "wafer", "rework", "lower", "upper"}.

        One that cannot be polished says why. Raises UnknownTool and BadQuestion for the tool, head or product.
        """
        films = [(str(one["wafer"]) if one.get("wafer") is not None else None, _film(one, unit)) for one in wafers]
        return self._advised(films, tool, head, product, stage, coverage, as_of, known_at)

    def _advised(
        self,
        films: Sequence[tuple[str | None, Film]],
        tool: str,
        head: str | None = None,
        product: str | None = None,
        stage: str | None = None,
        coverage: float | None = None,
        as_of: Moment = None,
        known_at: Moment = None,
    ) -> PolishTimes:
        moment, known = self._moment(as_of, known_at)
        with self._lake.reading(known):
            told, _ = advise(self._lake, moment, Place(tool, head, product, stage), films, coverage)
        return told

    def keep_polish(
        self,
        incoming: float,
        target: float,
        *,
        who: str,
        reason: str,
        tool: str,
        chosen_s: float | None = None,
        unit: str = "angstrom",
        head: str | None = None,
        product: str | None = None,
        stage: str | None = None,
        wafer: str | None = None,
        lot: str | None = None,
        rework: bool = False,
    ) -> PolishTime:
        """Keep an advice with all that was known, or what somebody chose instead and why; written to the audit.

        Raises CannotPolish, UnknownTool, and BadQuestion for a time that cannot be or a missing reason.
        """
        moment = self._now()
        film = Film(incoming, target, unit, rework=rework)
        with self._lake.reading():
            told, state = advise(self._lake, moment, Place(tool, head, product, stage), [(wafer, film)], None)
        if told.wafers[0] is None:
            raise CannotPolish(told.refused[0] or "")
        decided.keep(self._lake, moment, who, told.wafers[0], state, lot, chosen_s, reason)
        return told.wafers[0]

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


def _film(one: dict[str, object], unit: str) -> Film:
    number = {name: _number(one.get(name)) for name in ("incoming", "target", "lower", "upper")}
    return Film(
        number["incoming"],  # type: ignore[arg-type]
        number["target"],  # type: ignore[arg-type]
        str(one.get("unit") or unit),
        0.0,
        number["lower"],
        number["upper"],
        rework=bool(one.get("rework", False)),
    )


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None
