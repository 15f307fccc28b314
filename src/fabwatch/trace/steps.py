"""Step summaries as columns: a row per run, chamber, step and sensor, without the cost of a dictionary per row."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from fabwatch.equipment.runs import over_runs
from fabwatch.sources.toollog.parts import by_name
from fabwatch.stats.codes import combined
from fabwatch.store.lake import Lake, Record
from fabwatch.store.questions import question

PLACE = ("chamber", "step", "sensor")
NUMBERS = (
    "mean",
    "std",
    "min",
    "max",
    "slope",
    "first",
    "last",
    "outside_s",
    "settle_s",
    "over",
    "under",
    "t_first",
    "t_last",
)
COLUMNS = ("run", *PLACE, "unit", "role", *NUMBERS)
Place = tuple[str | None, str | None, str]
"""Chamber, step, sensor."""


@dataclass(frozen=True, eq=False)
class Steps:
    """Sensor statistics of some runs. Usage counters are left out: they show the age of a part, not how a run went."""

    rows: Mapping[str, np.ndarray]
    """The rows of each run, in their order."""
    places: Sequence[Place]
    place: np.ndarray
    """The place of each row, by its number."""
    numbers: Mapping[str, np.ndarray]
    """Each statistic by row; NaN where there is none."""
    units: Sequence[str | None]
    """The unit of each place: a sensor that is recorded in two units has two places."""

    def statistic(self, name: str) -> np.ndarray:
        """A statistic by row; `range` is that of the samples."""
        return self.numbers["max"] - self.numbers["min"] if name == "range" else self.numbers[name]

    def of(self, runs: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """The rows of these runs in order, and for each row the position of its run."""
        rows = [self.rows[run] for run in runs]
        lengths = [len(own) for own in rows]
        return np.concatenate(rows) if rows else np.zeros(0, int), np.repeat(np.arange(len(runs)), lengths)


def steps_of(lake: Lake, tool: str | None) -> Steps:
    """The sensors of all runs of a tool, or of every tool; see `summary.sql`."""
    params = {"tool": tool, "run": None}
    return steps_in(lake.ask(over_runs(question("trace", "summary")), params).to_arrow_table().select(COLUMNS))


def steps_in(table: pa.Table) -> Steps:
    """The same from rows as `summary.sql` gives them."""
    mean = _numbers(table, "mean")
    is_sensor = np.array(table.column("role").to_pylist(), object) == "sensor"
    table = table.filter(pa.array(is_sensor & ~np.isnan(mean)))
    run, names = by_name(_coded(table, "run"))
    order = np.argsort(run, kind="stable")
    edges = np.searchsorted(run[order], np.arange(len(names)))
    rows = {name: order[edges[n] : edges[n + 1]] for n, name in enumerate(names[:-1]) if name is not None}
    place, places = combined((by_name(_coded(table, name)) for name in (*PLACE, "unit")), table.num_rows)
    known = [(chamber, step, str(sensor)) for chamber, step, sensor, _ in places]
    return Steps(rows, known, place, {name: _numbers(table, name) for name in NUMBERS}, [unit for *_, unit in places])


def steps_from(rows: Sequence[Record]) -> Steps:
    """The same from rows as dictionaries; a missing column is empty."""
    texts = [(name, pa.string()) for name in ("run", *PLACE, "unit", "role")]
    schema = pa.schema([*texts, *((name, pa.float64()) for name in NUMBERS)])
    return steps_in(pa.Table.from_pylist(list(rows), schema=schema))


def _coded(table: pa.Table, name: str) -> pa.DictionaryArray:
    return table.column(name).combine_chunks().dictionary_encode()


def _numbers(table: pa.Table, name: str) -> np.ndarray:
    return np.asarray(table.column(name).to_numpy(), float)
