"""How files are understood: headers, separators, decimals, times and zones; what is open is asked, never guessed."""

from datetime import datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.conftest import NOW
from tests.fabs import new_fab


@pytest.fixture
def stated(tmp_path):
    """A fab with a fab.toml."""

    def opening(toml):
        (tmp_path / "fab").mkdir(exist_ok=True)
        (tmp_path / "fab" / "fab.toml").write_text(toml)
        return new_fab(tmp_path / "fab", clock=lambda: NOW)

    return opening


def column(fab, table, name):
    fab._lake.pin()
    return [row[0] for row in fab._lake.ask(f"SELECT {name} FROM {table} ORDER BY ALL").fetchall()]


HEADERS = [
    "tool,lot,wafers,end_at",
    "TOOL_ID,LOT_ID,WAFER_QTY,TRACK_OUT",
    "Eqp Id;Lot Id;Qty;Track Out Time",
    "EQUIPMENT\tLOTID\tQUANTITY\tEND_TIME",
    "Machine|Lot|Wafer Count|Process End",
]


@pytest.mark.parametrize("header", HEADERS)
def test_common_headers_and_separators_need_no_mapping(fab, write, header):
    sign = next(s for s in ",;\t|" if s in header)
    summary = fab.ingest(write("x.csv", f"{header}\n" + sign.join(("E1", "L1", "25", "2026-05-01 10:00:00")) + "\n"))
    assert (summary.rows, summary.files[0].kind) == (1, "moves")
    assert column(fab, "moves", "end_at") == [datetime(2026, 5, 1, 10)]


def test_titles_and_comments_above_the_header_and_repeated_headers_are_no_rows(fab, write):
    text = "Export of moves\n# made by MES\n\ntool,lot,wafers,end_at\nE1,L1,25,2026-05-01 10:00:00\ntool,lot,wafers,end_at\n"
    summary = fab.ingest(write("x.csv", text + "E1,L2,25,2026-05-01 11:00:00\n"))
    assert (summary.rows, summary.set_aside) == (2, 0)
    assert "the header is line 4" in summary.files[0].message


@pytest.mark.parametrize(
    ("stamp", "expected"),
    [
        ("2026-05-01 10:00:00", datetime(2026, 5, 1, 10)),
        ("2026-05-01T10:00:00.250Z", datetime(2026, 5, 1, 10, 0, 0, 250000)),
        ("2026-05-01 10:00:00.123456789", datetime(2026, 5, 1, 10, 0, 0, 123456)),
        ("2026-05-01 10:00", datetime(2026, 5, 1, 10)),
        ("2026-05-01 10:00:00 UTC", datetime(2026, 5, 1, 10)),
        ("2026-05-01T12:00:00+02:00", datetime(2026, 5, 1, 10)),
        ("2026-05-01 05:00:00 -0500", datetime(2026, 5, 1, 10)),
        ("01.05.2026 10:00:00", datetime(2026, 5, 1, 10)),
        ("01-May-2026 10:00:00", datetime(2026, 5, 1, 10)),
        ("20260501 10:00:00", datetime(2026, 5, 1, 10)),
        ("20260501100000", datetime(2026, 5, 1, 10)),
        ("1777629600", datetime(2026, 5, 1, 10)),
        ("1777629600250", datetime(2026, 5, 1, 10, 0, 0, 250000)),
        ("05/31/2026 10:00:00 AM", datetime(2026, 5, 31, 10)),
        ("31/05/2026 10:00", datetime(2026, 5, 31, 10)),
    ],
)
def test_times_are_read_in_the_ways_fabs_write_them(fab, write, stamp, expected):
    assert fab.ingest(write("x.csv", f"tool,lot,wafers,end_at\nE1,L1,25,{stamp}\n")).rows == 1
    assert column(fab, "moves", "end_at") == [expected]


def test_days_alone_are_times_where_the_whole_column_has_days(fab, write):
    fab.ingest(
        [
            write("t.csv", "tool,area\nE1,Etch\n"),
            write("r.csv", "tool,done_at,kind\nE1,2026-05-01,PM\nE1,2026-05-02,repair\n"),
        ]
    )
    assert column(fab, "restores", "done_at") == [datetime(2026, 5, 1), datetime(2026, 5, 2)]


def test_day_or_month_first_is_asked_and_read_once_stated(stated, write):
    path = write("moves.csv", "tool,lot,wafers,end_at\nE1,L1,25,04/05/2026 10:00:00\n")
    with stated("") as fab:
        summary = fab.ingest(path)
        assert (summary.files[0].status, summary.rows, summary.set_aside) == ("inbox", 0, 1)
        assert "day or month first" in summary.files[0].message
        assert 'time_format = "%d/%m/%Y' in fab.inbox()[0].suggestion
    with stated('[sources.moves]\ntime_format = "%d/%m/%Y %H:%M:%S"\n') as fab:
        assert fab.retry().rows == 1
        assert column(fab, "moves", "end_at") == [datetime(2026, 5, 4, 10)]
        assert fab.inbox() == []


