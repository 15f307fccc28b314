"""A reason is English text for programs, and is said again in the language of a reader."""

import json
import pickle
from string import Formatter

import pytest

from fabwatch.terms.answers import plain
from fabwatch.terms.reasons import Reason
from fabwatch.terms.words import SENTENCES

pytestmark = pytest.mark.unit

KEYS = [key for key in SENTENCES["en"] if key.startswith(("reason_", "controller_"))]


@pytest.mark.parametrize("key", KEYS)
def test_a_part_of_a_reason_is_filled_alike_in_both_languages(key):
    english, spanish = (
        {name for _, name, _, _ in Formatter().parse(SENTENCES[language][key]) if name} for language in ("en", "es")
    )
    assert english == spanish


def test_a_reason_is_text_and_is_said_again_with_the_reasons_in_it():
    controller = Reason(("controller_by", {"name": Reason(("controller_age", {})), "clock": "PAD_USE"}))
    reason = Reason(("reason_rate_up", {"share": 0.0123}), ("reason_chosen", {"controller": controller, "error": 0.02}))
    english = "rate up 1.2% since then; age by PAD_USE: smallest error on this record (2.00% of the rate)"
    assert reason == english
    assert json.loads(json.dumps(plain((reason,)))) == [english]
    spanish = "la velocidad subió un 1,2% desde entonces; edad según PAD_USE: el menor error con estos datos"
    assert reason.sentence("es") == f"{spanish} (2,00% de la velocidad)"
    again = pickle.loads(pickle.dumps(reason))
    assert again == english
    assert again.sentence("es") == reason.sentence("es")
