"""The schemas of the answers, made from the answers themselves."""

from collections.abc import Iterable
from typing import Any

from pydantic import TypeAdapter

from fabwatch.terms.advice import Advice
from fabwatch.terms.answers import Answer
from fabwatch.terms.forecasts import Forecast

REF = "#/components/schemas/{model}"
SENTENCE = {"type": "string", "description": "One sentence that a supervisor can read."}


def schemas(answers: Iterable[Any]) -> dict[str, dict[str, Any]]:
    """The schema of every answer and of what they hold, by name."""
    given = {answer.__name__: answer for answer in answers}
    wanted = [(name, "serialization", TypeAdapter(kind)) for name, kind in sorted(given.items())]
    _, made = TypeAdapter.json_schemas(wanted, ref_template=REF)  # type: ignore[arg-type]
    found: dict[str, dict[str, Any]] = made["$defs"]
    for name, kind in {**given, "Forecast": Forecast, "Advice": Advice}.items():
        if name in found and (issubclass(kind, Answer) or kind in (Forecast, Advice)):
            found[name]["properties"]["sentence"] = SENTENCE
    return found
