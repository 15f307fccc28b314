"""A table that somebody wrote: whatever the dialect and the country of the writer, it is read as it was, or asked about."""

import csv
import io
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from fabwatch.sources.opening import CannotRead, Document, inspect
from fabwatch.sources.reading import open_table
from fabwatch.sources.toollog.recognising import open_log
from fabwatch.terms.problems import Undecided
from fabwatch.terms.settings.files import SourceSettings

LATEST = datetime(2027, 1, 1)
STAMPS = {
    "iso": lambda at: at.isoformat(sep=" "),
    "iso with T and Z": lambda at: at.isoformat() + "Z",
    "an offset": lambda at: (at + timedelta(hours=2)).isoformat() + "+02:00",
    "german": lambda at: at.strftime("%d.%m.%Y %H:%M:%S"),
    "american": lambda at: at.strftime("%m/%d/%Y %I:%M:%S %p"),
    "british": lambda at: at.strftime("%d/%m/%Y %H:%M:%S"),
    "month by name": lambda at: at.strftime("%d-%b-%Y %H:%M:%S"),
    "without separators": lambda at: at.strftime("%Y%m%d%H%M%S"),
    "epoch": lambda at: str(int(at.replace(tzinfo=UTC).timestamp())),
    "days of a spreadsheet": lambda at: f"{(at - datetime(1899, 12, 30)) / timedelta(days=1):.9f}",
    "FILETIME": lambda at: str(int((at - datetime(1601, 1, 1)).total_seconds()) * 10_000_000),
    "epoch in milliseconds": lambda at: str(int(at.replace(tzinfo=UTC).timestamp() * 1000)),
}
BOTH_WAYS = ("american", "british", "german")
"""Forms in which a day up to the twelfth may be a month."""
ENCODINGS = {"utf-8": "utf-8", "marked": "utf-8-sig", "utf-16": "utf-16", "windows": "cp1252"}
HEADERS = {
    "plain": ("tool", "qual_type", "processed_at", "passed", "reading", "upper", "reason"),
    "capitals": ("EQP_ID", "QUAL_TYPE", "QUAL_TIME", "RESULT", "READING", "USL", "COMMENT"),
    "camel": ("eqpId", "qualType", "qualTime", "passFail", "particleCount", "upperLimit", "remark"),
    "blanks": ("Machine ID", "Qual Type", "Test Time", "Pass/Fail", "Particle Count", "Upper Limit", "Trigger"),
}
MOMENTS = st.integers(0, 300 * 86_400).map(lambda second: datetime(2026, 2, 1) + timedelta(seconds=second))
NUMBERS = st.one_of(st.integers(0, 9).map(float), st.floats(-99_999, 9_999_999).map(lambda x: round(x, 2) + 0.0))
REASONS = st.sampled_from(
    ["", "routine", "after PM; pads, new", 'the "big" one', "grün | blau", "tab\tinside", "-5 %", "#3"]
)


@st.composite
def dialects(draw):
    """How somebody writes: separator, decimal sign, groups of digits, quotes, stamps, line ends, encoding, lines above."""
    decimal = draw(st.sampled_from(".,"))
    return {
        "separator": draw(st.sampled_from(",;\t|")),
        "decimal": decimal,
        "group": draw(st.sampled_from(["", "", " ", "'", "\u00a0", "," if decimal == "." else "."])),
        "quoting": draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])),
        "stamp": draw(st.sampled_from(sorted(STAMPS))),
        "line_end": draw(st.sampled_from(["\n", "\r\n", "\r"])),
        "encoding": draw(st.sampled_from(sorted(ENCODINGS))),
        "above": draw(st.sampled_from([(), ("Export of quals", ""), ("sep",), ("# made by hand", "# twice")])),
    }


def number(value, dialect, digits=2):
    """A number as the dialect has it, with signs between groups of three."""
    text = f"{value:,.{digits}f}" if dialect["group"] else f"{value:.{digits}f}"
    return text.translate(str.maketrans({",": dialect["group"], ".": dialect["decimal"]}))


def stamp(at, dialect):
    text = STAMPS[dialect["stamp"]](at)
    return text.replace(".", dialect["decimal"]) if dialect["stamp"] == "days of a spreadsheet" else text


def written(folder, rows, header, dialect):
    """The file of these rows of texts."""
    text = io.StringIO()
    for line in dialect["above"]:
        text.write((f"sep={dialect['separator']}" if line == "sep" else line) + dialect["line_end"])
    writer = csv.writer(text, delimiter=dialect["separator"], quoting=dialect["quoting"], lineterminator=dialect["line_end"])
    writer.writerows([header, *rows])
    path = folder / "t.csv"
    path.write_bytes(text.getvalue().encode(ENCODINGS[dialect["encoding"]]))
    return Document(path)


def attempt(read):
    """What is read, and no problem; or nothing, and why not."""
    try:
        return list(read()), None
    except CannotRead as stop:
        return [], stop.problem


