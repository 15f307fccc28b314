"""What ran after a failed qual, until a restore or a good qual, is contained too: exactly, and held with the rest."""

import csv
import io
import json
import random
from datetime import timedelta

import pytest

from fabwatch.terms.errors import NotOnHold
from tests.commands import command
from tests.conftest import NOW
from tests.fabs import new_fab
from tests.risk import messy, oracle


@pytest.fixture(scope="module")
def case(tmp_path_factory):
    """A messy fab with restores of tools and of single chambers."""
    rng = random.Random(5)
    moves, quals = messy.make(5)
    restores = [
        {"tool": tool, "chamber": rng.choice(("A", "B", None)) if tool != "CVD-1" else None, "done_at": messy._moment(rng)}
        for tool in ("ETCH-1", "ETCH-2", "CVD-1", "NEVER-1")
        for _ in range(9)
    ]
    folder = tmp_path_factory.mktemp("after")
    (folder / "fab").mkdir()
    (folder / "fab" / "fab.toml").write_text(messy.FAB_TOML)
    (folder / "a.csv").write_text("\n".join([messy.MOVE_HEADER, *messy.move_lines(moves, rng)]) + "\n")
    (folder / "q.csv").write_text("\n".join([messy.QUAL_HEADER, *messy.qual_lines(quals, rng)]) + "\n")
    lines = [f"{row['tool']},{row['chamber'] or ''},{row['done_at'].isoformat()}Z,repair" for row in restores]
    (folder / "m.csv").write_text("\n".join(["tool,chamber,done_at,kind", *lines]) + "\n")
    with new_fab(folder / "fab", clock=lambda: NOW) as fab:
        assert fab.ingest([folder / "q.csv", folder / "a.csv", folder / "m.csv"]).clean
        yield fab, moves, quals, restores


def known_by(qual, moment):
    return qual["processed_at"] <= moment and (qual["resulted_at"] or qual["processed_at"]) <= moment


def covers(row, chamber):
    return chamber is None or row["chamber"] in (None, chamber)


def open_until(chamber, fail, quals, restores, as_of):
    """When the first restore or good qual ended the fail on one chamber (None: tool as a whole); as_of while none has."""
    tool, kind, failed = fail["tool"], fail["qual_type"], fail["processed_at"]
    passes = [q for q in quals if (q["tool"], q["qual_type"], q["passed"]) == (tool, kind, True) and known_by(q, as_of)]
    ends = [q["processed_at"] for q in passes if q["processed_at"] > failed and covers(q, chamber)]
    ends += [r["done_at"] for r in restores if r["tool"] == tool and r["done_at"] >= failed and covers(r, chamber)]
    return min([*ends, as_of])


def ran_after(moves, quals, restores, fail, as_of):
    """The moves after a fail, in plain loops."""
    tool, kind = fail["tool"], fail["qual_type"]
    of_type = [q for q in quals if (q["tool"], q["qual_type"]) == (tool, kind) and known_by(q, as_of)]
    chambers = {m["chamber"] for m in moves if m["tool"] == tool} | {q["chamber"] for q in of_type}
    if fail["chamber"] is not None:
        names = [fail["chamber"]]
    elif any(q["chamber"] for q in of_type):
        names = sorted(chambers - {None})
    else:
        names = [None]
    until = {name: open_until(name, fail, quals, restores, as_of) for name in names}
    found, seen = [], set()
    for move in moves:
        if move["tool"] != tool or move["kind"] == "test" or not fail["processed_at"] < move["end_at"] <= as_of:
            continue
        if kind == "thickness" and move["recipe"] not in (None, *messy.COVERED):
            continue
        if names == [None]:
            end = until[None]
        elif move["chamber"] is None:
            end = max(until.values())
        elif move["chamber"] in until:
            end = until[move["chamber"]]
        else:
            continue
        key = tuple(sorted((name, str(value)) for name, value in move.items()))
        if move["end_at"] <= end and key not in seen:
            seen.add(key)
            found.append(move)
    return found


