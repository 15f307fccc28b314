"""Stamps of every kind say what was written, or are refused; what can be read in two ways is asked for."""

import tomllib
from datetime import UTC, datetime, timedelta, timezone

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fabwatch.sources.opening import CannotRead
from fabwatch.sources.times import zone_in
from fabwatch.sources.values import Unfit, converter
from fabwatch.terms.settings.files import SourceSettings
from fabwatch.terms.tables import Column

COLUMN = Column("end_at", "time", "When it ended.")
FORMS = {
    "%Y-%m-%d %H:%M:%S": 1,
    "%Y-%m-%dT%H:%M:%SZ": 1,
    "%Y-%m-%d %H:%M": 60,
    "%Y/%m/%d %H:%M:%S": 1,
    "%d.%m.%Y %H:%M:%S": 1,
    "%d.%m.%Y %H.%M": 60,
    "%d-%b-%Y %H:%M:%S": 1,
    "%d-%b-%y %I.%M.%S.000000000 %p": 1,
    "%d/%b/%Y:%H:%M:%S +0000": 1,
    "%d %b %Y, %H:%M": 60,
    "%b %d, %Y %I:%M:%S %p": 1,
    "%Y%m%d%H%M%S": 1,
    "%Y%m%d%H%M": 60,
    "%Y%m%dT%H%M%SZ": 1,
    "%Y%m%d %H:%M:%S": 1,
    "%Y-%m-%d %H:%M:%S UTC": 1,
    "%Y-%m-%d %H:%M:%S.%f": 1,
    "%Y-%m-%d %H:%M:%S,%f000": 1,
}
"""What strftime writes: {form: the seconds that it keeps}."""
MOMENTS = st.datetimes(datetime(2001, 1, 1), datetime(2098, 12, 31))


def read(text, *others, **stated):
    return converter(COLUMN, [text, *others], SourceSettings(**stated))(text)


@given(MOMENTS, st.sampled_from(sorted(FORMS)))
def test_what_strftime_writes_is_read_as_that(moment, form):
    kept = moment.replace(microsecond=0, second=0 if FORMS[form] == 60 else moment.second)
    assert read(kept.strftime(form)) == kept


@given(
    st.lists(MOMENTS, min_size=1, max_size=8), st.sampled_from(["%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m/%d/%y", "%y/%m/%d"])
)
def test_the_order_of_day_and_month_is_told_by_the_whole_column_or_asked_for(moments, form):
    texts = [moment.strftime(form + " %H:%M") for moment in moments]
    expected = [moment.replace(second=0, microsecond=0) for moment in moments]
    try:
        convert = converter(COLUMN, texts, SourceSettings())
    except CannotRead as stop:
        # Every way out that is offered can be taken, and one of them is right.
        offered = stop.problem.way_out.replace("   # or ", " or ").removeprefix("time_format = ").split(" or ")
        ways = [tomllib.loads(f"time_format = {way}")["time_format"] for way in offered]
        answers = [[converter(COLUMN, texts, SourceSettings(time_format=way))(text) for text in texts] for way in ways]
        assert expected in answers
        return
    assert [convert(text) for text in texts] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-05-01 24:00:00", datetime(2026, 5, 2)),
        ("2026-05-01 12:00:00:25", datetime(2026, 5, 1, 12, 0, 0, 25_000)),
        ("2026-05-01 12:00:00 CEST", datetime(2026, 5, 1, 10)),
        ("2026-05-01 12:00:00 EST", datetime(2026, 5, 1, 17)),
        ("2026-05-01T12:00+02", datetime(2026, 5, 1, 10)),
        ("1777629600", datetime(2026, 5, 1, 10)),
        ("1777629600000", datetime(2026, 5, 1, 10)),
        ("1777629600000000", datetime(2026, 5, 1, 10)),
        ("1777629600000000000", datetime(2026, 5, 1, 10)),
        ("134221032000000000", datetime(2026, 5, 1, 10)),
        ("46143.4166667", datetime(2026, 5, 1, 10)),
        ("46143,4166667", datetime(2026, 5, 1, 10)),
        ("01-MAY-26 10.30.00.000000000 AM", datetime(2026, 5, 1, 10, 30)),
    ],
)
def test_stamps_of_other_programs(text, expected):
    assert read(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "2026-05-01 10:60:00",
        "2026-05-01 24:00:01",
        "2026-05-01 13:00 PM",
        "2026-05-01 12:00:00 CST",
        "2026-05-01 12:00:00 xyz",
        "2026-13-01 10:00:00",
        "30-Feb-2026 10:00",
        "20260501",
        "2026-05-01",
        "10:30:00",
        "12",
        "4614.5",
    ],
)
def test_what_is_no_stamp_or_only_half_of_one_is_no_time(text):
    with pytest.raises(Unfit):
        converter(COLUMN, ["2026-05-01 10:00:00", text], SourceSettings())(text)


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("excel", "46143.4166667"),
        ("epoch_s", "1777629600"),
        ("epoch_ms", "1777629600000"),
        ("epoch_us", "1777629600000000"),
        ("epoch_ns", "1777629600000000000"),
        ("filetime", "134221032000000000"),
    ],
)
def test_what_a_number_stands_for_can_be_stated(form, text):
    assert read(text, time_format=form) == datetime(2026, 5, 1, 10)


def test_numbers_of_parquet_columns_are_times_too(tmp_path, fab):
    at = datetime(2026, 5, 1, 10, tzinfo=UTC)
    columns = {
        "s": [int(at.timestamp())],
        "ms": [int(at.timestamp() * 1000)],
        "ns": [int(at.timestamp()) * 10**9],
        "excel": [46143 + 10 / 24],
        "zone": [at.astimezone(timezone(timedelta(hours=-7)))],
    }
    for name, values in columns.items():
        table = pa.table({"lot": [f"L{name}"], "tool": ["OX-1"], "wafers": [25], "end_at": values})
        pq.write_table(table, tmp_path / f"{name}.parquet")
    assert fab.ingest(tmp_path).set_aside == 0
    fab._lake.pin()
    assert {row[0] for row in fab._lake.ask("SELECT end_at FROM moves").fetchall()} == {at.replace(tzinfo=None)}


@pytest.mark.parametrize(("stamp", "said"), [("202605011030", True), ("01-May-2026 10:00", True), ("1777629600", False)])
def test_a_stamp_without_a_zone_is_always_said_to_be_one(tmp_path, fab, stamp, said):
    (tmp_path / "m.csv").write_text(f"lot,tool,wafers,end_at\nL1,OX-1,25,{stamp}\n")
    (result,) = fab.ingest(tmp_path / "m.csv").files
    assert result.rows == 1
    assert ("without a zone" in result.message) == said


@pytest.mark.parametrize(
    ("header", "zone"),
    [
        ("Time (UTC)", "UTC"),
        ("Date Time, GMT-04:00", "Etc/GMT+4"),
        ("Time [UTC+2]", "Etc/GMT-2"),
        ("Date Time, GMT+00:00", "UTC"),
        ("Time (UTC+05:30)", None),
        ("Time", None),
        ("UTCTIME", None),
    ],
)
def test_the_zone_that_a_header_says_is_the_zone_of_its_column(header, zone):
    assert zone_in(header) == zone


def test_times_of_a_table_are_in_the_zone_that_their_header_says(fab, write):
    (result,) = fab.ingest(write("m.csv", "lot,tool,wafers,end_at (UTC+2)\nL1,E1,25,2026-05-01 10:00:00\n")).files
    assert "without a zone" not in result.message
    assert str(fab.sql("SELECT end_at FROM moves").end_at[0]) == "2026-05-01 08:00:00"
