"""Logs through the door that people use: each row once, whatever grows, turns over, is torn or comes again."""

import gzip
import random
import re
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from fabwatch.fab.folder_watch import watch
from fabwatch.terms.errors import NoSuchPath
from tests.diary import NOW
from tests.fabs import new_fab

HEADER = "time,tool,wafer,step,Pressure [mTorr],Flow\n"


def line(n, wafer="W1", step=None):
    step = n // 30 + 1 if step is None else step
    return f"2026-03-01T00:{n // 60:02d}:{n % 60:02d}.000Z,ETCH-1,{wafer},{step},{10 + n / 8},{n}\n"


def samples(fab):
    fab._lake.pin()
    shapes = [row["shape"] for row in fab._lake.rows("SELECT DISTINCT shape FROM parts WHERE shape IS NOT NULL")]
    return [row for shape in shapes for row in fab._lake.rows(f"SELECT * FROM samples_{shape} ORDER BY t, byte_offset")]


def test_a_log_is_loaded_once_whatever_its_name_and_packing(fab, write, tmp_path):
    path = write("a.log", HEADER + "".join(map(line, range(50))))
    assert fab.ingest(path).rows == 50
    assert fab.ingest(path).already == 1
    assert fab.ingest(write("other_name.txt", path.read_text())).already == 1
    packed = tmp_path / "files" / "b.log.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    assert fab.ingest(packed).already == 1
    assert len(samples(fab)) == 50


def test_two_equal_rows_of_one_millisecond_are_both_kept(fab, write):
    fab.ingest(write("a.log", HEADER + line(1) + line(1) + line(2)))
    assert len(samples(fab)) == 3


def test_a_log_that_grows_goes_on_where_it_stopped_at_any_byte(tmp_path):
    whole = (
        HEADER + "ALARM 7 first\n" + "".join(line(n) for n in range(40)) + "STEP 9 START\nALARM 8 last, really\n" + line(41)
    ).encode()
    rng = random.Random(5)
    with new_fab(tmp_path / "once", clock=lambda: NOW) as once:
        once.ingest(_file(tmp_path / "once.log", whole))
        expected = [(row["byte_offset"], row["t"], row["Pressure"]) for row in samples(once)]
        once._lake.pin()
        alarms = once._lake.rows("SELECT byte_offset, line, kind, text FROM alarms ORDER BY byte_offset")
    for turn in range(4):
        cuts = [*sorted(rng.sample(range(len(HEADER) + 90, len(whole)), 3)), len(whole)]
        with new_fab(tmp_path / f"fab{turn}", clock=lambda: NOW) as fab:
            for cut in cuts:
                fab.ingest(_file(tmp_path / f"grows{turn}.log", whole[:cut]))
            assert [(row["byte_offset"], row["t"], row["Pressure"]) for row in samples(fab)] == expected
            fab._lake.pin()
            told = fab._lake.rows("SELECT byte_offset, line, kind, text FROM alarms ORDER BY byte_offset")
            assert told == alarms
            assert fab.problems() == []
            assert [run.rows for run in fab.runs().runs] == [41]


def _file(path, content):
    path.write_bytes(content)
    return path


def test_a_log_that_is_turned_over_goes_on_in_a_new_file(fab, write):
    path = write("tool.log", HEADER + "".join(line(n) for n in range(20)))
    fab.ingest(path)
    old = path.rename(path.with_name("tool.log.1"))
    old.write_text(old.read_text() + line(20))
    path.write_text(HEADER + "".join(line(n) for n in range(21, 30)))
    summary = fab.ingest(path.parent)
    assert summary.rows == 10
    assert [run.rows for run in fab.runs().runs] == [30]


def test_the_order_of_files_changes_nothing(tmp_path):
    parts = {f"{n}.log": HEADER + "".join(line(m) for m in range(20 * n, 20 * n + 20)) for n in range(4)}
    answers = set()
    for order in ([0, 1, 2, 3], [3, 1, 0, 2], [2, 3, 1, 0]):
        folder = tmp_path / "".join(map(str, order))
        folder.mkdir()
        with new_fab(folder / "fab", clock=lambda: NOW) as fab:
            for n in order:
                fab.ingest(_file(folder / f"{n}.log", parts[f"{n}.log"].encode()))
            runs = [(run.run, run.rows, run.start, run.end) for run in fab.runs().runs]
            steps = [
                (row.step, row.sensor, row.n, round(row.mean, 12), round(row.std, 9)) for row in fab.step_summary().steps
            ]
            moves = fab._lake.rows("SELECT wafer, tool, start_at, end_at FROM moves")
        answers.add(repr((runs, steps, moves)))
    assert len(answers) == 1


