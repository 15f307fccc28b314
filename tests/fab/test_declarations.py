"""A question is declared once: the door, the commands and the routes have just its fields, with its limits."""

import inspect
from datetime import datetime

import pytest

from fabwatch.api.routes.questions import answer_type, rows_are_known
from fabwatch.fab import Fab
from fabwatch.fab.actions import ACTIONS
from fabwatch.fab.questions import QUESTIONS, ForecastQuestion, PlanQuestion, RiskQuestion, TraceQuestion
from fabwatch.terms.errors import BadQuestion, UnknownTime
from fabwatch.terms.questions import declared

COSTS = {"cost_qual", "cost_contain", "cost_scrap", "cost_fail", "cost_false"}
ELSEWHERE = {"polish_times": {"wafers"}, "trace": {"tool"}}
"""Fields that a method takes in a form of its own, or not at all."""


def made(kind, **fields):
    """A question from fields that its types would not take."""
    return kind(**fields)


def by_name(kinds):
    return pytest.mark.parametrize("kind", kinds, ids=lambda kind: kind.__name__)


@by_name([kind for kind in QUESTIONS if kind.spec.method])
def test_the_method_of_the_fab_takes_the_fields_of_the_question_with_its_defaults(kind):
    parameters = inspect.signature(getattr(Fab, kind.spec.method)).parameters
    fields = {field.name: field for field in declared(kind)}
    own = set(fields) - COSTS - ELSEWHERE.get(kind.spec.method, set())
    expected = own | ({"costs"} if set(fields) & COSTS else set())
    assert set(parameters) - {"self"} - ELSEWHERE.get(kind.spec.method, set()) == expected
    for name in own:
        if not fields[name].required:
            assert parameters[name].default == fields[name].default, name


@by_name(ACTIONS)
def test_the_method_of_the_fab_takes_the_fields_of_the_action(kind):
    parameters = set(inspect.signature(getattr(Fab, kind.spec.method)).parameters)
    fields = {field.name for field in declared(kind)} - {"drop"}
    assert fields <= parameters
    assert "who" in parameters


@by_name((*QUESTIONS, *ACTIONS))
def test_every_field_has_help_and_every_declaration_a_sentence(kind):
    assert kind.__doc__.strip().endswith(".")
    assert answer_type(kind).__name__
    for field in declared(kind):
        assert len(field.param.help) > 3, field.name


def test_the_rows_that_are_given_page_by_page_are_a_list_of_the_answer():
    assert rows_are_known()


def test_no_two_questions_share_a_command_a_route_or_a_method():
    for name in ("command", "path", "method"):
        words = [getattr(kind.spec, name) for kind in QUESTIONS if getattr(kind.spec, name)]
        assert len(words) == len(set(words)), name


@pytest.mark.parametrize(
    ("make", "what"),
    [
        (lambda: ForecastQuestion(coverage=80), "coverage must be between 0 and 1 (got 80)."),
        (lambda: ForecastQuestion(coverage=0), "coverage must be between 0 and 1 (got 0)."),
        (lambda: made(PlanQuestion, days=0), "days must be from 1 to 366 (got 0)."),
        (lambda: made(PlanQuestion, days=1.5), "days must be a whole number (got 1.5)."),
        (lambda: made(PlanQuestion, days="7"), "days must be a number (got '7')."),
        (lambda: made(PlanQuestion, cost_scrap=0.0), "cost_scrap must be from 1e-06 to 1e+12 (got 0)."),
        (lambda: made(RiskQuestion, by="tols"), "by must be one of tool, area, tool_type (got tols)."),
        (lambda: made(RiskQuestion, tool=7), "tool must be text (got 7)."),
        (lambda: made(RiskQuestion, tool="x" * 201), "tool has 201 characters; at most 200."),
        (lambda: TraceQuestion(run="r", since=-1.0), "since must be from 0 to 1e+09 (got -1)."),
        (lambda: ForecastQuestion(coverage=float("nan")), "coverage must be a number (got nan)."),
    ],
)
def test_a_value_that_cannot_be_meant_is_refused_with_what_can(make, what):
    with pytest.raises(BadQuestion) as stop:
        make()
    assert stop.value.what == what
    assert stop.value.hint


def test_a_wrong_word_is_answered_with_the_nearest_one():
    with pytest.raises(BadQuestion) as stop:
        made(RiskQuestion, by="tool_typ")
    assert stop.value.hint == "did you mean tool_type?"


def test_times_are_kept_as_utc_whatever_form_they_come_in():
    same = datetime(2026, 3, 1, 12)
    assert RiskQuestion(as_of="2026-03-01T14:00+02:00") == RiskQuestion(as_of=same)
    assert hash(RiskQuestion(as_of="2026-03-01T12:00Z")) == hash(RiskQuestion(as_of=same))
    with pytest.raises(UnknownTime):
        RiskQuestion(as_of="soon")
