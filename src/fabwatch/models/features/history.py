"""The columns of what a wafer or lot passed: tool, chamber, waiting, age of the tool, and how its quals stood."""

from typing import NamedTuple

import pyarrow as pa

from fabwatch.models.features.wide import Origin, Texts, Wide, stretches

WIDTH = 7
"""Columns of a step."""


class Step(NamedTuple):
    """A step that has columns."""

    id: int
    label: str
    prefix: str
    timed: bool
    """Every move through it has a start."""

    @property
    def start(self) -> str:
        """When what was so before the step was known."""
        return f"start of step {self.label}" + ("" if self.timed else ", or its end where no start is recorded")

    @property
    def end(self) -> str:
        """When the step was done."""
        return f"end of step {self.label}"


def add_history(wide: Wide, visits: pa.Table, steps: list[Step], by: str) -> None:
    """Add the columns of each step, in the order of the steps; `visits` are sorted by step."""
    texts = {name: Texts(visits[name]) for name in ("tool", "chamber", "qual")}
    rows = visits["row"].to_numpy()
    places = dict(stretches(visits["step"]))
    for step in steps:
        if step.id not in places:
            continue
        part = places[step.id]
        here = visits.slice(part.start, part.stop - part.start)
        for name, origin in _origins(step, by).items():
            values = wide.text(rows[part], texts[name], part) if name in texts else wide.number(rows[part], here[name])
            wide.add(f"{step.prefix}.{name}", values, origin)


def _origins(step: Step, by: str) -> dict[str, Origin]:
    most = " (that most of its wafers used)" if by == "lot" else ""
    mean = ", as a mean over its wafers" if by == "lot" else ""
    label, start = step.label, step.start
    return {
        "tool": Origin("moves", f"Tool of step {label}{most}.", start),
        "chamber": Origin("moves", f"Chamber of step {label}{most}.", start),
        "queue_h": Origin(
            "moves", f"Time between the end of the move before and the start of step {label}{mean}.", start, "h"
        ),
        "process_min": Origin("moves", f"Time from start to end of step {label}{mean}.", step.end, "min"),
        "age_h": Origin(
            "restores", f"Time since the last restore of the tool or chamber of step {label}{mean}.", start, "h"
        ),
        "age_wafers": Origin(
            "restores", f"Wafers that ran there since the last restore before step {label}{mean}.", start, "wafers"
        ),
        "qual": Origin(
            "quals",
            f"Last known qual of each type there before step {label}: good, failed if one of them failed, or none.",
            start,
        ),
    }
