"""An example for each route that works as it stands, in the shell and in Python; made from the description of the API."""

import json
from dataclasses import dataclass

from fabwatch.api.routing import BASE
from fabwatch.terms.answers import Json

QUERY: dict[str, str] = {
    "/tools": "?horizon=7",
    "/risk": "?by=area",
    "/contain/{tool}": "?format=csv",
    "/history/{tool}": "?days=30",
    "/forecast": "?tool={tool}",
    "/forecast/score": "?tool={tool}",
    "/interval": "?tool={tool}",
    "/plan": "?days=7",
    "/stats": "?by=tool_type",
    "/yield": "?by=product",
    "/features": "?by=lot&limit=10",
    "/models/{model}/compare": "?against={model}",
    "/yield/split": "?wafers=B%3D{lot}",
    "/commonality": "?below=0.7",
    "/spc": "?tool={tool}",
    "/trace/summary": "?format=csv",
    "/trace/run": "?run={run}",
    "/trace/stats": "?by=step",
    "/trace/chambers": "?sensor={sensor}",
    "/trace/backtest": "?rule=neighbours",
    "/problems": "?limit=10",
    "/loads": "?format=csv",
}
BODIES: dict[str, Json] = {
    "/loads/{load}/try": {"keys": {"kind": "moves", "zone": "Europe/Berlin"}, "columns": {"Fertig um": "end_at"}},
    "/loads/{load}/source": {
        "source": "mes",
        "files": ["export_*.csv"],
        "keys": {"kind": "moves", "zone": "Europe/Berlin"},
        "columns": {"Fertig um": "end_at"},
        "reason": "the new export of the MES",
    },
    "/live/{source}": {
        "lot": "L0815",
        "wafer": "L0815.01",
        "tool": "{tool}",
        "step": "S1",
        "end_at": "2026-07-01T09:00:00Z",
    },
    "/holds": {"tool": "{tool}", "reason": "particles over the limit"},
    "/holds/{hold}/release": {"reason": "inspected and found good"},
    "/holds/{hold}/scrap": {"reason": "inspected and found bad", "names": ["{name}"]},
    "/cmp/polish-time": {"incoming": 9000, "target": 5000, "unit": "angstrom", "rate": 40},
    "/cmp/advices": {
        "incoming": 9000,
        "target": 5000,
        "tool": "{polisher}",
        "chosen_s": 102.5,
        "reason": "the last three came out a little thick",
    },
    "/trace/rules": {
        "rule": "neighbours",
        "counts": True,
        "reason": "3 false alarms per 1,000 wafers are fewer than we have",
    },
    "/trace/goldens": {"runs": ["{run}"], "automatic": True, "reason": "accepted after the last maintenance"},
    "/alerts/{case}/ack": {"reason": "the tool was stopped, particles are being looked for"},
    "/models/{model}/use": {"reason": "three weeks beside the old one"},
    "/models/{model}/retire": {"reason": "the tool that it learned from is gone"},
    "/models/{model}/predict": {"rows": [{"{column}": 30.1}], "contributions": True},
    "/models/{model}/outcomes": {"rows": [{"{column}": 30.1, "result": "PASS"}]},
    "/spc/limits": {"tool": "{tool}", "qual_type": "{qual_type}", "reason": "the limits of a good month"},
    "/decisions": {
        "tool": "{tool}",
        "qual_type": "{qual_type}",
        "name": "inhibit",
        "value": 500,
        "reason": "agreed in the quality meeting",
    },
}
FILES: dict[str, str] = {"/cmp/model": "removal-rate.onnx"}
"""Routes that give a file, and what it is called."""
NAMES = {
    "tool": "TOOL",
    "hold": "H-0001",
    "upload": "UPLOAD",
    "load": "LOAD",
    "case": "A-0001",
    "source": "mes",
    "qual_type": "QUAL_TYPE",
    "name": "WAFER",
    "run": "RUN",
    "sensor": "SENSOR",
    "polisher": "TOOL",
    "lot": "LOT",
    "model": "MODEL",
    "column": "COLUMN",
}


@dataclass(frozen=True)
class Parameter:
    """One parameter of a route."""

    name: str
    where: str
    required: bool
    what: str


@dataclass(frozen=True)
class Route:
    """One route with its examples."""

    method: str
    path: str
    summary: str
    scope: str
    parameters: tuple[Parameter, ...]
    curl: str
    python: str


def reference(described: Json, base: str, names: dict[str, str] | None = None) -> list[tuple[str, list[Route]]]:
    """Every route by group; `names` are those of a real tool, hold list and so on."""
    groups: dict[str, list[Route]] = {}
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            groups.setdefault(operation["tags"][0], []).append(
                _route(path, method, operation, base, {**NAMES, **(names or {})})
            )
    return list(groups.items())


def _route(path: str, method: str, operation: Json, base: str, names: dict[str, str]) -> Route:
    short = path.removeprefix(BASE)
    where = base + _filled(path + (QUERY.get(short, "") if method == "get" else ""), names)
    body = _filled(json.dumps(BODIES[short]), names) if method == "post" and short in BODIES else None
    files = "requestBody" in operation and body is None
    out_file = FILES.get(short)
    return Route(
        method=method.upper(),
        path=path,
        summary=operation["summary"],
        scope=operation["x-scope"],
        parameters=tuple(
            Parameter(parameter["name"], parameter["in"], parameter.get("required", False), parameter.get("description", ""))
            for parameter in operation.get("parameters", ())
        ),
        curl=_curl(where, method, body, files) + (f" -o {out_file}" if out_file else ""),
        python=_python(where, method, body, files, out_file),
    )


def _filled(text: str, names: dict[str, str]) -> str:
    for name, value in names.items():
        text = text.replace("{" + name + "}", value)
    return text


def _curl(where: str, method: str, body: str | None, files: bool) -> str:
    key = '-H "Authorization: Bearer $FABWATCH_KEY"'
    if files:
        return f"curl {key} -F file=@moves.csv '{where}'"
    if body is not None:
        return f"curl {key} -H 'Content-Type: application/json' -d '{body}' '{where}'"
    return f"curl {key}{' -X POST' if method == 'post' else ''} '{where}'"


def _python(where: str, method: str, body: str | None, files: bool, out: str | None = None) -> str:
    lines = ["import json, os, urllib.request", ""]
    arguments = ['headers={"Authorization": f"Bearer {os.environ[\'FABWATCH_KEY\']}"}']
    if files:
        return (
            "import os, requests\n\n"
            f'answer = requests.post("{where}", files={{"file": open("moves.csv", "rb")}},\n'
            '    headers={"Authorization": f"Bearer {os.environ[\'FABWATCH_KEY\']}"})\nprint(answer.json())\n'
        )
    if body is not None:
        lines.append(f"body = json.dumps({json.loads(body)!r}).encode()")
        arguments = [
            'headers={"Authorization": f"Bearer {os.environ[\'FABWATCH_KEY\']}", "Content-Type": "application/json"}',
            "data=body",
        ]
    elif method == "post":
        arguments.append('method="POST"')
    lines.append(f'request = urllib.request.Request("{where}", {", ".join(arguments)})')
    shown = "answer.read().decode()" if out is None else f'open("{out}", "wb").write(answer.read()), "bytes"'
    lines += ["with urllib.request.urlopen(request) as answer:", f"    print({shown})"]
    return "\n".join(lines) + "\n"
