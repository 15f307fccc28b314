"""The maps of the fab's own wafers: the last result of each place, by pattern and by likeness; and the history of a lot."""

import json
from base64 import b64decode
from pathlib import Path

import numpy as np
import pytest

from fabwatch.fab import Fab
from fabwatch.fab.questions import DrawnMapsQuestion
from fabwatch.terms.errors import UnknownTool
from fabwatch.yields import gallery
from fabwatch.yields.patterns.look_cache import LookCache
from fabwatch.yields.patterns.model import packaged
from tests.commands import command
from tests.made_stdf import Stdf
from tests.yields.made_maps import text, wafer

SHAPES = ("Edge-Ring", "Center", "none")


def stored(fab: Fab, folder: Path, patterns=SHAPES, lot="A1", seed=1):
    grids = {}
    for number, pattern in enumerate(patterns, 1):
        grids[str(number)] = wafer(pattern, seed + number)
        path = folder / f"{lot}-{number}.map"
        path.write_text(text(grids[str(number)], lot, str(number)))
        assert fab.ingest(path).failed == 0
    return grids


def cells_of(picture):
    return np.frombuffer(b64decode(picture.cells), np.uint8).reshape(picture.rows, picture.columns)


def test_each_wafer_of_the_fab_is_named_by_its_pattern_with_its_yield(fab: Fab, tmp_path: Path) -> None:
    grids = stored(fab, tmp_path)
    answer = fab.maps()
    assert {row.wafer: row.pattern for row in answer.maps} == dict(zip("123", SHAPES, strict=True))
    for row in answer.maps:
        grid = grids[row.wafer]
        assert (row.lot, row.parts, row.good) == ("A1", (grid > 0).sum(), (grid == 1).sum())
        assert row.yield_ == row.good / row.parts
    assert (answer.wafers, answer.patterns) == (3, {"Edge-Ring": 1, "Center": 1, "none": 1})
    assert "3 of 3 maps. 2 show a pattern" in answer.sentence()


def test_a_pattern_selects_its_maps_and_likeness_puts_the_nearest_first(fab: Fab, tmp_path: Path) -> None:
    stored(fab, tmp_path, ("Edge-Ring", "Center", "none"))
    stored(fab, tmp_path, ("Edge-Ring", "none"), lot="B2", seed=30)
    assert [(row.lot, row.wafer) for row in fab.maps(pattern="Edge-Ring", lot="B2").maps] == [("B2", "1")]
    assert len(fab.maps(pattern="Edge-Ring").maps) == 2
    like = fab.maps(like="A1,1").maps
    assert [(row.lot, row.wafer) for row in like[:2]] == [("A1", "1"), ("B2", "1")]
    assert like[0].likeness == pytest.approx(1, abs=1e-4)
    assert [row.likeness for row in like] == sorted((row.likeness for row in like), reverse=True)
    assert {row.pattern for row in fab.ask(DrawnMapsQuestion(lot="B2")).maps} == {None}


def test_pictures_hold_the_last_result_of_each_place_notch_down(fab: Fab, tmp_path: Path) -> None:
    file = Stdf().far().mir().wcr().wir()
    for x, y, hard in ((0, 0, 5), (1, 0, 1), (0, 1, 1), (0, 0, 1), (1, 0, 7)):
        file.pir().prr(x, y, hard)
    path = tmp_path / "again.stdf"
    path.write_bytes(file.wrr(5).mrr().content)
    assert fab.ingest(path).failed == 0
    (row,) = fab.maps(pictures=True).maps
    assert cells_of(row.picture).tolist() == [[1, 0], [1, 255]]
    assert (row.parts, row.good) == (3, 2)


def test_a_fine_map_is_drawn_smaller_and_keeps_its_share_of_fails(fab: Fab, tmp_path: Path) -> None:
    grid = wafer("Center", 4, size=151)
    path = tmp_path / "fine.map"
    path.write_text(text(grid))
    assert fab.ingest(path).failed == 0
    cells = cells_of(fab.maps(pictures=True).maps[0].picture).astype(float)
    assert cells.shape == (gallery.PICTURE, gallery.PICTURE)
    present = cells > 0
    assert ((cells[present] - 1) / 254).mean() == pytest.approx((grid == 2).sum() / (grid > 0).sum(), abs=0.01)


