"""Versions as plain files in the fab folder, each known by the hash of its content; nothing in them is ever executed.

models/NAME/V/card.json      what is known of it, with its recipe and the columns that it takes
models/NAME/V/model.onnx     what predicts
models/NAME/V/parts.npz      the tables of a sum of parts, or trees.txt
models/NAME/V/held_out.parquet  place, target and prediction of each held-out row
models/NAME/V/usual.json     what its columns held; asked/ and scores/: what came after it was made
models/tables/HASH.parquet   the table that it was made from; versions of one table share it
models/trials/...             inner trials that are done, for two weeks
models/NAME/use.json         which version is in use; the audit says who, when and why
"""

import hashlib
import json
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import numpy as np

from fabwatch.models.additive import Additive, of_tables
from fabwatch.models.card import lacking
from fabwatch.models.learners.trees import Trees
from fabwatch.models.recipe import Recipe, recipe_from
from fabwatch.models.schema import Schema, schema_from
from fabwatch.store.skip_pandas import with_pandas
from fabwatch.terms.errors import BadQuestion, NewerModel, UnknownModel, nearest

if TYPE_CHECKING:
    import pandas as pd

FORMAT = 1
"""Version of the form of these files."""
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,59}")
CARD, ONNX, PARTS, TREES, HELD_OUT, USE = "card.json", "model.onnx", "parts.npz", "trees.txt", "held_out.parquet", "use.json"
TABLES, TRIALS = "tables", "trials"
OWN = (TABLES, TRIALS)
"""Folders that are no models."""
LATEST = "fabwatch model list --fab FOLDER"
BACK = "train it again, or bring its folder back from a copy"


@dataclass(frozen=True)
class Version:
    """One version in the registry."""

    name: str
    number: int
    folder: Path

    @cached_property
    def card(self) -> dict[str, Any]:
        """What is known of it. Raises NewerModel and BadQuestion."""
        try:
            card: Any = json.loads((self.folder / CARD).read_text("utf-8"))
        except (OSError, ValueError, RecursionError) as fault:
            raise BadQuestion(f"The card of {self} cannot be read: {fault}", BACK) from fault
        form = card.get("format") if isinstance(card, dict) else None
        if isinstance(form, int) and form > FORMAT:
            raise NewerModel(f"{self} was made by fabwatch {card.get('fabwatch')}, in a form that this one does not know.")
        gap = lacking(card) if isinstance(card, dict) else "format"
        if gap is not None:
            raise BadQuestion(f"The card of {self} is not whole: {gap} is missing or of another type.", BACK)
        own: dict[str, Any] = card
        return own

    @property
    def marks(self) -> tuple[int, ...]:
        """What becomes another number when its card or its file is written again, so that what is kept of it ends."""
        files = [path for name in (CARD, ONNX) if (path := self.folder / name).is_file()]
        return tuple(number for path in files for number in (path.stat().st_mtime_ns, path.stat().st_size))

    @property
    def digest(self) -> str | None:
        """What makes it another version than others; None where its card cannot be read."""
        try:
            return str(self.card["digest"])
        except (BadQuestion, KeyError):
            return None

    @cached_property
    def schema(self) -> Schema:
        """The columns that it takes. Raises BadQuestion."""
        try:
            return schema_from(self.card["schema"])
        except (TypeError, KeyError) as fault:
            raise BadQuestion(f"The card of {self} is not whole: its columns cannot be read ({fault}).", BACK) from fault

    @cached_property
    def recipe(self) -> Recipe:
        """What it was made by."""
        return recipe_from(self.card["recipe"])

    @property
    def onnx(self) -> bytes:
        """The file that predicts, as it was written. Raises BadQuestion where it is another now, or gone."""
        try:
            content = (self.folder / ONNX).read_bytes()
        except OSError as fault:
            raise BadQuestion(f"The ONNX file of {self} cannot be read: {fault.strerror}.", BACK) from fault
        if hashlib.sha256(content).hexdigest() != self.card["onnx"]["sha256"]:
            raise BadQuestion(f"The ONNX file of {self} was changed after it was made.", BACK)
        return content

    @property
    def model(self) -> Additive | Trees:
        """What the file was made from."""
        if (self.folder / TREES).is_file():
            center, scale = (np.array(self.card["trees"][name]) for name in ("center", "scale"))
            return Trees((self.folder / TREES).read_text("utf-8"), center, scale, int(self.card["trees"]["scores"]))
        with np.load(self.folder / PARTS, allow_pickle=False) as pairs:
            return of_tables(dict(pairs))

    def table(self) -> "pd.DataFrame":
        """The table that it was made from."""
        with_pandas()
        import pandas as pd

        return pd.read_parquet(self.folder.parent.parent / TABLES / f"{self.card['table']['sha256']}.parquet")

    def held_out(self) -> "pd.DataFrame":
        """Place, target and prediction of each held-out row."""
        with_pandas()
        import pandas as pd

        return pd.read_parquet(self.folder / HELD_OUT)

    def __str__(self) -> str:
        return f"{self.name}@{self.number}"


