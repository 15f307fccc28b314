"""The question for a table to train models on."""

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from fabwatch.store.view import Answerable, View
from fabwatch.terms.questions import Cost, Param, Reach, Spec, Timed, declaration

if TYPE_CHECKING:
    from fabwatch.models.features.answers import Features


@declaration
class FeaturesQuestion(Timed, Answerable["Features"]):
    """One wide table to train models on: a row per wafer or lot, with what was known of it before its first test."""

    spec: ClassVar = Spec(
        "",
        "/features",
        "features",
        "table",
        cost=Cost.DEEP,
        reach=Reach.FAB,
        tag="results",
        working="building the table …",
        example={"by": "lot"},
    )
    by: Annotated[Literal["wafer", "lot", "reading"], Param("One row per wafer, per lot, or per reading of a polish.")] = (
        "wafer"
    )
    share: Annotated[
        float, Param("Steps, sensors and measurements that at least this share of the rows have.", least=0, most=1)
    ] = 0.2
    most: Annotated[int, Param("At most so many columns of features, the most complete first.", least=1, most=2_000)] = 400

    def answer(self, view: View) -> "Features":
        """The table. Raises NothingRecorded where no wafer or lot has moved."""
        from fabwatch.models.features.building import features

        return features(view, self.by, self.share, self.most)


QUESTIONS: tuple[type[Answerable[Any]], ...] = (FeaturesQuestion,)
