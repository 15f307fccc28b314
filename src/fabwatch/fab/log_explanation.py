"""What is understood of one log file, without loading it."""

from pathlib import Path

from fabwatch.sources.opening import CannotRead, documents, inspect
from fabwatch.sources.toollog.explaining import explained
from fabwatch.sources.toollog.recognising import open_log
from fabwatch.terms.answers import Json
from fabwatch.terms.clock import SKEW, utc_now
from fabwatch.terms.errors import BadQuestion, NoSuchPath
from fabwatch.terms.paths import is_file
from fabwatch.terms.settings import read_settings


def explain(path: str | Path, fab: str | Path = "fab") -> Json:
    """Dialect, columns, runs, rows, messages and what would be set aside. Raises NoSuchPath and BadQuestion."""
    file = Path(path)
    if not is_file(file):
        raise NoSuchPath(f"There is no file {file}.")
    try:
        document = documents(file)[0]
        _, stated = read_settings(Path(fab)).source_of(document.file_name)
        log = open_log(document, inspect(document), stated)
        if log is None:
            raise BadQuestion(
                f"{file} does not read as a tool log.",
                "a log has rows of at least two readings with a time, under a header that names them; name its columns in "
                'fab.toml: [sources.NAME] kind = "log", columns = { time = "…" }',
            )
        return explained(log, utc_now() + SKEW)
    except CannotRead as stop:
        raise BadQuestion(f"{file}: {stop.problem.why}.", stop.problem.way_out) from None
