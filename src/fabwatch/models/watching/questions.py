"""What can be asked about models after they were made."""

from typing import TYPE_CHECKING, Annotated, ClassVar

from fabwatch.models.questions import ModelName
from fabwatch.store.view import Answerable, View
from fabwatch.terms.questions import Cost, Param, Reach, Spec, declaration

if TYPE_CHECKING:
    from fabwatch.models.watching.answers import Watched


@declaration
class ModelWatchQuestion(Answerable["Watched"]):
    """How a model does since it was made: columns that drift in what the service is asked, and the scores that were kept."""

    spec: ClassVar = Spec(
        "",
        "/models/{model}/watch",
        "",
        "columns",
        cost=Cost.LIVE,
        reach=Reach.FAB,
        tag="models",
        example={"model": "{model}"},
    )
    model: ModelName
    days: Annotated[int, Param("Days that are looked at, today among them.", least=1, most=400)] = 7

    def answer(self, view: View) -> "Watched":
        """How it does. Raises UnknownModel."""
        from fabwatch.models.watching.watching import watched

        return watched(view, self.model, self.days)


QUESTIONS = (ModelWatchQuestion,)
