"""Writes the reference pages from what the code itself says: tables, settings, rules, errors and commands.

`make docs` writes them; a test compares them with what is written, so that no page can fall behind.
"""

import sys
import tempfile
from pathlib import Path
from typing import Any

import typer
from pydantic.fields import FieldInfo

from fabwatch.api.app import Parts, service
from fabwatch.api.examples import reference
from fabwatch.cli.app import command_line
from fabwatch.cmp import doubts as polish_doubts
from fabwatch.fab import Fab
from fabwatch.models.features import doubts as feature_doubts
from fabwatch.quals import doubts as forecast_doubts
from fabwatch.sources.wafermap import doubts as map_doubts
from fabwatch.spc import doubts as chart_doubts
from fabwatch.terms import errors
from fabwatch.terms.doubts import Doubt
from fabwatch.terms.problems import RULES
from fabwatch.terms.settings import Settings
from fabwatch.terms.settings.alerting import AlertSettings, ChannelSettings
from fabwatch.terms.settings.answering import CmpSettings, CostSettings, QualSettings, RuleSettings
from fabwatch.terms.settings.files import LogSettings, SourceSettings
from fabwatch.terms.settings.outside import DatabaseSettings, LiveSettings, PublishSettings, PullSettings
from fabwatch.terms.settings.place import FabSettings, S3Settings, SparkSettings
from fabwatch.terms.settings.service import AuditSettings, OidcSettings, RetentionSettings, ServerSettings
from fabwatch.terms.tables import TABLES
from fabwatch.trace import doubts as trace_doubts
from fabwatch.yields import doubts as yield_doubts
from fabwatch.yields.patterns.card_page import card_page

sys.path.insert(0, str(Path(__file__).parent.parent))
from tests.engines.cases import CASES
from tests.engines.marks import NOT_YET

MADE = "<!-- made by docs/generate.py: make docs -->\n\n"


def tables() -> str:
    """The page of tables."""
    parts = ["# Tables\n\nThe words of a fab. A file whose header carries these names needs no mapping. Times are UTC.\n"]
    for table in TABLES:
        parts.append(f"\n## {table.name}\n\n{table.sentence}\n\n")
        parts.append("| column | kind | unit | needed | what it is |\n|---|---|---|---|---|\n")
        parts += [
            f"| `{c.name}` | {c.kind} | {c.unit} | {'yes' if c.needed else ''} | {c.sentence} |\n" for c in table.stored
        ]
    return "".join(parts)


def problems() -> str:
    """The page of rules that set rows aside."""
    parts = ["# Why rows are set aside\n\n`fabwatch problems` lists what was set aside, each with its rule.\n"]
    for rule in RULES:
        whole = " It concerns a whole file." if rule.whole_file else ""
        parts.append(f"\n## {rule.code}\n\n{rule.__doc__}{whole}\n\n*Way out:* {rule.hint}\n")
    return "".join(parts)


def error_page() -> str:
    """The page of errors."""
    parts = [
        "# Errors\n\nAn error ends a command with exit code 1. Its first line says what is wrong, `hint:` the way out.\n"
    ]

    def add(kind: type[errors.FabwatchError], depth: int) -> None:
        parts.append(f"\n{'#' * min(depth, 4)} {kind.__name__}\n\n{kind.__doc__}\n\n*Way out:* {kind.hint}\n")
        for deeper in kind.__subclasses__():
            add(deeper, depth + 1)

    add(errors.FabwatchError, 2)
    return "".join(parts)


def doubts_page() -> str:
    """The page of doubts."""
    parts = [
        "# Doubts\n\nA forecast, a removal rate or a polish time says what makes it less certain than its figures look, and "
        "a comparison of runs or a wafer map says what it cannot tell: JSON and CSV have `Code: sentence`, the pages the "
        "sentence alone.\n"
    ]
    for title, module in (
        ("Forecasts", forecast_doubts),
        ("Polish times and removal rates", polish_doubts),
        ("Runs", trace_doubts),
        ("What came out", yield_doubts),
        ("Control charts", chart_doubts),
        ("Wafer maps", map_doubts),
        ("Tables to train models on", feature_doubts),
    ):
        parts.append(f"\n## {title}\n\n| code | what it means |\n|---|---|\n")
        kinds = [kind for kind in vars(module).values() if isinstance(kind, type) and issubclass(kind, Doubt)]
        parts += [f"| `{kind.code}` | {kind.__doc__} |\n" for kind in kinds if kind is not Doubt]
    return "".join(parts)