def test_a_torn_last_line_is_set_aside_until_it_is_whole(fab, write):
    text = HEADER + line(1) + line(2).rstrip("\n")[:-1]
    path = write("a.log", text)
    summary = fab.ingest(path)
    assert (summary.rows, summary.set_aside) == (1, 1)
    assert fab.problems()[0].rule == "torn_line"
    path.write_text(HEADER + line(1) + line(2))
    assert fab.ingest(path).rows == 1
    assert fab.problems() == []
    assert [row["Flow"] for row in samples(fab)] == [1.0, 2.0]


def test_a_bad_row_is_set_aside_with_its_line_and_the_others_are_kept(fab, write):
    summary = fab.ingest(write("a.log", HEADER + line(1) + line(2).replace(",2\n", ",two\n") + line(3)))
    assert (summary.rows, summary.set_aside) == (2, 1)
    problem = fab.problems()[0]
    assert (problem.rule, problem.line, problem.byte_offset) == ("bad_number", 3, len(HEADER) + len(line(1)))
    assert "two" in problem.raw


def test_rows_that_have_not_happened_yet_are_set_aside(fab, write):
    late = line(5).replace("2026-03-01", "2036-03-01")
    summary = fab.ingest(write("a.log", HEADER + line(1) + late))
    assert (summary.rows, summary.set_aside) == (1, 1)
    assert fab.problems()[0].rule == "future_time"


def test_reading_a_log_anew_takes_back_what_it_brought(fab, write):
    path = write("a.log", HEADER + "".join(line(n) for n in range(9)))
    fab.ingest(path)
    fab.ingest(path, again=True)
    assert len(samples(fab)) == 9
    assert [run.rows for run in fab.runs().runs] == [9]
    assert all(finding.well for finding in fab.check())


def test_a_table_of_an_mes_is_no_log_and_waits_for_a_word(fab, write):
    summary = fab.ingest(write("x.csv", "lot,wafer,tool,when,qty\nL1,L1.01,T,2026-03-01T00:00:00Z,3\n"))
    assert summary.files[0].status == "inbox"


def test_what_is_stated_to_be_a_log_and_is_none_waits_in_the_inbox(fab, write):
    summary = fab.ingest(write("x.csv", "lot,wafer\nL1,L1.01\n"), kind="log")
    assert summary.files[0].status == "inbox"
    assert "not a tool log" in summary.files[0].message


def test_a_fab_without_an_mes_knows_its_wafers_at_risk_from_logs_alone(fab, write):
    rows = [line(n, wafer=f"L1.{n // 10 + 1:02d}") for n in range(50)]
    fab.ingest(write("a.log", HEADER + "".join(rows)))
    quals = "tool,qual_type,processed_at,passed\nETCH-1,particles,2026-03-01T00:00:25Z,pass\n"
    assert fab.ingest(write("quals.csv", quals)).clean
    told = fab.risk().tools[0]
    # Wafers 1 and 2 ended before the qual; the third ended at second 29.
    assert (told.tool, told.wafers, told.bounded) == ("ETCH-1", 3, True)


def test_a_qual_that_came_before_the_log_waits_for_its_tool(fab, write):
    quals = "tool,qual_type,processed_at,passed\nETCH-1,particles,2026-03-01T00:00:05Z,pass\n"
    assert fab.ingest(write("quals.csv", quals)).set_aside == 1
    fab.ingest(write("a.log", HEADER + "".join(line(n) for n in range(9))))
    assert fab.problems() == []
    assert fab.risk().tools[0].wafers == 1


def test_moves_of_an_mes_are_not_counted_once_more(fab, write):
    moves = "lot,wafer,tool,end_at\nW1,W1,ETCH-1,2026-03-01T00:00:40Z\n"
    fab.ingest(write("moves.csv", moves))
    fab.ingest(write("a.log", HEADER + "".join(line(n) for n in range(40))))
    assert fab._lake.rows("SELECT count(*) AS n FROM lake.moves") == [{"n": 1}]


