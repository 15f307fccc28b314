"""Control charts of any table, without a fab: NIST data, workbooks, and tables that cannot be charted."""

import itertools
import json
import math
import statistics

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter

from tests.commands import command

STEADY = [10.2, 9.7, 10.4, 9.9, 10.1, 9.6, 10.3, 9.8, 10.0, 10.3, 9.5, 10.2, 9.8, 10.1, 9.9, 10.4, 9.7, 10.0, 10.2, 9.8]


def charted(*arguments):
    """The answer of `fabwatch spc table`."""
    result = command("spc", "table", *map(str, arguments), "--json")
    assert result.code == 0, result.err
    return json.loads(result.out)


def refused(*arguments):
    result = command("spc", *map(str, arguments))
    assert result.code == 1
    assert "hint:" in result.err
    return result.err


@pytest.fixture
def furnace(data, tmp_path):
    """The furnace data of NIST as a table."""
    lines = (data / "spc" / "FURNACE.DAT").read_text().splitlines()[25:]
    rows = [line.split() for line in lines if line.strip()]
    path = tmp_path / "furnace.csv"
    path.write_text("\n".join(["run,zone,wafer,thickness", *(",".join(row) for row in rows)]) + "\n")
    return path


def test_the_furnace_has_the_mean_squares_that_nist_prints(furnace):
    """NIST/SEMATECH e-Handbook 3.5.1.3: mean squares 3,072.11, 571.659 and 120.893; 47.44, 34.21 and 18.35 %."""
    (chart,) = charted(furnace, "--value", "thickness", "--group", "run", "--group", "zone")["charts"]
    rows = {row["name"]: row for row in chart["components"]}
    assert [f"{rows[name]['mean_square']:.2f}" for name in ("run", "zone", "within")] == ["3072.11", "571.66", "120.89"]
    assert [f"{100 * rows[name]['share']:.2f}" for name in ("run", "zone", "within")] == ["47.44", "34.21", "18.35"]
    assert [rows[name]["df"] for name in ("run", "zone", "within")] == [20, 63, 84]


def test_the_line_widths_have_the_components_that_nist_prints(data, tmp_path):
    """NIST/SEMATECH e-Handbook 6.6.1.3: cassette 0.2645, wafer 0.0500, site 0.1755."""
    rows = [line.split() for line in (data / "spc" / "LITHOGRA.DAT").read_text().splitlines()]
    rows = [row for row in rows if len(row) == 6 and row[0].rstrip(".").isdigit()]
    path = tmp_path / "widths.csv"
    path.write_text("\n".join(["cassette,wafer,site,width", *(",".join(row[:4]) for row in rows)]) + "\n")
    (chart,) = charted(path, "--value", "width", "--group", "cassette", "--group", "wafer", "--chart", "between")["charts"]
    assert [f"{row['variance']:.4f}" for row in chart["components"]] == ["0.2645", "0.0500", "0.1755"]
    assert (len(chart["points"]), chart["spread"]["kind"], chart["within"]["kind"]) == (90, "mr", "r")


def test_the_power_of_the_radiation_data_is_that_of_nist(data):
    """NIST/SEMATECH e-Handbook 6.5.2: lambda 0.28."""
    from fabwatch.stats.capability import box_cox

    lines = (data / "spc" / "MONITOR-6_5_2.DAT").read_text().splitlines()[25:]
    assert box_cox(np.array([float(line) for line in lines if line.strip()])) == pytest.approx(0.28, abs=0.005)


def test_a_column_without_groups_is_charted_row_by_row(write):
    path = write("t.csv", "n,value\n" + "".join(f"{n},{value}\n" for n, value in enumerate(STEADY)))
    answer = charted(path, "--value", "VALUE", "--lower", 8, "--upper", 12)
    (chart,) = answer["charts"]
    sigma = statistics.fmean(abs(b - a) for a, b in itertools.pairwise(STEADY)) / (2 / math.sqrt(math.pi))
    assert (chart["kind"], chart["stable"], len(chart["points"])) == ("imr", True, 20)
    assert (chart["center"], chart["sigma"]) == pytest.approx((statistics.fmean(STEADY), sigma))
    assert chart["capability"]["cp"] == pytest.approx(4 / (6 * sigma))
    assert chart["capability"]["low"] < chart["capability"]["cpk"] < chart["capability"]["high"]
    assert [point["at"] for point in chart["points"]][:3] == ["1", "2", "3"]


