"""Any order, split, repetition and packing of the same rows of every kind gives the same fab."""

import itertools
import shutil
import tempfile
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule, run_state_machine_as_test

from tests.conftest import NOW
from tests.fabs import new_fab
from tests.ingest.contents import contents
from tests.ingest.mixture import BAD, HEADERS, LINES, LOG, LOGS, OTHER, WAITING, WRITINGS, write

pytestmark = pytest.mark.apart
STORED = ("tools", "moves", "quals", "restores", "counters", "metrology")
KINDS = {"tools": "tools", "moves": "moves", "quals": "quals", "maintenance": "restores", "counters": "counters"}
KINDS |= {"metrology": "metrology", "log": "log"}
"""What a file of each name is called where loads are listed."""


def accounted(fab, files):
    """Rows in are rows stored, set aside, waiting or there already: of every file of a table, at any time."""
    loads = {Path(load.path.partition("!")[0]).name: load for load in fab.loads()}
    for path, lines in files.items():
        load = loads.get(path.name)
        # A file of the same content has no load of its own.
        if load is not None:
            assert load.rows + load.set_aside + load.duplicates == len(lines), (path.name, load)
    assert {load.status for load in loads.values()} <= {"loaded"}
    return list(loads.values())


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    folder = tmp_path_factory.mktemp("plain")
    with new_fab(folder / "fab", clock=lambda: NOW) as fab:
        logs = [(kind, lines[1:]) for kind, lines in LOGS.items()]
        files = {write(folder, 0, kind, lines): lines for kind, lines in [*LINES.items(), *logs]}
        fab.ingest(list(files))
        accounted(fab, files)
        yield contents(fab)


def test_the_plain_load_holds_what_was_written(expected):
    log = {"moves": 2, "restores": 1, "counters": 2 * 4}
    """What the log says of its two wafers: a move each, a new pad, its usage at the begin and end of the four steps."""
    written = {
        KINDS[kind]: len(lines) - BAD[kind] - WAITING.get(kind, 0) + log.get(KINDS[kind], 0) for kind, lines in LINES.items()
    }
    counts = {name: len(rows) for name, rows in expected.items()}
    assert counts == {
        **written, "places": 6, "problems": sum(BAD.values()) + sum(WAITING.values()), "runs": 4,
        "samples": len(LOG) - 1 + len(OTHER) - 1,
    }  # fmt: skip
    for reading in ("'rf_hours', datetime.datetime(2026, 5, 1, 12, 0), 122.25", "'USAGE_OF_PAD'", "9.250000), 60.0"):
        assert any(reading.removeprefix("9.250000") in row for row in expected["counters"]), reading
    assert sum("'part'" in row and "POLISH-3" in row for row in expected["restores"]) == 1
    assert sum("GHOST" in row for row in expected["problems"]) == 2


@st.composite
def schedules(draw):
    """Files of all kinds in any order, each kind cut in one or two, some repeated, some packed, some calls apart.

    Of each log there are snapshots, some shorter than others, and in any encoding.
    """
    files = []
    for kind, lines in LOGS.items():
        cuts = draw(st.lists(st.integers(4, len(lines) - 2), max_size=2, unique=True))
        files += [(kind, tuple(lines[1 : 1 + cut])) for cut in [*cuts, len(lines) - 1]]
    for kind, lines in LINES.items():
        order = draw(st.permutations(lines))
        cut = draw(st.integers(0, len(order)))
        # Rows that are set aside are kept once a file, so only good ones may be in two files at once.
        files += [(kind, tuple(part)) for part in (order[:cut], order[cut:]) if part]
    files = draw(st.permutations(files))
    repeats = draw(st.lists(st.sampled_from(files), max_size=2))
    files = [*files, *repeats]
    packs = draw(st.lists(st.sampled_from(["", "gz", "zip"]), min_size=len(files), max_size=len(files)))
    writings = draw(st.lists(st.sampled_from([*WRITINGS]), min_size=len(files), max_size=len(files)))
    together = draw(st.booleans())
    return [(*file, pack, writing) for file, pack, writing in zip(files, packs, writings, strict=True)], together


