"""The page of past forecasts: what its pictures show, and that they say the same as its tables."""

import re
from datetime import datetime

import pytest

from fabwatch.fab.answers import Bin, Slope, Tenth
from fabwatch.web.pages.record import pictures
from tests.served import AS_OF
from tests.web.conftest import settled
from tests.web.test_pages import whole

ROWS = (Tenth(0.0, 0.1, 400, 0.05, 0.05, 0.03, 0.08), Tenth(0.6, 0.7, 100, 0.64, 0.5, 0.42, 0.58))
BINS = tuple(Bin(n / 10, (n + 1) / 10, 0.1, 0.08, 0.12) for n in range(10))


@pytest.mark.unit
def test_a_chance_that_comes_true_lies_on_the_diagonal_and_one_that_comes_too_seldom_below_it():
    drawn = pictures(ROWS, BINS)["reliability"]
    left, bottom, right, top = map(float, re.findall(r"[\d.]+", drawn["line"]))

    def above(dot):
        return (bottom - dot["y"]) / (bottom - top) - (dot["x"] - left) / (right - left)

    right_one, too_high = drawn["dots"]
    assert above(right_one) == pytest.approx(0, abs=0.002)
    assert above(too_high) == pytest.approx(0.5 - 0.64, abs=0.002)
    assert right_one["r"] > too_high["r"]


@pytest.mark.unit
def test_a_bar_as_high_as_it_should_be_reaches_the_level_line():
    drawn = pictures(ROWS, BINS)["histogram"]
    level = float(drawn["line"].split(",")[1].split("L")[0])
    assert len(drawn["bars"]) == 10
    assert {bar["y"] for bar in drawn["bars"]} == {level}


@pytest.mark.unit
def test_without_outcomes_there_is_nothing_to_draw():
    assert pictures((), ()) == {"reliability": None, "histogram": None}


@pytest.mark.unit
def test_a_slope_says_in_words_whether_chances_differ_too_much_or_too_little():
    assert Slope(0.96, 0.9, 1.02).sentence().endswith("the range includes 10.")
    assert "9.6 points more" in Slope(0.96, 0.9, 1.02).sentence()
    assert "high ones are too high" in Slope(0.8, 0.7, 0.9).sentence()
    assert "high ones are too low" in Slope(1.3, 1.1, 1.5).sentence()
    assert "9,6 puntos" in Slope(0.96, 0.9, 1.02).sentence("es")


def test_the_record_shows_a_dot_for_each_row_of_its_table_a_bar_for_each_tenth_and_until_when_it_counts(server, reader):
    score = server.get(f"/api/v1/forecast/score?as_of={AS_OF}", "admin").json()
    page = whole(reader, f"/record?as_of={AS_OF}").text
    assert page.count('<circle class="dot"') == len(score["calibration"]) > 0
    assert page.count('<rect class="column"') == len(score["positions"]) == 10
    assert page.count('class="whisker"') == len(score["calibration"]) + 10
    assert datetime.fromisoformat(score["until"]).strftime("%-d %b %Y") in page
    assert (score["slope"] is None) == ("points more of the quals failed" not in page)


def test_the_record_shows_for_the_fab_and_each_area_what_following_the_advice_would_have_changed(server, reader):
    followed = server.get(f"/api/v1/forecast/score?as_of={AS_OF}", "admin").json()["value"]
    page = whole(reader, f"/record?as_of={AS_OF}").text
    (table,) = re.findall(r'aria-label="What following the advice would have changed">(.*?)</table>', page, re.DOTALL)
    names = re.findall(r'<th scope="row">([^<]*)</th>', table)
    assert names == ["all", *(row["name"] for row in followed["by_area"])]
    total = followed["total"]
    assert f"{round(total['quals']['today']):,} → {round(total['quals']['advised']):,}" in table
    assert f"{total['advised']} / {total['stretches']}" in table
    spanish = whole(reader, f"/record?as_of={AS_OF}&lang=es").text
    assert "Con controles a los intervalos recomendados entonces" in spanish
    assert "el calendario fijo" in spanish
    assert "retenidas" not in spanish.split("<h1>")[1]


@pytest.mark.parametrize(("scheme", "language"), [("light", "en"), ("dark", "es")])
def test_the_pictures_fit_a_telephone(opened, server, scheme, language):
    page = opened(viewport={"width": 390, "height": 800}, color_scheme=scheme, locale=language)
    settled(page, f"{server.address}/record?as_of={AS_OF}")
    assert page.locator(".drawn svg").count() == 2
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    boxes = page.evaluate(
        "[...document.querySelectorAll('.drawn svg, .drawn text')].map(e => e.getBoundingClientRect().right)"
    )
    assert max(boxes) <= 390
