"""Every doubt is said in both languages from its own fields, and goes out as one text."""

import dataclasses
import json
import pickle
from datetime import datetime
from string import Formatter

import pytest

from fabwatch.cmp import doubts as polish_doubts
from fabwatch.models.features import doubts as feature_doubts
from fabwatch.quals import doubts as forecast_doubts
from fabwatch.sources.wafermap import doubts as map_doubts
from fabwatch.spc import doubts as chart_doubts
from fabwatch.terms.answers import plain
from fabwatch.terms.doubts import Doubt, joined
from fabwatch.terms.words import SENTENCES
from fabwatch.trace import doubts as trace_doubts
from fabwatch.yields import doubts as yield_doubts

pytestmark = pytest.mark.unit

VALUES: dict[object, object] = {int: 3, float: 2.5, str: "PAD_USE", datetime: datetime(2026, 1, 10, 7, 30)}
KINDS = [
    kind
    for module in (forecast_doubts, polish_doubts, trace_doubts, chart_doubts, yield_doubts, map_doubts, feature_doubts)
    for kind in vars(module).values()
    if isinstance(kind, type) and issubclass(kind, Doubt) and kind is not Doubt
]


def made(kind):
    return kind(**{field.name: VALUES[field.type] for field in dataclasses.fields(kind)})


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_a_doubt_has_a_sentence_of_its_fields_in_both_languages(kind):
    names = {field.name for field in dataclasses.fields(kind)}
    for language in ("en", "es"):
        template = SENTENCES[language][f"doubt_{kind.__name__}"]
        assert {name for _, name, _, _ in Formatter().parse(template) if name} == names
    doubt = made(kind)
    assert doubt.sentence("es") != doubt.sentence("en")
    assert "{" not in doubt.sentence("es").replace("{ unit", "")
    assert str(doubt) == f"{doubt.code}: {doubt.sentence()}"
    assert pickle.loads(pickle.dumps(doubt)) == doubt


def test_there_is_no_sentence_of_a_doubt_that_does_not_exist():
    for sentences in SENTENCES.values():
        assert {key for key in sentences if key.startswith("doubt_")} == {f"doubt_{kind.__name__}" for kind in KINDS}


def test_doubts_go_out_as_texts():
    both = (forecast_doubts.TooFewFailures(2, 5), forecast_doubts.NoQual())
    texts = [
        "TooFewFailures: only 2 failures among all sister tools; at least 5 are needed",
        "NoQual: no qual of this tool is on record; the forecast rests on its sister tools",
    ]
    assert json.loads(json.dumps(plain(both))) == texts
    assert joined(both) == "; ".join(texts)
    assert polish_doubts.OldResults(12.4).sentence("es") == "el último resultado es de hace 12 días"
