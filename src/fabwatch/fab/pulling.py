"""Rows from the fab's databases: read on from where the last pull ended, and loaded as files are."""

import json
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from fabwatch.databases.answers import Pulled, PulledTable
from fabwatch.databases.notes import note
from fabwatch.fab.files import Files
from fabwatch.terms.answers import How
from fabwatch.terms.errors import BadQuestion, CannotPull, FabwatchError, StoreBusy, unknown
from fabwatch.terms.settings.outside import PULLED, DatabaseSettings, PullSettings

FOLDER = "pulled"
METHOD = (
    "Rows from the last watermark less the overlap on, in its order, some 100,000 at a time; each part is loaded like a "
    "file, so that a row counts once, and then the watermark is noted."
)
Say = Callable[[str], None]


class Pulling(Files):
    """Pulls from the databases of fab.toml."""

    def pull(self, name: str | None = None, *, say: Say = lambda text: None) -> Pulled:
        """Load what is new in the databases of fab.toml, or in one; one that fails does not stop the others.

        Raises BadQuestion where fab.toml names none, and StoreBusy where another pull goes on.
        """
        databases = self.settings.databases
        if not databases:
            raise BadQuestion("fab.toml names no database.", "write [databases.NAME] with a url; see docs/databases.md")
        if name is not None and name not in databases:
            raise unknown("database", name, databases)
        folder = self.path / FOLDER
        folder.mkdir(exist_ok=True)
        done = []
        try:
            with FileLock(folder / ".lock", timeout=0):
                for own in [name] if name is not None else list(databases):
                    done += self._pulled(own, databases[own], folder, say)
            for one in done:
                note(self.path, "pull", f"{one.database}.{one.kind}", self._now(), one.read, one.error)
        except Timeout:
            raise StoreBusy("Another pull of this fab goes on.") from None
        return Pulled(self._now(), None, self.settings.fab.demo, How(METHOD, "", 0), None, tuple(done))

    def _pulled(self, name: str, stated: DatabaseSettings, folder: Path, say: Say) -> list[PulledTable]:
        from fabwatch.databases.connecting import connected

        found: list[PulledTable] = []
        try:
            with connected(name, stated) as (connection, dialect):
                for kind, pull in stated.pull.items():
                    say(f"{name}: {kind}")
                    found.append(self._query(name, kind, pull, connection, dialect, folder))
                    # What a statement that failed has begun must not hold up the next one.
                    connection.rollback()
        except FabwatchError as fault:
            known = {one.kind for one in found}
            found += [PulledTable(name, kind, 0, 0, 0, 0, None, fault.what) for kind in stated.pull if kind not in known]
        return found

    def _query(self, name: str, kind: str, pull: PullSettings, connection: Any, dialect: Any, folder: Path) -> PulledTable:
        from fabwatch.databases.reading import parts, watermark

        mark = folder / f"{name}.{kind}.json"
        reached = _reached(mark)
        counts = dict.fromkeys(("read", "stored", "there_already", "set_aside"), 0)
        error = None
        try:
            since = watermark(reached, pull.overlap)
            with closing(parts(name, connection, dialect, pull, since, folder)) as found:
                for part in found:
                    own = folder / f"{name}.{kind}{PULLED}"
                    part.path.replace(own)
                    summary = self.ingest(own, kind=kind)
                    counts["read"] += part.rows
                    counts["stored"] += summary.rows
                    counts["there_already"] += summary.duplicates
                    counts["set_aside"] += summary.set_aside
                    if summary.failed:
                        why = "; ".join(file.message for file in summary.files)
                        raise CannotPull(
                            f"Database {name}: the rows of {kind} cannot be loaded: {why}", "state their columns"
                        )
                    if part.reached is not None and part.reached != reached:
                        reached = part.reached
                        _note(mark, reached)
                    own.unlink(missing_ok=True)
        except FabwatchError as fault:
            error = fault.what
        finally:
            for rest in folder.glob(".*.parquet"):
                rest.unlink(missing_ok=True)
        return PulledTable(name, kind, **counts, watermark=reached, error=error)


def _reached(mark: Path) -> str | None:
    try:
        return str(json.loads(mark.read_text("utf-8"))["watermark"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _note(mark: Path, reached: str) -> None:
    beside = mark.with_suffix(".part")
    beside.write_text(json.dumps({"watermark": reached}) + "\n", "utf-8")
    beside.replace(mark)
