"""An STDF file as rows of the tables of results, in constant memory: its parts first, then results batch by batch."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pyarrow as pa

from fabwatch.sources.effort import progress
from fabwatch.sources.opening import CannotRead
from fabwatch.sources.result_file import ResultFile, ResultRows
from fabwatch.sources.stdf import parts, results
from fabwatch.sources.stdf.records import HEADER, ORDERS, shortened, unpacked, version, whole_until
from fabwatch.terms.problems import LostResults, Problem, TornFile, Unreadable

BATCH = 65_536
AGAIN = "export it from the tester again"
AT_ONCE = 250_000
"""Parts that are handed on together."""


class StdfFile(ResultFile):
    """A file of test results in STDF V4."""

    format = "stdf"

    def batches(self) -> Iterator[ResultRows]:
        """The rows of the file: wafers and parts, results, then limits. Raises CannotRead."""
        start = self.inspected.start
        if version(start) != 4:
            raise CannotRead(Problem(Unreadable, f"STDF version {version(start)}: only version 4 is read"))
        with ExitStack() as stack:
            path = stack.enter_context(unpacked(self.document, start))
            yield from self._read(*self._session(path, stack))

    def _session(self, path: Path, stack: ExitStack) -> tuple[parts.Session, Path]:
        """All but the results, and the file as far as it consists of whole records. Raises CannotRead."""
        from stdf_convert import StdfError

        torn = self.inspected.torn
        try:
            records = _records(path)
        except StdfError:
            # The library keeps nothing of a file that ends too early.
            end, why = whole_until(path, ORDERS[self.inspected.start[:HEADER]])
            if end <= HEADER:
                raise CannotRead(Problem(TornFile, "the file ends within its first record")) from None
            torn = torn or Problem(TornFile, f"{why}; what stands whole before it is kept", byte_offset=end)
            path = stack.enter_context(shortened(path, end))
            try:
                records = _records(path)
            except StdfError as fault:
                raise CannotRead(_unreadable(fault)) from fault
        session = parts.Session(records, torn is not None or "MRR" not in records)
        if session.cut:
            session.doubts.append("the file ends before its end")
            self.note("the file has no end record (MRR)" if torn is None else torn.why)
        return session, path

    def _read(self, session: parts.Session, path: Path) -> Iterator[ResultRows]:
        import stdf_convert

        yield from _parts(session)
        reading, bins = results.Results(session.segments(), session.parts["wafer"]), session.bins()
        # Its records are as large as all parts together, and nothing is asked of them any more.
        del session
        try:
            for record, batch in stdf_convert.batches(str(path), list(results.RECORDS), batch_size=BATCH):
                progress()
                rows, orphans = reading.rows(record, batch)
                yield ResultRows("tests", rows, _lost(record, orphans), orphans.num_rows)
        except stdf_convert.StdfError as fault:
            raise CannotRead(_unreadable(fault)) from fault
        yield ResultRows("limits", reading.limits.table(), counted=False)
        yield ResultRows("bins", bins, counted=False)
        odd = sum(limit.doubts is not None for limits in reading.limits.sets.values() for limit in limits)
        if odd:
            self.note(f"{odd} tests have a lower limit above the upper one")


def _parts(session: parts.Session) -> Iterator[ResultRows]:
    """The wafers and the parts. Raises CannotRead where there is neither."""
    dies = session.dies()
    if not (dies.num_rows or session.wafers):
        raise CannotRead(Problem(Unreadable, "no part stands whole in this STDF file", hint=AGAIN))
    yield ResultRows("wafer_tests", session.wafer_tests(dies), counted=False)
    for begin in range(0, dies.num_rows, AT_ONCE):
        yield ResultRows("dies", dies.slice(begin, AT_ONCE))


def _records(path: Path) -> dict[str, pa.Table]:
    import stdf_convert

    return parts.gathered(stdf_convert.batches(str(path), list(parts.RECORDS)))


def _unreadable(fault: Exception) -> Problem:
    return Problem(Unreadable, f"the records cannot be read: {str(fault)[:200]}")


def _lost(record: str, orphans: pa.RecordBatch) -> tuple[Problem, ...]:
    """What is said of results that belong to no part."""
    if not orphans.num_rows:
        return ()
    first = orphans.column("byte_offset")[0].as_py()
    test = orphans.column("TEST_NUM")[0].as_py()
    why = f"{orphans.num_rows:,} results ({record}) belong to no part of their head and site"
    return (Problem(LostResults, why, byte_offset=first, raw=f"first of test {test}"),)
