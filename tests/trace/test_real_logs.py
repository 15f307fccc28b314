"""Real logs against the plainest sums: the CMP tool of PHM 2016 and the metal etcher of Wise et al. 1999."""

import csv
import math
from collections import Counter, defaultdict
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from tests.fabs import copy_of, new_fab


@pytest.fixture(scope="module")
def cmp(real_polisher, tmp_path_factory):
    with copy_of(real_polisher, tmp_path_factory.mktemp("cmp") / "fab") as fab:
        yield fab


@pytest.fixture(scope="module")
def etch(data, tmp_path_factory):
    with new_fab(tmp_path_factory.mktemp("etch") / "fab") as fab:
        fab.ingest(data / "etch")
        yield fab


def rows_of(data):
    for path in sorted((data / "cmp").glob("CMP-training-0*.csv")):
        with path.open(newline="") as file:
            yield from csv.DictReader(file, delimiter="\t")


def means(steps):
    """{(wafer, stage, sensor): (n, mean)} of a run, over its chambers."""
    n, total = Counter(), defaultdict(float)
    for row in steps:
        key = row.wafer, row.run.split("/")[2].split("@")[0], row.sensor
        n[key] += row.n
        total[key] += row.n * row.mean
    return {key: (n[key], total[key] / n[key]) for key in n}


def test_every_run_of_the_cmp_tool_has_the_mean_that_plain_sums_give(cmp, data):
    values = defaultdict(list)
    rows = 0
    for row in rows_of(data):
        rows += 1
        for name, cell in row.items():
            if name not in ("MACHINE_ID", "TIMESTAMP", "WAFER_ID", "STAGE", "CHAMBER"):
                values[row["WAFER_ID"], row["STAGE"], name].append(float(cell))
    runs = cmp.runs().runs
    assert sum(run.rows for run in runs) == rows == 158_019
    assert len(runs) == len({key[:2] for key in values}) == 458
    found = means(cmp.step_summary().steps)
    assert found.keys() == values.keys()
    for key, cells in values.items():
        n, mean = found[key]
        assert n == len(cells)
        assert mean == pytest.approx(math.fsum(cells) / len(cells), rel=1e-9, abs=1e-9)


def test_spread_and_slope_are_those_of_plain_sums_too(cmp, data):
    wanted = next(row for row in cmp.step_summary().steps if row.sensor == "RETAINER_RING_PRESSURE" and row.std > 10)
    stage = wanted.run.split("/")[2].split("@")[0]
    pairs = [
        (float(row["TIMESTAMP"]), float(row["RETAINER_RING_PRESSURE"]))
        for row in rows_of(data)
        if (row["WAFER_ID"], row["STAGE"], str(int(float(row["CHAMBER"])))) == (wanted.wafer, stage, wanted.chamber)
    ]
    t, x = (math.fsum(some) / len(pairs) for some in zip(*pairs, strict=True))
    square = math.fsum((value - x) ** 2 for _, value in pairs)
    assert wanted.std == pytest.approx(math.sqrt(square / (len(pairs) - 1)), rel=1e-9)
    slope = math.fsum((at - t) * (value - x) for at, value in pairs) / math.fsum((at - t) ** 2 for at, _ in pairs)
    assert wanted.slope == pytest.approx(slope, rel=1e-6)
    assert (wanted.min, wanted.max) == (min(value for _, value in pairs), max(value for _, value in pairs))


def test_the_same_log_with_commas_and_rounded_digits_has_the_same_summaries(cmp, data, tmp_path):
    for path in sorted((data / "cmp").glob("CMP-training-00[0-4].csv")):
        with path.open(newline="") as file, (tmp_path / path.name).open("w") as out:
            for n, row in enumerate(csv.reader(file, delimiter="\t")):
                out.write(",".join(row if n == 0 else [_rounded(cell) for cell in row]) + "\n")
    with new_fab(tmp_path / "fab") as other:
        other.ingest(str(tmp_path / "CMP*.csv"))
        rounded = means(other.step_summary().steps)
    exact = means(cmp.step_summary().steps)
    assert len(rounded) > 1000
    whole = [key for key, (n, _) in rounded.items() if n == exact[key][0]]
    assert len(whole) > 0.95 * len(rounded)
    for key in whole:
        assert rounded[key][1] == pytest.approx(exact[key][1], rel=1e-6, abs=1e-6)


def _rounded(cell):
    try:
        return f"{float(cell):.12g}" if "." in cell else cell
    except ValueError:
        return cell


def test_every_drop_of_the_polishing_table_is_a_restore(cmp, data):
    rows = sorted((float(row["TIMESTAMP"]), float(row["USAGE_OF_POLISHING_TABLE"])) for row in rows_of(data))
    drops = [now for (_, before), (now, after) in pairwise(rows) if after < before - 1]
    cmp._lake.pin()
    found = [row["done_at"].replace(tzinfo=UTC).timestamp() for row in cmp._lake.rows("SELECT done_at FROM restores")]
    assert len(drops) == 26
    for drop in drops:
        assert min(abs(drop - at) for at in found) < 1.0
    assert len(found) <= len(drops) + 2


def test_wafers_at_risk_are_known_from_the_logs_of_the_cmp_tool_alone(cmp, data):
    wafers = {row["WAFER_ID"] for row in rows_of(data)}
    told = cmp.risk(as_of=datetime(1986, 1, 1)).tools
    assert [(row.tool, row.wafers, row.bounded) for row in told] == [("2", len(wafers), False)]


def test_all_faulty_wafers_of_the_etcher_are_found_with_few_false_alarms(etch):
    answer = etch.faults()
    by_wafer = {run.wafer: run for run in answer.runs}
    bad = {run.wafer for run in etch.runs().runs if run.labels and '"fault"' in run.labels}
    whole = {run.wafer for run in etch.runs().runs if run.rows > 80 and run.wafer[:3] in ("l29", "l31")}
    assert len(bad & whole) == 14
    assert all(by_wafer[wafer].faulty for wafer in bad & whole)
    false = [wafer for wafer in whole - bad if by_wafer[wafer].faulty]
    assert len(whole - bad) == 70
    assert len(false) <= 2
    for wafer in bad & whole:
        first = by_wafer[wafer].sensors[0]
        assert abs(first.z) > 4
        assert first.sensor in first.sentence


def test_the_faulty_wafers_are_found_as_well_when_the_log_does_not_say_which_they_are(data, tmp_path):
    lines = (data / "etch" / "lam9600.csv").read_text().splitlines()
    cut = [line.split(",") for line in lines]
    (tmp_path / "lam.csv").write_text("\n".join(",".join(cells[:1] + cells[3:]) for cells in cut) + "\n")
    bad = {cells[0] for cells in cut[1:] if cells[2]}
    with new_fab(tmp_path / "fab") as fab:
        fab.ingest(tmp_path / "lam.csv")
        found = {run.wafer for run in fab.faults().runs if run.faulty}
    assert len(bad & found) >= 14
    assert len({wafer for wafer in found - bad if wafer[:3] in ("l29", "l31") and wafer != "l3125"}) <= 2


def test_a_wafer_that_was_cut_short_is_told_apart(etch):
    short = next(run for run in etch.faults().runs if run.wafer == "l3125")
    assert short.faulty
    assert "is missing" in short.reasons[0]
