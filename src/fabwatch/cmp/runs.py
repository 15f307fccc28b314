"""Runs of polishers as their logs tell them: the mean of each sensor, and where the counters of consumables stood."""

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
        """Runs of one group are one process: tool, stage and chambers."""
        return self.tool, self.stage, self.chamber


@cache
def features_sql() -> str:
    """What the logs say of each run: the mean and spread of its sensors, and where its counters stood."""
    return over_runs(question("cmp", "features"))


def log_runs(lake: Lake, as_of: datetime, tool: str | None = None) -> list[LogRun]:
    """The dated runs in the order in which they ended."""
    rows = lake.rows(features_sql(), {"tool": tool})
    by_run: dict[str, list[dict[str, object]]] = defaultdict(list)
    for row in rows:
        by_run[row["run"]].append(row)
    sensors = sorted({row["sensor"] for row in rows if row["role"] != "usage"})
    counters = tuple(sorted({row["sensor"] for row in rows if row["role"] == "usage"}))
    names = (*(f"{sensor} {kind}" for sensor in sensors for kind in ("mean", "spread")), "seconds")
    found = []
    for run, some in by_run.items():
        cells = {row["sensor"]: row for row in some}
        first = some[0]
        end = moment_at(float(first["end_s"]))  # type: ignore[arg-type]
        if end > as_of:
            continue
        features = [cells[s][kind] if s in cells else np.nan for s in sensors for kind in ("mean", "spread")]
        usage = [cells[c]["first"] if c in cells else np.nan for c in counters]
        found.append(
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
    return sorted(found, key=lambda one: (one.end, one.run))
