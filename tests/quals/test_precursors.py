"""Alarms and errors that come before failures make the next one likelier; where they tell nothing, nothing changes."""

import math
from datetime import datetime, timedelta

import numpy as np
import pytest

from fabwatch.equipment.counters import Counter
from fabwatch.equipment.signals import Signal, signal_of
from fabwatch.fab import Fab
from fabwatch.quals.history import Age, Cycle, QualEvent, Stream
from fabwatch.quals.wear import fit_fab
from fabwatch.stats.hazards import fit_factors, log_score
from fabwatch.terms.clock import seconds_of
from fabwatch.terms.settings.answering import QualSettings

START = datetime(2025, 1, 1)
EVERY, LIFE = 5.0, 30.0


def alarmed(seed, tools=30, days=300, tells=True):
    """Sister tools looked at every five days. RF alarms come at random and, if they tell, a day before most failures.

    Returns the streams and, for each, when it had failed or will (days since START).
    """
    rng = np.random.default_rng(seed)
    made = []
    for number in range(tools):
        cycles, began, alarms = [Cycle(START)], 0.0, list(rng.uniform(0, days, rng.poisson(days / 40)))
        while True:
            fails = began + LIFE * rng.weibull(2)
            if rng.random() < 0.7:
                alarms.append(fails - 1 if tells else rng.uniform(0, days))
            look = began + EVERY
            while look < min(fails, days):
                cycles[-1].quals.append(QualEvent(START + timedelta(days=look), Age(0.0, look - began), True))
                look += EVERY
            if look >= days:
                break
            cycles[-1].quals.append(QualEvent(START + timedelta(days=look), Age(0.0, look - began), False))
            cycles[-1].ended = START + timedelta(days=look)
            cycles.append(Cycle(cycles[-1].ended))
            began = look
        known = np.sort([at for at in alarms if 0 <= at <= days])
        signal = Signal(seconds_of(START) + known * 86_400, np.arange(1.0, known.size + 1))
        stream = Stream(
            f"T{number:02d}", "*", "p", cycles[:-1], cycles[-1], START + timedelta(days=days), Age(0.0, days - began),
            (0.0,), float(days), 0.0, 0, signals={"RF": signal},
        )  # fmt: skip
        made.append((stream, fails))
    return made


def brier(made, worn, days=300):
    wear = worn[0]
    now = np.array([stream.age.days for stream, _ in made])
    bad = np.array([fails <= days for _, fails in made])
    alone = ((wear.fitted.bad_by(now, wear.running) - bad) ** 2).mean()
    return alone, ((wear.predictor.bad_by(now) - bad) ** 2).mean()


def fitted(made):
    return fit_fab([[stream for stream, _ in made]], "days", lambda _: QualSettings())


def test_alarms_before_failures_sharpen_the_chance_to_be_bad_and_are_named():
    scores = []
    for seed in range(3):
        made = alarmed(seed)
        worn = fitted(made)
        scores.append(brier(made, worn))
        told = worn[0].predictor.told
        assert {name for row in told for name, _, _ in row} == {"RF"}
        for (stream, _), row in zip(made, told, strict=True):
            last = stream.running.quals[-1].at if stream.running.quals else stream.running.began
            # Alarms of the last three days count too, where the last qual is younger than they are.
            assert not row or stream.signals["RF"].between(min(last, stream.now - timedelta(days=3)), stream.now)
    alone, together = np.mean(scores, axis=0)
    assert together < 0.95 * alone


def test_alarms_at_random_change_nothing():
    for seed in range(3):
        made = alarmed(seed, tells=False)
        alone, together = brier(made, fitted(made))
        assert together <= alone * 1.02


def test_factors_are_found_back_from_looks_and_one_without_effect_stays_at_one():
    rng = np.random.default_rng(4)
    seen = rng.poisson(0.5, (4000, 2)).astype(float)
    hazard = rng.uniform(0.02, 0.3, 4000)
    failed = rng.random(4000) < -np.expm1(-hazard * np.exp(0.9 * (seen[:, 0] - 0.5)))
    factors = fit_factors(seen, hazard, failed)
    ratio = factors.times(np.array([[2.0, 0.0]])) / factors.times(np.array([[1.0, 0.0]]))
    assert math.log(ratio[0]) == pytest.approx(0.9, abs=0.12)
    assert factors.each(np.array([0.0, 1.0]))[1] == pytest.approx(1.0, abs=0.15)
    assert log_score(hazard, failed, factors.times(seen)).sum() > log_score(hazard, failed, np.ones(1)).sum()


