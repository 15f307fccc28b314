"""The door to the sources of fab.toml: how a file is read, a statement tried on it, and the statement written down."""

import contextlib
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

from fabwatch.decisions.audit import append, reasoned
from fabwatch.fab.door import Door
from fabwatch.fab.questions import ExplainQuestion
from fabwatch.ingest import explaining
from fabwatch.ingest.answers import Explanation
from fabwatch.ingest.explaining import Trial
from fabwatch.ingest.stating import SOURCES, Statement, stated_of
from fabwatch.terms.clock import SKEW
from fabwatch.terms.errors import CannotState, NotWritten
from fabwatch.terms.settings import FILE, read_settings
from fabwatch.terms.toml_edit import table_lines

BOM = b"\xef\xbb\xbf"


class Sources(Door):
    """What is stated of the files of a source."""

    def explain(self, load: str) -> Explanation:
        """How a file that was sent or that waits in the inbox is read, column by column.

        Raises UnknownTool for an unknown load, and NotKept for a file that is not kept or gone.
        """
        return self.ask(ExplainQuestion(load=load))

    def try_source(self, load: str, statement: Statement) -> Explanation:
        """How the file would be read with a statement; nothing is stored or written.

        Raises CannotState, and what `explain` raises.
        """
        return self._tried(load, statement).explanation

    def write_source(
        self, load: str, statement: Statement, *, who: str, reason: str, seen: str | None = None
    ) -> Explanation:
        """Write a statement into fab.toml, by which the file is read from then on; written to the audit.

        The rest of fab.toml stays as it is, and a copy of it as it was is kept beside it. `seen` is that of the explanation
        which the statement was made from. Raises NotWritten where somebody else was faster or fab.toml cannot be written,
        CannotState for a statement with which the file cannot be loaded, BadQuestion without a reason, and what `explain`
        raises.
        """
        text = reasoned(reason)
        trial = self._tried(load, statement)
        draft, explanation = trial.draft, trial.explanation
        if seen is not None and seen != explanation.seen:
            raise NotWritten("What fab.toml states of this source was changed meanwhile.", "look at the file again")
        if not explanation.fits:
            raise CannotState(f"The file still cannot be loaded: {explanation.message}.", "try another statement first")
        if draft.text != trial.before:
            about = {
                "load": load,
                "path": explanation.path,
                "source": draft.name,
                "before": _lines(trial.before, draft.name),
                "lines": draft.lines,
            }
            self._write(trial, who, about, text)
        return explanation

    def _tried(self, load: str, statement: Statement) -> Trial:
        with self._lake.reading():
            return explaining.tried(self._lake, self._clock() + SKEW, load, statement)

    def _write(self, trial: Trial, who: str, about: dict[str, str], reason: str) -> None:
        """The file and the entry of the audit: both, or neither."""
        path = (self.path / FILE).resolve()
        before = path.read_bytes() if path.exists() else None
        fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        try:
            with _as_not_written():
                _put(fresh, (BOM if (before or b"").startswith(BOM) else b"") + trial.draft.text.encode())
                if before is not None:
                    shutil.copymode(path, fresh)
                    _put(path.with_name(f"{path.name}.before"), before)
            with self._lake.writing():
                if (path.read_bytes() if path.exists() else None) != before or _text(before) != trial.before:
                    raise NotWritten("fab.toml was changed meanwhile.", "look at the file again")
                append(self._lake, self._now(), who, "source", about, reason)
                with _as_not_written():
                    fresh.replace(path)
        except BaseException:
            _restore(path, before, trial)
            raise
        finally:
            fresh.unlink(missing_ok=True)
        self.settings = self._lake.settings = read_settings(self.path)


def _lines(text: str, name: str) -> str:
    stated = stated_of(text, name)
    return table_lines((SOURCES, name), stated) if stated else ""


def _text(content: bytes | None) -> str:
    return (content or b"").removeprefix(BOM).decode()


@contextlib.contextmanager
def _as_not_written() -> Iterator[None]:
    try:
        yield
    except OSError as fault:
        raise NotWritten(f"fab.toml cannot be written: {fault.strerror or fault}.") from None


def _put(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _restore(path: Path, before: bytes | None, trial: Trial) -> None:
    """What was not entered in the audit is not in fab.toml either."""
    with contextlib.suppress(OSError):
        if path.exists() and _text(path.read_bytes()) == trial.draft.text and _text(before) == trial.before:
            if before is None:
                path.unlink()
            else:
                path.write_bytes(before)