def test_a_zone_of_the_source_is_applied_and_summer_time_is_right(stated, write):
    text = (
        "tool,lot,wafers,end_at\nE1,L1,25,2026-03-29 01:59:00\nE1,L2,25,2026-03-29 03:00:00\nE1,L3,25,2026-01-01 12:00:00\n"
    )
    with stated('[sources.mes]\nfiles = "m*.csv"\nzone = "Europe/Berlin"\n') as fab:
        fab.ingest(write("m1.csv", text))
        assert column(fab, "moves", "end_at") == [
            datetime(2026, 1, 1, 11), datetime(2026, 3, 29, 0, 59), datetime(2026, 3, 29, 1, 0),
        ]  # fmt: skip


def test_an_hour_that_was_skipped_or_came_twice_is_set_aside_and_never_guessed(stated, write):
    text = "tool,lot,wafers,end_at\nE1,L1,25,2026-03-29 02:30:00\nE1,L2,25,2025-10-26 02:30:00\n"
    path = write("m1.csv", text)
    with stated('[sources.mes]\nfiles = "m*.csv"\nzone = "Europe/Berlin"\n') as fab:
        assert fab.ingest(path).files[0].rules == {"no_such_time": 1, "ambiguous_time": 1}
    with stated('[sources.mes]\nfiles = "m*.csv"\nzone = "Europe/Berlin"\nambiguous = "second"\n') as fab:
        fab.ingest(write("m2.csv", text + "E1,L3,25,2026-05-01 12:00:00\n"))
        assert datetime(2025, 10, 26, 1, 30) in column(fab, "moves", "end_at")


def test_a_loaded_file_is_read_anew_when_fab_toml_was_mended(stated, write):
    header = "tool,lot,wafers,end_at,lot_type\n"
    path = write("m.csv", header + "E1,L1,25,2026-05-01 10:00:00,PROD\nE1,L2,25,2026-05-01 11:00:00,ENGR\n")
    with stated("") as fab:
        assert fab.ingest(path).files[0].rules == {"unknown_word": 1}
    with stated('[sources.m]\nzone = "Europe/Berlin"\n[sources.m.words]\nENGR = "test"\n') as fab:
        assert fab.ingest(path).already == 1
        summary = fab.ingest(path, again=True)
        assert (summary.loaded, summary.rows, summary.set_aside) == (1, 2, 0)
        assert column(fab, "moves", "end_at") == [datetime(2026, 5, 1, 8), datetime(2026, 5, 1, 9)]
        assert (len(fab.loads()), fab.problems()) == (1, [])
        assert [finding for finding in fab.check() if not finding.well] == []


def test_stamps_without_a_zone_are_read_as_utc_and_it_is_said(fab, write):
    message = fab.ingest(write("x.csv", "tool,lot,wafers,end_at\nE1,L1,25,2026-05-01 10:00:00\n")).files[0].message
    assert "end_at without a zone: read as UTC" in message
    message = fab.ingest(write("y.csv", "tool,lot,wafers,end_at\nE1,L1,25,2026-05-01 10:00:00Z\n")).files[0].message
    assert "zone" not in message


def test_decimal_commas_are_told_from_the_numbers_and_asked_for_where_they_may_be_thousands(stated, write):
    header = "tool;qual_type;processed_at;passed;reading\n"
    tools = write("t.csv", "tool,area\nE1,Etch\n")
    with stated("") as fab:
        fab.ingest(
            [tools, write("q1.csv", header + "E1;p;2026-05-01 10:00:00;P;12,5\nE1;p;2026-05-02 10:00:00;P;1.234,5\n")]
        )
        assert column(fab, "quals", "reading") == [12.5, 1234.5]
        open_question = fab.ingest(write("q2.csv", header + "E1;p;2026-05-03 10:00:00;P;1,234\n"))
        assert "decimal or a thousands comma" in open_question.files[0].message
    with stated('[sources.q2]\ndecimal = ","\n') as fab:
        assert fab.retry().rows == 1
        assert 1.234 in column(fab, "quals", "reading")


@pytest.mark.parametrize("word", ["PASS", "Pass", "P", "1", "OK", "true", "FAIL", "F", "0", "NOK", "false"])
def test_results_are_read_in_the_words_of_the_field(fab, write, word):
    text = f"tool,qual_type,processed_at,passed\nE1,p,2026-05-01 10:00:00,{word}\n"
    fab.ingest([write("t.csv", "tool,area\nE1,Etch\n"), write("q.csv", text)])
    assert column(fab, "quals", "passed") == [word in ("PASS", "Pass", "P", "1", "OK", "true")]


def test_an_own_header_and_own_words_are_stated_in_fab_toml(stated, write):
    toml = '[sources.strange]\nfiles = "s*.csv"\nkind = "moves"\ncolumns = { end_at = "Fertig", tool = "Anlage" }\n'
    with stated(toml + 'constants = { wafers = 24 }\n[sources.strange.words]\nENGR = "test"\n') as fab:
        assert fab.ingest(write("s1.csv", "Anlage,lot,Fertig,lot_type\nE1,L1,2026-05-01 10:00:00,ENGR\n")).rows == 1
        assert (column(fab, "moves", "wafers"), column(fab, "moves", "kind")) == ([24], ["test"])


