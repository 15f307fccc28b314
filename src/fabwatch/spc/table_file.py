"""Control charts of a column of any table, and the study of a gauge: no fab needed."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np

from fabwatch.spc.answers import ControlCharts, GaugeStudy
from fabwatch.spc.charting import Options
from fabwatch.spc.control_charts import METHOD, charts_of
from fabwatch.spc.frozen import Frozen
from fabwatch.spc.series import Series
from fabwatch.spc.table_columns import TableColumns, columns_of
from fabwatch.stats.charts import deviations
from fabwatch.stats.gauge import gauge_study
from fabwatch.terms.answers import Header, How
from fabwatch.terms.errors import BadQuestion

GAUGE_METHOD = (
    "Crossed gauge study by analysis of variance of part, operator and their interaction, which is pooled with "
    "repeatability where its p is above 0.25. Source: AIAG, Measurement Systems Analysis, 4th ed.; Montgomery 8.7.2."
)
SHORT_RUN = " Short runs: each reading is its departure from the target of its part{scaled}."
FEW_OF_PART = 2


def charts_of_table(
    path: Path,
    values: Sequence[str],
    *,
    moment: datetime,
    groups: Sequence[str] = (),
    options: Options | None = None,
    lower: float | None = None,
    upper: float | None = None,
    part: str | None = None,
    target: str | None = None,
    standardized: bool = False,
) -> ControlCharts:
    """The charts of columns of a table, in order of its rows.

    `groups` name the columns of subgroups, the outermost first (lot, wafer): rows with the same values are one. `part` names
    the column of the part or product of short runs, `target` that of its nominal value, else the mean of the part counts;
    `standardized` divides by the standard deviation of the part. Raises NoSuchPath and BadQuestion.
    """
    names = [*values, *groups, *(name for name in (part, target) if name)]
    table = columns_of(path, list(dict.fromkeys(names)))
    series = []
    for name in values:
        one = _series(table, name, groups, lower, upper)
        if part or target:
            one = _short_run(table, one, name, groups, part, target, standardized)
        series.append(one)
    method = METHOD
    if part or target:
        method += SHORT_RUN.format(scaled=" in its standard deviations" if standardized else "")
    return charts_of(_header(moment, method, path, names), series, options or Options(), Frozen({}))


def gauge_of_table(
    path: Path, value: str, part: str, operator: str, *, moment: datetime, tolerance: float | None = None
) -> GaugeStudy:
    """The study of a gauge from rows of part, operator and reading. Raises NoSuchPath and BadQuestion."""
    table = columns_of(path, [value, part, operator])
    numbers = table.numbers(value)
    cells: dict[tuple[str, str], list[float]] = {}
    for number, own_part, own_operator in zip(numbers, table.texts(part), table.texts(operator), strict=True):
        if isinstance(number, float):
            cells.setdefault((own_part.strip(), own_operator.strip()), []).append(number)
    parts, operators = (list(dict.fromkeys(key[n] for key in cells)) for n in (0, 1))
    counts = {len(cells.get((p, o), [])) for p in parts for o in operators}
    if len(counts) != 1:
        raise BadQuestion(
            f"Each operator has to measure each part as often (got {min(counts, default=0)} to {max(counts, default=0)}).",
            "leave out what is not complete",
        )
    try:
        study = gauge_study(np.array([[cells[p, o] for o in operators] for p in parts]))
    except ValueError as fault:
        raise BadQuestion(f"No gauge study: {fault}.", "each operator measures each part twice at least") from fault
    header = _header(moment, GAUGE_METHOD, path, [value, part, operator])
    return GaugeStudy(
        *header,
        study.parts,
        study.operators,
        study.trials,
        study.repeatability,
        study.reproducibility,
        study.interaction,
        study.part,
        study.total,
        study.study_variation,
        study.distinct_categories,
        study.tolerance_share(tolerance) if tolerance else None,
        study.interaction_p,
    )


def _header(moment: datetime, method: str, path: Path, names: Sequence[str]) -> Header:
    """What an answer begins with; it reads a file, and no fab."""
    return moment, None, False, How(method, f"{', '.join(dict.fromkeys(names))} of {path.name}", 0), None


def _series(table: TableColumns, name: str, groups: Sequence[str], lower: float | None, upper: float | None) -> Series:
    numbers = table.numbers(name)
    labels = list(zip(*(table.texts(group) for group in groups), strict=True)) if groups else None
    rows: dict[tuple[str, ...], list[float]] = {}
    for n, number in enumerate(numbers):
        if isinstance(number, float):
            key = tuple(label.strip() for label in labels[n]) if labels else (str(n + 1),)
            rows.setdefault(key, []).append(number)
    keys = list(rows)
    values = np.array([number for number in numbers if isinstance(number, float)])
    outer = tuple((group, tuple(" / ".join(key[: n + 1]) for key in keys)) for n, group in enumerate(groups[:-1]))
    low, high = (-np.inf if lower is None else lower), (np.inf if upper is None else upper)
    outside = int(((values < low) | (values > high)).sum())
    return Series(
        tool="",
        chamber="*",
        name=name,
        of="table",
        unit=None,
        at=tuple(" / ".join(key) for key in keys),
        values=np.array([number for own in rows.values() for number in own]),
        sizes=np.array([len(own) for own in rows.values()], int),
        lower=lower,
        upper=upper,
        outside=outside,
        beyond=sum(isinstance(number, str) for number in numbers),
        empty=sum(number is None for number in numbers),
        keys=tuple(" / ".join(key) for key in keys),
        levels=outer,
        inner=(groups[-1] if groups else "between", "within"),
    )


def _short_run(
    table: TableColumns,
    series: Series,
    name: str,
    groups: Sequence[str],
    part: str | None,
    target: str | None,
    standardized: bool,
) -> Series:
    """The same series with each reading as its departure from the target of its part."""
    if groups:
        raise BadQuestion("Short runs are charted one reading at a time.", "leave --group out")
    numbers = table.numbers(name)
    there = [n for n, number in enumerate(numbers) if isinstance(number, float)]
    x = series.values
    parts = np.array(table.texts(part) if part else [""] * len(numbers))[there]
    centers, sigmas = np.empty(len(x)), np.ones(len(x))
    stated = table.numbers(target) if target else None
    for own in dict.fromkeys(parts.tolist()):
        mine = parts == own
        if standardized and (mine.sum() < FEW_OF_PART or not x[mine].std() > 0):
            raise BadQuestion(f"Part {own} has too few readings for a standard deviation.", "leave --standardized out")
        centers[mine] = x[mine].mean()
        sigmas[mine] = x[mine].std(ddof=1) if standardized else 1.0
    if stated is not None:
        nominal = [stated[n] for n in there]
        if not all(isinstance(number, float) for number in nominal):
            raise BadQuestion(f"{target} is empty in some rows.", "state the target of each reading, or leave --target out")
        centers = np.array(nominal, float)
    away = deviations(x, centers, sigmas if standardized else None)
    return replace(series, values=away, lower=None, upper=None)
