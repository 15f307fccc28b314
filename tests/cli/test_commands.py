"""The command line: the contract of its JSON, its exit codes, and errors that help."""

import csv
import io
import json
import os
import subprocess
import sys

import pytest

from tests.commands import command

MOVES = (
    "LOT_ID,WAFER_ID,TOOL_ID,TRACK_OUT,PRODUCT,STEP_NO,STEP,AREA\n"
    "L1,L1.01,ETCH-07,2026-05-01 10:00:00,P,10,etch,Etch\n"
    "L1,L1.02,ETCH-07,2026-05-01 10:01:00,P,10,etch,Etch\n"
    "=1+1,@wafer,ETCH-07,2026-05-01 10:02:00,P,10,etch,Etch\n"
)
QUALS = (
    "TOOL_ID,QUAL_TYPE,QUAL_TIME,RESULT\n"
    "ETCH-07,particles,2026-05-01 09:00:00,PASS\n"
    "ETCH-07,particles,2026-05-01 11:00:00,FAIL\n"
)


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def running(*arguments, json_out=False):
        code, out, err = command(*arguments, *(["--json"] if json_out else []))
        return code, json.loads(out) if json_out and out else out, err

    return running


@pytest.fixture
def loaded(run, tmp_path):
    (tmp_path / "m.csv").write_text(MOVES)
    (tmp_path / "q.csv").write_text(QUALS)
    assert run("ingest", "m.csv", "q.csv")[0] == 0
    return run


def test_ingest_prints_the_contract_and_leaves_0_1_or_2(run, tmp_path):
    (tmp_path / "m.csv").write_text(MOVES)
    code, out, _ = run("ingest", "m.csv", json_out=True)
    assert code == 0
    assert (out["loaded"], out["already"], out["failed"], out["rows"], out["set_aside"]) == (1, 0, 0, 3, 0)
    assert {"path", "kind", "sha256", "rows", "set_aside", "status", "message"} <= out["files"][0].keys()
    assert run("ingest", "m.csv", json_out=True)[1]["already"] == 1
    (tmp_path / "bad.csv").write_text(MOVES + "L9,L9.01,ETCH-07,never,P,10,etch,Etch\n")
    code, out, _ = run("ingest", "bad.csv", json_out=True)
    assert (code, out["set_aside"], out["duplicates"]) == (2, 1, 3)
    assert run("ingest", "nowhere.csv")[0] == 1


def test_ingest_takes_folders_and_patterns_and_ends_with_the_next_command(run, tmp_path):
    (tmp_path / "deep" / "er").mkdir(parents=True)
    (tmp_path / "deep" / "er" / "m.csv").write_text(MOVES)
    (tmp_path / "deep" / "q.csv").write_text(QUALS)
    code, _, err = run("ingest", "deep/*.csv", "deep", "deep/er")
    assert (code, "2 files loaded (5 rows)" in err, "next: fabwatch risk" in err) == (0, True, True)


def test_risk_prints_the_contract(loaded):
    code, out, _ = loaded("risk", json_out=True)
    (row,) = out["tools"]
    wanted = ["area", "tool_type", "tool", "chamber", "qual_type", "since", "bounded", "level"]
    assert [*wanted, "wafers", "passes", "lots", "limit", "status"] == list(row)[:13]
    assert (code, row["wafers"], row["since"], row["chamber"]) == (0, 3, "2026-05-01T09:00:00Z", "*")
    assert row["limit"] is None
    assert out["as_of"].endswith("Z")
    assert "FROM moves" in out["how"]["sql"]
    assert "3 wafers ran on 1 tools since their last good qual" in out["sentence"]


def test_contain_prints_the_contract(loaded):
    code, out, _ = loaded("contain", "ETCH-07", json_out=True)
    wanted = {"tool", "chamber", "qual_type", "since", "until", "bounded", "level", "wafers", "passes", "lots", "items"}
    assert wanted <= out.keys()
    assert (code, out["until"], out["wafers"]) == (0, "2026-05-01T11:00:00Z", 3)
    assert {"wafer", "lot", "wafers", "passes", "first_end", "last_end", "now"} <= out["items"][0].keys()
    assert out["items"][0]["now"] == {
        "tool": "ETCH-07", "area": "Etch", "step": "etch", "end_at": "2026-05-01T10:02:00Z",
    }  # fmt: skip