# Of fifteen to twenty files each: the most expensive example there is.
@settings(max_examples=settings().max_examples * 5 // 8)
@given(schedules())
def test_any_order_split_repetition_and_packing_gives_the_same_fab(expected, tmp_path_factory, schedule):
    files, together = schedule
    folder = tmp_path_factory.mktemp("any", numbered=True)
    paths = {write(folder, n, kind, *file): file[0] for n, (kind, *file) in enumerate(files)}
    with new_fab(folder / "fab", clock=lambda: NOW) as fab:
        for call in [list(paths)] if together else [[path] for path in paths]:
            for file in fab.ingest(call).files:
                lines = paths[folder / file.path.rpartition("/")[2].partition("!")[0]]
                whole = file.rows + file.set_aside + file.duplicates
                # A longer snapshot of a log goes on where the last one stopped.
                grown = file.kind == "log" and "continued" in file.message
                assert 0 < whole < len(lines) if grown else whole == (0 if file.status == "already" else len(lines)), file
        assert contents(fab) == expected
        loads = accounted(
            fab, {path: lines for path, lines in paths.items() if path.name.partition(".")[0][-3:] not in ("log", "her")}
        )
        of_log = sum(load.rows for load in fab.loads() if load.kind == "log")
        assert of_log == len(expected["samples"])
        written = sum(len(expected[name]) for name in STORED) - (2 + 1 + 8)
        assert sum(load.rows for load in loads if load.kind != "log") == written
    shutil.rmtree(folder)


GOOD = {
    kind: [line for line in lines if not any(sign in line for sign in ("-4,", "L4,", "yesterday", "many", ",-1,"))]
    for kind, lines in LINES.items()
}
"""The lines that are right in themselves; the others are set aside by a rule each."""


class Growing(RuleBasedStateMachine):
    """A fab that grows file by file; after each, what it holds is what a plain list of the lines says."""

    def __init__(self):
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="growing"))
        self.fab = None
        self.number = itertools.count()
        self.files = {}
        self.in_log = 0

    @initialize()
    def made(self):
        self.fab = new_fab(self.folder / "fab", clock=lambda: NOW)

    def load(self, path, lines):
        (file,) = self.fab.ingest(path).files
        whole = file.rows + file.set_aside + file.duplicates
        assert whole == (0 if file.status == "already" else len(lines)), file

    @rule(data=st.data(), kind=st.sampled_from([*LINES]), pack=st.sampled_from(["", "gz"]))
    def some_lines(self, data, kind, pack):
        """Lines of one kind, of which others may have come before: those are there already, whatever file had them."""
        lines = data.draw(st.lists(st.sampled_from(LINES[kind]), min_size=1, unique=True))
        path = write(self.folder, next(self.number), kind, lines, pack)
        self.load(path, lines)
        self.files.setdefault((kind, tuple(lines)), path)

    @rule(more=st.integers(1, 9))
    @precondition(lambda self: self.in_log < len(LOG) - 1)
    def log_grows(self, more):
        before, self.in_log = self.in_log, min(max(self.in_log + more, 4), len(LOG) - 1)
        self.load(write(self.folder, "tool", "log", LOG[1 : 1 + self.in_log]), LOG[1 + before : 1 + self.in_log])

    @rule(data=st.data())
    @precondition(lambda self: self.files)
    def again(self, data):
        path = data.draw(st.sampled_from([*self.files.values()]))
        assert self.fab.ingest(path).already == 1

    def usage(self):
        """What the log says of the pad: at the begin and end of each step so far, and never what is not in it."""
        lines = [line.split(",") for line in LOG[1 : 1 + self.in_log]]
        written = [(datetime.fromisoformat(cells[0][:-1]), float(cells[-1])) for cells in lines]
        ends = {pair for n in range(0, len(written), 5) for pair in (written[n], written[n : n + 5][-1])}
        self.fab._lake.pin()
        rows = self.fab._lake.ask("SELECT read_at, value FROM counters WHERE counter = 'USAGE_OF_PAD'").fetchall()
        assert len(rows) == len(set(rows))
        # A log that grew keeps what was its last reading before: as true, if more than there would be.
        assert ends <= set(rows) <= set(written)
        return rows

    @invariant()
    def holds_what_was_written(self):
        if self.fab is None:
            return
        seen = {kind: {line for other, lines in self.files if other == kind for line in lines} for kind in HEADERS}
        good = {kind: seen[kind] & set(GOOD[kind]) for kind in HEADERS}
        known = {line.split(",")[0] for line in good["tools"]} | {line.split(",")[2] for line in good["moves"]}
        known |= {"POLISH-3"} if self.in_log else set()
        waiting = {line for kind in ("quals", "maintenance", "counters") for line in good[kind]}
        waiting = {line for line in waiting if line.split(",")[0] not in known}
        wafers, falls = -(-self.in_log // 10), self.in_log > 10
        log = {"moves": wafers, "restores": int(falls)}
        held = contents(self.fab)
        usage = self.usage()
        log["counters"] = len(usage)
        for kind in LINES:
            name = KINDS[kind]
            assert len(held[name]) == len(good[kind] - waiting) + log.get(name, 0), (name, held[name], good[kind], waiting)
        assert (len(held["samples"]), len(held["runs"])) == (self.in_log, wafers)
        problems = self.fab.problems()
        assert {row.raw for row in problems if row.rule == "unknown_tool"} == waiting
        aside = [line for kind, lines in self.files for line in lines if line not in GOOD[kind]]
        assert sorted(row.raw for row in problems if row.rule != "unknown_tool") == sorted(aside)
        loads = accounted(self.fab, {path: lines for (_, lines), path in self.files.items()})
        assert sum(load.rows for load in self.fab.loads() if load.kind == "log") == self.in_log
        assert len(loads) >= len(self.files)

    def teardown(self):
        if self.fab is not None:
            self.fab.close()
        shutil.rmtree(self.folder)


def test_a_fab_that_grows_file_by_file_always_holds_what_was_written():
    run_state_machine_as_test(Growing, settings=settings(max_examples=max(settings().max_examples // 3, 3)))
