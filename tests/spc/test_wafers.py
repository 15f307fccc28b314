"""Control charts of tests and of WAT: each point is a wafer, limits are those of wafers, capability is that of parts."""

import itertools
import json
import statistics
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fabwatch.fab import Fab
from fabwatch.fab.actions import FreezeLimits
from fabwatch.stats.capability import Moments, capability
from fabwatch.stats.nested import components
from fabwatch.terms.errors import BadQuestion, UnknownTool
from tests.commands import command
from tests.fabs import copy_of, made_once, new_fab
from tests.made_stdf import Stdf

LOTS, WAFERS, PARTS = 6, 5, 60
LIMITS = (-4.0, 4.0)


def values() -> dict[tuple[str, str], list[float]]:
    """What is measured on each wafer: parts spread by 1, wafers by 0.3; the last lot is off."""
    dice = np.random.default_rng(3)
    found = {}
    for lot, wafer in itertools.product(range(LOTS), range(WAFERS)):
        middle = dice.normal(2.5 if lot == LOTS - 1 else 0, 0.3)
        found[f"L{lot}", f"L{lot}-{wafer + 1:02d}"] = dice.normal(middle, 1, PARTS).astype(np.float32).tolist()
    return found


def filled(folder: Path) -> None:
    """A fab with the values as a test of parts, and the first nine of each wafer as WAT."""
    measured = values()
    files = []
    for lot, group in itertools.groupby(measured, lambda pair: pair[0]):
        file = Stdf().far().mir(lot=lot, product="P7", start=1_780_000_000)
        for n, (_, name) in enumerate(group):
            begin = 1_780_000_000 + int(lot[1:]) * 86_400 + n * 600
            file.wir(name, start=begin)
            for x, value in enumerate(measured[lot, name]):
                file.pir().ptr(1000, value, limits=LIMITS, name="VDD").prr(x, 0)
            file.wrr(PARTS, wafer=name, end=begin + 500)
        files.append(folder / f"{lot}.stdf")
        files[-1].write_bytes(file.mrr().content)
    lines = ["lot,wafer,site,measured_at,product,VTN (V),RS (ohm/sq),ID (uA)", "LSL,,,,,-4,,", "USL,,,,,4,,"]
    for number, ((lot, wafer), own) in enumerate(measured.items()):
        at = f"2026-06-{1 + int(lot[1:]):02d}T{number % WAFERS:02d}:00:00Z"
        lines += [f"{lot},{wafer},{site},{at},P7,{value},{value * 2},1" for site, value in enumerate(own[:9])]
    (folder / "wat.csv").write_text("\n".join(lines) + "\n")
    with new_fab(folder / "fab") as fab:
        summary = fab.ingest([*files, folder / "wat.csv"])
        assert summary.clean, summary.files


@pytest.fixture(scope="module")
def folder() -> Path:
    return made_once("wafers", filled) / "fab"


@pytest.mark.parametrize(("stated", "count"), [({"test": "1000"}, PARTS), ({"wat": "VTN"}, 9)], ids=["test", "wat"])
def test_points_are_means_of_wafers_and_limits_those_of_their_moving_range(
    folder: Path, stated: dict[str, Any], count: int
) -> None:
    own = [np.array(parts[:count]) for parts in values().values()]
    means = [float(parts.mean()) for parts in own]
    ranges = [abs(b - a) for a, b in itertools.pairwise(means)]
    with Fab(folder) as fab:
        (chart,) = fab.control_charts(**stated).charts
    sigma = statistics.fmean(ranges) / 1.128379167
    center = statistics.fmean(means)
    assert (chart.kind, chart.chosen, chart.tool) == ("between", "wafers of several readings", "")
    assert [point.value for point in chart.points] == pytest.approx(means, abs=1e-6)
    assert (chart.center, chart.lower, chart.upper) == pytest.approx((center, center - 3 * sigma, center + 3 * sigma))
    assert (chart.n, {point.n for point in chart.points}) == (count * len(means), {count})
    assert chart.outside == sum(int((np.abs(parts) > 4).sum()) for parts in own)
    assert (chart.capability.lower, chart.capability.upper) == LIMITS
    off = [n for n, point in enumerate(chart.points) if point.broken]
    assert set(off) >= set(range((LOTS - 1) * WAFERS + 2, LOTS * WAFERS))