def test_nothing_seen_twice_and_no_failure_are_no_reason_for_a_number_that_is_none():
    for failed in (np.zeros(50, bool), np.ones(50, bool)):
        factors = fit_factors(np.zeros((50, 2)), np.full(50, 0.1), failed)
        assert factors.times(np.zeros((1, 2))).tolist() == [1.0]
        assert np.isfinite(factors.times(np.full((1, 2), 1e9))).all()


def test_a_counter_of_rare_events_is_a_signal_and_one_that_counts_what_runs_is_a_clock():
    days = np.arange(0.0, 100.0)
    errors = np.cumsum(np.isin(days, (3.0, 40.0, 41.0, 90.0))).astype(float)
    signal = signal_of(Counter(days * 86_400, errors, errors))
    assert signal is not None
    assert signal.between(datetime(1970, 2, 5), datetime(1970, 2, 12)) == 2
    for running in (days * 7.3, days * 1.0):
        assert signal_of(Counter(days * 86_400, running, running)) is None


def counters_of(stream):
    lines = ["tool,counter,read_at,value"]
    return [*lines, *(f"{stream.tool},RF,{at.isoformat()}Z,{n}" for n, at in enumerate(heard_at(stream), 1))]


def log_of(stream):
    """A log of a short run every other day, and the alarms between them."""
    lines = [f"# Tool: {stream.tool}", "time,wafer,step,Pressure [mTorr],Power [W]"]
    rows = [(at, "ALARM RF reflected power high") for at in heard_at(stream)]
    for day in range(0, 300, 2):
        at = START + timedelta(days=day, hours=1)
        rows += [(at + timedelta(seconds=s), f"W{day},1,{20 + s},500") for s in range(2)]
    for at, what in sorted(rows):
        lines.append(f"{at.isoformat(timespec='milliseconds')}Z{' ' if what.startswith('ALARM') else ','}{what}")
    return lines


def heard_at(stream):
    return [datetime(1970, 1, 1) + timedelta(seconds=round(float(seconds))) for seconds in stream.signals["RF"].seconds]


@pytest.mark.parametrize("told_by", [counters_of, log_of])
def test_the_explanation_names_what_counters_and_logs_reported(tmp_path, told_by):
    made = alarmed(1, tools=20)
    lines = {"tools": ["tool,tool_type,area"], "quals": ["tool,qual_type,processed_at,passed"]}
    lines |= {"restores": ["tool,done_at,kind"]}
    for stream, _ in made:
        lines["tools"].append(f"{stream.tool},RIE,Etch")
        for cycle in stream.all_cycles:
            lines["quals"] += [
                f"{stream.tool},p,{qual.at.isoformat()}Z,{'pass' if qual.passed else 'fail'}" for qual in cycle.quals
            ]
            lines["restores"] += [f"{stream.tool},{cycle.ended.isoformat()}Z,repair"] if cycle.ended else []
        lines[f"{told_by.__name__}-{stream.tool}"] = told_by(stream)
    for name, rows in lines.items():
        (tmp_path / f"{name}.csv").write_text("\n".join(rows) + "\n")
    with Fab(tmp_path / "fab", create=True) as fab:
        assert fab.ingest(sorted(tmp_path.glob("*.csv"))).loaded == len(lines)
        forecasts = fab.forecast(as_of=START + timedelta(days=300)).tools
    told = [row for row in forecasts if row.why.signals]
    assert told
    assert all(one.times > 1 for row in told for one in row.why.signals)
    assert any("times as likely" in line for line in told[0].page("en"))
    quiet = [row for row in forecasts if not row.why.signals]
    assert np.mean([row.p_bad_now for row in told]) > np.mean([row.p_bad_now for row in quiet])
