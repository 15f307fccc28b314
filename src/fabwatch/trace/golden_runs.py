"""Which runs can form one set of golden runs."""

from collections.abc import Sequence
from datetime import datetime

from fabwatch.store.lake import Lake
from fabwatch.terms.errors import BadQuestion
from fabwatch.trace.answers import RunKind
from fabwatch.trace.faults import good_runs
from fabwatch.trace.run_groups import kind_of
from fabwatch.trace.runs import check_names, logged_runs


def alike(lake: Lake, as_of: datetime, runs: Sequence[str], automatic: bool) -> tuple[RunKind, list[str]]:
    """The kind of these runs, and the runs; with `automatic` all good runs of that kind. Raises UnknownTool, BadQuestion."""
    known = {row.run: row for row in logged_runs(lake, as_of=as_of)}
    if not runs:
        raise BadQuestion("No run given.", "fabwatch trace runs lists them")
    for run in runs:
        check_names(list(known.values()), None, run)
    kinds = {kind_of(known[run]) for run in runs}
    if len(kinds) > 1:
        raise BadQuestion(
            "These runs cannot be golden together: they differ in tool, chambers, recipe or stage.",
            "choose golden runs of one kind at a time",
        )
    chosen = list(dict.fromkeys(runs))
    if automatic:
        good, _ = good_runs(lake, as_of, chosen[0], chosen_too=False)
        chosen = list(dict.fromkeys([*chosen, *good]))
    return kinds.pop(), chosen
