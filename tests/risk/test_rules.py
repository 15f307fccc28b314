"""The twelve rules of exposure and containment (docs/rules.md), one test or more a rule, worked by hand."""

from datetime import datetime

import pytest

from tests.conftest import NOW
from tests.fabs import new_fab

MOVES = "tool,chamber,lot,wafer,wafers,recipe,kind,status,end_at,route,step_no,step"
QUALS = "tool,chamber,qual_type,processed_at,resulted_at,passed"
RESTORES = "tool,chamber,done_at,kind"


class Story:
    """A small fab told line by line; times are hours of 1 May, 10 is 10:00 UTC."""

    def __init__(self, folder):
        self._folder = folder
        self._moves, self._quals, self._restores = [], [], []
        self._toml = ""

    def ran(self, wafer, at, tool="T", chamber="", lot="L1", recipe="", kind="", status="", wafers="", place=",,"):
        self._moves.append(f"{tool},{chamber},{lot},{wafer},{wafers},{recipe},{kind},{status},{_at(at)},{place}")
        return self

    def lot_ran(self, lot, at, wafers=25, **where):
        return self.ran("", at, lot=lot, wafers=wafers, **where)

    def qual(self, at, passed, tool="T", chamber="", kind="particles", resulted=None):
        result = "" if resulted is None else _at(resulted)
        self._quals.append(f"{tool},{chamber},{kind},{_at(at)},{result},{'pass' if passed else 'fail'}")
        return self

    def restored(self, at, tool="T", chamber=""):
        self._restores.append(f"{tool},{chamber},{_at(at)},repair")
        return self

    def stated(self, toml):
        self._toml += toml + "\n"
        return self

    def fab(self):
        folder = self._folder / "fab"
        folder.mkdir()
        (folder / "fab.toml").write_text(self._toml)
        files = []
        for name, header, lines in (
            ("moves", MOVES, self._moves), ("quals", QUALS, self._quals), ("restores", RESTORES, self._restores)
        ):  # fmt: skip
            if lines:
                path = self._folder / f"{name}.csv"
                path.write_text("\n".join([header, *lines]) + "\n")
                files.append(path)
        fab = new_fab(folder, clock=lambda: NOW)
        assert fab.ingest(files).failed == 0
        return fab


def _at(hour):
    return f"2026-05-01T{int(hour):02d}:{round(hour % 1 * 60):02d}:00Z"


def hour(value):
    return datetime(2026, 5, 1, int(value), round(value % 1 * 60))


@pytest.fixture
def story(tmp_path):
    return Story(tmp_path)


def only(answer, chamber="*", qual_type="particles"):
    (row,) = [row for row in answer.tools if (row.chamber, row.qual_type) == (chamber, qual_type)]
    return row


def test_rule_1_the_window_is_open_at_the_last_good_qual_and_closed_at_the_failed_one(story):
    story.ran("w1", 9).ran("w2", 10).ran("w3", 11).ran("w4", 12).ran("w5", 13)
    with story.qual(10, True).qual(12, False).fab() as fab:
        held = fab.contain("T")
        assert [item.wafer for item in held.items] == ["w4", "w3"]
        assert (held.since, held.until) == (hour(10), hour(12))
        assert only(fab.risk()).wafers == 3


def test_rule_1_each_tool_has_its_own_window_though_all_are_counted_at_once(story):
    story.ran("t1", 10).ran("t2", 10.5).qual(10, True).qual(5, True, tool="U").ran("u1", 9, tool="U")
    with story.fab() as fab:
        assert {row.tool: row.wafers for row in fab.risk().tools} == {"T": 1, "U": 1}


def test_rule_1_a_failed_qual_clears_nothing(story):
    with story.ran("w1", 11).qual(10, True).qual(12, False).ran("w2", 13).fab() as fab:
        row = only(fab.risk())
        assert (row.wafers, row.since, row.status, row.failed_at) == (2, hour(10), "act", hour(12))


