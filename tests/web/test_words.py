"""Every text of the pages is there in Spanish, and what others made lies here unchanged."""

import hashlib
import re
from datetime import datetime
from importlib.resources import files
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir

from fabwatch.web.translation import exact, language_of, moment, moments_in, number, percent, translations, with_zone

pytestmark = pytest.mark.unit

WEB = Path(str(files("fabwatch.web")))


def texts():
    found = set()
    methods = [("**.html", "jinja2"), ("**.py", "python")]
    options = {"**.html": {"trim_blocks": "true", "lstrip_blocks": "true", "extensions": "jinja2.ext.do"}}
    for _, _, message, _, _ in extract_from_dir(
        str(WEB), methods, options, keywords={"_": None, "gettext": None, "text": None, "ngettext": (1, 2)}
    ):
        found.update([message] if isinstance(message, str) else filter(None, message))
    return found


def test_every_text_of_the_pages_has_its_spanish_and_none_is_left_over():
    wanted = texts()
    assert len(wanted) > 250
    assert wanted == translations("es").keys()


def test_what_is_filled_into_a_text_is_the_same_in_both_languages():
    for english, spanish in translations("es").items():
        assert sorted(re.findall(r"%\(\w+\)s", english)) == sorted(re.findall(r"%\(\w+\)s", spanish)), english


def test_numbers_and_times_are_written_as_the_language_writes_them():
    assert (number(12345.6, "en", 1), number(12345.6, "es", 1)) == ("12,345.6", "12.345,6")
    assert percent(0.236, "en", 1) == "23.6%"
    assert (moment("2026-03-17T06:30:00Z", "en"), moment("2026-03-17T06:30:00Z", "es")) == ("17 Mar 06:30", "17 mar 06:30")


@pytest.mark.parametrize(
    ("asked", "kept", "accepted", "language"),
    [
        ("es", None, "en", "es"),
        (None, "es", "en", "es"),
        (None, None, "es-MX,en;q=0.5", "es"),
        (None, None, "fr", "en"),
        ("xx", None, "", "en"),
    ],
)
def test_the_language_is_the_one_asked_for_then_the_one_kept_then_that_of_the_browser(asked, kept, accepted, language):
    assert language_of(asked, kept, accepted) == language


def test_what_others_made_lies_here_unchanged_with_its_licence():
    vendor = WEB / "static" / "vendor"
    listed = dict(re.findall(r"^\| (\S+) .*\| ([0-9a-f]{64}) \|$", (vendor / "README.md").read_text(), re.MULTILINE))
    there = {path.name for path in vendor.iterdir() if path.suffix in (".js", ".css")}
    assert there == listed.keys()
    for name, digest in listed.items():
        assert hashlib.sha256((vendor / name).read_bytes()).hexdigest() == digest
    for part in {name.split("-")[0] for name in there}:
        assert (vendor / f"{part}-LICENSE.txt").stat().st_size > 500


def test_no_page_names_another_host_or_carries_a_script_or_style_of_its_own():
    for path in [*WEB.glob("templates/*.html"), *WEB.glob("static/*.js"), *WEB.glob("static/*.css")]:
        text = path.read_text().replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"https?://|//[a-z]+\.[a-z]", text), path
        assert not re.search(r"<script>|<style|\sstyle=|\son\w+=", text), path


def test_a_time_in_a_cell_keeps_its_seconds_and_what_is_no_time_stays():
    assert exact("2026-03-17T06:30:05Z", "en", "Europe/Berlin") == "17 Mar 2026 07:30:05"
    assert exact("2026-03-17T23:30:05.250000Z", "es", "Europe/Berlin") == "18 mar 2026 00:30:05.25"
    for text in ("", "L2026-03-17T06:30:05Z", "03/04/2026", "2026-13-01T00:00"):
        assert exact(text, "en", "UTC") == text


def test_a_time_is_shown_and_read_on_the_clocks_of_the_fab_also_across_summer_time():
    assert moment("2026-03-17T06:30:00Z", "en", zone="Europe/Berlin") == "17 Mar 07:30"
    assert moment(datetime(2026, 6, 17, 23, 30), "en", year=True, zone="Europe/Berlin") == "18 Jun 2026 01:30"
    assert with_zone("2026-06-18 01:30", "Europe/Berlin") == "2026-06-17T23:30:00+00:00"
    assert with_zone("2026-06-18T01:30Z", "Europe/Berlin") == "2026-06-18T01:30Z"
    assert with_zone("now", "Europe/Berlin") == "now"
    text = "3 wafers ran since 2026-06-17T23:30:00Z; L2026-06-17T1 did not."
    assert moments_in(text, "es", "Europe/Berlin") == "3 wafers ran since 18 jun 2026 01:30; L2026-06-17T1 did not."
