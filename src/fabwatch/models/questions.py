"""What can be asked about models, declared once."""

from typing import TYPE_CHECKING, Annotated, ClassVar

from fabwatch.store.view import Answerable, View
from fabwatch.terms.questions import Cost, Param, Reach, Spec, declaration

if TYPE_CHECKING:
    from fabwatch.models.answers import Compared, ModelCard, Models

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


@declaration
class ModelCompareQuestion(Answerable["Compared"]):
    """What changed from one version to another, on the held-out rows of the later one, with a test; taken apart if asked."""

    spec: ClassVar = Spec(
        "",
        "/models/{model}/compare",
        "",
        "causes",
        cost=Cost.LONG,
        reach=Reach.FAB,
        tag="models",
        example={"model": "{model}", "against": "{model}"},
    )
    model: ModelName
    against: Annotated[str, Param("MODEL@VERSION that it is compared with.", longest=80)]
    causes: Annotated[bool, Param("Take the change apart, which makes models again and may take minutes.")] = False

    def answer(self, view: View) -> "Compared":
        """The comparison. Raises UnknownModel and BadQuestion."""
        from fabwatch.models.comparing import on_held_out
        from fabwatch.models.listing import registry_of

        return on_held_out(registry_of(view.lake.folder), self.against, self.model, view.header("", ""), self.causes)


QUESTIONS = (ModelsQuestion, ModelCardQuestion, ModelCompareQuestion)