def test_the_variance_is_shared_out_between_lots_wafers_and_parts_as_from_all_parts(folder: Path) -> None:
    own = values()
    x = np.concatenate([np.array(parts) for parts in own.values()])
    lots = np.repeat([int(lot[1:]) for lot, _ in own], PARTS)
    wafers = np.repeat(np.arange(len(own)), PARTS)
    expected = components(x, [lots, wafers], ["lot", "wafer", "part"])
    with Fab(folder) as fab:
        (chart,) = fab.control_charts(test="1000").charts
    assert [row.name for row in chart.components] == ["lot", "wafer", "part"]
    for row, plain in zip(chart.components, expected, strict=True):
        assert (row.df, row.mean_square, row.variance) == pytest.approx(
            (plain.df, plain.mean_square, plain.variance), rel=1e-5
        )


def test_capability_is_that_of_parts_and_not_of_means_of_wafers(folder: Path) -> None:
    own = [np.array(parts) for (lot, _), parts in values().items() if lot != f"L{LOTS - 1}"]
    means = np.array([parts.mean() for parts in own])
    of_means = np.abs(np.diff(means)).mean() / 1.128379167
    inside = np.mean([parts.std(ddof=1) for parts in own]) / 0.99577
    sigma = (max(of_means**2 - inside**2 / PARTS, 0) + inside**2) ** 0.5
    with Fab(folder) as fab:
        (chart,) = fab.control_charts(test="1000", until="2026-06-02T00:00:00Z").charts
    every = np.concatenate(own)
    cpk = min(4 - every.mean(), every.mean() + 4) / (3 * sigma)
    ppk = min(4 - every.mean(), every.mean() + 4) / (3 * every.std(ddof=1))
    assert chart.stable
    assert chart.capability.cpk == pytest.approx(cpk, rel=1e-3)
    assert chart.capability.ppk == pytest.approx(ppk, rel=1e-6)
    assert chart.capability.low < cpk < chart.capability.high


def test_the_moments_of_all_readings_count_where_only_some_are_at_hand() -> None:
    x = np.random.default_rng(1).normal(5, 1, 4000)
    whole = capability(x, 1.0, 500, 0, 9)
    some = capability(x[:400], 1.0, 500, 0, 9, of=Moments(4000, float(x.mean()), float(x.std(ddof=1))))
    assert {**vars(some), "normal_p": None} == {**vars(whole), "normal_p": None}


def test_a_lot_and_a_name_choose_what_is_charted(folder: Path) -> None:
    with Fab(folder) as fab:
        (lot,) = fab.control_charts(test="1000", lot="L2").charts
        (name,) = fab.control_charts(test="VDD").charts
        both = fab.control_charts(test="1000", wat="RS").charts
    assert len(lot.points) == WAFERS
    assert len(name.points) == LOTS * WAFERS
    assert [chart.of for chart in both] == ["test", "wat"]
    assert both[1].name == "RS · P7"
    assert both[1].unit == "ohm/sq"


@pytest.mark.parametrize(
    ("stated", "what"),
    [
        ({"test": "1001"}, "1001"),
        ({"wat": "VTX"}, "VTN"),
        ({"test": "1000", "lot": "L77"}, "L77"),
        ({"test": "1000", "tool": "A"}, "not of one tool"),
        ({"wat": "VTN", "area": "Etch"}, "not of one area"),
        ({"lot": "L1"}, "lot alone"),
    ],
)
def test_what_is_not_there_is_said_with_a_way_out(folder: Path, stated: dict[str, Any], what: str) -> None:
    with Fab(folder) as fab, pytest.raises((UnknownTool, BadQuestion), match=what) as stop:
        fab.control_charts(**stated)
    assert stop.value.hint


def test_limits_of_a_test_are_frozen_and_judge_what_comes_later(folder: Path, tmp_path: Path) -> None:
    with copy_of(folder, tmp_path / "fab") as fab:
        action = FreezeLimits(test="1000", reason="a good week", until="2026-06-02T00:00:00Z")
        (frozen,) = action.act(fab, "amy").limits
        (chart,) = fab.control_charts(test="1000").charts
        assert (chart.frozen.version, chart.chosen, chart.center) == (1, "frozen limits", frozen.center)
        off = {n for n, point in enumerate(chart.points) if "nelson1" in point.broken}
        assert off == set(range((LOTS - 1) * WAFERS, LOTS * WAFERS))
        fab.freeze_limits(test="1000", who="amy", reason="moved", drop=True)
        assert fab.control_charts(test="1000").charts[0].frozen is None
        with pytest.raises(BadQuestion, match="No tool, test or parameter"):
            fab.freeze_limits(who="amy", reason="nothing named")


def test_the_command_prints_the_chart(folder: Path) -> None:
    answer = json.loads(command("spc", "--wat", "VTN", "--lot", "L1", "--fab", folder, "--json").out)
    assert [len(chart["points"]) for chart in answer["charts"]] == [WAFERS]
