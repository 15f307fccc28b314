"""The questions about polishing: how long, at which rate, how the controllers perform, what rate a run had."""

from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from fabwatch.cmp.wafer import WaferToPolish
from fabwatch.store.view import Answerable, View
from fabwatch.terms.questions import LONGEST_RUN, Cost, KnownAt, Param, Reach, Spec, Timed, Tool, declaration

if TYPE_CHECKING:
    from fabwatch.cmp.answers import PolishTimes, PredictedRates, RateModel, Rates, RateTrends, Replayed

TAG = "polishing"
Unit = Annotated[str, Param("Unit of the thicknesses: angstrom, nm or um.", longest=20)]
Head = Annotated[str | None, Param("The head or platen.")]
Product = Annotated[str | None, Param("The product.")]
Stage = Annotated[str | None, Param("The stage of the tool.")]
Changed = Annotated[bool, Param("A consumable has just been changed, which no file says yet.")]


@declaration
class PolishTimesQuestion(Timed, Answerable["PolishTimes"]):
    """How long to polish each of several wafers of a tool, in the order in which they are polished."""

    spec: ClassVar = Spec("", "", "polish_times", cost=Cost.LIVE, reach=Reach.TOOL, tag=TAG)
    tool: Annotated[str, Param("The tool.")]
    wafers: tuple[WaferToPolish, ...]
    unit: Unit = "angstrom"
    head: Head = None
    product: Product = None
    stage: Stage = None
    changed: Changed = False
    coverage: Annotated[
        float | None,
        Param("Chance that the time needed lies in the interval; without it that of fab.toml.", above=0, below=1),
    ] = None

    def answer(self, view: View) -> "PolishTimes":
        """The times; a wafer that cannot be polished says why. Raises UnknownTool and BadQuestion for the tool."""
        from fabwatch.cmp.advice import Place, PolishJob, advise
        from fabwatch.cmp.polish import film_of

        place = Place(self.tool, self.head, self.product, self.stage, self.changed)
        jobs = [PolishJob(film_of(wafer, self.unit), wafer.head) for wafer in self.wafers]
        return advise(view.lake, view.as_of, place, jobs, self.coverage)[0]


@declaration
class RatesQuestion(Timed, Answerable["Rates"]):
    """The current removal rate of every tool, head, product and stage, with its reason and its doubts."""

    spec: ClassVar = Spec("cmp rate", "/cmp/rate", "rates", "groups", reach=Reach.TOOL, tag=TAG)
    tool: Tool = None

    def answer(self, view: View) -> "Rates":
        """The rates. Raises UnknownTool and NothingRecorded."""
        from fabwatch.cmp.rates import rates

        return rates(view, self.tool)


@declaration
class RateTrendsQuestion(Answerable["RateTrends"]):
    """The measured rate of each group wafer by wafer (the latest few hundred), and where a consumable was changed."""

    spec: ClassVar = Spec("", "", "rate_trends", tag=TAG)
    tool: Tool = None
    known_at: KnownAt = None

    def answer(self, view: View) -> "RateTrends":
        """The trends."""
        from fabwatch.cmp.answers import RateTrends
        from fabwatch.cmp.rates import trends

        return RateTrends(tuple(trends(view.lake, view.as_of, self.tool)))


@declaration
class ReplayQuestion(Timed, Answerable["Replayed"]):
    """How each controller performs on the fab's own history: sigma, bias, rework, next to what happened."""

    spec: ClassVar = Spec("cmp replay", "/cmp/replay", "replay", "controllers", Cost.DEEP, Reach.TOOL, tag=TAG)
    tool: Tool = None

    def answer(self, view: View) -> "Replayed":
        """The replay. Raises UnknownTool and NothingRecorded."""
        from fabwatch.cmp.replay import replay

        return replay(view, self.tool)


@declaration
class PredictedRatesQuestion(Timed, Answerable["PredictedRates"]):
    """The removal rate of each run from its log and the metrology that had arrived before it ended, with an interval."""

    spec: ClassVar = Spec("", "/cmp/predict", "predicted_rates", "runs", Cost.DEEP, Reach.TOOL, tag=TAG)
    tool: Tool = None
    first: Annotated[str | None, Param("First run, by name, or by number from 1 in order of time.", longest=LONGEST_RUN)] = (
        None
    )
    last: Annotated[str | None, Param("Last run, by name or number.", longest=LONGEST_RUN)] = None

    def answer(self, view: View) -> "PredictedRates":
        """The rates. Raises UnknownTool and NothingRecorded."""
        from fabwatch.cmp.removal import predict

        return predict(view, self.tool, (self.first, self.last))


@declaration
class RateModelQuestion(Timed, Answerable["RateModel"]):
    """The predicted removal rate of the next run of each group as an ONNX file, compared with fabwatch itself."""

    spec: ClassVar = Spec(
        "", "/cmp/model", "rate_model", None, Cost.DEEP, Reach.TOOL, tag=TAG, binary="application/octet-stream"
    )
    tool: Tool = None

    def answer(self, view: View) -> "RateModel":
        """The model. Raises NothingRecorded, ExtraMissing without onnx and onnxruntime, ParityFailed."""
        from fabwatch.cmp.onnx_export import export

        return export(view, self.tool)


QUESTIONS: tuple[type[Answerable[Any]], ...] = (
    PolishTimesQuestion,
    RatesQuestion,
    RateTrendsQuestion,
    ReplayQuestion,
    PredictedRatesQuestion,
    RateModelQuestion,
)
