"""Errors that end a command.

    FabwatchError             every error that fabwatch raises on purpose
    ├── NoFab                 there is no fab in that folder
    ├── NewerFab              the fab was made by a newer fabwatch
    ├── EngineMissing         an extension of the engine is not installed
    ├── ExtraMissing          a package that only some questions need is not installed
    ├── ParityFailed          a model that was exported does not say what it says here
    ├── StoreBroken           the catalog or a data file cannot be read
    ├── StoreBusy             another process holds the fab for writing
    ├── DiskFull              no room left to write
    ├── BadSettings           fab.toml has faults; all are listed
    ├── NoSuchPath            a path to load does not exist or cannot be read
    ├── TooBusy               the service is asked more than it can answer in time
    ├── PortTaken             the service cannot listen on that address and port
    └── BadQuestion           the question names something the fab does not have
        ├── UnknownTool       no tool, area, chamber or qual type of that name
        ├── UnknownTime       not a time
        │   └── NothingThen   no qual at that time, or nothing had been loaded by then
        ├── NotOnHold         no hold list or wafer of that name
        ├── DecidedAlready    what is to be held, released or scrapped was so before
        ├── NothingRecorded   no runs, no metrology: nothing on record to answer with
        ├── CannotPolish      a polish time asked for that cannot be
        ├── NothingFailed     containment asked for, and no qual has failed
        └── TooFewFailures    a forecast asked for where nothing is known to make one of

Faults in data are not errors: they become rows of `problems` (see `terms.problems`).
"""

from collections.abc import Iterable
from difflib import get_close_matches


class FabwatchError(Exception):
    """What went wrong, and under `hint` the way out."""

    hint = "run the command again with --debug and report what it prints"

    def __init__(self, what: str, hint: str | None = None):
        super().__init__(what)
        self.what = what
        if hint is not None:
            self.hint = hint

    def said(self) -> str:
        """What went wrong and the way out, in one line."""
        return f"{self.what} {self.hint}"


class NoFab(FabwatchError):
    """There is no fab in that folder."""

    hint = "load a file to make one: fabwatch ingest PATH --fab FOLDER"


class NewerFab(FabwatchError):
    """The fab was made by a newer fabwatch."""

    hint = "use the fabwatch that made it, or a later one"


class EngineMissing(FabwatchError):
    """An extension of the engine is not installed."""

    hint = "make setup, or: pip install duckdb-extension-ducklake duckdb-extension-sqlite-scanner of duckdb's version"


class ExtraMissing(FabwatchError):
    """A package that only some questions need is not installed."""

    hint = "pip install 'fabwatch[onnx]'"


class ParityFailed(FabwatchError):
    """A model that was exported does not say what it says here."""

    hint = "use fabwatch cmp predict in its place, and report this with the versions of onnx and onnxruntime"


class StoreBroken(FabwatchError):
    """The catalog or a data file cannot be read."""

    hint = "fabwatch doctor says what is wrong and how to mend it"


class StoreBusy(FabwatchError):
    """Another process holds the fab for writing."""

    hint = "wait for the other ingest to end, then run the command again: nothing is lost or doubled"


class DiskFull(FabwatchError):
    """No room is left to write."""

    hint = "free some space and run the same command again: it goes on where it stopped"


class BadSettings(FabwatchError):
    """fab.toml has faults; all are listed."""

    hint = "mend each line in fab.toml; the settings page lists every key"


class NoSuchPath(FabwatchError):
    """A path to load does not exist or cannot be read."""

    hint = "give a file, a folder, or a pattern in quotes such as 'exports/*.csv.gz'"


class TooBusy(FabwatchError):
    """The service is asked more than it can answer in time."""

    hint = "ask again in a few seconds"


class PortTaken(FabwatchError):
    """The service cannot listen on that address and port."""

    hint = "end what listens there, or take another port: fabwatch serve --port 8001 (0 takes a free one)"


class BadQuestion(FabwatchError):
    """The question names something that the fab does not have."""

    hint = "fabwatch risk lists every tool, chamber and qual type"


class UnknownTool(BadQuestion):
    """No tool, area, chamber or qual type of that name."""


class UnknownTime(BadQuestion):
    """Not a time."""

    hint = "write a time as 2026-03-17T06:30Z; without a zone it is read as UTC"


class NothingThen(UnknownTime):
    """No qual was at that time, or nothing had been loaded by then."""

    hint = "fabwatch loads lists when files were loaded, fabwatch history TOOL when its quals were"


class NotOnHold(BadQuestion):
    """No hold list, or no wafer or lot in it, of that name."""

    hint = "fabwatch holds lists them; fabwatch contain TOOL lists what can be held"


class DecidedAlready(BadQuestion):
    """What is to be held, released or scrapped was so before."""

    hint = "fabwatch holds shows what was decided, by whom and why"


class NothingRecorded(BadQuestion):
    """Nothing is on record to answer with: no runs, no metrology, no good run."""

    hint = "load tool logs and metrology: fabwatch ingest FILES"


class CannotPolish(BadQuestion):
    """A polish time was asked for that cannot be: below the target, a rate that is not above 0, units that look mixed."""

    hint = "state thicknesses in one unit and the rate in that unit a second: --unit angstrom --rate 40"


class NothingFailed(BadQuestion):
    """Containment was asked for, and no qual has failed."""

    hint = "name the suspect qual yourself: fabwatch contain TOOL --at TIME"


class TooFewFailures(BadQuestion):
    """A forecast was asked for where there is no qual of the tool or of any sister to make one of."""

    hint = "load quals and restores of these tools or of tools of their type; from 3 failures on a forecast says more"


def nearest(word: str, known: Iterable[str], limit: int = 3) -> list[str]:
    """The known words nearest to `word`, best first, whatever their case."""
    by_fold = {name.casefold(): name for name in known}
    return [by_fold[hit] for hit in get_close_matches(word.casefold(), by_fold, n=limit, cutoff=0.5)]


def unknown(what: str, word: str, known: Iterable[str], hint: str | None = None) -> UnknownTool:
    """An error for a name that is not there, offering the nearest ones."""
    near = nearest(word, known)
    tail = f" Near it: {', '.join(near)}." if near else ""
    return UnknownTool(f"No {what} {word}.{tail}", hint)