def test_csv_workbook_and_parquet_give_the_same(write, tmp_path):
    text = "lot;width\n" + "".join(f"L{n // 4};{str(value).replace('.', ',')}\n" for n, value in enumerate(STEADY))
    paths = [write("t.csv", text), tmp_path / "t.xlsx", tmp_path / "t.parquet"]
    book = xlsxwriter.Workbook(str(paths[1]))
    sheet = book.add_worksheet("readings")
    for n, row in enumerate([("lot", "width"), *((f"L{n // 4}", value) for n, value in enumerate(STEADY))]):
        sheet.write_row(n, 0, row)
    book.close()
    pq.write_table(pa.table({"lot": [f"L{n // 4}" for n in range(20)], "width": STEADY}), paths[2])
    answers = [charted(path, "--value", "width", "--group", "lot")["charts"] for path in paths]
    assert answers[0] == answers[1] == answers[2]
    assert [point["at"] for point in answers[0][0]["points"]] == ["L0", "L1", "L2", "L3", "L4"]
    assert answers[0][0]["kind"] == "xbar-r"


def test_empty_and_censored_cells_are_counted_and_in_no_figure(write):
    path = write("t.csv", "v\n" + "".join(f"{value}\n" for value in STEADY) + "n/a\n<0.5\n\n")
    (chart,) = charted(path, "--value", "v")["charts"]
    assert (chart["n"], chart["beyond"]) == (20, 1)
    assert any(doubt.startswith("SomeCellsEmpty") for doubt in chart["doubts"])


def test_short_runs_are_charted_by_their_departure_from_the_target(write):
    rows = [(part, value + shift) for value in STEADY for part, shift in (("P1", 0), ("P2", 40))]
    path = write("t.csv", "part,target,v\n" + "".join(f"{part},{10 if part == 'P1' else 50},{v}\n" for part, v in rows))
    (chart,) = charted(path, "--value", "v", "--part", "part", "--target", "target")["charts"]
    assert [point["value"] for point in chart["points"][:2]] == pytest.approx([0.2, 0.2])
    (scaled,) = charted(path, "--value", "v", "--part", "part", "--standardized")["charts"]
    assert scaled["center"] == pytest.approx(0, abs=1e-9)


def test_a_gauge_study_says_how_much_of_the_spread_is_the_measuring(write):
    rng = np.random.default_rng(1)
    rows = [f"{p},{o},{10 * p + rng.normal(0, 0.5):.4f}" for p in range(8) for o in "abc" for _ in range(3)]
    path = write("g.csv", "\n".join(["part,operator,v", *rows]) + "\n")
    arguments = ("spc", "gauge", str(path), "--value", "v", "--part", "part", "--operator", "operator", "--json")
    answer = json.loads(command(*arguments).out)
    assert (answer["parts"], answer["operators"], answer["trials"]) == (8, 3, 3)
    assert answer["repeatability"] == pytest.approx(0.25, rel=0.5)
    assert answer["study_variation"] < 0.05
    path.write_text("\n".join(["part,operator,v", *rows[:-1]]) + "\n")
    assert "as often" in refused(*arguments[1:])


def test_a_table_that_cannot_be_charted_says_what_and_where(write, tmp_path):
    path = write("t.csv", "lot,width\nL1,10.1\nL1,9.8\nL2,high\nL2,9.9\n")
    assert "no column widht. Did you mean width?" in refused("table", path, "--value", "widht")
    assert "t.csv:4: width is 'high', not a number" in refused("table", path, "--value", "width")
    assert "There is no file" in refused("table", tmp_path / "none.csv", "--value", "width")
    assert "is empty" in refused("table", write("e.csv", ""), "--value", "width")
    one = write("one.csv", "v\n1.5\n")
    assert "at least 2 readings, has 1" in refused("table", one, "--value", "v")
    assert "subgroups" in refused("table", write("two.csv", "v\n1.5\n2.5\n"), "--value", "v", "--chart", "xbar-s")
    assert "no readings" in refused("table", write("none.csv", "v\nn/a\n"), "--value", "v")
    image = tmp_path / "x.parquet"
    image.write_bytes(b"PAR1 nothing of the kind")
    assert "cannot be read" in refused("table", image, "--value", "v")