def test_rule_2_the_process_time_counts_and_not_when_the_result_came(story):
    story.ran("before", 9).ran("between", 11).ran("after", 13)
    with story.qual(10, True, resulted=12).fab() as fab:
        assert only(fab.risk()).wafers == 2
        before_the_result = fab.risk(as_of=hour(11.5)).tools
        assert [(row.qual_type, row.bounded, row.wafers) for row in before_the_result] == [(None, False, 2)]


def test_rule_2_a_late_result_changes_the_answer_only_from_its_arrival_on(story):
    with story.ran("w1", 9).qual(8, True).qual(10, True, resulted=20).ran("w2", 11).fab() as fab:
        assert only(fab.risk(as_of=hour(19))).wafers == 2
        assert only(fab.risk(as_of=hour(20))).wafers == 1


def test_rule_3_a_chamber_qual_clears_its_chamber_and_a_tool_qual_all(story):
    story.ran("a1", 9, chamber="A").ran("b1", 9, chamber="B").ran("a2", 12, chamber="A").ran("b2", 12, chamber="B")
    story.qual(8, True).qual(10, True, chamber="A")
    with story.qual(8, True, chamber="B").fab() as fab:
        risk = fab.risk()
        assert only(risk, "A").wafers == 1
        assert only(risk, "B").wafers == 2
        assert only(risk).wafers == 3
        assert (only(risk).since, only(risk, "A").since) == (hour(8), hour(10))


def test_rule_3_a_wafer_that_visited_two_chambers_counts_once_for_the_tool(story):
    story.qual(8, True, chamber="A").qual(8, True, chamber="B")
    with story.ran("w1", 9, chamber="A").ran("w1", 9.5, chamber="B").fab() as fab:
        risk = fab.risk()
        assert (only(risk, "A").wafers, only(risk, "B").wafers) == (1, 1)
        assert (only(risk).wafers, only(risk).passes) == (1, 2)


def test_rule_3_a_move_without_a_chamber_stays_at_risk_until_every_chamber_is_cleared(story):
    story.qual(8, True, chamber="A").qual(8, True, chamber="B").ran("w1", 9).ran("w2", 9, chamber="A")
    with story.qual(10, True, chamber="A").fab() as fab:
        risk = fab.risk()
        assert (only(risk, "A").wafers, only(risk, "B").wafers, only(risk).wafers) == (0, 1, 1)


def test_rule_4_a_qual_type_covers_only_its_recipes_and_a_move_without_one_may_be_covered(story):
    story.stated('[quals.thickness]\nrecipes = ["R1", "R2"]')
    story.ran("w1", 9, recipe="R1").ran("w2", 9, recipe="R3").ran("w3", 9).qual(8, True, kind="thickness")
    with story.qual(8, True).fab() as fab:
        risk = fab.risk()
        assert only(risk, qual_type="thickness").wafers == 2
        assert only(risk, qual_type="particles").wafers == 3


def test_rule_5_test_wafers_do_not_count_and_aborted_production_wafers_do(story):
    story.qual(8, True).ran("tw", 9, kind="test").ran("w1", 9, status="aborted", kind="production").ran("w2", 9)
    with story.fab() as fab:
        assert only(fab.risk()).wafers == 2


def test_rule_6_duplicates_count_once(story):
    with story.qual(8, True).ran("w1", 9).ran("w1", 9).ran("w1", 9).fab() as fab:
        assert (only(fab.risk()).wafers, only(fab.risk()).passes) == (1, 1)


def test_rule_7_without_a_good_qual_all_wafers_since_the_first_move_count_and_it_says_unbounded(story):
    with story.ran("w1", 7).ran("w2", 9).qual(8, False).ran("w3", 9, tool="NEVER").fab() as fab:
        row = only(fab.risk(tool="T", as_of=hour(13)))
        assert (row.wafers, row.bounded, row.since) == (2, False, None)
        (never,) = fab.risk(tool="NEVER").tools
        assert (never.wafers, never.bounded, never.qual_type, never.status) == (1, False, None, "none")
        held = fab.contain("T")
        assert (held.bounded, held.since, held.wafers) == (False, None, 1)