def test_a_counter_that_falls_is_a_restore(fab, write):
    rows = [
        f"2026-03-0{day}T00:00:0{n}Z,T1,W{day},{value + n},1\n"
        for day, value in ((1, 100), (2, 200), (3, 5))
        for n in range(3)
    ]
    fab.ingest(write("a.log", "time,tool,wafer,USAGE_OF_PAD,Flow\n" + "".join(rows)))
    fab._lake.pin()
    restores = fab._lake.rows("SELECT tool, done_at, kind FROM restores")
    assert [(row["tool"], row["done_at"].isoformat(), row["kind"]) for row in restores] == [
        ("T1", "2026-03-03T00:00:00", "part")
    ]
    counted = fab._lake.rows("SELECT count(*) AS n, min(value) AS low FROM counters")
    assert counted == [{"n": 6, "low": 5.0}]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_every_encoding_gives_the_same_rows(fab, tmp_path, encoding):
    text = HEADER.replace("mTorr", "µbar") + line(1) + "Meldung: Überdruck\n" + line(2)
    fab.ingest(_file(tmp_path / "a.log", text.encode(encoding)))
    assert [row["Flow"] for row in samples(fab)] == [1.0, 2.0]
    fab._lake.pin()
    assert fab._lake.rows("SELECT text FROM alarms") == [{"text": "Meldung: Überdruck"}]
    assert fab.step_summary().steps[0].unit in (None, "µbar")


def test_a_watched_folder_is_loaded_as_it_grows(tmp_path):
    folder = tmp_path / "logs"
    folder.mkdir()
    path = folder / "a.log"
    path.write_text(HEADER + line(1) + line(2))
    added = iter([line(3), "", line(4) + line(5)])

    def later(seconds):
        more = next(added, None)
        if more is None:
            raise KeyboardInterrupt
        with path.open("a") as file:
            file.write(more)

    passes = []
    with new_fab(tmp_path / "fab", clock=lambda: NOW) as fab:
        with pytest.raises(KeyboardInterrupt):
            passes.extend(summary.rows for summary in watch(fab, folder, sleep=later))
        assert len(samples(fab)) == 5
        assert [run.rows for run in fab.runs().runs] == [5]
    assert passes == [2, 1, 2]


def test_watching_nothing_says_so(fab, tmp_path):
    with pytest.raises(NoSuchPath):
        list(watch(fab, tmp_path / "nowhere", seconds=0))


def test_a_log_without_a_column_that_is_expected_is_set_aside_as_a_whole(tmp_path, write):
    folder = tmp_path / "fab"
    folder.mkdir()
    (folder / "fab.toml").write_text('[sources.etch]\nfiles = "*.log"\nkind = "log"\nexpects = ["press*", "Gas *"]\n')
    with new_fab(folder, clock=lambda: NOW) as fab:
        summary = fab.ingest(write("a.log", HEADER + line(1) + line(2)))
        assert (summary.files[0].status, summary.rows) == ("failed", 0)
        assert "Gas * missing" in summary.files[0].message
        assert fab.problems()[0].rule == "missing_columns"
        assert fab.ingest(write("b.log", HEADER.replace("Flow", "Gas Flow") + line(1) + line(2))).rows == 2


def a_few_of_each(paths):
    """Of the files with a right name and of the others, some of the smallest."""
    named = {True: [], False: []}
    for path in sorted(paths, key=lambda path: (path.stat().st_size, path.name)):
        named[re.fullmatch(r"wafer_\d{8}_\d{6}\.csv", path.name) is not None].append(path)
    return named[True][:4] + named[False][:2]


@pytest.mark.parametrize("chosen", [a_few_of_each, pytest.param(sorted, marks=pytest.mark.soak)], ids=["a few", "all"])
def test_of_messy_batches_the_good_load_once_and_each_bad_one_says_why(data, tmp_path, chosen):
    folder = tmp_path / "fab"
    folder.mkdir()
    (folder / "fab.toml").write_text(
        '[sources.batches]\nfiles = "*afer*.csv"\nkind = "log"\nname = "wafer_{date:8}_{time:6}.csv"\n'
        'expects = ["Sensor-590", "Good/Bad"]\n'
    )
    with new_fab(folder) as fab:
        summary = fab.ingest(chosen((data / "batches" / "Training_Batch_Files").iterdir()))
    assert {rule for file in summary.files for rule in file.rules} == {"missing_columns", "wrong_name"}
    assert summary.loaded > 0
    for file in summary.files:
        path = Path(file.path)
        named = re.fullmatch(r"wafer_\d{8}_\d{6}\.csv", path.name)
        whole = b"Good/Bad" in path.read_bytes()[:20_000]
        expected = [] if named and whole else ["missing_columns"] if named else ["wrong_name"]
        assert list(file.rules) == expected, (path.name, file.message)
        assert file.status == ("failed" if expected else "loaded")
        assert file.rows == (0 if expected else len(path.read_text().splitlines()) - 1)


