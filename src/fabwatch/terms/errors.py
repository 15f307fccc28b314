"""Errors that end a command.

    FabwatchError             every error that fabwatch raises on purpose
    ├── NoFab                 there is no fab in that folder
    ├── NewerFab              the fab was made by a newer fabwatch
    ├── EngineMissing         an extension of the engine is not installed
    ├── ExtraMissing          a package that only some questions need is not installed
    ├── EngineFailed          Spark or PostgreSQL is not there, or could not run it
    │   └── EngineLost        Spark or PostgreSQL was lost while it worked
    ├── ParityFailed          the exported model does not give the same results as fabwatch
    ├── StoreBroken           the catalog or a data file cannot be read
    │   └── NoCatalog         the server with the catalog cannot be reached, or does not let us in
    ├── StoreBusy             another process holds the fab for writing
    ├── DiskFull              no disk space left
    ├── BadSettings           fab.toml has faults; all are listed
    ├── NoSuchPath            a path to load does not exist or cannot be read
    ├── TooBusy               the service has more requests than it can answer in time
    │   ├── WorkerLost        the process that worked on it was stopped twice
    │   └── QueueFull         more messages of a live source wait than its queue may hold
    ├── PortTaken             the service cannot listen on that address and port
    ├── CannotSend            a message of an alert could not be sent; it is tried again
    ├── CannotReceive         a live source cannot be received from; it is tried again
    ├── LiveBroken            the queue of a live source cannot be read or written
    ├── CannotPublish         answers could not be put into a database or a folder; what was there before is there still
    ├── CannotPull            rows could not be read from a database; the next pull goes on where this one ended
    └── BadQuestion           the question cannot be answered as it was asked
        ├── NotOnEngine       the question does not run on that engine
        │   └── EngineLags    the tables in PostgreSQL are older than those of the fab
        ├── UnknownTool       no tool, area, chamber or qual type of that name
        ├── UnknownTime       not a time
        │   └── NothingThen   no qual at that time, or nothing had been loaded by then
        ├── NotOnHold         no hold list or wafer of that name
        ├── DecidedAlready    the wafers are already held, released or scrapped
        ├── NotKept           the file of a load is not kept in the fab folder, or not any more
        ├── SamplesGone       the samples of a run are kept no longer
        ├── CannotState       a statement about a file that cannot hold: no such column, zone or key
        ├── NotWritten        fab.toml was not changed: it cannot be written, or somebody else was faster
        ├── NothingRecorded   no runs, no metrology: nothing on record to answer from
        ├── CannotPolish      no polish time is possible
        ├── CannotPredict     the rows are none that the model could predict
        ├── UnknownModel      no model or version of that name
        ├── UnknownCase       no case of an alert of that name
        ├── NewerModel        a model was made by a newer fabwatch, in a form that this one does not know
        ├── NothingFailed     containment requested, but no qual has failed
        └── TooFewFailures    forecast requested, but there are no quals to make one from

Faults in data are not errors: they become rows of `problems` (see `terms.problems`).
"""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Self

LONGEST_NAME = 400


class FabwatchError(Exception):
    """What went wrong, and under `hint` the way out."""

    hint = "run the command again with --debug and report what it prints"
    bare: str | None = None
    """What went wrong without the nearest names, for whoever may not see all names; None where it names none."""

    def __init__(self, what: str, hint: str | None = None):
        super().__init__(what)
        self.what = what
        if hint is not None:
            self.hint = hint

    def without_names(self, bare: str) -> Self:
        """The same error, which says `bare` to whoever may not see all names."""
        self.bare = bare
        return self


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


class EngineFailed(FabwatchError):
    """Spark or PostgreSQL is not there, or could not run it."""

    hint = "see that it runs and can be reached; without --engine the question is answered on this machine: nothing was lost"


class EngineLost(EngineFailed):
    """Spark or PostgreSQL was lost while it worked."""

    hint = "ask again: a new session is started; if it is lost again, see its log and its memory, or ask without --engine"


class ParityFailed(FabwatchError):
    """The exported model does not give the same results as fabwatch."""

    hint = "use fabwatch cmp predict instead, and report this with the versions of onnx and onnxruntime"


class StoreBroken(FabwatchError):
    """The catalog or a data file cannot be read."""

    hint = "fabwatch check says what is wrong and how to fix it"


class NoCatalog(StoreBroken):
    """The server with the catalog cannot be reached, or does not let us in."""

    hint = "see that the server runs, and that the address and the password of [fab] catalog are right; nothing was lost"


class StoreBusy(FabwatchError):
    """Another process holds the fab for writing."""

    hint = "wait for the other ingest to finish, then run the command again: nothing is lost or doubled"


class DiskFull(FabwatchError):
    """No disk space is left."""

    hint = "free some space and run the same command again: it continues where it stopped"


class BadSettings(FabwatchError):
    """fab.toml has faults; all are listed."""

    hint = "fix each line in fab.toml; the settings page lists every key"


class NoSuchPath(FabwatchError):
    """A path to load does not exist or cannot be read."""

    hint = "give a file, a folder, or a pattern in quotes such as 'exports/*.csv.gz'"


class TooBusy(FabwatchError):
    """The service has more requests than it can answer in time."""

    hint = "ask again in a few seconds"


class WorkerLost(TooBusy):
    """The process that worked on it was stopped twice: by the memory limit of the machine, or by a fault of a library."""

    hint = "free memory, or ask for less at once; the log of the machine says what stopped the process"


