"""A table of features for people: how many columns it has of each kind, and where it lies."""

from collections import Counter
from pathlib import Path

from rich.markup import escape

from fabwatch.cli.output import out, table_of
from fabwatch.fab.answers import Features


def written(answer: Features, path: Path, language: str) -> None:
    """Which columns were written, by the table that they come from."""
    console = out()
    counts = Counter("target" if column.name in answer.targets else column.from_ for column in answer.columns)
    table = table_of(answer.demo, "", ["columns", "from"])
    for name, count in counts.items():
        table.add_row(f"{count:,}", escape(name))
    console.print(table)
    console.print(escape(answer.sentence(language)))
    console.print(escape(f"{path}"), soft_wrap=True)
