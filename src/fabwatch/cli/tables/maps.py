"""Tables of wafer maps and of how well they are told apart."""

from rich.markup import escape

from fabwatch.cli.output import ROWS_SHOWN, out, table_of, talk
from fabwatch.fab.maps import MapAnswer, MapAnswers, MapScore


def classified(answer: MapAnswers, language: str) -> None:
    """One row a map, then a sentence."""
    console = out()
    table = table_of(False, "", ("lot", "wafer", "pattern", "probability", "failed", "dies", "most similar", "file"))
    for one in answer.maps[:ROWS_SHOWN]:
        near = ", ".join(f"{other.lot} {other.wafer}".strip() or other.origin for other in one.similar[:3])
        cells = (one.lot, one.wafer, _pattern(one), f"{one.probability:.2f}", f"{one.failed:,}", f"{one.dies:,}", near)
        table.add_row(*(escape(cell or "-") for cell in (*cells, one.origin)))
    if answer.maps:
        console.print(table)
    if len(answer.maps) > ROWS_SHOWN:
        console.print(f"… and {len(answer.maps) - ROWS_SHOWN:,} more: --csv or --json")
    console.print(escape(answer.sentence(language)))
    doubts = {str(doubt): 0 for one in answer.maps for doubt in one.doubts}
    for one in answer.maps:
        for doubt in one.doubts:
            doubts[str(doubt)] += 1
    for text, count in doubts.items():
        console.print(escape(f"doubt ({count:,} of {len(answer.maps):,} maps): {text}"))


def _pattern(one: MapAnswer) -> str:
    name = " + ".join(part.pattern for part in one.patterns)
    return f"unknown (nearest {name})" if one.unknown else name


def refused(answer: MapAnswers) -> None:
    """The files that could not be read, on stderr."""
    for file in answer.refused:
        talk().print(escape(f"error: {file.file}: {file.why}\nhint: {file.hint}"))


def scored(answer: MapScore, language: str) -> None:
    """One row a pattern, the confusion, then a sentence."""
    console = out()
    table = table_of(False, "", ("pattern", "maps", "precision", "recall", "F1", "taken for"))
    for name, one in answer.per_class.items():
        others = sorted(answer.confusion.get(name, {}).items(), key=lambda item: -item[1])
        wrong = ", ".join(f"{other} {count:,}" for other, count in others if other != name)
        table.add_row(name, f"{one.n:,}", *(_share(value) for value in (one.precision, one.recall, one.f1)), wrong or "-")
    console.print(table)
    console.print(escape(answer.sentence(language)))


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
