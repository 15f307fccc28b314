"""The door to models: made from any table, listed, asked, compared, taken into use and retired."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fabwatch.decisions import models as decided
from fabwatch.fab.door import Door
from fabwatch.models.answers import Compared, ModelCard, Models, Predictions, Trained
from fabwatch.models.listing import registry_of
from fabwatch.models.predicting import METHOD as PREDICTING
from fabwatch.models.predicting import Ready, Seen, predict, rows_of
from fabwatch.models.questions import ModelCardQuestion, ModelsQuestion
from fabwatch.models.recipe import LearnerName, Recipe
from fabwatch.models.registry import Registry
from fabwatch.models.schema import Rows
from fabwatch.models.table_file import read_table, table_of
from fabwatch.models.watching.answers import Watched
from fabwatch.models.watching.counting import counted_models
from fabwatch.models.watching.questions import ModelWatchQuestion
from fabwatch.models.watching.tally import Tally
from fabwatch.store.skip_pandas import with_pandas
from fabwatch.terms.answers import Header, How
from fabwatch.terms.errors import BadQuestion, CannotPredict

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "Header",
    "ModelRoom",
    "Ready",
    "Tally",
    "counted_models",
    "file_header",
    "frame_of_bytes",
    "predict_bytes",
    "registry_of",
]
SEND = 'send {"rows": [{"column": value, …}], "contributions": false}'
MOST_MINUTES = 24 * 60.0


def file_header(moment: datetime, demo: bool) -> Header:
    """What an answer begins with that reads files and no lake."""
    return moment, None, demo, How(PREDICTING, "", 0), None


def predict_bytes(
    ready: Ready,
    content: bytes,
    name: str,
    header: Header,
    contributions: bool = False,
    language: str = "en",
    seen: Seen | None = None,
) -> Predictions:
    """What a version says of rows that came as JSON, or as a file of that name. Raises BadQuestion."""
    if not name.endswith(".json"):
        return predict(ready, Rows.of_frame(frame_of_bytes(content, name)), header, contributions, language, seen)
    rows, own = _sent(content)
    return predict(ready, rows_of(rows), header, contributions or own, language, seen)


def frame_of_bytes(content: bytes, name: str) -> "pd.DataFrame":
    """Rows that came as JSON, or as a file of that name. Raises BadQuestion and CannotPredict."""
    with_pandas()
    if name.endswith(".json"):
        import pandas as pd

        rows, _ = _sent(content)
        rows_of(rows)
        return pd.DataFrame(rows)
    try:
        return table_of(content, name)
    except BadQuestion as fault:
        raise CannotPredict(fault.what, fault.hint) from fault


def _sent(content: bytes) -> tuple[list[dict[str, Any]], bool]:
    """The rows of a body of JSON, and whether contributions are asked for."""
    try:
        body = json.loads(content)
    except (ValueError, RecursionError) as fault:
        raise BadQuestion(f"The body is no JSON: {str(fault)[:120]}", SEND) from fault
    rows = body.get("rows") if isinstance(body, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise BadQuestion('The body has no list of objects called "rows".', SEND)
    others = sorted(set(body) - {"rows", "contributions"})
    if others:
        raise BadQuestion(f"The body has a field {others[0][:60]!r}, which is none of rows and contributions.", SEND)
    own = body.get("contributions", False)
    if not isinstance(own, bool):
        raise BadQuestion("contributions is true or false.", SEND)
    return rows, own


class ModelRoom(Door):
    """Questions about models."""

    @property
    def registry(self) -> Registry:
        """The models as they lie in the folder."""
        return registry_of(self.path)

    def train_model(
        self,
        table: "Path | str | pd.DataFrame",
        target: str,
        *,
        name: str | None = None,
        time: str | None = None,
        group: str | None = None,
        positive: str | None = None,
        cost: float | None = None,
        minutes: float = 5.0,
        seed: int = 0,
        keep: Sequence[str] = (),
        leave: Sequence[str] = (),
        rising: Sequence[str] = (),
        falling: Sequence[str] = (),
        learner: LearnerName | None = None,
        held_out: float = 0.25,
        workers: int = 1,
        say: Callable[[str, float], None] = lambda text, part: None,
    ) -> Trained:
        """Make a version of a model from a table, tried on its later rows or on whole groups.

        `table` is a data frame or a file; `cost`: a missed positive costs so many false alarms; `rising` and `falling`:
        columns with which the answer may move one way alone. Raises NoSuchPath, BadQuestion, ExtraMissing and ParityFailed.
        """
        from fabwatch.models.training import train

        if not 0 < minutes <= MOST_MINUTES:
            raise BadQuestion(f"minutes must be above 0, up to {MOST_MINUTES:g} (got {minutes:g}).", "such as 5")
        if not 0.05 <= held_out <= 0.6:
            raise BadQuestion(f"held_out must be from 0.05 to 0.6 (got {held_out:g}).", "such as 0.25")
        if cost is not None and not cost > 0:
            raise BadQuestion(f"cost must be above 0 (got {cost:g}).", "10: a miss costs as much as ten false alarms")
        frame, source = _read(table)
        recipe = Recipe(
            target,
            time,
            group,
            positive,
            cost,
            held_out,
            seed,
            tuple(keep),
            tuple(leave),
            tuple(rising),
            tuple(falling),
            learner,
        )
        own = name or _name_of(source, target)
        return train(
            frame, recipe, own, self.registry, self._header(), minutes=minutes, source=source, workers=workers, say=say
        )

    def models(self) -> Models:
        """The models of the fab: each version with its figures and stage."""
        return self.ask(ModelsQuestion())

    def model_card(self, model: str) -> ModelCard:
        """The card of MODEL or MODEL@VERSION. Raises UnknownModel."""
        return self.ask(ModelCardQuestion(model=model))

    def predict(
        self,
        model: str,
        rows: "Path | str | pd.DataFrame | Sequence[Mapping[str, Any]]",
        *,
        contributions: bool = False,
        language: str = "en",
    ) -> Predictions:
        """What MODEL or MODEL@VERSION says of rows: a file, a frame, or rows of names and values.

        Raises UnknownModel, NoSuchPath, and BadQuestion where no column of it is there.
        """
        ready = self.ready_model(model)
        given = rows_of(rows) if isinstance(rows, (list, tuple)) else Rows.of_frame(_read(rows)[0])  # type: ignore[arg-type]
        return predict(ready, given, self._header(), contributions, language)

    def ready_model(self, model: str) -> Ready:
        """A version with its file loaded. Raises UnknownModel and BadQuestion."""
        return Ready.of(self.registry.find(model))

    def compare_models(self, a: str, b: str, on: "Path | str | pd.DataFrame | None" = None, *, workers: int = 1) -> Compared:
        """Two versions, or files of predictions, on the same rows: how much they differ, whether surely, and by what.

        Without `on` the rows that B was tried on. Raises UnknownModel, NoSuchPath and BadQuestion.
        """
        from fabwatch.models.comparing import compare, on_held_out

        if on is None:
            return on_held_out(self.registry, a, b, self._header(), workers=workers)
        frame, _ = _read(on)
        return compare(self.registry, a, b, frame, self._header(), workers)

    def watch_model(
        self,
        model: str,
        on: "Path | str | pd.DataFrame | None" = None,
        *,
        days: int = 7,
        retrain: bool = False,
        minutes: float = 5.0,
        workers: int = 1,
        say: Callable[[str, float], None] = lambda text, part: None,
    ) -> Watched:
        """How MODEL or MODEL@VERSION does since it was made: by newer rows, else by what the service was asked.

        `on`: rows that came after it, with what came out where that is known; their score is kept. `retrain` makes a version
        that learned from them as well, compares it and switches nothing on. Raises UnknownModel and BadQuestion.
        """
        if on is None:
            if retrain:
                raise BadQuestion("There are no rows to learn from.", "give them with --on FILE")
            return self.ask(ModelWatchQuestion(model=model, days=days))
        from fabwatch.models.watching.watching import by_rows

        frame, source = _read(on)
        return by_rows(
            self.registry,
            self.registry.find(model),
            frame,
            source,
            self._header(),
            again=retrain,
            minutes=minutes,
            workers=workers,
            say=say,
        )

    def export_model(self, model: str, form: str, out: Path | str) -> Path:
        """Write a version into a new folder that runs without fabwatch: onnx, fastapi or lambda.

        Raises UnknownModel, BadQuestion and NoSuchPath.
        """
        from fabwatch.models.exporting import export

        return export(self.registry.find(model), form, Path(out))

    def use_model(self, model: str, *, who: str, reason: str) -> ModelCard:
        """Use a version in place of the one before; an older one rolls back. Written to the audit. Raises UnknownModel."""
        version = self.registry.find(model)
        decided.use(self._lake, self.registry, self._now(), who, version, reason)
        return self.model_card(str(version))

    def retire_model(self, model: str, *, who: str, reason: str) -> ModelCard:
        """Retire a version. Written to the audit. Raises UnknownModel and DecidedAlready."""
        version = self.registry.find(model)
        decided.retire(self._lake, self.registry, self._now(), who, version, reason)
        return self.model_card(str(version))

    def _header(self) -> Header:
        """What an answer begins with that reads files, and nothing of the lake."""
        return file_header(self._now(), self.settings.fab.demo)


def _read(table: "Path | str | pd.DataFrame") -> "tuple[pd.DataFrame, str]":
    if isinstance(table, (str, Path)):
        path = Path(table)
        return read_table(path), path.name
    return table, "a data frame"


def _name_of(source: str, target: str) -> str:
    """A name made from the file, else from the target."""
    import re

    words = re.sub(r"[^A-Za-z0-9_-]+", "-", source.split(".")[0] if source != "a data frame" else target).strip("-_")
    return words[:60] or "model"