@given(
    st.lists(st.tuples(MOMENTS, st.booleans(), NUMBERS, NUMBERS, REASONS), min_size=1, max_size=12),
    dialects(),
    st.sampled_from(sorted(HEADERS)),
)
def test_a_table_is_read_as_it_was_written_in_any_dialect_or_asked_about(tmp_path_factory, quals, dialect, names):
    folder = tmp_path_factory.mktemp("t", numbered=True)
    rows = [
        [
            f"ETCH-{n}",
            "particles",
            stamp(at, dialect),
            "PASS" if good else "FAIL",
            number(one, dialect),
            number(two, dialect),
            reason,
        ]
        for n, (at, good, one, two, reason) in enumerate(quals)
    ]
    document = written(folder, rows, HEADERS[names], dialect)
    table = open_table(document, inspect(document), SourceSettings())
    assert table.mapping.kind.table.name == "quals"
    assert table.mapping.fits
    read, asked = attempt(lambda: table.rows(LATEST))
    if asked is not None:
        # With two decimals each number shows its sign.
        assert (asked.rule, dialect["stamp"] in BOTH_WAYS, max(at.day for at, *_ in quals) <= 12) == (Undecided, True, True)
        return
    assert [problem for batch in read for problem in batch.problems] == []
    found = [row for batch in read for row in batch.table.to_pylist()]
    assert [
        (row["tool"], row["processed_at"], row["passed"], row["reading"], row["upper"], row["reason"]) for row in found
    ] == [
        (f"ETCH-{n}", at, good, reading, upper, reason.strip() or None)
        for n, (at, good, reading, upper, reason) in enumerate(quals)
    ]


SENSORS = {
    "in brackets": ("Pressure [mTorr]", "RF Power (W)", "Flow"),
    "plain": ("Pressure", "RF_Power", "Flow"),
}


@given(
    MOMENTS,
    st.lists(st.tuples(st.floats(0, 99_999), st.floats(-5_000, 5_000), st.floats(0, 1)), min_size=4, max_size=15),
    dialects(),
    st.sampled_from(sorted(SENSORS)),
    st.booleans(),
)
def test_a_log_is_read_as_it_was_written_in_any_dialect_or_asked_about(
    tmp_path_factory, begin, values, dialect, names, units
):
    assume(dialect["quoting"] == csv.QUOTE_MINIMAL)
    folder = tmp_path_factory.mktemp("l", numbered=True)
    values = [[round(value, 3) + 0.0 for value in row] for row in values]
    moments = [begin + timedelta(seconds=n) for n in range(len(values))]
    rows = [
        [stamp(at, dialect), "W01", str(1 + n // 3), *(number(value, dialect, 3) for value in row)]
        for n, (at, row) in enumerate(zip(moments, values, strict=True))
    ]
    if units and names == "plain":
        rows.insert(0, ["", "", "", "mTorr", "W", "sccm"])
    document = written(folder, rows, ("Time", "Wafer", "Step", *SENSORS[names]), dialect)
    log = open_log(document, inspect(document), SourceSettings())
    assert log is not None
    read, asked = attempt(lambda: log.batches(LATEST))
    if asked is not None:
        assert (asked.rule, dialect["stamp"] in BOTH_WAYS, begin.day <= 12) == (Undecided, True, True)
        return
    assert [problem for batch in read for problem in batch.problems] == []
    assert [column.unit for _, column in log.sampled][:2] == (
        ["mTorr", "W"] if units or names == "in brackets" else ["", ""]
    )
    found = [row for batch in read for row in batch.samples.to_pylist()]
    seconds = [at.replace(tzinfo=UTC).timestamp() for at in moments]
    assert [row["t"] for row in found] == pytest.approx(seconds, abs=1e-3)
    sensors = [name for name in found[0] if name not in ("part", "byte_offset", "t", "chamber", "step")]
    assert [[row[name] for name in sensors] for row in found] == values


@pytest.mark.parametrize(
    ("stated", "first", "second"),
    [
        ("epoch_ms", "86400000", "86401000"),
        ("epoch_s", "86400", "86401"),
        ("excel", "25570", "25570.0000115741"),
        ("filetime", "116445600000000000", "116445600010000000"),
    ],
)
def test_what_the_numbers_of_a_clock_are_can_be_stated_for_a_log_too(tmp_path, stated, first, second):
    path = tmp_path / "l.log"
    path.write_text(f"Time,Wafer,Pressure,Flow\n{first},W1,1.5,2.5\n{second},W1,1.6,2.6\n")
    document = Document(path)
    log = open_log(document, inspect(document), SourceSettings(time_format=stated))
    (batch,) = log.batches(LATEST)
    assert log.dated
    assert batch.samples.column("t").to_pylist() == pytest.approx([86_400, 86_401], abs=1e-3)
