"""fab.toml is checked as a whole: all faults at once, each with the way out."""

import pytest

from fabwatch.terms.errors import BadSettings
from fabwatch.terms.settings import Settings, read_settings

pytestmark = pytest.mark.unit


def test_without_a_file_everything_has_its_default(tmp_path):
    assert read_settings(tmp_path) == Settings()


def test_all_faults_are_listed_at_once_with_the_nearest_word(tmp_path):
    (tmp_path / "fab.toml").write_text(
        "[quals.particles]\nsensitivty = 0.9\nsensitivity = 2\nwarning = 50\ninhibit = 'many'\n"
        "[sources.mes]\nzone = 'Europe/Berlni'\ncolumns = { end_att = 'X' }\nencoding = 'utf-88'\n[fabb]\nname = 'x'\n"
    )
    with pytest.raises(BadSettings) as caught:
        read_settings(tmp_path)
    said = str(caught.value)
    for part in (
        "quals.particles.sensitivty: no such key; near it: sensitivity",
        "quals.particles.sensitivity",
        "quals.particles.inhibit",
        "'Europe/Berlni' is not a time zone; near it: Europe/Berlin",
        "'utf-88' is not an encoding",
        "fabb: no such key; near it: fab",
    ):
        assert part in said
    assert caught.value.hint


def test_limits_have_to_be_in_order(tmp_path):
    (tmp_path / "fab.toml").write_text("[quals.p]\nwarning = 100\ninhibit = 50\n")
    with pytest.raises(BadSettings, match="warning 100 is above inhibit 50"):
        read_settings(tmp_path)


def test_what_is_no_toml_is_said_with_its_place(tmp_path):
    (tmp_path / "fab.toml").write_text("[quals\n")
    with pytest.raises(BadSettings, match="is not TOML"):
        read_settings(tmp_path)


@pytest.mark.parametrize("key", ["files", "pattern", "file_pattern"])
def test_the_pattern_of_a_source_goes_by_several_names_and_the_longest_wins(tmp_path, key):
    (tmp_path / "fab.toml").write_text(
        f'[sources.all]\n{key} = "*.csv"\n[sources.some]\n{key} = "moves_*.csv"\nzone = "UTC"\n'
    )
    settings = read_settings(tmp_path)
    assert settings.source_of("moves_1.csv.gz")[0] == "some"
    assert settings.source_of("quals.csv")[0] == "all"
    assert settings.source_of("quals.txt")[0] == ""


def test_columns_may_be_stated_either_way_round(tmp_path):
    (tmp_path / "fab.toml").write_text(
        '[sources.a]\ncolumns = { end_at = "Out" }\n[sources.b]\ncolumns = { Out = "end_at" }\n'
    )
    sources = read_settings(tmp_path).sources
    assert sources["a"].headers() == sources["b"].headers() == {"out": "end_at"}


@pytest.mark.parametrize("stated", ["encoding = 'utf-32'", "encoding = 'cp037'", "delimiter = '§'", "delimiter = '\"'"])
def test_what_lines_and_cells_cannot_be_found_by_is_refused_before_a_file_is_read(tmp_path, stated):
    (tmp_path / "fab.toml").write_text(f"[sources.t]\nfiles = 't.csv'\n{stated}\n")
    with pytest.raises(BadSettings, match=r"sources\.t\.\w+: .*cannot be") as caught:
        read_settings(tmp_path)
    assert caught.value.hint


@pytest.mark.parametrize("name", ["utf-8", "UTF8", "utf_16", "UTF-16LE", "latin-1", "cp1252", "shift-jis", "gb18030"])
def test_encodings_in_which_lines_can_be_found_are_taken(tmp_path, name):
    (tmp_path / "fab.toml").write_text(f"[sources.t]\nfiles = 't.csv'\nencoding = '{name}'\n")
    assert read_settings(tmp_path).source_of("t.csv")[1].encoding == name