@dataclass(frozen=True)
class Registry:
    """The models of a fab."""

    folder: Path

    def names(self) -> list[str]:
        """The names of all models."""
        if not self.folder.is_dir():
            return []
        return sorted(
            one.name for one in self.folder.iterdir() if one.is_dir() and one.name not in OWN and NAME.fullmatch(one.name)
        )

    def versions(self, name: str) -> list[Version]:
        """The versions of a model, the oldest first."""
        own = self.folder / name
        if not own.is_dir():
            return []
        numbers = sorted(int(one.name) for one in own.iterdir() if one.name.isdigit() and (one / CARD).is_file())
        return [Version(name, number, own / str(number)) for number in numbers]

    def used(self, name: str) -> int | None:
        """The number of the version in use."""
        try:
            return int(json.loads((self.folder / name / USE).read_text("utf-8"))["version"])
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def use(self, name: str, number: int | None) -> None:
        """Note which version is in use; the audit holds who and why."""
        written(self.folder / name / USE, json.dumps({"version": number}).encode())

    def find(self, stated: str) -> Version:
        """MODEL or MODEL@V; without a version the one in use, else the newest. Raises UnknownModel."""
        name, _, number = stated.partition("@")
        own = self.versions(name) if NAME.fullmatch(name) else []
        if not own:
            near = nearest(name, self.names())
            tail = f" Did you mean {' or '.join(near)}?" if near else ""
            raise UnknownModel(f"No model {name[:60]}.{tail}")
        if not number:
            used = self.used(name)
            return next((one for one in own if one.number == used), own[-1])
        for one in own:
            if str(one.number) == number:
                return one
        raise UnknownModel(f"{name} has no version {number[:20]}: it has {', '.join(str(one.number) for one in own)}.")

    def keep_table(self, frame: "pd.DataFrame") -> str:
        """Keep a table; returns its hash."""
        buffer = BytesIO()
        frame.to_parquet(buffer, index=False, compression="zstd")
        content = buffer.getvalue()
        mark = hash_of_table(frame)
        path = self.folder / TABLES / f"{mark}.parquet"
        if not path.is_file():
            written(path, content)
        return mark

    def add(self, name: str, digest: str, files: Mapping[str, bytes]) -> tuple[Version, bool]:
        """Add a version, whole or not at all; the one that is there already with the same digest, and False."""
        for one in self.versions(name):
            if one.digest == digest:
                return one, False
        with self._new(name) as (folder, number):
            for file, content in files.items():
                (folder / file).write_bytes(content)
        return Version(name, number, self.folder / name / str(number)), True

    @contextmanager
    def _new(self, name: str) -> Iterator[tuple[Path, int]]:
        """A folder that becomes the next version when all of it is written."""
        own = self.folder / name
        own.mkdir(parents=True, exist_ok=True)
        number = max((one.number for one in self.versions(name)), default=0) + 1
        made = own / f".{uuid4()}"
        made.mkdir()
        try:
            yield made, number
            made.rename(own / str(number))
        except BaseException:
            shutil.rmtree(made, ignore_errors=True)
            raise


def named(name: str) -> str:
    """A name that a model may have. Raises BadQuestion."""
    if not NAME.fullmatch(name) or name in OWN:
        raise BadQuestion(
            f"A model cannot be called {name[:60]!r}.", "letters, digits, - and _, up to 60; not 'tables' or 'trials'"
        )
    return name


def hash_of_table(frame: "pd.DataFrame") -> str:
    """SHA-256 of the values of a table with their columns, whatever file it came in."""
    import pandas as pd

    own = hashlib.sha256("\x1f".join(map(str, frame.columns)).encode())
    own.update(pd.util.hash_pandas_object(frame, index=False).to_numpy().tobytes())
    return own.hexdigest()


def written(path: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{uuid4()}")
    beside.write_bytes(content)
    beside.replace(path)
