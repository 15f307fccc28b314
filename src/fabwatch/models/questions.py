"""What can be asked about models, declared once."""

from typing import TYPE_CHECKING, Annotated, ClassVar

from fabwatch.store.view import Answerable, View
from fabwatch.terms.questions import Cost, Param, Reach, Spec, declaration

if TYPE_CHECKING:
    from fabwatch.models.answers import ModelCard, Models

ModelName = Annotated[
    str,
    Param("MODEL or MODEL@VERSION; without a version the one in use, else the newest.", argument=True, longest=80),
]


@declaration
class ModelsQuestion(Answerable["Models"]):
    """The models of the fab: each version with its figures and stage, and who set that."""

    spec: ClassVar = Spec("model list", "/models", "models", "versions", cost=Cost.LIVE, reach=Reach.FAB, tag="models")

    def answer(self, view: View) -> "Models":
        """The versions."""
        from fabwatch.models.listing import listed

        return listed(view)


@declaration
class ModelCardQuestion(Answerable["ModelCard"]):
    """The card of a version: data, figures with intervals, columns with units and an example, explanation, limits."""

    spec: ClassVar = Spec(
        "model card",
        "/models/{model}",
        "model_card",
        cost=Cost.LIVE,
        reach=Reach.FAB,
        tag="models",
        example={"model": "{model}"},
    )
    model: ModelName

    def answer(self, view: View) -> "ModelCard":
        """The card. Raises UnknownModel."""
        from fabwatch.models.listing import card_of

        return card_of(view, self.model)


QUESTIONS = (ModelsQuestion, ModelCardQuestion)
