"""What is kept no longer goes, and says so; what answers rest on stays."""

import time
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from fabwatch.fab import Fab
from fabwatch.terms.errors import BadSettings, SamplesGone
from fabwatch.terms.settings import settings_of
from tests.commands import command
from tests.served import AS_OF, Server

LATER = datetime(2026, 7, 15)
"""The runs of the log are of May 1: 75 days before."""


def kept(folder: Path, toml: str) -> Fab:
    path = folder / "fab.toml"
    own = path.read_text().partition("\n[retention]")[0]
    path.write_text(f"{own}\n[retention]\n{toml}\n")
    return Fab(folder, clock=lambda: LATER)


def count(fab: Fab, table: str) -> int:
    return int(fab.sql(f"SELECT count(*) AS n FROM {table}")["n"][0])


def of_samples(fab: Fab) -> str:
    return "samples_" + str(fab.sql("SELECT DISTINCT shape FROM parts WHERE shape IS NOT NULL")["shape"][0])


def test_samples_go_after_their_days_and_the_statistics_faults_and_risk_stay(own_folder: Path) -> None:
    with kept(own_folder, 'samples = "80 days"') as fab:
        assert fab.retention_due() == []
        table = of_samples(fab)
        before = count(fab, table)
        risk, faults = fab.risk().rows(), fab.faults().rows()
        summary, alarms = count(fab, "step_summary"), count(fab, "alarms")
        named = str(fab.runs().rows()[0]["run"])
        assert fab.trace(named).rows()
    with kept(own_folder, 'samples = "70 days"') as fab:
        (due,) = fab.retention_due()
        assert (due.table, due.rows) == (table, before)
        assert count(fab, table) == before > 700
        (gone,) = fab.apply_retention()
        assert gone == due
        assert (count(fab, table), count(fab, "step_summary"), count(fab, "alarms")) == (0, summary, alarms)
        assert fab.apply_retention() == []
        assert fab.risk().rows() == risk
        for new, old in zip(fab.faults().rows(), faults, strict=True):
            # From which second on it deviates is read from the samples, and the unit with it.
            assert {name for name in old if new[name] != old[name]} <= {"sentence"}, new["run"]
        with pytest.raises(SamplesGone, match="not kept any more") as refused:
            fab.trace(named)
        assert "trace summary" in refused.value.hint
        entry = fab.audit()[0]
        assert (entry.who, entry.act) == ("fabwatch", "retention")
        assert f'"rows":{before},"table":"{table}"' in entry.about
        assert fab.verify_audit().whole
        fab.compact()
        assert [finding for finding in fab.check(deep=True) if not finding.well] == []


def test_the_same_log_again_brings_nothing_back(own_folder: Path, tmp_path: Path) -> None:
    from tests.served import exports

    with kept(own_folder, 'samples = "70 days"') as fab:
        table = of_samples(fab)
        summary = fab.ingest(exports(tmp_path / "again") / "etch-1.log")
        assert [file.status for file in summary.files] == ["already"]
        assert count(fab, table) == 0
        assert fab.runs().rows()


def test_compact_says_what_would_go_and_lets_it_go(own_folder: Path, tmp_path: Path) -> None:
    bad = tmp_path / "moves_bad.csv"
    bad.write_text("lot,wafer,tool,end_at\nL1,L1.1,ETCH-1,yesterday\nL2,L2.1,ETCH-1,2026-06-01T00:00:00Z\n")
    with kept(own_folder, "problems = 1") as fab:
        fab.ingest(bad)
        there = count(fab, "problems")
        assert there >= 1
        # To this clock it was loaded this very moment; to that of the command it is long past.
        assert fab.retention_due() == []
    done = command("compact", "--dry-run", "--fab", own_folder)
    assert done.code == 0
    assert f"problems: {there:,} rows from before" in done.out
    assert "would go" in done.out
    assert "keep_days = 400" in done.err
    done = command("compact", "--fab", own_folder)
    assert "went" in done.out
    again = command("compact", "--dry-run", "--fab", own_folder)
    assert (again.out, "nothing would go" in again.err) == ("", True)


def test_the_service_lets_go_by_itself_and_notes_what_is_free(own_folder: Path, tmp_path: Path) -> None:
    bad = tmp_path / "moves_worse.csv"
    bad.write_text("lot,wafer,tool,end_at\nL3,L3.1,ETCH-1,tomorrow\nL4,L4.1,ETCH-1,2026-06-01T00:00:00Z\n")
    with kept(own_folder, 'problems = "1 week"') as fab:
        fab.ingest(bad)
    running = Server(own_folder, "--as-of", AS_OF)
    try:
        for _ in range(150):
            entry = running.get("/api/v1/audit").json()["entries"][0]
            if entry["act"] == "retention" and '"table":"problems"' in entry["about"] and entry["seq"] > 2:
                break
            time.sleep(0.2)
        else:
            raise AssertionError("nothing went")
    finally:
        running.stop()
    assert (own_folder / "disk.json").exists()
    with Fab(own_folder) as fab:
        assert count(fab, "problems") == 0


@pytest.mark.parametrize(
    ("toml", "why"),
    [
        ('moves = "90 days"', "retention.moves: no such key"),
        ('audit = "90 days"', "retention.audit: no such key"),
        ('samples = "soon"', "90 days"),
        ('samples = "-3 days"', "90 days"),
        ("samples = 0", "greater than or equal to 1"),
    ],
)
def test_what_answers_rest_on_and_what_is_no_period_is_refused(toml: str, why: str) -> None:
    with pytest.raises(BadSettings, match=why):
        settings_of(f"[retention]\n{toml}\n", Path("fab.toml"))


@pytest.mark.parametrize(("text", "days"), [("90 days", 90), ("1 week", 7), ("2 years", 730.5), ("1.5 months", 45.75)])
def test_a_period_is_written_as_people_write_it(text: str, days: float) -> None:
    stated: Any = settings_of(f'[retention]\nsamples = "{text}"\n', Path("fab.toml"))
    assert stated.retention.samples == days