class QueueFull(TooBusy):
    """More messages of a live source wait than its queue may hold."""

    hint = "send it again in a few seconds; fabwatch live list shows what waits, and queue_mb in fab.toml how much may"


class PortTaken(FabwatchError):
    """The service cannot listen on that address and port."""

    hint = "stop the program that uses it, or use another port: fabwatch serve --port 8001 (0 picks a free one)"


class CannotPublish(FabwatchError):
    """Answers could not be put into a database or a folder; what was there before is there still."""

    hint = "see [publish] in fab.toml; the user of that database needs to make tables in its schema"


class CannotPull(FabwatchError):
    """Rows could not be read from a database; the next pull goes on where this one ended."""

    hint = "see [databases] in fab.toml, and try its query with a client of that database"


class CannotReceive(FabwatchError):
    """A live source cannot be received from; it is tried again."""

    hint = "see [live] in fab.toml; fabwatch live list says how each source stands"


class LiveBroken(FabwatchError):
    """The queue of a live source cannot be read or written."""

    hint = "move its file live/NAME/queue.sqlite away: what waited in it comes again from its sender, or is lost with it"


class CannotSend(FabwatchError):
    """A message of an alert could not be sent."""

    hint = "see the channel in fab.toml, and try it: fabwatch alerts test CHANNEL"


class BadQuestion(FabwatchError):
    """The question cannot be answered as it was asked: it names something unknown, or a value out of range."""

    hint = "fabwatch risk lists every tool, chamber and qual type"


class NotOnEngine(BadQuestion):
    """The question does not run on that engine."""

    hint = "ask it without --engine; docs/engines.md says what runs where"


class EngineLags(NotOnEngine):
    """The tables in PostgreSQL are older than those of the fab."""

    hint = "bring them up to date: fabwatch engine copy NAME"


class UnknownTool(BadQuestion):
    """No tool, area, chamber or qual type of that name."""


class UnknownTime(BadQuestion):
    """Not a time."""

    hint = "write a time as 2026-03-17T06:30Z; without a zone it is UTC"


class NothingThen(UnknownTime):
    """There was no qual at that time, or nothing had been loaded by then."""

    hint = "fabwatch loads shows when files were loaded, fabwatch history TOOL shows its quals"


class NotOnHold(BadQuestion):
    """There is no hold list of that name, or no such wafer or lot in it."""

    hint = "fabwatch holds lists them; fabwatch contain TOOL lists what can be held"


class DecidedAlready(BadQuestion):
    """The wafers are already held, released or scrapped."""

    hint = "fabwatch holds shows what was decided, by whom and why"


class NotKept(BadQuestion):
    """The file of a load is not kept in the fab folder, or not any more."""

    hint = "send it again; or on the machine itself: fabwatch ingest FILE --explain"


class SamplesGone(BadQuestion):
    """The samples of a run are kept no longer."""

    hint = "fabwatch trace summary has its statistics; its rows are in the file that it was loaded from"


class CannotState(BadQuestion):
    """A statement about a file that cannot hold: no such column, zone or key, or the file cannot be loaded with it."""

    hint = "fabwatch ingest FILE --explain shows the columns of a file; docs/settings.md lists the keys of a source"


class NotWritten(BadQuestion):
    """fab.toml was not changed: it cannot be written, or was changed by somebody else in the meantime."""

    hint = "look at fab.toml as it is now, and write the lines into it yourself"


class NothingRecorded(BadQuestion):
    """Nothing is on record to answer from: no runs, no metrology, or no good run."""

    hint = "load tool logs and metrology: fabwatch ingest FILES"


class CannotPolish(BadQuestion):
    """No polish time is possible: thickness below the target, a rate that is not above 0, or units that look mixed."""

    hint = "give thicknesses in one unit and the rate in that unit per second: --unit angstrom --rate 40"


class CannotPredict(BadQuestion):
    """The rows are none that the model could predict."""

    hint = "fabwatch model card MODEL --json shows its columns and an example"


class UnknownCase(BadQuestion):
    """No case of an alert of that name."""

    hint = "fabwatch alerts list --closed names them"


class UnknownModel(BadQuestion):
    """No model or version of that name."""

    hint = "fabwatch model list names them; fabwatch model train makes one"


class NewerModel(BadQuestion):
    """A model was made by a newer fabwatch, in a form that this one does not know."""

    hint = "use the fabwatch that made it, or train the model again with this one"


class NothingFailed(BadQuestion):
    """Containment was requested, but no qual has failed."""

    hint = "name the suspect qual yourself: fabwatch contain TOOL --at TIME"


class TooFewFailures(BadQuestion):
    """A forecast was requested, but neither the tool nor a sister tool has a qual to make one from."""

    hint = "load quals and restores of these tools or of tools of the same type; a forecast is useful from 3 failures on"


def nearest(word: str, known: Iterable[str], limit: int = 3) -> list[str]:
    """The known words most similar to `word`, best first, ignoring case."""
    if len(word) > LONGEST_NAME:
        # Nobody mistypes that much, and comparing takes the square of the length.
        return []
    by_fold = {name.casefold(): name for name in known}
    return [by_fold[hit] for hit in get_close_matches(word.casefold(), by_fold, n=limit, cutoff=0.5)]


def unknown(what: str, word: str, known: Iterable[str], hint: str | None = None) -> UnknownTool:
    """An error for an unknown name, offering the nearest ones."""
    near = nearest(word, known)
    tail = f" Did you mean {' or '.join(near)}?" if near else ""
    return UnknownTool(f"No {what} {word}.{tail}", hint).without_names(f"No {what} {word}.")
