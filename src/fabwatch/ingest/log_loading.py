"""Loading a log: the known one that it goes on with, the longer one that it is a snapshot of, or a new one."""

from dataclasses import replace

from fabwatch.ingest.balance import balanced
from fabwatch.ingest.clocks import note_log_clocks
from fabwatch.ingest.commit import Aside
from fabwatch.ingest.job import Loading, was_there
from fabwatch.ingest.ledger import Entry, Identified
from fabwatch.ingest.logs import StoredLog, kept_rows, read, store
from fabwatch.ingest.reading import ReadSamples
from fabwatch.ingest.snapshots import Snapshot
from fabwatch.ingest.streams import Stream, begin_of, continued, is_begin_of, known_streams, longer
from fabwatch.ingest.summary import FileResult, counted
from fabwatch.sources.toollog.reader import LogFile
from fabwatch.terms.clock import SKEW
from fabwatch.terms.problems import TornLine
from fabwatch.terms.settings.files import LOG


def load_log(loading: Loading, file: Identified, log: LogFile) -> FileResult:
    """Load one log. Raises CannotRead, StoreBusy and DiskFull; then nothing of it is stored."""
    with loading.lake.writing():
        loading.ledger.refresh()
        lines = loading.ledger.lines_of(file)
        before = loading.overtaken(lines)
        if before is not None:
            return was_there(file, before)
        streams = known_streams(loading.lake, log.document, log.inspected, log.layout.encoding)
        stream = continued(log, streams)
        older = None if stream else _snapshot_of(loading, log, streams)
        waiting = loading.ledger.forget(lines)
        if older is not None:
            result = _nothing_new(loading, file, log, older)
        else:
            waiting += _waited(loading, log)
            result = _stored(loading, file, log, stream)
    loading.cleared(file, waiting)
    return result


def _stored(loading: Loading, file: Identified, log: LogFile, stream: Stream | None) -> FileResult:
    replaced = 0
    if stream is not None and loading.again:
        replaced = _forget_stream(loading, stream)
        stream = None
    stored = _store(loading, file.load, log, stream)
    if log.inspected.torn is not None:
        stored.problems.append(log.inspected.torn)
    rules = stored.rules
    aside = Aside(loading.lake)
    aside.add(file.load, log.document.name, LOG, stored.problems)
    note_log_clocks(loading.lake, loading.clock())
    aside.commit()
    if stream is not None:
        # The line that was cut when the log was last read is complete now.
        loading.lake.ask(
            "DELETE FROM lake.problems WHERE load = $load AND rule = $rule", {"load": stream.load, "rule": TornLine.code}
        )
    grown = [f"continued from byte {stream.read_to:,}"] if stream else []
    grown += [f"read again from its begin, in place of {replaced} loads"] if replaced > 1 else []
    runs = f"{len(log.parts):,} runs, {len(stored.messages):,} messages"
    message = "; ".join([runs, *grown, *log.notes, *counted(rules)])
    entry = Entry("loaded", LOG, log.layout.header, stored.rows, set_aside=rules.total(), message=message)
    loading.ledger.enter([(file, entry)])
    return FileResult(
        log.document.name, LOG, log.inspected.sha256, stored.rows, rules.total(), "loaded", message, rules=dict(rules)
    )


def _store(loading: Loading, load: str, log: LogFile, stream: Stream | None) -> StoredLog:
    task = ReadSamples(loading.clock() + SKEW)
    if stream is not None:
        task = replace(task, begin=begin_of(log, stream), lines=stream.lines, now=stream.now)
    stored = store(loading.lake, load, log, loading.reader.run(task), stream)
    kept = kept_rows(loading.lake, load, log)
    balanced(stored.records, stored=stored.rows, aside=stored.rows_aside, kept=kept)
    return stored


def _snapshot_of(loading: Loading, log: LogFile, streams: list[Stream]) -> Stream | None:
    """The stream that the file is an older snapshot of: all that it holds is there."""
    candidates = longer(log, streams)
    for stream in candidates:
        if is_begin_of(log, stream):
            return stream
    if not candidates:
        return None
    batches = read(log, loading.reader.run(ReadSamples(loading.clock() + SKEW)), StoredLog())
    snapshot = Snapshot(loading.lake, log, batches)
    return next((stream for stream in candidates if snapshot.is_in(stream)), None)


def _nothing_new(loading: Loading, file: Identified, log: LogFile, stream: Stream) -> FileResult:
    """Note an older snapshot of a log that is there."""
    message = f"an older snapshot of {stream.path}, of which more is there already; load that one again to read it anew"
    loading.ledger.enter([(file, Entry("loaded", LOG, log.layout.header, message=message))])
    return FileResult(log.document.name, LOG, log.inspected.sha256, 0, 0, "already", message)


def _forget_stream(loading: Loading, stream: Stream) -> int:
    """Delete what all loads of a log have stored; returns how many there were."""
    rows = loading.lake.rows("SELECT DISTINCT load FROM lake.parts WHERE stream = $name", {"name": stream.name})
    loads = {stream.load, *(row["load"] for row in rows)}
    for load in loads:
        loading.ledger.forget_load(load)
    loading.lake.ask("DELETE FROM lake.streams WHERE stream = $name", {"name": stream.name})
    return len(loads)


def _waited(loading: Loading, log: LogFile) -> list[str]:
    """Loads that waited in the inbox for this file to grow: all that they hold stands at its begin. They are forgotten."""
    rows = loading.lake.rows(
        "SELECT load FROM lake.loads WHERE status = 'inbox' AND path = $path", {"path": log.document.name}
    )
    waited = [row["load"] for row in rows if loading.inbox.begins(row["load"], log.document)]
    for load in waited:
        loading.ledger.forget_load(load)
    return waited
