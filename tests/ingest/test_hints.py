"""Every hint leads out: what is suggested for fab.toml is TOML, can be appended to what stands there, and the file loads."""

import json
import tomllib

import pytest

from fabwatch.fab import Fab
from tests.fabs import new_fab

NAMES = [
    *("odd.csv", "a b.csv", 'say "x".csv', "back\\slash.csv", "[1] odd.csv", "star*.csv", "q?.csv", "#1.csv", "ü–é.csv"),
    *("'x'.csv", "a=b.csv", "tab\there.csv", "1.csv", "line\nend.csv", "\x7f.csv"),
]
ROWS = ["E1,L1,25,2026-05-01 10:00:00", "E1,L2,25,2026-05-01 11:00:00"]


def waited(tmp_path, name, text, before=""):
    """The suggestion for a file, after a fab with `before` in fab.toml left it in the inbox."""
    with new_fab(tmp_path / "fab"):
        pass
    (tmp_path / "fab" / "fab.toml").write_text(before, encoding="utf-8")
    (tmp_path / name).write_text(text, encoding="utf-8")
    with Fab(tmp_path / "fab") as fab:
        (result,) = fab.ingest(tmp_path / name).files
        assert result.status == "inbox", result
        (waiting,) = fab.inbox()
        assert waiting.suggestion == result.suggestion
    return result.suggestion


def applied(tmp_path, lines):
    """The result of the file once these lines are appended to fab.toml."""
    toml = tmp_path / "fab" / "fab.toml"
    toml.write_text(toml.read_text(encoding="utf-8") + "\n" + lines + "\n", encoding="utf-8")
    with Fab(tmp_path / "fab") as fab:
        (result,) = fab.retry().files
    return result


@pytest.mark.parametrize("name", NAMES)
def test_a_suggestion_names_its_file_whatever_it_is_called(tmp_path, name):
    suggestion = waited(tmp_path, name, "\n".join(["tool,lot,wafers,timestamp", *ROWS]) + "\n")
    assert tomllib.loads(suggestion)["sources"]
    assert applied(tmp_path, suggestion).rows == 2


@pytest.mark.parametrize("header", ['done "it"', "done\\it", "done = it", "doné", "done# it", "'done' it", "done\tit", "x"])
def test_a_suggestion_names_its_column_whatever_it_is_called(tmp_path, header):
    cell = '"' + header.replace('"', '""') + '"'
    suggestion = waited(tmp_path, "odd.csv", "\n".join([f"tool,lot,wafers,{cell}", *ROWS]) + "\n")
    stated = tomllib.loads(suggestion)
    if "columns" not in stated["sources"]["odd"]:
        # Nothing is near to it: then the person says which column it is.
        assert "# still open: end_at" in suggestion
        suggestion = suggestion.replace("# still open: end_at", f"columns = {{ end_at = {json.dumps(header)} }}")
    assert applied(tmp_path, suggestion).rows == 2


OPEN = {
    "order": ("m.csv", "tool,lot,wafers,end_at\nE1,L1,25,04/05/2026 10:00:00\n"),
    "decimal": ("q.csv", "tool;qual_type;processed_at;result;reading\nE1;thk;2026-05-01 10:00:00;PASS;1,234\n"),
    "log": ("a.log", "time\tFlow\tPower\n2026-05-01T10:00:00Z\t1,234\t5\n2026-05-01T10:00:01Z\t1,235\t6\n"),
}


@pytest.mark.parametrize("kind", OPEN)
@pytest.mark.parametrize("stated", ["", "sources.m", "sources.zone"])
def test_what_only_a_person_knows_is_stated_by_pasting_the_hint(tmp_path, kind, stated):
    others = "".join(f'[sources.{name}]\nfiles = "other.csv"\n' for name in "mqa")
    zone = 'zone = "Europe/Berlin"\nmissing = [-9999]\nconstants = { product = "P\\"1" }'
    # A source of that name is there already, or one that states something of the file, which still holds.
    before = {"": "", "sources.m": others, "sources.zone": f'[sources.all]\nfiles = "*"\n{zone}\n'}[stated]
    name, text = OPEN[kind]
    suggestion = waited(tmp_path, name, text, before)
    assert tomllib.loads(before + suggestion)
    result = applied(tmp_path, suggestion)
    assert result.status == "loaded", result
    if stated == "sources.zone" and kind == "order":
        with Fab(tmp_path / "fab") as fab:
            (moment,) = fab.sql("SELECT end_at FROM moves").end_at
            assert (moment.hour, set(fab.sql("SELECT product FROM moves")["product"])) == (8, {'P"1'})
