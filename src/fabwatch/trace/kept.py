"""Whether the samples of a run are kept: after the days of [retention] its statistics are all that there is."""

from collections.abc import Sequence

from fabwatch.store.lake import Lake, samples_name
from fabwatch.terms.errors import SamplesGone
from fabwatch.trace.envelope import RunPart


def check_kept(lake: Lake, run: str, parts: Sequence[RunPart]) -> None:
    """Raises SamplesGone for a run that had samples, of which none is kept."""
    had = [part for part in parts if part.shape and part.rows]
    if had and not any(_has_samples(lake, part) for part in had):
        raise SamplesGone(f"The samples of {run} are not kept any more: see [retention] samples in fab.toml.")


def _has_samples(lake: Lake, part: RunPart) -> bool:
    sql = f"SELECT 1 FROM {samples_name(part.shape)} WHERE load = $load AND part = $part LIMIT 1"
    return bool(lake.ask(sql, {"load": part.load, "part": part.part}).fetchall())