def test_forecast_prints_the_contract_in_json_csv_and_a_table(loaded):
    code, out, _ = loaded("forecast", "--as-of", "2026-05-01T10:30Z", json_out=True)
    (row,) = out["tools"]
    wanted = ["area", "tool_type", "tool", "chamber", "qual_type", "clock", "age", "age_at_last_good", "pace_per_day"]
    wanted += ["p_bad_now", "age_quantiles", "window", "next_quals", "wafers_at_risk_at_next_qual", "failures", "quals"]
    assert set(row) >= {*wanted, "sisters", "doubts", "sentence", "why"}
    assert row["window"].keys() == {"coverage", "from_wafers", "to_wafers", "from_days", "to_days"}
    assert (code, row["window"]["coverage"], row["age_quantiles"].keys()) == (0, 0.8, {"0.1", "0.5", "0.9"})
    _, flat, _ = loaded("forecast", "--csv", "--as-of", "2026-05-01T10:30Z")
    assert next(csv.DictReader(io.StringIO(flat)))["tool"] == "ETCH-07"
    assert "TooFewFailures" in loaded("forecast")[1]
    assert loaded("forecast", "--coverage", "80")[0] == 1


def test_interval_prints_the_contract_and_refuses_a_cost_of_nothing(loaded):
    code, out, _ = loaded("interval", "--cost-qual", "40", json_out=True)
    (row,) = out["tools"]
    wanted = {"tool", "chamber", "qual_type", "today_wafers", "today_days", "advised_wafers", "advised_days", "low_wafers"}
    assert wanted | {"high_wafers", "cost_today", "cost_advised", "curve", "sentence"} <= row.keys()
    assert (code, row["curve"][0].keys()) == (0, {"wafers", "cost"})
    assert "check every" in loaded("interval")[1]
    for cost in ("0", "-3"):
        code, _, err = loaded("interval", "--cost-scrap", cost)
        assert (code, f"cost_scrap must be from 1e-06 to 1e+12 (got {cost})." in err) == (1, True)


def test_csv_is_flat_and_runs_no_formula(loaded):
    _, out, _ = loaded("contain", "ETCH-07", "--csv")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert (rows[0]["wafer"], rows[0]["lot"], rows[0]["wafers"]) == ("'@wafer", "'=1+1", "1")
    assert rows[0]["now_tool"] == "ETCH-07"
    _, out, _ = loaded("risk", "--csv")
    assert next(csv.DictReader(io.StringIO(out)))["wafers"] == "3"


def test_tables_for_people_say_the_status_in_words_and_the_sentence_in_two_languages(loaded):
    _, out, _ = loaded("risk")
    assert "■ act, failed 01 May 11:00" in out
    assert "3 obleas pasaron por 1 equipos" in loaded("risk", "--lang", "es")[1]
    assert "3 wafers of 2 lots ran on ETCH-07 after its last good qual" in loaded("contain", "ETCH-07")[1]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("risk", "--tool", "ETCH-7"), "No tool ETCH-7. Did you mean ETCH-07?"),
        (("risk", "--area", "Etsch"), "No area Etsch. Did you mean Etch?"),
        (("risk", "--qual-type", "particle"), "Did you mean particles?"),
        (("risk", "--by", "moon"), "by must be one of tool, area, tool_type (got moon)"),
        (("risk", "--as-of", "soon"), "'soon' is not a time"),
        (("contain", "ETCH07"), "No tool ETCH07. Did you mean ETCH-07?"),
        (("contain", "ETCH-07", "--at", "2026-05-01T11:01Z"), "ETCH-07 had no qual at 2026-05-01T11:01:00Z"),
        (("contain", "ETCH-07", "--as-of", "2026-05-01T10:30Z"), "No failed qual of ETCH-07 is known"),
        (("contain", "ETCH-07", "--chamber", "Z"), "No chamber of ETCH-07 Z."),
        (("risk", "--fab", "elsewhere"), "There is no fab in elsewhere."),
        (("rsik",), "No such command 'rsik'"),
        (("xyzzy",), "fabwatch --help lists the commands"),
        (("contain",), "Missing argument"),
        (("ingest", "m.csv", "--as", "movez"), "'movez' is not a kind of file"),
        (("ingest", "m" * 300), "File name too long"),
        (("risk", "--fab", "m" * 300), "File name too long"),
        (("log", "explain", "m" * 300), "There is no file m"),
    ],
)
def test_a_wrong_question_leaves_1_with_the_nearest_way_out_and_no_traceback(loaded, arguments, said):
    code, out, err = loaded(*arguments)
    assert (code, out) == (1, "")
    assert err.startswith("error: ")
    assert said in err
    assert "\nhint: " in err
    assert "Traceback" not in err