def test_what_cannot_be_placed_waits_with_a_suggestion_that_works(stated, write):
    path = write("odd.csv", "tool,lot,wafers,timestamp\nE1,L1,25,2026-05-01 10:00:00\nE1,L2,25,2026-05-01 11:00:00\n")
    with stated("") as fab:
        summary = fab.ingest(path)
        assert (summary.failed, summary.set_aside, summary.files[0].status) == (1, 2, "inbox")
        (waiting,) = fab.inbox()
        path.unlink()
    with stated(waiting.suggestion) as fab:
        assert fab.retry().rows == 2
        assert fab.inbox() == []
        assert fab.problems() == []


def test_a_renamed_column_is_noticed_and_never_becomes_an_empty_one(stated, write):
    first = "tool,lot,wafers,end_at,recipe,product\nE1,L1,25,2026-05-01 10:00:00,R1,P\n"
    second = "tool,lot,wafers,end_at,rezept,product\nE1,L2,25,2026-05-02 10:00:00,R1,P\n"
    with stated("") as fab:
        fab.ingest(write("m1.csv", first))
        summary = fab.ingest(write("m2.csv", second))
        assert (summary.files[0].status, summary.files[0].rules) == ("inbox", {"renamed_column": 1})
        assert "recipe is gone and rezept is new" in summary.files[0].message
        suggestion = fab.inbox()[0].suggestion
    with stated(suggestion) as fab:
        assert fab.retry().rows == 1
        assert column(fab, "moves", "recipe") == ["R1", "R1"]


def test_unused_reordered_and_missing_columns_are_said(fab, write):
    fab.ingest(write("m1.csv", "tool,lot,wafers,end_at,recipe,product\nE1,L1,25,2026-05-01 10:00:00,R1,P\n"))
    summary = fab.ingest(write("m2.csv", "product,end_at,wafers,lot,tool\nP,2026-05-02 10:00:00,25,L2,E1\n"))
    assert "recipe missing, which earlier files with this header have" in summary.files[0].message
    wider = "tool,lot,wafers,end_at,recipe,product,operator\nE1,L3,25,2026-05-03 10:00:00,R1,P,me\n"
    extra = fab.ingest(write("m3.csv", wider))
    assert "not used: operator" in extra.files[0].message


def test_moves_without_their_end_are_no_tool_list_but_wait(fab, write):
    summary = fab.ingest(write("m.csv", "LOT_ID,TOOL_ID,TOOL_TYPE,AREA,WAFER_QTY\nL1,E1,OX,Etch,25\n"))
    assert (summary.files[0].status, summary.files[0].kind) == ("inbox", "moves")
    assert "for moves it needs end_at" in summary.files[0].message


def test_two_headers_for_one_needed_column_are_asked_about(fab, write):
    summary = fab.ingest(
        write("m.csv", "tool,lot,wafers,track_out,end_time\nE1,L1,25,2026-05-01 10:00:00,2026-05-01 10:00:00\n")
    )
    assert "track_out and end_time both read as end_at" in summary.files[0].message


def test_parquet_loads_like_text_and_with_its_own_types(fab, tmp_path):
    table = pa.table(
        {
            "TOOL_ID": ["E1", "E1"], "LOT_ID": ["L1", "L2"], "WAFER_QTY": [25, -1],
            "TRACK_OUT": pa.array([datetime(2026, 5, 1, 12), datetime(2026, 5, 1, 13)], pa.timestamp("ms", "Europe/Berlin")),
        }
    )  # fmt: skip
    pq.write_table(table, tmp_path / "m.parquet")
    summary = fab.ingest(tmp_path / "m.parquet")
    assert (summary.rows, summary.files[0].rules) == (1, {"negative_quantity": 1})
    assert column(fab, "moves", "end_at") == [datetime(2026, 5, 1, 12)]
    assert fab.problems()[0].line == 2


def test_a_dry_run_shows_the_guess_and_loads_nothing(fab, write):
    lines = "".join(f"E1,L{n},25,2026-05-01 10:00:0{n}\n" for n in range(7))
    summary = fab.ingest(write("m.csv", "tool,lot,wafers,end_at\n" + lines), dry_run=True)
    (file,) = summary.files
    assert (file.status, file.kind, file.guess["sure"], len(file.guess["rows"])) == ("would load", "moves", 1.0, 5)
    assert file.guess["columns"] == {"tool": "tool", "lot": "lot", "wafers": "wafers", "end_at": "end_at"}
    assert (fab.loads(), fab.risk().tools) == ([], ())


def test_the_kind_can_be_said_and_an_unknown_one_is_refused(fab, write):
    path = write("r.csv", "tool,end_time\nE1,2026-05-01 10:00:00\n")
    assert fab.ingest([write("t.csv", "tool,area\nE1,Etch\n"), path], kind=None).files[-1].kind == "restores"
    with pytest.raises(Exception, match="is not a kind of file"):
        fab.ingest(path, kind="restore_list")