def test_names_that_no_map_has_are_refused_with_the_nearest_and_an_empty_fab_says_what_to_load(
    fab: Fab, tmp_path: Path
) -> None:
    assert "load STDF files or wafer maps" in fab.maps().sentence()
    stored(fab, tmp_path)
    for stated in ({"lot": "A2"}, {"wafer": "4"}, {"product": "none"}, {"like": "A1,4"}):
        with pytest.raises(UnknownTool, match="No "):
            fab.maps(**stated)  # type: ignore[arg-type]
    assert fab.maps(as_of="2000-01-01T00:00Z").wafers in (0, 3)


def test_a_place_far_away_costs_its_map_the_picture_and_is_doubted(fab: Fab, tmp_path: Path) -> None:
    stored(fab, tmp_path, ("Center",))
    file = Stdf().far().mir(lot="W").wir("W-01").pir().prr(-32000, -32000).pir().prr(32000, 32000)
    path = tmp_path / "wide.stdf"
    path.write_bytes(file.wrr(2).mrr().content)
    assert fab.ingest(path).failed == 0
    answer = fab.maps(pictures=True)
    wide = next(row for row in answer.maps if row.lot == "W")
    assert (wide.picture, wide.pattern) == (None, None)
    assert [type(doubt).__name__ for doubt in answer.doubts] == ["TooWide"]


def test_maps_that_were_seen_are_not_shown_to_the_network_again() -> None:
    shown = []
    model = packaged()

    class Counting:
        several = model.several

        def look(self, grids):
            shown.append(len(grids))
            return model.look(grids)

    cache = LookCache(Counting(), kept=3)  # type: ignore[arg-type]
    grids = [wafer("Center", seed) for seed in range(3)]
    first, again = cache.look(grids), cache.look([grids[2], grids[0]])
    assert np.array_equal(again.probability, first.probability[[2, 0]])
    cache.look([wafer("Donut", 1), grids[1]])
    cache.look([grids[1]])
    assert shown == [3, 0, 1, 0]
    assert len(cache.look([]).probability) == 0


def test_the_command_prints_maps_as_a_table_and_as_json(fab: Fab, tmp_path: Path) -> None:
    stored(fab, tmp_path)
    result = command("maps", "list", "--pattern", "Center", "--json", "--fab", str(fab.path))
    assert [row["wafer"] for row in json.loads(result.out)["maps"]] == ["2"]
    assert "Edge-Ring" in command("maps", "list", "--fab", str(fab.path)).out


MOVES = """lot,wafer,wafers,product,step_no,step,tool,chamber,recipe,start_at,end_at
L7,,25,P,10,Etch,E1,A,R,2026-05-01T00:00Z,2026-05-01T01:00Z
L7,,25,P,20,CVD,C1,,R,2026-05-02T00:00Z,2026-05-02T01:00Z
L8,,25,P,10,Etch,E1,A,R,2026-05-03T00:00Z,2026-05-03T01:00Z
"""
QUALS = """tool,chamber,qual_type,processed_at,resulted_at,passed
E1,A,particles,2026-04-30T00:00Z,,pass
E1,A,rate,2026-05-01T05:00Z,,pass
E1,A,particles,2026-05-01T06:00Z,2026-05-01T09:00Z,fail
E1,B,rate,2026-05-01T03:00Z,,fail
"""


def test_the_history_of_a_lot_says_how_the_next_qual_of_each_tool_went(fab: Fab, tmp_path: Path) -> None:
    for name, content in (("moves.csv", MOVES), ("quals.csv", QUALS)):
        (tmp_path / name).write_text(content)
        assert fab.ingest(tmp_path / name).failed == 0
    answer = fab.lot_history("L7", as_of="2026-06-01T00:00Z")
    etch, cvd = answer.passes
    assert (etch.tool, etch.wafers, etch.next_passed, etch.next_failed) == ("E1", 25, False, "particles")
    assert etch.next_at is not None
    assert (etch.next_at.day, etch.next_at.hour) == (1, 6)
    assert (cvd.tool, cvd.next_passed) == ("C1", None)
    assert "last at C1 CVD" in answer.sentence()
    assert "1 of 2 passes" in answer.sentence()
    # The result of the failed qual came at nine; an hour before, only the good one is known.
    before = fab.lot_history("L7", as_of="2026-05-01T08:00Z")
    assert [row.next_passed for row in before.passes] == [True]
    with pytest.raises(UnknownTool, match="L77"):
        fab.lot_history("L77")