def settings_page() -> str:
    """The page of fab.toml."""
    parts = [
        "# fab.toml\n\nLies in the fab folder; it may be written before the first ingest. It is checked as a whole, and all "
        "faults are listed at once.\n"
    ]
    for title, model in (
        ("[fab]", FabSettings),
        ("[fab.s3]", S3Settings),
        ("[sources.NAME]", SourceSettings),
        ("[quals.TYPE]", QualSettings),
        ("[costs]", CostSettings),
        ("[server]", ServerSettings),
        ("[server.oidc]", OidcSettings),
        ("[audit]", AuditSettings),
        ("[retention]", RetentionSettings),
        ("[logs]", LogSettings),
        ("[rules.NAME]", RuleSettings),
        ("[cmp]", CmpSettings),
        ("[spark]", SparkSettings),
        ("[databases.NAME]", DatabaseSettings),
        ("[publish.NAME]", PublishSettings),
        ("[databases.NAME.pull.KIND]", PullSettings),
        ("[live.NAME]", LiveSettings),
        ("[alerts]", AlertSettings),
        ("[alerts.channels.NAME]", ChannelSettings),
    ):
        parts.append(f"\n## {title}\n\n| key | default | what it says |\n|---|---|---|\n")
        for name, field in model.model_fields.items():
            parts.append(f"| `{field.alias or name}` | {_default(field)} | {field.description} |\n")
    parts.append(
        "\nA source covers the files that match `files` (also packed as `.gz`), or without `files` those with its NAME in "
        "their name; of several the longest pattern wins.\n"
    )
    return "".join(parts)


def _default(field: FieldInfo) -> str:
    value = field.default
    if value in (None, "", (), {}):
        return ""
    if isinstance(value, tuple):
        return ", ".join(f"`{part}`" for part in value)
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def commands() -> str:
    """The page of commands."""
    group: Any = typer.main.get_command(command_line())
    parts = [
        "# Commands\n\n`fabwatch VERB --fab FOLDER`; without `--fab` the variable FABWATCH_FAB, else `./fab`. "
        "stdout carries data, stderr messages. Exit code 0: done; 2: done, something was set aside; 1: failed. "
        "`--debug` anywhere shows tracebacks.\n"
    ]
    commands = {name: command for name, command in group.commands.items() if not command.hidden}
    for name, command in group.commands.items():
        commands |= {f"{name} {inner}": deeper for inner, deeper in getattr(command, "commands", {}).items()}
    for name, command in sorted(commands.items(), key=lambda item: list(group.commands).index(item[0].split()[0])):
        parts.append(f"\n## {name}\n\n{command.help}\n\n| | |\n|---|---|\n")
        for parameter in command.params:
            if parameter.name != "help":
                shown = " ".join(parameter.opts) if parameter.param_type_name == "option" else parameter.name.upper()
                parts.append(f"| `{shown}` | {getattr(parameter, 'help', '') or ''} |\n")
    return "".join(parts)


ADDRESS = "http://127.0.0.1:8000"


def api() -> str:
    """The page of routes."""
    parts = [
        "# API\n\nEvery answer has the fields of the command's `--json`. Lists take `limit`, `offset` and `format=csv`; "
        "`X-Total-Count` says how many rows there are, `Link` where the next page is. An answer carries an `ETag`: sent "
        "back in `If-None-Match`, it is answered 304 as long as nothing was loaded or decided. What goes wrong has one "
        "shape: `code`, `what`, `where`, `hint`. [Keys and scopes](service.md). The description is served at "
        "`/api/v1/openapi.json`; the page `/reference` shows the same with your address.\n"
    ]
    with tempfile.TemporaryDirectory() as folder:
        Fab(folder, create=True).close()
        app = service(Parts(Path(folder), Settings()))
        described = app.openapi()
        app.state.cache.close()
        app.state.keys.close()
    for group, routes in reference(described, ADDRESS):
        parts.append(f"\n## {group}\n")
        for route in routes:
            parts.append(f"\n### {route.method} {route.path}\n\n{route.summary} Scope `{route.scope}`.\n\n")
            if route.parameters:
                parts.append("| parameter | where | what |\n|---|---|---|\n")
                parts += [f"| `{one.name}` | {one.where} | {one.what} |\n" for one in route.parameters]
            parts.append(f"\n```\n{route.curl}\n```\n\n```python\n{route.python}```\n")
    return "".join(parts)


def support() -> str:
    """The page of what runs where, from the marks of the tests."""
    head = (
        "# What runs on which engine\n\nEach question that scans, with the examples that tests run on every engine and "
        "compare with DuckDB. [How to choose one](engines.md).\n\n"
        "| `fabwatch` | DuckDB | Spark | PostgreSQL |\n|---|---|---|---|\n"
    )
    ran = [" | ".join(NOT_YET.get((engine, case), "yes") for engine in ("spark", "postgres")) for case in CASES]
    return head + "".join(f"| `{case}` | yes | {where} |\n" for case, where in zip(CASES, ran, strict=True))


PAGES = {
    "support.md": support,
    "api.md": api,
    "tables.md": tables,
    "problems.md": problems,
    "errors.md": error_page,
    "doubts.md": doubts_page,
    "settings.md": settings_page,
    "commands.md": commands,
    "maps-card.md": card_page,
}


def pages() -> dict[str, str]:
    """Every generated page by its file name."""
    return {name: MADE + make() for name, make in PAGES.items()}


if __name__ == "__main__":
    for file_name, text in pages().items():
        (Path(__file__).parent / file_name).write_text(text, encoding="utf-8")
    sys.stdout.write(f"{len(PAGES)} pages written\n")
