"""Stacked maps with the layout of the product: true radius, place in the reticle, angle, and the mean of a test."""

import json
import math
from collections.abc import Iterator
from datetime import timedelta
from itertools import count
from pathlib import Path

import numpy as np
import pytest

from fabwatch.fab import Fab
from fabwatch.terms.errors import BadQuestion, UnknownTool
from tests.commands import command
from tests.diary import NOW
from tests.fabs import new_fab
from tests.made_stdf import Stdf, simple

HEAD = "product,die_width_mm,die_height_mm,wafer_mm,edge_exclusion_mm,reticle_columns,reticle_rows,reticle_x,reticle_y"
SIDE = range(-7, 8)
PLACES = [(x, y) for x in SIDE for y in SIDE if x * x + y * y <= 49]


def layout(fab: Fab, folder: Path, *rows: str, header: str = HEAD, name: str = "layouts.csv") -> None:
    (folder / name).write_text("\n".join((header, *rows)) + "\n")
    summary = fab.ingest(folder / name)
    assert (summary.failed, summary.set_aside) == (0, 0), summary.files


def mapped(
    fab: Fab, folder: Path, bins: dict[tuple[int, int], int], values: dict[tuple[int, int], float] | None = None
) -> None:
    """Load a wafer with a value of test 7 on each place."""
    file = Stdf().far().mir().wir()
    for number, ((x, y), hard) in enumerate(bins.items()):
        value = (values or {}).get((x, y), 0.0)
        file.pir().ptr(7, value, limits=None if number else (-1e6, 1e6), name="" if number else "VT").prr(x, y, hard)
    (folder / "wafer.stdf").write_bytes(file.wrr(len(bins)).mrr().content)
    assert fab.ingest(folder / "wafer.stdf").failed == 0


def test_a_layout_gives_true_distances_and_what_fails_in_the_reticle(fab: Fab, tmp_path: Path) -> None:
    """Dies twice as wide as high, in fields of 3 by 2 of which the die in the second column and first row always fails."""
    bins = {(x, y): 5 if ((x - 1) % 3, (y + 1) % 2) == (1, 0) else 1 for x, y in PLACES}
    mapped(fab, tmp_path, bins)
    layout(fab, tmp_path, "P,8,4,150,5,3,2,1,-1")
    answer = fab.stacked_map()
    assert answer.layout is not None
    assert (answer.layout.product, answer.layout.center_x, answer.doubts) == ("P", None, ())
    for place in answer.dies:
        distance = math.hypot(8 * place.x, 4 * place.y)
        assert place.radius_mm == pytest.approx(distance)
        assert place.radius == pytest.approx(distance / 70)
        assert place.reticle == f"{(place.x - 1) % 3 + 1},{(place.y + 1) % 2 + 1}"
    zones = {zone.zone: zone for zone in answer.zones}
    reticle = [name for name in zones if name.startswith("reticle")]
    assert reticle == [f"reticle {column},{row}" for column in (1, 2, 3) for row in (1, 2)]
    assert {name: zones[name].yield_ for name in reticle} == {name: float(name != "reticle 2,1") for name in reticle}
    assert sum(zones[name].parts for name in reticle) == len(PLACES)
    inner = [bins[x, y] for x, y in PLACES if 3 * (64 * x * x + 16 * y * y) < 70 * 70]
    assert zones["centre"].parts == len(inner)


@pytest.fixture
def ticking(tmp_path: Path) -> Iterator[Fab]:
    """An empty fab whose clock is a minute later at each look."""
    minutes = count()
    with new_fab(tmp_path / "ticking", clock=lambda: NOW + timedelta(minutes=next(minutes))) as door:
        yield door


def test_the_layout_that_was_loaded_last_counts_and_several_products_have_none(ticking: Fab, tmp_path: Path) -> None:
    fab = ticking
    mapped(fab, tmp_path, dict.fromkeys(PLACES, 1))
    assert fab.stacked_map().layout is None
    layout(fab, tmp_path, "P,8,8,150,,,,,", "Q,1,1,150,,,,,")
    first = fab.stacked_map().layout
    layout(fab, tmp_path, "P,5.5,5,200,3,,,,", name="corrected.csv")
    second = fab.stacked_map().layout
    assert first is not None
    assert second is not None
    assert (first.die_width_mm, first.edge_exclusion_mm, first.reticle_columns) == (8, 0, 1)
    assert (second.die_width_mm, second.wafer_mm) == (5.5, 200)
    assert {place.reticle for place in fab.stacked_map().dies} == {None}
    (tmp_path / "other.stdf").write_bytes(
        Stdf().far().mir("L9", "Q").wir("L9-01").pir().prr(0, 0).wrr(1, wafer="L9-01").content
    )
    fab.ingest(tmp_path / "other.stdf")
    assert fab.stacked_map().layout is None
    assert fab.stacked_map(product="P").layout == second


def test_a_layout_that_does_not_fit_is_doubted(fab: Fab, tmp_path: Path) -> None:
    mapped(fab, tmp_path, dict.fromkeys(PLACES, 1))
    layout(fab, tmp_path, "P,12,12,150,0,,,,")
    (doubt,) = fab.stacked_map().doubts
    off = sum(math.hypot(12 * x, 12 * y) > 75 for x, y in PLACES)
    assert (doubt.code, vars(doubt)["places"]) == ("OffTheWafer", off)
    assert doubt.sentence() in fab.stacked_map().sentence()


