"""Which file of results a document is, by its first bytes."""

from fabwatch.sources.opening import Document, Inspected
from fabwatch.sources.result_file import ResultFile
from fabwatch.sources.stdf.reader import StdfFile
from fabwatch.sources.stdf.records import is_stdf


def open_results(document: Document, inspected: Inspected) -> ResultFile | None:
    """The file of results that a document is; None for any other."""
    if is_stdf(inspected.start):
        return StdfFile(document, inspected)
    return None
