"""A table of fab.toml is changed and all the rest stays as it stands: comments, order, blank lines and line ends."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fabwatch.terms.toml_edit import table_lines, with_table

pytestmark = pytest.mark.unit

WRITTEN = """# our fab
[fab]
name = "Fab 7"   # in the north

[sources.mes]    # from the MES
# one file a night
files = "moves_*.csv"   # not "quals # old"
zone = "Europe/Berlin"
ignore = [
  "a",  # first
  "b",
]

# limits below were agreed in May
[sources.mes.columns]
end_at = "Fertig um"  # German

[quals.particles]
warning = 400
"""
MES = ("sources", "mes")


def stated(**changes):
    return {**tomllib.loads(WRITTEN)["sources"]["mes"], **changes}


def test_a_table_that_states_the_same_leaves_the_text_as_it_is():
    assert with_table(WRITTEN, MES, stated()) == WRITTEN


def test_a_changed_key_keeps_its_place_and_its_comment_and_nothing_else_moves():
    made = with_table(WRITTEN, MES, stated(files="m_*.csv", columns={"end_at": "Ende"}))
    wanted = WRITTEN.replace('files = "moves_*.csv"', 'files = "m_*.csv"').replace('"Fertig um"', '"Ende"')
    assert made == wanted


def test_a_new_key_comes_after_the_others_and_one_taken_back_goes_with_its_lines():
    own = stated(decimal=",")
    del own["ignore"]
    made = with_table(WRITTEN, MES, own)
    assert made == WRITTEN.replace('ignore = [\n  "a",  # first\n  "b",\n]\n', 'decimal = ","\n')


def test_a_table_of_its_own_inside_goes_with_the_key_that_it_is():
    own = stated()
    del own["columns"]
    made = with_table(WRITTEN, MES, own)
    assert tomllib.loads(made)["sources"]["mes"] == own
    assert "# limits below were agreed in May" in made
    assert "[quals.particles]\nwarning = 400" in made


@pytest.mark.parametrize("text", ["", "[fab]\nname = 'x'", "[fab]\r\nname = 'x'\r\n"])
def test_a_new_table_is_put_at_the_end_with_the_line_ends_of_the_text(text):
    made = with_table(text, ("sources", 'odd "name"'), {"files": ["a", "b"], "columns": {"end_at": "Zeit\n[s]"}})
    assert made.startswith(text)
    assert tomllib.loads(made)["sources"]['odd "name"'] == {"files": ["a", "b"], "columns": {"end_at": "Zeit\n[s]"}}
    assert ("\r\n" in made) == ("\r\n" in text)
    assert "\n" not in made.replace("\r\n", "") or "\r\n" not in text


def test_the_end_of_a_file_without_a_line_end_is_no_place_to_write_into():
    assert with_table("[sources.a]\nzone = 'UTC'", ("sources", "a"), {"zone": "UTC", "decimal": ","}) == (
        "[sources.a]\nzone = 'UTC'\ndecimal = \",\"\n"
    )


def test_what_looks_like_a_table_inside_a_text_of_many_lines_is_none():
    text = 'note = """\n[sources.mes]\nzone = 1\n"""\n[sources.mes]\nzone = "UTC"\n'
    made = with_table(text, MES, {"zone": "Europe/Berlin"})
    assert made == text.replace('zone = "UTC"', 'zone = "Europe/Berlin"')


@pytest.mark.parametrize("text", ['[sources]\nmes = { zone = "UTC" }\n', 'sources.mes.zone = "UTC"\n'])
def test_a_table_that_is_written_inline_or_by_dotted_keys_is_refused_and_not_spoilt(text):
    with pytest.raises(ValueError, match="cannot be changed by a program"):
        with_table(text, MES, {"zone": "Europe/Berlin"})


VALUES = st.text(max_size=12) | st.integers(-9, 9) | st.booleans() | st.lists(st.text(max_size=5), max_size=3)
TABLES = st.dictionaries(
    st.text(min_size=1, max_size=6),
    VALUES | st.dictionaries(st.text(max_size=4), st.text(max_size=9), min_size=1),
    max_size=5,
)


@given(before=TABLES, after=TABLES, name=st.text(max_size=8))
def test_whatever_is_stated_before_and_after_reads_back_with_its_neighbours(before, after, name):
    text = "# first\n[fab]\nname = 'x'\n\n" + table_lines(("sources", name), before) + "\n# last\n[costs]\nqual = 4\n"
    made = with_table(text, ("sources", name), after)
    assert tomllib.loads(made) == {"fab": {"name": "x"}, "costs": {"qual": 4}, "sources": {name: after}}
    assert made.startswith("# first\n[fab]\nname = 'x'\n\n")
    assert made.endswith("# last\n[costs]\nqual = 4\n")
