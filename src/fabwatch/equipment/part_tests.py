"""Tests of parts by number or name: what a person calls one."""

from fabwatch.store.lake import Lake

LARGEST = 1 << 31
"""Numbers of tests are below this."""


def numbers_of_test(lake: Lake, name: str) -> list[int]:
    """The numbers of the tests of that number or name; a number that no file names is one all the same."""
    rows = lake.rows("SELECT DISTINCT test FROM limits WHERE test::VARCHAR = $name OR name = $name", {"name": name})
    own = {int(name)} if name.isdecimal() and int(name) < LARGEST else set()
    return sorted({row["test"] for row in rows} | own)


def names_of_tests(lake: Lake) -> set[str]:
    """The numbers and names of all tests."""
    rows = lake.rows("SELECT DISTINCT test::VARCHAR AS number, name FROM limits")
    return {str(row[key]) for row in rows for key in ("number", "name") if row[key]}
