"""The demo: the make-believe fab, made once, loaded and opened."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from fabwatch.fab import Fab
from fabwatch.ingest.progress import Progress
from fabwatch.ingest.summary import IngestSummary
from fabwatch.sources.synthetic import Plan, simulate, write_exports
from fabwatch.sources.synthetic.writing import FAB_TOML
from fabwatch.terms.errors import BadQuestion
from fabwatch.terms.settings import FILE

PLAN = Plan()
DEMO_END = PLAN.start + timedelta(days=PLAN.days)


@contextmanager
def demo_fab(folder: Path, progress: Progress | None = None) -> Iterator[tuple[Fab, IngestSummary]]:
    """The demo fab in `folder`, made there if it is not. Raises BadQuestion when a fab with real data is there."""
    exports = folder / "exports"
    if not exports.exists():
        if folder.exists() and any(folder.iterdir()):
            raise BadQuestion(
                f"{folder} is not empty and holds no demo.", "name an empty folder: fabwatch demo --fab FOLDER"
            )
        folder.mkdir(parents=True, exist_ok=True)
        (folder / FILE).write_text(FAB_TOML, encoding="utf-8")
        # Named `exports` only when all files are there, so that a stopped demo is made anew.
        partial = folder / "exports.partial"
        write_exports(simulate(PLAN), PLAN, partial)
        partial.rename(exports)
    with Fab(folder, create=True) as fab:
        yield fab, fab.ingest(exports, progress=progress)