def test_a_stated_centre_moves_the_middle_of_the_wafer(fab: Fab, tmp_path: Path) -> None:
    mapped(fab, tmp_path, dict.fromkeys(PLACES, 1))
    header = "Product,Die Width [mm],Die Height (mm),Wafer Diameter,Centre X,Centre Y"
    layout(fab, tmp_path, "P,5,5,150,0.5,-1", header=header)
    for place in fab.stacked_map().dies:
        assert place.radius_mm == pytest.approx(5 * math.hypot(place.x - 0.5, place.y + 1))


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("P,8000,8000,300000,0,,,,", "no diameter"),
        ("P,8,8000,300,0,,,,", "die_height_mm"),
        ("P,0,8,300,0,,,,", "die_width_mm"),
        ("P,8,8,300,150,,,,", "edge_exclusion_mm"),
        ("P,8,8,300,3,4,,,", "only one"),
        ("P,8,8,300,3,4,0,,", "not possible"),
        ("A,7,7,300,3,,,,", "earlier row"),
        (",8,8,300,3,,,,", "empty"),
    ],
)
def test_a_layout_that_no_wafer_has_is_set_aside_with_its_reason(fab: Fab, tmp_path: Path, row: str, why: str) -> None:
    (tmp_path / "layouts.csv").write_text(f"{HEAD}\nA,8,8,300,3,4,2,0,0\n{row}\n")
    summary = fab.ingest(tmp_path / "layouts.csv")
    assert (summary.rows, summary.set_aside) == (1, 1)
    (problem,) = fab.problems()
    assert why in problem.why
    assert problem.line == 3


def test_sectors_count_the_places_at_their_angle(fab: Fab, tmp_path: Path) -> None:
    """A wedge from 60 to 90 degrees fails; the middle of the wafer lies in no sector."""
    degrees = {(x, y): math.degrees(math.atan2(y, x)) % 360 for x, y in PLACES if (x, y) != (0, 0)}
    bins = {(x, y): 5 if 60 <= degrees.get((x, y), 0) < 90 else 1 for x, y in PLACES}
    mapped(fab, tmp_path, bins)
    sectors = {sector.zone: sector for sector in fab.stacked_map().angular}
    assert list(sectors) == [f"{n}–{n + 30}°" for n in range(0, 360, 30)]
    for number, sector in enumerate(sectors.values()):
        assert sector.parts == sum(30 * number <= degree < 30 * number + 30 for degree in degrees.values())
        assert sector.yield_ == float(number != 2)
    assert sum(sector.parts for sector in sectors.values()) == len(PLACES) - 1


def test_the_mean_of_a_test_by_place_and_zone_is_that_of_its_values(fab: Fab, tmp_path: Path) -> None:
    dice = np.random.default_rng(1)
    values = {place: float(np.float32(dice.normal(3, 1) + place[0])) for place in PLACES}
    mapped(fab, tmp_path, dict.fromkeys(PLACES, 1), values)
    answer = fab.stacked_map(test=7)
    assert answer.test is not None
    assert (answer.test.name, answer.test.unit) == ("VT", "V")
    assert {(p.x, p.y): (p.n, p.mean) for p in answer.dies} == {p: (1, pytest.approx(v)) for p, v in values.items()}
    right = [values[p.x, p.y] for p in answer.dies if p.radius**2 * 3 >= 1 and p.x > 0 and p.y > 0]
    zones = {zone.zone: zone for zone in answer.zones}
    assert (zones["upper right"].n, zones["upper right"].mean) == (len(right), pytest.approx(np.mean(right)))
    assert zones["upper right"].mean > 4 > 2 > zones["upper left"].mean
    assert sum(band.n or 0 for band in answer.radial) == len(PLACES)
    assert "Test 7 VT: mean" in answer.sentence()
    assert {zone.n for zone in fab.stacked_map().zones} == {None}
    printed = json.loads(command("yield", "map", "--test", "7", "--fab", fab.path, "--json").out)
    assert printed["test"] == {"test": 7, "name": "VT", "unit": "V"}
    assert printed["angular"][0]["mean"] == pytest.approx(answer.angular[0].mean)


def test_a_test_that_nobody_ran_or_that_has_two_units_is_refused_with_a_way_out(fab: Fab, tmp_path: Path) -> None:
    mapped(fab, tmp_path, dict.fromkeys(PLACES, 1))
    with pytest.raises(UnknownTool, match="No test 8"):
        fab.stacked_map(test=8)
    file = Stdf().far().mir("L9", "Q").wir("L9-01")
    file.pir().ptr(7, 1.0, limits=(0, 2), name="VT", unit="A").prr(0, 0)
    (tmp_path / "other.stdf").write_bytes(file.wrr(1, wafer="L9-01").mrr().content)
    fab.ingest(tmp_path / "other.stdf")
    with pytest.raises(BadQuestion, match="stated in A and V") as refused:
        fab.stacked_map(test=7)
    assert "--product" in refused.value.hint
    assert fab.stacked_map(test=7, product="Q").dies[0].mean == 1.0


def test_a_retested_place_has_the_mean_of_its_last_values(fab: Fab, tmp_path: Path) -> None:
    (tmp_path / "a.stdf").write_bytes(simple({(0, 0): 5, (1, 0): 1}).content)
    fab.ingest(tmp_path / "a.stdf")
    again = Stdf().far().mir(start=2_000_000).wir().pir().ptr(10, 44.0, limits=(-100, 100), name="place").prr(0, 0)
    (tmp_path / "b.stdf").write_bytes(again.wrr(1).mrr(2_001_000).content)
    fab.ingest(tmp_path / "b.stdf")
    places = {(place.x, place.y): (place.n, place.mean) for place in fab.stacked_map(test=10).dies}
    assert places == {(0, 0): (1, 44.0), (1, 0): (1, 10.0)}
