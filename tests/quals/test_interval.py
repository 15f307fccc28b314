"""The advised interval costs hardly more than the true optimum, on made fabs whose wear is known."""

from datetime import datetime, timedelta

import numpy as np
import pytest

from fabwatch.stats.renewal import Costs, cost_per_wafer
from fabwatch.terms.errors import BadQuestion
from tests.conftest import NOW
from tests.fabs import new_fab

DAY0 = datetime(2026, 1, 1)
COSTS = {"qual": 50.0, "contain": 0.4, "scrap": 8.0, "fail": 900.0, "false": 100.0}
PER_DAY = 240


@pytest.fixture(scope="module")
def worn(tmp_path_factory):
    """Twelve sisters with known wear that ran for 150 days, checked every two days."""
    folder = tmp_path_factory.mktemp("worn")
    rng = np.random.default_rng(8)
    truth, quals, restores, moves, tools = {}, [], [], [], []
    for number in range(12):
        tool = f"T{number:02d}"
        scale, shape = 3000 * np.exp(rng.normal(0, 0.25)), 2.2
        truth[tool] = (scale, shape)
        tools.append(f"{tool},TYPE")
        age, fails = 0.0, scale * rng.weibull(shape)
        for day in range(1, 151):
            moves.append(f"L{number}-{day},{tool},{PER_DAY},{_at(day - 0.5)}")
            age += PER_DAY
            if day % 2 == 0:
                quals.append(f"{tool},p,{_at(day)},{'fail' if age > fails else 'pass'}")
                if age > fails:
                    restores.append(f"{tool},{_at(day + 0.1)},repair")
                    age, fails = 0.0, scale * rng.weibull(shape)
    for name, header, lines in (
        ("tools", "tool,tool_type", tools), ("moves", "lot,tool,wafers,end_at", moves),
        ("quals", "tool,qual_type,processed_at,passed", quals), ("restores", "tool,done_at,kind", restores),
    ):  # fmt: skip
        (folder / f"{name}.csv").write_text("\n".join([header, *lines]) + "\n")
    with new_fab(folder / "fab", clock=lambda: NOW) as fab:
        assert fab.ingest([folder / f"{name}.csv" for name in ("tools", "moves", "quals", "restores")]).clean
        yield fab, truth


def _at(day):
    return (DAY0 + timedelta(days=day)).isoformat() + "Z"


def test_the_advised_interval_costs_hardly_more_than_the_true_optimum(worn):
    fab, truth = worn
    rows = fab.interval(clock="wafers", costs=COSTS, as_of=DAY0 + timedelta(days=150)).tools
    assert len(rows) == 12
    excess = []
    for row in rows:
        scale, shape = (np.array(value) for value in truth[row.tool])
        every = np.geomspace(20, 20_000, 4000)
        best = cost_per_wafer(every, scale, shape, Costs(**COSTS)).min()
        excess.append(float(cost_per_wafer(np.array(float(row.advised_wafers)), scale, shape, Costs(**COSTS))) / best - 1)
        assert row.low_wafers <= row.advised_wafers <= row.high_wafers
        assert (row.today_wafers, row.today_days) == (pytest.approx(480, rel=0.02), 2.0)
        assert row.cost_advised <= row.cost_today * 1.001
        assert row.advised_days == pytest.approx(row.advised_wafers / PER_DAY, rel=0.02)
    assert np.mean(excess) < 0.05
    assert np.quantile(excess, 0.9) < 0.2


def test_dearer_quals_are_done_more_seldom_and_dearer_scrap_more_often(worn):
    fab, _ = worn
    as_of = DAY0 + timedelta(days=150)

    def advised(**changed):
        return fab.interval(tool="T00", clock="wafers", costs=COSTS | changed, as_of=as_of).tools[0].advised_wafers

    assert advised(qual=500.0) > advised() > advised(scrap=80.0)


def test_days_and_wafers_say_nearly_the_same_of_an_even_pace(worn):
    fab, _ = worn
    as_of = DAY0 + timedelta(days=150)
    wafers, days = (fab.interval(tool="T03", clock=c, costs=COSTS, as_of=as_of).tools[0] for c in ("wafers", "days"))
    assert days.advised_wafers == pytest.approx(wafers.advised_wafers, rel=0.15)
    assert days.cost_advised == pytest.approx(wafers.cost_advised, rel=0.1)


def test_the_replay_counts_what_was_and_what_the_advice_would_have_had(worn):
    fab, _ = worn
    rows = fab.interval(clock="wafers", costs=COSTS, as_of=DAY0 + timedelta(days=150)).tools
    for row in rows:
        then = row.replay
        assert (then.quals, then.days) == (75, pytest.approx(150, abs=1))
        # Each failure was found two days' wafers after the last good qual, and ran bad for about half of them.
        assert then.contained % (2 * PER_DAY) == 0
        assert 0.3 < then.bad / then.contained < 0.7
        assert then.quals_advised * row.advised_wafers == pytest.approx(150 * PER_DAY, rel=0.1)
        assert then.contained_advised / then.contained == pytest.approx(row.advised_wafers / (2 * PER_DAY), rel=0.25)
    assert sum(row.replay.cost_advised for row in rows) < sum(row.replay.cost for row in rows)


def test_limited_hours_are_shared_so_that_the_worst_wear_gets_the_most(worn):
    fab, truth = worn
    asked = {"clock": "wafers", "costs": COSTS, "as_of": DAY0 + timedelta(days=150)}
    free = fab.interval(**asked)
    wanted = sum(row.hours_per_week_advised for row in free.tools)
    tight = fab.interval(qual_hours=wanted / 2, **asked)
    assert sum(row.hours_per_week_advised for row in tight.tools) == pytest.approx(wanted / 2, rel=0.05)
    assert tight.price_per_hour > 0
    assert "Limited to" in tight.sentence()
    by_life = sorted(tight.tools, key=lambda row: truth[row.tool][0])
    assert np.mean([row.advised_wafers for row in by_life[:4]]) < np.mean([row.advised_wafers for row in by_life[-4:]])
    loose = fab.interval(qual_hours=wanted * 2, **asked)
    assert [row.advised_wafers for row in loose.tools] == [row.advised_wafers for row in free.tools]
    assert loose.price_per_hour == 0


@pytest.mark.parametrize(
    "wish", [{"qual_hours": 0.0}, {"qual_hours": -3.0}, {"costs": {"qual": 0.0}}, {"costs": {"fail": -1}}]
)
def test_costs_and_hours_of_zero_or_below_are_refused(worn, wish):
    with pytest.raises(BadQuestion):
        worn[0].interval(**wish)


def test_without_stated_costs_the_answer_says_so(worn):
    assert "No costs are stated" in worn[0].interval(as_of=DAY0 + timedelta(days=150)).sentence()
    assert "No costs" not in worn[0].interval(costs=COSTS, as_of=DAY0 + timedelta(days=150)).sentence()