@pytest.mark.parametrize("as_of", [NOW, messy.START + timedelta(days=7)], ids=["all known", "seven days in"])
def test_what_ran_after_each_failed_qual_is_exact_and_each_wafer_is_in_the_total_once(case, as_of, pytestconfig):
    fab, moves, quals, restores = case
    checked = affected = 0
    fails = [qual for qual in quals if not qual["passed"] and known_by(qual, as_of)]
    # All of them in soak; each tool and type has several.
    step = 1 if pytestconfig.getoption("soak") else 3
    for fail in fails[::step]:
        place = (fail["tool"], fail["qual_type"], fail["processed_at"])
        if sum((q["tool"], q["qual_type"], q["processed_at"]) == place for q in quals) > 1:
            continue
        answer = fab.contain(fail["tool"], qual_type=fail["qual_type"], at=fail["processed_at"], as_of=as_of)
        expected = ran_after(moves, quals, restores, fail, as_of)
        after = answer.after_fail
        assert (after.wafers, after.passes, after.lots) == oracle.counts(expected), fail
        assert {item.wafer for item in after.items} == {move["wafer"] for move in expected}
        assert {item.p_after_fault for item in after.items} <= {1.0}
        both = {item.wafer for item in answer.items} | {item.wafer for item in after.items}
        assert answer.total_wafers == len(both) == len(answer.to_hold)
        assert {row["wafer"] for row in answer.rows()} == both
        checked += 1
        affected += after.wafers
    assert checked > 12 / step
    assert affected > 50 / step


def open_fail(log):
    """A fail on day 5 after which two lots ran; the tool is neither restored nor checked since."""
    return log.restored(0).ran(*range(8)).qual(2, True).qual(5, False)


def test_every_face_names_both_groups_and_the_total(log, tmp_path):
    with open_fail(log).fab() as fab:
        answer = fab.contain("T")
        assert [answer.wafers, answer.after_fail.wafers, answer.total_wafers] == [300, 300, 600]
        assert (answer.after_fail.until, answer.after_fail.ended_by) == (None, None)
        assert "Ran after the fail: 300 wafers, 100 %" in answer.sentence()
        assert "Pasaron después del fallo: 300 obleas, 100 %" in answer.sentence("es")
    folder = tmp_path / "fab"
    as_json = json.loads(command("contain", "T", "--json", "--fab", folder).out)
    assert {item["lot"] for item in as_json["after_fail"]["items"]} == {"LT5", "LT6", "LT7"}
    lines = list(csv.DictReader(io.StringIO(command("contain", "T", "--csv", "--fab", folder).out)))
    assert {row["lot"]: row["ran"] for row in lines} == {
        **dict.fromkeys(("LT2", "LT3", "LT4"), "before"), **dict.fromkeys(("LT5", "LT6", "LT7"), "after")
    }  # fmt: skip
    shown = command("contain", "T", "--fab", folder).out
    assert all(lot in shown for lot in ("LT2", "LT7"))


def test_a_hold_list_has_the_wafers_of_both_groups_and_takes_names_of_each(log):
    with open_fail(log).fab() as fab:
        part = fab.hold("T", who="ana", reason="after the fail", names=["LT6", "LT3"])
        assert {item.lot for item in part.items} == {"LT3", "LT6"}
        rest = fab.hold("T", who="ana", reason="the rest")
        assert {item.lot for item in rest.items} == {"LT2", "LT4", "LT5", "LT7"}
        with pytest.raises(NotOnHold):
            fab.hold("T", who="ana", reason="too early", names=["LT1"])


def test_a_suspect_qual_that_passed_has_no_second_group(log):
    with log.ran(*range(8)).qual(2, True).qual(5, True).fab() as fab:
        answer = fab.contain("T", at="2026-05-06")
        assert answer.after_fail is None
        assert answer.total_wafers == answer.wafers == 300
