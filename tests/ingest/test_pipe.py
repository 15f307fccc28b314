"""What a reader sends is what it was given, and no more of it."""

import io

import pyarrow as pa

from fabwatch.ingest.pipe import receive, send

WHOLE = pa.table({"n": range(100_000), "text": [f"part {n}" for n in range(100_000)]})


def sent(value: object) -> io.BytesIO:
    pipe = io.BytesIO()
    send(pipe, value)
    return pipe


def test_a_part_of_a_table_is_sent_without_the_rest_of_it() -> None:
    whole = sent(WHOLE).tell()
    pieces = [sent(("piece", WHOLE.slice(begin, 10_000))) for begin in range(0, 100_000, 10_000)]
    assert sum(pipe.tell() for pipe in pieces) < 1.2 * whole
    for pipe in pieces:
        pipe.seek(0)
    tables = [receive(pipe)[1] for pipe in pieces]  # type: ignore[index]
    assert pa.concat_tables(tables).equals(WHOLE)


def test_a_table_without_rows_keeps_its_columns() -> None:
    pipe = sent(WHOLE.slice(5, 0))
    pipe.seek(0)
    assert receive(pipe).schema == WHOLE.schema  # type: ignore[attr-defined]
