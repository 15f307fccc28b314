"""Runs of polishers from their logs: the mean and spread of each sensor, and the counters of consumables."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from functools import cache

import numpy as np

from fabwatch.equipment.runs import over_runs
from fabwatch.store.lake import Lake
from fabwatch.store.questions import question
from fabwatch.terms.clock import moment_at


@dataclass(frozen=True)
class LogRun:
    """One run: features by name, counters by name."""

    run: str
    tool: str
    stage: str | None
    chamber: str | None
    wafer: str | None
    end: datetime
    names: tuple[str, ...]
    features: np.ndarray
    counters: tuple[str, ...]
    usage: np.ndarray

    @property
    def group(self) -> tuple[str, str | None, str | None]:
        """Tool, stage and chambers: runs of one group are one process."""
        return self.tool, self.stage, self.chamber


@cache
def features_sql() -> str:
    """SQL: the mean and spread of the sensors of each run, and its counter readings."""
    return over_runs(question("cmp", "features"))


def log_runs(lake: Lake, as_of: datetime, tool: str | None = None) -> list[LogRun]:
    """The dated runs, ordered by their end."""
    rows = lake.rows(features_sql(), {"tool": tool})
    by_run: dict[str, list[dict[str, object]]] = defaultdict(list)
    for row in rows:
        by_run[row["run"]].append(row)
    sensors = sorted({row["sensor"] for row in rows if row["role"] != "usage"})
    counters = tuple(sorted({row["sensor"] for row in rows if row["role"] == "usage"}))
    names = (*(f"{sensor} {kind}" for sensor in sensors for kind in ("mean", "spread")), "seconds")
    runs = []
    for run, sensor_rows in by_run.items():
        cells = {row["sensor"]: row for row in sensor_rows}
        first = sensor_rows[0]
        end = moment_at(float(first["end_s"]))  # type: ignore[arg-type]
        if end > as_of:
            continue
        features = [cells[s][kind] if s in cells else np.nan for s in sensors for kind in ("mean", "spread")]
        usage = [cells[c]["first"] if c in cells else np.nan for c in counters]
        runs.append(
            LogRun(
                run=run,
                tool=str(first["tool"]),
                stage=first["stage"],  # type: ignore[arg-type]
                chamber=first["chamber"],  # type: ignore[arg-type]
                wafer=first["wafer"],  # type: ignore[arg-type]
                end=end,
                names=names,
                features=np.array([*features, first["seconds"]], float),
                counters=counters,
                usage=np.array(usage, float),
            )
        )
    return sorted(runs, key=lambda log_run: (log_run.end, log_run.run))
