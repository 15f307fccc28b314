"""The columns of what was measured: sensors of tool logs, thicknesses and rates, defects of inspections."""

from collections.abc import Sequence
from typing import Any

from fabwatch.models.features.wide import Origin, Wide, slug
from fabwatch.store.lake import Lake, Record
from fabwatch.store.questions import filled, question

ROOM = "models.features"
SENSED = ("label", "step", "sensor", "measured_in")
MEASURED = ("source", "label", "parameter", "measured_in")
"""What tells one column of sensors, or of measurements, from another."""


def candidates(lake: Lake, table: str, keys: Sequence[str]) -> list[Record]:
    """What could be columns, those that most rows have first."""
    return lake.rows(filled(question(ROOM, "candidates"), keys=", ".join(keys), table=table))


def add_sensed(wide: Wide, lake: Lake, taken: Sequence[Record]) -> None:
    """Add mean and maximum of each chosen sensor and step of a recipe."""
    for row in taken:
        values = _values(lake, "feature_sensed", SENSED, row, "mean, most")
        name = slug(row["label"], row["step"], row["sensor"])
        where = f"{row['sensor']}" + (f" in step {row['step']} of the recipe" if row["step"] is not None else "")
        known = f"end of the run at {row['label']}"
        for end, column, word in (("mean", "mean", "Mean"), ("max", "most", "Maximum")):
            numbers = wide.number(values["row"].to_numpy(), values[column])
            origin = Origin("step_summary", f"{word} of {where} at {row['label']}.", known, row["measured_in"])
            wide.add(f"{name}.{end}", numbers, origin)


def add_measured(wide: Wide, lake: Lake, taken: Sequence[Record]) -> None:
    """Add the mean of each chosen measurement."""
    for row in taken:
        values = _values(lake, "feature_measured", MEASURED, row, "mean")
        where = f" at {row['label']}" if row["label"] is not None else ""
        origin = Origin(
            row["source"],
            f"Mean of {row['parameter']}{where}.",
            "arrival of the result, before the moment `at`",
            row["measured_in"],
        )
        numbers = wide.number(values["row"].to_numpy(), values["mean"])
        wide.add(slug(row["source"], row["label"], row["parameter"]), numbers, origin)


def _values(lake: Lake, table: str, keys: Sequence[str], row: Record, columns: str) -> Any:
    """The rows of one column."""
    same = " AND ".join(f"{key} IS NOT DISTINCT FROM ${key}" for key in keys)
    parameters = {key: row[key] for key in keys}
    return lake.ask(f"SELECT row, {columns} FROM {table} WHERE {same}", parameters).to_arrow_table()