def test_rule_8_a_pass_after_a_fail_without_a_restore_leaves_the_earlier_wafers_suspect(story):
    story.qual(8, True).ran("w1", 9).ran("w2", 9.5).qual(10, False).ran("w3", 10.5).qual(11, True)
    with story.ran("w4", 12).fab() as fab:
        row = only(fab.risk(tool="T", as_of=hour(13)))
        assert (row.wafers, row.suspect_quals, row.suspect_wafers) == (1, 1, 3)
        wide = only(fab.risk(as_of=hour(13)))
        assert (wide.suspect_quals, wide.suspect_wafers) == (1, None)


def test_rule_8_a_restore_between_makes_them_no_longer_suspect(story):
    story.qual(8, True).ran("w1", 9).qual(10, False).restored(10.5).qual(11, True)
    with story.fab() as fab:
        assert (
            only(fab.risk(tool="T", as_of=hour(13))).suspect_quals,
            only(fab.risk(tool="T", as_of=hour(13))).suspect_wafers,
        ) == (0, 0)


def test_rule_8_two_fails_in_a_row_make_a_wafer_suspect_once(story):
    story.qual(8, True).ran("w1", 9).qual(10, False).qual(10.5, False).qual(11, True)
    with story.fab() as fab:
        assert only(fab.risk(tool="T", as_of=hour(13))).suspect_wafers == 1


def test_rule_9_a_wafer_that_came_back_is_one_wafer_and_two_passes(story):
    with story.qual(8, True).ran("w1", 9).ran("w1", 10, lot="L1.SPLIT").fab() as fab:
        row = only(fab.risk())
        assert (row.wafers, row.passes, row.moves, row.lots, row.level) == (1, 2, 2, 2, "wafer")


def test_rule_9_a_slot_number_names_a_wafer_only_within_its_lot(story):
    with story.qual(8, True).ran("07", 9, lot="L1").ran("07", 9, lot="L2").ran("07", 10, lot="L2").fab() as fab:
        assert (only(fab.risk()).wafers, only(fab.risk()).passes) == (2, 3)


def test_rule_9_the_wafers_of_a_lot_are_the_largest_quantity_seen_and_it_says_lot_level(story):
    with story.qual(8, True).lot_ran("L1", 9, 24).lot_ran("L1", 10, 25).lot_ran("L2", 10, 12).fab() as fab:
        row = only(fab.risk())
        assert (row.wafers, row.passes, row.moves, row.lots, row.level) == (37, 24 + 25 + 12, 3, 2, "lot")


def test_rule_9_named_wafers_of_a_lot_are_not_counted_again_with_the_lot(story):
    with story.qual(8, True).ran("w1", 9).ran("w2", 9).lot_ran("L1", 10, 25).qual(11, False).fab() as fab:
        assert (only(fab.risk()).wafers, only(fab.risk()).level) == (25, "lot")
        assert sum(item.wafers for item in fab.contain("T").items) == 25


def test_rule_10_one_type_never_clears_another(story):
    with story.qual(8, True).qual(8, True, kind="rate").ran("w1", 9).qual(10, True, kind="rate").fab() as fab:
        risk = fab.risk()
        assert (only(risk, qual_type="particles").wafers, only(risk, qual_type="rate").wafers) == (1, 0)


def test_rule_11_each_wafer_comes_with_its_last_move_anywhere_and_its_next_check(story):
    story.stated('[fab]\ncheck_areas = "Metrology"')
    story.qual(8, True).ran("w1", 9, place="R,10,etch").qual(9.5, False)
    story.ran("w1", 11, tool="CVD", place="R,20,deposit").ran("other", 11, tool="WET", place="R,30,clean")
    story.ran("other", 12, tool="MET", place="R,40,measure")
    fab = story.fab()
    tools = story._folder / "tools.csv"
    tools.write_text("tool,area\nMET,Metrology\nCVD,Films\n")
    with fab:
        fab.ingest(tools)
        (item,) = fab.contain("T").items
        assert (item.now.tool, item.now.area, item.now.step, item.now.end_at) == ("CVD", "Films", "deposit", hour(11))
        assert (item.next_check.step, item.next_check.steps_away) == ("measure", 2)
        (earlier,) = fab.contain("T", as_of=hour(10)).items
        assert (earlier.now.tool, earlier.now.end_at) == ("T", hour(9))


