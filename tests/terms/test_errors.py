"""Every error class says what went wrong and the way out."""

import pytest

import fabwatch.terms.errors as errors
from fabwatch.terms.errors import FabwatchError

pytestmark = pytest.mark.unit


def _all(kind):
    return [kind, *(deeper for sub in kind.__subclasses__() for deeper in _all(sub))]


def test_every_error_has_a_hint_a_sentence_and_its_place_in_the_tree():
    for kind in _all(FabwatchError):
        assert kind.hint
        assert kind.__doc__
        assert kind.__name__ in errors.__doc__


def test_an_unknown_name_offers_the_nearest_ones():
    assert str(errors.unknown("tool", "etch3", ["ETCH03", "CVD01"])) == "No tool etch3. Did you mean ETCH03?"
    assert str(errors.unknown("tool", "zzz", ["ETCH03"])) == "No tool zzz."