def test_bad_settings_are_listed_whatever_the_command(loaded, tmp_path):
    (tmp_path / "fab" / "fab.toml").write_text("[quals.particles]\nwarn = 1\nsensitivity = 0\n")
    code, _, err = loaded("risk")
    assert (code, "2 fault(s)" in err, "warn: no such key; near it: warning" in err) == (1, True, True)


def test_debug_shows_the_traceback(loaded):
    with pytest.raises(Exception, match="No tool"):
        loaded("risk", "--tool", "NOPE", "--debug")


def test_dry_run_inbox_problems_loads_doctor_and_tidy_work_from_the_command_line(loaded, tmp_path):
    (tmp_path / "odd.csv").write_text("tool,lot,wafers,timestamp\nE1,L1,25,2026-05-01 10:00:00\n")
    code, _, err = loaded("ingest", "odd.csv", "--dry-run")
    assert (code, "lacking:" in err) == (2, True)
    code, _, err = loaded("ingest", "odd.csv")
    assert (code, "suggested for fab.toml" in err) == (2, True)
    assert "[sources.odd]" in loaded("inbox")[1]
    assert loaded("inbox", json_out=True)[1]["files"][0]["path"] == "odd.csv"
    assert loaded("inbox", "--retry")[0] == 2
    assert "odd.csv:0:0 unknown_columns" in loaded("problems")[1]
    assert loaded("problems", json_out=True)[1]["problems"][0]["rule"] == "unknown_columns"
    assert [row["status"] for row in loaded("loads", json_out=True)[1]["loads"]] == ["inbox", "loaded", "loaded"]
    code, out, _ = loaded("doctor", json_out=True)
    assert (code, out["well"]) == (2, False)
    assert "files, now" in loaded("tidy")[1]


def test_version_and_no_command_at_all_answer(run):
    assert run("--version") == (0, "fabwatch 0.1.0\n", "")
    code, out, _ = run()
    assert (code, "Usage: fabwatch" in out, "contain" in out) == (0, True, True)


def test_the_fab_may_come_from_the_environment(loaded, tmp_path, monkeypatch):
    (tmp_path / "fab").rename(tmp_path / "mine")
    monkeypatch.setenv("FABWATCH_FAB", str(tmp_path / "mine"))
    assert loaded("risk")[0] == 0


def test_help_answers_without_loading_the_engine():
    code = "import sys, fabwatch.cli.app as a; a._run(['--help']); sys.exit(bool({'duckdb', 'pyarrow'} & set(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.returncode == 0
    assert "contain" in run.stdout


def test_a_question_on_the_command_line_does_not_wait_for_pandas(loaded, tmp_path):
    code = (
        "import atexit, sys, fabwatch.cli\n"
        "atexit.register(lambda: print('pandas' if any(n.startswith('pandas.') for n in sys.modules) else 'without'))\n"
        "fabwatch.cli.main(sys.argv[1:])\n"
    )
    line = [sys.executable, "-c", code, "contain", "ETCH-07", "--fab", str(tmp_path / "fab")]
    run = subprocess.run(line, capture_output=True, text=True, check=False)
    assert "ran on ETCH-07" in run.stdout
    assert run.stdout.endswith("without\n")


def test_the_python_door_gives_the_same_answer_and_a_data_frame(loaded, tmp_path):
    import fabwatch

    with fabwatch.open(tmp_path / "fab") as fab:
        moment = "2026-06-01T00:00:00Z"
        assert fab.risk(as_of=moment).to_dict() == loaded("risk", "--as-of", moment, json_out=True)[1]
        held = fab.contain("ETCH-07", as_of=moment)
        assert held.to_dict() == loaded("contain", "ETCH-07", "--as-of", moment, json_out=True)[1]
        frame = held.df()
        assert (len(frame), str(frame["last_end"].dtype)[:10]) == (3, "datetime64")


