"""Tables to train models on: the part of the door that asks for features."""

from typing import Literal

from fabwatch.fab.door import Door
from fabwatch.fab.questions import FeaturesQuestion
from fabwatch.models.features.answers import Features
from fabwatch.models.features.writing import checked
from fabwatch.terms.questions import Moment

__all__ = ["FeatureTables", "checked"]
FeaturesBy = Literal["wafer", "lot", "reading"]


class FeatureTables(Door):
    """The question for a table of features."""

    def features(
        self,
        *,
        by: FeaturesBy = "wafer",
        share: float = 0.2,
        most: int = 400,
        as_of: Moment = None,
        known_at: Moment = None,
    ) -> Features:
        """One wide table: a row per wafer or lot, with what was known of it before its first test, and its targets.

        Or a row per reading of a polish, with what was known when the polish ended, to predict what is measured later.

        `share` is the least share of the rows that a column needs, `most` the number of columns. The answer writes itself:
        `.write("features.parquet")`. Raises NothingRecorded where no wafer or lot has moved, UnknownTime and BadQuestion.
        """
        return self.ask(FeaturesQuestion(by=by, share=share, most=most, as_of=as_of, known_at=known_at))
