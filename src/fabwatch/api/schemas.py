"""The schemas of the answers, made from the answers themselves."""

from collections.abc import Iterable
from typing import Any

from pydantic import TypeAdapter

from fabwatch.fab.answers import Advice, Forecast
from fabwatch.terms.answers import Answer, Json

REF = "#/components/schemas/{model}"
SENTENCE = {"type": "string", "description": "One sentence that a supervisor can read."}


def schemas(answers: Iterable[Any]) -> dict[str, Json]:
    """The schema of every answer and of what they hold, by name."""
    by_name = {answer.__name__: answer for answer in answers}
    wanted = [(name, "serialization", TypeAdapter(kind)) for name, kind in sorted(by_name.items())]
    _, made = TypeAdapter.json_schemas(wanted, ref_template=REF)  # type: ignore[arg-type]
    definitions: dict[str, Json] = made["$defs"]
    for name, kind in {**by_name, "Forecast": Forecast, "Advice": Advice}.items():
        if name in definitions and (issubclass(kind, Answer) or kind in (Forecast, Advice)):
            definitions[name]["properties"]["sentence"] = SENTENCE
    for made_of in definitions.values():
        _public(made_of)
    if "PolishTimes" in definitions:
        # Why a wafer cannot be polished goes out as one line.
        line = {"anyOf": [{"type": "string"}, {"type": "null"}]}
        definitions["PolishTimes"]["properties"]["refused"] = {"type": "array", "items": line}
    return definitions


def _public(schema: Json) -> None:
    """Name the fields as they go out: a name that Python keeps for itself has a `_` behind it inside alone."""
    if "properties" in schema:
        schema["properties"] = {name.rstrip("_"): field for name, field in schema["properties"].items()}
    if "required" in schema:
        schema["required"] = [name.rstrip("_") for name in schema["required"]]