def test_a_closed_pipe_is_no_error(loaded, tmp_path):
    line = f"{sys.executable} -m fabwatch risk --as-of 2026-05-01 --fab {tmp_path / 'fab'} --json | true"
    run = subprocess.run(line, shell=True, capture_output=True, text=True, check=False)
    assert run.stderr == ""


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["doctor", "--json"], 2),
        (["risk", "--tool", "NOPE", "--json"], 1),
        (["risk", "--as-of", "2026-05-02T00:00:00Z", "--json"], 0),
    ],
)
def test_a_process_leaves_the_code_keeps_data_and_talk_apart_and_says_what_the_command_says(
    loaded, tmp_path, arguments, code
):
    (tmp_path / "bad.csv").write_text(MOVES + "L9,L9.01,ETCH-07,never,P,10,etch,Etch\n")
    (tmp_path / "odd.csv").write_text("tool,lot,wafers,timestamp\nE1,L1,25,2026-05-01 10:00:00\n")
    loaded("ingest", "bad.csv", "odd.csv")
    run = subprocess.run([sys.executable, "-m", "fabwatch", *arguments], capture_output=True, text=True, check=False)
    assert run.returncode == code
    assert (code, run.stdout, run.stderr) == command(*arguments)
    assert bool(run.stdout) is (code != 1)


def test_help_comes_within_a_second_of_the_processor(tmp_path):
    before = os.times()
    run = subprocess.run([sys.executable, "-m", "fabwatch", "--help"], capture_output=True, text=True, check=True)
    after = os.times()
    assert "contain" in run.stdout
    assert after.children_user + after.children_system - before.children_user - before.children_system < 1


def test_forecast_score_is_a_command_under_forecast(loaded):
    code, out, _ = loaded("forecast", "score", "--as-of", "2026-05-01T10:30Z", json_out=True)
    assert code == 0
    assert {"coverage", "origins", "total", "by_area", "by_failures", "yardsticks", "calibration", "sentence"} <= set(out)
    code, out, _ = loaded("forecast", "score", "--as-of", "2026-05-01T10:30Z")
    assert code == 0
    assert "forecast and actual" in out
    assert "outcomes until" in out
    assert "with quals at the intervals advised then" in out


def test_the_full_page_of_a_forecast_comes_in_english_and_spanish(loaded):
    _, english, _ = loaded("forecast", "--why", "--as-of", "2026-05-01T10:30Z")
    _, spanish, _ = loaded("forecast", "--why", "--lang", "es", "--as-of", "2026-05-01T10:30Z")
    assert "It rests on" in english
    assert "Se apoya en" in spanish
    assert len(english.splitlines()) == len(spanish.splitlines()) > 5


def test_plan_prints_the_checks_of_the_coming_days(loaded):
    code, out, _ = loaded("plan", "--days", "30", "--as-of", "2026-05-01T10:30Z", json_out=True)
    assert code == 0
    assert set(out) >= {"days", "checked", "items", "sentence"}
    code, out, _ = loaded("plan", "--days", "30", "--as-of", "2026-05-01T10:30Z")
    assert (code, "what to check, 30 days" in out) == (0, True)


def test_explain_shows_column_by_column_how_files_would_be_read_and_loads_nothing(loaded, tmp_path):
    folder = tmp_path / "strange"
    folder.mkdir()
    (folder / "q.csv").write_text(
        'tool,qual_type,processed_at,result,reading [nm],shift\nETCH-07,thk,2026-05-01 10:00:00,PASS,"1.250,5",late\n'
    )
    (folder / "m.csv").write_text("lot,tool,wafers out,end_at\nL1,E1,25,2026-05-01T10:00:00Z\n")
    (folder / "a.log").write_text("time,Flow [sccm],Power\n2026-05-01T10:00:00Z,50.5,300\n2026-05-01T10:00:01Z,51,301\n")
    code, out, _ = loaded("ingest", str(folder), "--explain")
    assert code == 2, "one of them is not recognised"
    lines = {line.split()[0]: line for line in out.splitlines() if line.strip()}
    assert "reading" in lines["reading"]
    assert all(word in lines["reading"] for word in ("number", "nm", "1250.5", "by a name"))
    assert all(word in lines["processed_at"] for word in ("time", "UTC", "by its name", "2026-05-01T10:00:00Z"))
    assert all(word in lines["shift"] for word in ("not used", "late"))
    assert "missing" in out
    assert 'columns = { wafers = "wafers out" }' in out
    assert all(word in lines["Flow"] for word in ("sensor", "sccm", "50.5, 51"))
    _, told, _ = loaded("ingest", str(folder), "--explain", "--json")
    fields = {file["path"].rpartition("/")[2]: file["guess"] for file in json.loads(told)["files"]}["q.csv"]["fields"]
    assert [(field["header"], field["column"], field["by"]) for field in fields][-2:] == [
        ("reading [nm]", "reading", "alias"),
        ("shift", None, ""),
    ]
    assert "a.log" not in loaded("loads")[1]
