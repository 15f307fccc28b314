"""A dry run: what a load would do with a file, and how its rows are read; nothing is stored."""

from fabwatch.ingest.job import Loading
from fabwatch.ingest.ledger import identified
from fabwatch.ingest.reading import Preview
from fabwatch.ingest.summary import FileResult
from fabwatch.ingest.understanding import Candidate, Understanding
from fabwatch.sources.opening import CannotRead
from fabwatch.terms.clock import SKEW


def look(loading: Loading, candidate: Candidate, kind: str | None) -> FileResult:
    """What a dry run shows of one file: what a load would do, and five rows as read."""
    guess, before = None, None
    try:
        seen = loading.understood(candidate, kind)
        before = loading.ledger.already(identified(seen))
        if seen.problem is None or seen.waits:
            previewed, guess = loading.reader.one(Preview(loading.clock() + SKEW), tuple)
            # What a comparison with earlier files has found is not known to the reader.
            seen = previewed if seen.problem is None else seen
    except CannotRead as stop:
        seen = Understanding(candidate.document, None, problem=stop.problem)
    return FileResult(
        candidate.document.name,
        seen.kind,
        seen.inspected.sha256 if seen.inspected else None,
        0,
        0,
        "already" if before else seen.status,
        seen.message or "; ".join(seen.notes),
        suggestion=seen.suggestion,
        guess=guess,
    )
