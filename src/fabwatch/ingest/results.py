"""Loading a file of results: test results, a wafer map, defects; once, whatever it is called and however often it comes."""

from fabwatch.ingest.balance import balanced
from fabwatch.ingest.commit import Aside
from fabwatch.ingest.job import Loading, was_there
from fabwatch.ingest.ledger import Entry, Identified
from fabwatch.ingest.reading import ReadResults
from fabwatch.ingest.result_store import Stored, kept_rows, store
from fabwatch.ingest.summary import FileResult
from fabwatch.sources.result_file import ResultFile
from fabwatch.terms.clock import iso


def load_results(loading: Loading, file: Identified, results: ResultFile) -> FileResult:
    """Load one file of results. Raises CannotRead, StoreBusy and DiskFull; then nothing of it is stored."""
    with loading.lake.writing():
        loading.ledger.refresh()
        lines = loading.ledger.lines_of(file)
        before = loading.overtaken(lines)
        if before is not None:
            return was_there(file, before)
        waiting = loading.ledger.forget(lines)
        stored = store(loading.lake, file.load, loading.reader.run(ReadResults()))
        entry = _entry(loading, file, results, stored)
        loading.ledger.enter([(file, entry)])
    loading.cleared(file, waiting)
    return FileResult(
        file.document.name,
        results.format,
        results.inspected.sha256,
        entry.rows,
        entry.set_aside,
        "loaded" if stored.whole is None else "already",
        entry.message,
        entry.duplicates,
        {problem.rule.code: 1 for problem in stored.problems},
    )


def _entry(loading: Loading, file: Identified, results: ResultFile, stored: Stored) -> Entry:
    """The line of the ledger; loads whose place it takes are forgotten."""
    if stored.whole is not None:
        message = f"a cut copy of {stored.whole['path']}, which was loaded whole on {iso(stored.whole['loaded_at'])}"
        return Entry("loaded", results.format, message=message)
    for cut in stored.replaced:
        loading.ledger.forget_load(cut["load"])
    problems = [*stored.problems, *([results.inspected.torn] if results.inspected.torn else [])]
    aside = Aside(loading.lake)
    aside.add(file.load, file.document.name, results.format, problems)
    aside.commit()
    kept = kept_rows(loading.lake, file.load)
    balanced(stored.records, stored=stored.rows, kept=kept, aside=stored.aside, duplicates=stored.duplicates)
    replaced = [f"in place of the cut copy {cut['path']}" for cut in stored.replaced]
    aside_notes = [f"set aside: {stored.aside:,} results"] if stored.aside else []
    message = "; ".join([*stored.notes, *replaced, *aside_notes])
    return Entry("loaded", results.format, (), stored.rows, stored.duplicates, stored.aside, message)
