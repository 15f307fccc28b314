"""The questions as tools: name, what each answers, and the form of what may be stated, from their declarations."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from fabwatch.api.models import in_path, query_model
from fabwatch.api.routing import BASE
from fabwatch.fab.questions import QUESTIONS
from fabwatch.terms.answers import Json
from fabwatch.terms.questions import Declared, declared

ROWS = 50
"""Rows of an answer unless more are asked for: an assistant reads all that it is given."""


@dataclass(frozen=True)
class Tool:
    """One question."""

    name: str
    about: str
    path: str
    kind: type[Declared]
    paged: bool

    @property
    def schema(self) -> Json:
        """The form of its arguments (JSON Schema)."""
        made: Json = query_model(self.kind, self.path).model_json_schema()
        fields: Json = made.get("properties", {})
        for name in ("format", *(() if self.paged else ("limit", "offset"))):
            fields.pop(name, None)
        if self.paged:
            fields["limit"] = {**fields["limit"], "default": ROWS}
        required = list(made.get("required", []))
        for field in declared(self.kind):
            if in_path(field, self.path):
                fields[field.public] = {"type": "string", "description": field.param.help, "maxLength": field.param.longest}
                required.append(field.public)
        found = {"type": "object", "properties": fields, "additionalProperties": False}
        if "$defs" in made:
            found["$defs"] = made["$defs"]
        return {**found, "required": required} if required else found

    def address(self, arguments: Json) -> tuple[str, dict[str, Any]]:
        """The path of the API and its query for some arguments."""
        values = {name: value for name, value in arguments.items() if value is not None}
        path = self.path
        for field in declared(self.kind):
            if in_path(field, self.path):
                path = path.replace("{" + field.public + "}", quote(str(values.pop(field.public, "")), safe=""))
        if self.paged:
            values.setdefault("limit", ROWS)
        return BASE + path, values


def tools() -> dict[str, Tool]:
    """All questions that a key with the scope `read` may ask, by name."""
    found = {}
    for kind in QUESTIONS:
        spec = kind.spec
        if spec.path and spec.scope == "read" and spec.binary is None:
            name = _name(spec.command or spec.path)
            about = " ".join((kind.__doc__ or "").split())
            found[name] = Tool(name, about, spec.path, kind, spec.rows is not None)
    return found


def _name(words: str) -> str:
    """A name that every assistant takes: letters, digits and _."""
    kept = "".join(sign if sign.isalnum() else "_" for sign in words if sign not in "{}")
    return "_".join(part for part in kept.split("_") if part)
