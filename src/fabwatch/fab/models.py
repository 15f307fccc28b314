"""The door to models: made from any table, listed, asked, compared, taken into use and retired."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fabwatch.decisions import models as decided
from fabwatch.fab.door import Door
from fabwatch.models.answers import Compared, ModelCard, Models, Predictions, Trained
from fabwatch.models.images.predicting import ReadyPictures, is_of_pictures, predict_path
from fabwatch.models.images.predicting import predict as predict_pictures
from fabwatch.models.images.reading import is_picture
from fabwatch.models.images.showing import Looked, look_at
from fabwatch.models.listing import registry_of
from fabwatch.models.predicting import METHOD as PREDICTING
from fabwatch.models.predicting import Ready, Seen, predict, rows_of
from fabwatch.models.questions import ModelCardQuestion, ModelsQuestion
from fabwatch.models.recipe import LearnerName, Recipe
from fabwatch.models.registry import Registry, Version
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
    "AnyReady",
    "Header",
    "Looked",
    "ModelRoom",
    "Tally",
    "counted_models",
    "file_header",
    "frame_of_bytes",
    "look_bytes",
    "predict_bytes",
    "ready_of",
    "registry_of",
]
AnyReady = Ready | ReadyPictures
SEND = 'send {"rows": [{"column": value, …}], "contributions": false}'
MOST_MINUTES = 24 * 60.0
TABLES = (".json", ".csv", ".parquet")
"""Endings of what holds rows when it is sent."""


def file_header(moment: datetime, demo: bool) -> Header:
    """What an answer begins with that reads files and no lake."""
    return moment, None, demo, How(PREDICTING, "", 0), None


def ready_of(version: Version) -> AnyReady:
    """A version, of a table or of pictures, with its file loaded. Raises BadQuestion."""
    return ReadyPictures.of(version) if is_of_pictures(version) else Ready.of(version)


def predict_bytes(
    ready: AnyReady,
    content: bytes,
    name: str,
    header: Header,
    contributions: bool = False,
    language: str = "en",
    seen: Seen | None = None,
) -> Predictions:
    """What a version says of a picture, or of rows that came as JSON or as a file of that name. Raises BadQuestion."""
    if isinstance(ready, ReadyPictures):
        if name.endswith(TABLES):
            raise _not_rows(ready.version)
        return predict_pictures(ready, [(name, content)], header, contributions, language)
    if not name.endswith(TABLES):
        raise _not_pictures(ready.version)
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


def look_bytes(ready: AnyReady, content: bytes, name: str, header: Header, language: str = "en") -> Looked:
    """What a version says of a picture, with what a page shows of it. Raises CannotPredict."""
    if not isinstance(ready, ReadyPictures):
        raise _not_pictures(ready.version)
    return look_at(ready, content, name, header, language)


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

    def train_images(
        self,
        folder: Path | str,
        *,
        name: str | None = None,
        minutes: float = 5.0,
        seed: int = 0,
        size: int = 64,
        turns: str = "mirror",
        workers: int = 1,
        say: Callable[[str, float], None] = lambda text, part: None,
    ) -> Trained:
        """Make a version of a model of pictures: sub-folders are classes, folders within these are lots or other groups.

        `size` is the side in pixels of what is looked at; `turns` is what leaves a class the same: none, mirror or all.
        Raises NoSuchPath, BadQuestion, ExtraMissing and ParityFailed.
        """
        from fabwatch.models.images.recipe import checked
        from fabwatch.models.images.training import train

        if not 0 < minutes <= MOST_MINUTES:
            raise BadQuestion(f"minutes must be above 0, up to {MOST_MINUTES:g} (got {minutes:g}).", "such as 5")
        recipe, place = checked(seed, size, turns), Path(folder)
        own = name or _name_of(place.absolute().name, "pictures")
        return train(place, recipe, own, self.registry, self._header(), minutes=minutes, workers=workers, say=say)

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

        A model of pictures takes a picture, a folder or a .zip; its contributions are the heat of each picture. Raises
        UnknownModel, NoSuchPath, and BadQuestion where no column of it is there.
        """
        ready = self.ready_model(model)
        if isinstance(ready, ReadyPictures):
            if not isinstance(rows, (str, Path)):
                raise _not_rows(ready.version)
            return predict_path(ready, Path(rows), self._header(), contributions, language)
        if isinstance(rows, (str, Path)) and _holds_pictures(Path(rows)):
            raise _not_pictures(ready.version)
        given = rows_of(rows) if isinstance(rows, (list, tuple)) else Rows.of_frame(_read(rows)[0])  # type: ignore[arg-type]
        return predict(ready, given, self._header(), contributions, language)

    def ready_model(self, model: str) -> AnyReady:
        """A version with its file loaded. Raises UnknownModel and BadQuestion."""
        return ready_of(self.registry.find(model))

    def compare_models(self, a: str, b: str, on: "Path | str | pd.DataFrame | None" = None, *, workers: int = 1) -> Compared:
        """Two versions, or files of predictions, on the same rows: how much they differ, whether surely, and by what.

        Versions of pictures are compared on a folder of classes; of tables, without `on`, on the rows that B was tried on.
        Raises UnknownModel, NoSuchPath and BadQuestion.
        """
        from fabwatch.models.comparing import compare, is_file, on_held_out

        known = [self.registry.find(stated) for stated in (a, b) if not is_file(stated)]
        of_pictures = [version for version in known if is_of_pictures(version)]
        if of_pictures:
            from fabwatch.models.images.comparing import compare as compare_pictures

            if len(of_pictures) < 2 or not isinstance(on, (str, Path)):
                hint = "compare two versions of pictures: --on FOLDER, whose sub-folders are classes"
                raise BadQuestion(f"{of_pictures[0]} is a model of pictures: it has nothing in common with rows.", hint)
            return compare_pictures(of_pictures[0], of_pictures[1], Path(on), self._header(), workers)
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

        version = self.registry.find(model)
        if is_of_pictures(version):
            raise _not_rows(version)
        frame, source = _read(on)
        return by_rows(
            self.registry,
            version,
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
        from fabwatch.models.images.take_away import write

        version = self.registry.find(model)
        return export(version, form, Path(out), write if is_of_pictures(version) else None)

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


def _holds_pictures(path: Path) -> bool:
    """Whether a path is a folder, a .zip or a picture, where a table is needed."""
    if path.is_dir() or path.suffix.lower() == ".zip":
        return True
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return is_picture(file.read(16))


def _not_pictures(version: Version) -> CannotPredict:
    return CannotPredict(f"{version} takes rows of a table, not pictures.")


def _not_rows(version: Version) -> CannotPredict:
    return CannotPredict(f"{version} takes pictures, not rows of a table.", "send a picture, or a folder or .zip of them")


def _name_of(source: str, target: str) -> str:
    """A name made from the file, else from the target."""
    import re

    words = re.sub(r"[^A-Za-z0-9_-]+", "-", source.split(".")[0] if source != "a data frame" else target).strip("-_")
    return words[:60] or "model"
