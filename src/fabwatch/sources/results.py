"""Which file of results a document is, by its first bytes."""

from fabwatch.sources.klarf.reader import KlarfFile, is_klarf
from fabwatch.sources.opening import Document, Inspected
from fabwatch.sources.result_file import ResultFile
from fabwatch.sources.stdf.reader import StdfFile
from fabwatch.sources.stdf.records import is_stdf
from fabwatch.sources.wafermap.reader import is_map
from fabwatch.sources.wafermap.results import WafermapFile
from fabwatch.terms.settings.files import SourceSettings


def begins_results(start: bytes) -> bool:
    """Whether a content begins as a file of results does."""
    return is_stdf(start) or is_klarf(start) or is_map(start)


def open_results(document: Document, inspected: Inspected, stated: SourceSettings) -> ResultFile | None:
    """The file of results that a document is, read as fab.toml states; None for any other."""
    if is_stdf(inspected.start):
        return StdfFile(document, inspected)
    if is_klarf(inspected.start):
        return KlarfFile(document, inspected, zone=stated.zone)
    if is_map(inspected.start):
        return WafermapFile(document, inspected)
    return None