def test_rule_11_a_wafer_whose_lot_went_on_without_names_is_where_its_lot_is(story):
    with story.qual(8, True).ran("w1", 9).qual(10, False).lot_ran("L1", 11, tool="WET").fab() as fab:
        assert fab.contain("T").items[0].now.tool == "WET"


def test_rule_12_a_qual_that_can_miss_reaches_behind_the_last_good_one(story):
    # Passes at 200, 400, 600 and a fail at 800 wafers, Weibull k = 2, eta = 1500, s = 0.8: .001 .017 .135 .847.
    story.stated("[quals.particles]\nsensitivity = 0.8\nwear_shape = 2\nwear_scale = 1500")
    story.restored(1)
    for n in range(4):
        story.lot_ran(f"L{n}", 2 + 2 * n, 200).qual(3 + 2 * n, n < 3)
    with story.fab() as fab:
        held = fab.contain("T")
        assert [round(look.probability, 3) for look in held.looks] == [0.001, 0.017, 0.135, 0.847]
        assert (held.last_good, held.since) == (hour(7), hour(3))
        assert [item.lot for item in held.items] == ["L3", "L2", "L1"]
        assert held.wafers == 600


def test_rule_12_a_wafer_at_the_very_time_of_a_look_lies_before_it(story):
    story.stated("[quals.particles]\nsensitivity = 0.5").restored(1)
    story.lot_ran("L1", 3, 10).qual(3, True).lot_ran("L2", 5, 20).qual(5, False)
    with story.fab() as fab:
        assert [look.wafers for look in fab.contain("T").looks] == [10, 20]


def test_rule_12_the_reach_ends_at_the_last_restore_and_without_a_miss_at_the_last_good_qual(story):
    story.stated("[quals.particles]\nsensitivity = 0.5")
    story.lot_ran("old", 2).qual(3, True).restored(4).lot_ran("L1", 5).qual(6, True).lot_ran("L2", 7).qual(8, False)
    with story.fab() as fab:
        held = fab.contain("T")
        assert (held.since, {item.lot for item in held.items}) == (hour(4), {"L1", "L2"})
        # A look that sees half of the faults makes the first interval half as likely; the fitted wear moves that a little.
        assert [look.probability for look in held.looks] == pytest.approx([1 / 3, 2 / 3], abs=0.05)


@pytest.mark.parametrize(("wafers", "status"), [(9, "ok"), (10, "watch"), (19, "watch"), (20, "act")])
def test_the_limits_of_a_type_make_the_status(story, wafers, status):
    story.stated("[quals.particles]\nwarning = 10\ninhibit = 20").qual(8, True)
    with story.lot_ran("L1", 9, wafers).fab() as fab:
        row = only(fab.risk())
        assert (row.status, row.limit) == (status, 20)


def test_a_suspect_qual_that_passed_can_be_contained_by_its_time(story):
    with story.qual(8, True).ran("w1", 9).qual(10, True).fab() as fab:
        held = fab.contain("T", at=hour(10))
        assert ([item.wafer for item in held.items], held.since) == (["w1"], hour(8))


def test_a_star_for_the_chamber_is_the_whole_tool_wherever_an_answer_prints_one(story):
    with story.qual(8, True).ran("w1", 9).ran("w2", 10).qual(11, False).fab() as fab:
        row = only(fab.risk())
        assert row.chamber == "*"
        contained = fab.contain(row.tool, chamber=row.chamber)
        assert (contained.chamber, contained.wafers) == ("*", 2)
        assert fab.history(row.tool, chamber=row.chamber).chamber == "*"
        assert fab.hold(row.tool, chamber="*", who="ana", reason="particles").chamber == "*"