def test_batches_of_equal_bytes_load_once(data, tmp_path):
    by_content = defaultdict(list)
    for path in sorted((data / "batches" / "Training_Batch_Files").iterdir()):
        by_content[path.read_bytes()].append(path)
    groups = sorted(by_content.values(), key=len, reverse=True)
    with new_fab(tmp_path / "fab") as fab:
        # All that there are twice, and one that there is once.
        summary = fab.ingest([path for group in groups[: sum(len(g) > 1 for g in groups) + 1] for path in group])
    contents = {Path(file.path).read_bytes() for file in summary.files}
    assert len(contents) < len(summary.files)
    assert (summary.loaded, summary.already, summary.failed) == (len(contents), len(summary.files) - len(contents), 0)


@pytest.mark.parametrize(
    ("day", "rule"),
    [("2025-10-26", "ambiguous_time"), ("2026-03-29", "no_such_time")],
)
def test_local_times_that_came_twice_or_never_are_set_aside_by_rules_of_their_own(tmp_path, day, rule):
    """From 1:00 to 3:59; in autumn the hour from 2:00 came twice, in spring it was skipped."""
    (tmp_path / "fab").mkdir()
    (tmp_path / "fab" / "fab.toml").write_text('[sources.l]\nfiles = "*.log"\nzone = "Europe/Berlin"\n')
    rows = "".join(f"{day} {n // 60:02d}:{n % 60:02d}:00,ETCH-1,W1,1,{n},{n}\n" for n in range(60, 240))
    with new_fab(tmp_path / "fab", clock=lambda: NOW) as fab:
        (file,) = fab.ingest(_file(tmp_path / "a.log", (HEADER + rows).encode())).files
        assert (file.rows, file.rules) == (120, {rule: 60})
        assert len(fab.problems(rule=rule)) == 60


@pytest.mark.parametrize("ambiguous", ["", "first", "second"])
@pytest.mark.parametrize("seconds", [60, 1])
def test_rows_that_fall_back_by_themselves_say_which_hour_it_is(tmp_path, ambiguous, seconds):
    """From 1:30 over the hour that comes twice; what fab.toml says of that hour is not needed, and does not fold the run."""
    (tmp_path / "fab").mkdir()
    stated = f'ambiguous = "{ambiguous}"\n' if ambiguous else ""
    (tmp_path / "fab" / "fab.toml").write_text(f'[sources.l]\nfiles = "*.log"\nzone = "Europe/Berlin"\n{stated}')
    begin = datetime(2025, 10, 25, 23, 30, tzinfo=UTC)
    times = [begin + timedelta(seconds=seconds * n) for n in range(9000 // seconds)]
    rows = "".join(f"{at.astimezone(ZoneInfo('Europe/Berlin')):%Y-%m-%d %H:%M:%S},ETCH-1,W1,1,1,1\n" for at in times)
    with new_fab(tmp_path / "fab", clock=lambda: NOW) as fab:
        (file,) = fab.ingest(_file(tmp_path / "a.log", (HEADER + rows).encode())).files
        assert (file.rows, file.rules) == (len(times), {})
        (run,) = fab.runs().runs
        assert (run.start, run.end) == (begin.replace(tzinfo=None), times[-1].replace(tzinfo=None))


@pytest.mark.parametrize("stamp", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"])
def test_a_message_of_a_time_that_no_calendar_has_costs_nothing(tmp_path, fab, stamp):
    rows = "".join(f"2026-05-01T10:00:0{n}Z,OX-1,W1,1,{n}.5,300,1.{n},20\n" for n in range(4))
    sml = f'{stamp} S5F1 W\n<L\n<B 0x80>\n<U4 7>\n<A "Pump fault">\n>\n.\n'
    (tmp_path / "a.log").write_text(f"time,tool,wafer,step,Flow,Power,Pressure,Temp\n{rows}{stamp} Pump fault\n{rows}")
    (tmp_path / "b.log").write_text(sml * 3)
    assert {(result.status, *result.rules) for result in fab.ingest(tmp_path).files} == {("loaded",)}
