"""What is derived from logs load by load is what a rebuild from nothing gives, and only the touched tools are derived."""

import itertools

import pytest
from tests.diary import NOW

from fabwatch.fab import Fab
from fabwatch.terms.tables import BY_NAME
from fabwatch.trace import moves, upkeep

HEADER = "time,tool,chamber,lot,wafer,step,Pressure,Pad Usage\n"
MES = "lot,wafer,tool,chamber,step,end_at\nL9,L9.01,E3,A,S1,2026-03-01T05:00:00Z\n"
QUALS = "tool,qual_type,processed_at,passed\nE1,p,2026-03-02T00:00:00Z,pass\n"


def part(tool, wafer, minute, usage, lot="L1"):
    """Ten seconds of one wafer on one tool."""
    at, name = f"2026-03-01T{minute // 60:02d}:{minute % 60:02d}", f"{lot}.{wafer:02d}"
    return "".join(f"{at}:{k:02d}Z,{tool},A,{lot},{name},1,{10 + k / 7},{usage + k}\n" for k in range(10))


FILES = {
    # A wafer whose run goes on in the next file, a counter that falls between two files, a tool that an MES knows as well.
    "a.log": HEADER + part("E1", 1, 0, 100) + part("E2", 1, 5, 10) + part("E3", 1, 9, 50),
    "b.log": HEADER + part("E1", 1, 20, 120) + part("E1", 2, 90, 140),
    "c.log": HEADER + part("E1", 3, 200, 3) + part("E3", 2, 30, 70),
    "d.log": HEADER + part("E2", 2, 60, 30) + part("E2", 3, 130, 5),
    "m.csv": MES,
    "q.csv": QUALS,
}
DERIVED = ("moves", "counters", "restores")


def tables(fab):
    fab._lake.pin()
    return {
        name: sorted(map(repr, fab._lake.ask(f"SELECT {', '.join((*BY_NAME[name].names, 'load'))} FROM {name}").fetchall()))
        for name in (*DERIVED, "quals")
    } | {"runs": sorted((run.run, run.rows) for run in fab.runs().runs)}


@pytest.fixture(scope="module")
def orders(tmp_path_factory, pytestconfig):
    """The tables after loading the files one by one in several orders, and after a rebuild of each."""
    found = []
    for number, order in enumerate(
        list(itertools.permutations(FILES))[:: 720 // (24 if pytestconfig.getoption("soak") else 3)]
    ):
        folder = tmp_path_factory.mktemp(f"order{number}")
        with Fab(folder / "fab", create=True, clock=lambda: NOW) as fab:
            for name in order:
                (folder / name).write_text(FILES[name])
                fab.ingest(folder / name)
            loaded = tables(fab)
            with fab._lake.writing():
                for name in DERIVED:
                    fab._lake.ask(f"DELETE FROM lake.{name} WHERE load IN (SELECT load FROM lake.loads WHERE kind = 'log')")
            upkeep.refresh_derived(fab._lake, NOW, again=True)
            found.append((order, loaded, tables(fab)))
    return found


def test_load_by_load_gives_what_a_rebuild_from_nothing_gives(orders):
    for order, loaded, rebuilt in orders:
        assert loaded == rebuilt, order


def test_the_order_of_logs_and_other_files_changes_nothing(orders):
    assert len({repr(loaded) for _, loaded, _ in orders}) == 1
    _, loaded, _ = orders[0]
    # E1: three wafers, of which the first stands in two files; E2: three; E3: the one that the MES names.
    assert len(loaded["moves"]) == 7
    assert len(loaded["restores"]) == 2
    assert len(loaded["quals"]) == 1


def test_only_the_tools_of_the_new_load_are_derived_again(tmp_path, monkeypatch):
    touched = []
    with Fab(tmp_path / "fab", create=True, clock=lambda: NOW) as fab:
        for name in ("a.log", "d.log", "c.log"):
            (tmp_path / name).write_text(FILES[name])
        fab.ingest(tmp_path / "a.log")
        replace = moves._replace

        def listening(lake, table):
            replace(lake, table)
            touched.append((table.name, {tool for (tool,) in lake.ask("SELECT tool FROM touched").fetchall()}))

        monkeypatch.setattr(moves, "_replace", listening)
        fab.ingest(tmp_path / "d.log")
        fab.ingest(tmp_path / "d.log")
    assert touched == [(name, {"E2"}) for name in DERIVED]


def test_a_log_read_anew_leaves_nothing_of_what_it_gave_before(tmp_path):
    log = tmp_path / "a.log"
    log.write_text(FILES["a.log"])
    with Fab(tmp_path / "fab", create=True, clock=lambda: NOW) as fab:
        fab.ingest(log)
        before = tables(fab)
        fab.ingest(log, again=True)
        assert tables(fab) == before
    (tmp_path / "fab" / "fab.toml").write_text('[sources.a]\nfiles = "a.log"\nkind = "log"\nignore = ["lot"]\n')
    with Fab(tmp_path / "fab", clock=lambda: NOW) as fab:
        fab.ingest(log, again=True)
        assert all("'L1', " not in row for row in tables(fab)["moves"])
        assert len(tables(fab)["moves"]) == 3
