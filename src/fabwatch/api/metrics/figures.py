"""The figures of the fab as measures: what a quick look at the ledger gives, and answers that are at hand anyway."""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from fabwatch.api.answer_cache import AnswerCache
from fabwatch.api.jobs import Job
from fabwatch.fab.operating import Figures
from fabwatch.fab.questions import AreasQuestion, RiskQuestion
from fabwatch.live.answers import LiveSource
from fabwatch.live.state import standing
from fabwatch.store.disk import Disk, disks_of
from fabwatch.terms.clock import utc_now
from fabwatch.terms.errors import FabwatchError

if TYPE_CHECKING:
    from fabwatch.fab import Fab

AGAIN_S = 10.0
"""Seconds for which figures stand: several monitors cost no more than one."""
PATIENCE_S = 3.0
"""Seconds that a scrape waits for newer figures; a monitor gives up after ten."""


class ReadFigures(Job[Figures]):
    """Look at the ledger, the catalog and the alerts."""

    def run(self, fab: "Fab") -> Figures:
        """The figures."""
        return fab.figures()


class Known:
    """The last figures of the fab, and whether it could be read at the last look."""

    def __init__(self, cache: AnswerCache):
        self._cache = cache
        self.figures: Figures | None = None
        self.readable = False
        self._at = float("-inf")
        self._looking: asyncio.Task[None] | None = None

    async def renewed(self) -> "Known":
        """These figures, looked up again where they are too old; after PATIENCE_S those at hand."""
        if time.monotonic() - self._at >= AGAIN_S and self._looking is None:
            self._looking = asyncio.create_task(self._look())
        if self._looking is not None:
            await asyncio.wait([self._looking], timeout=PATIENCE_S)
        return self

    async def _look(self) -> None:
        try:
            self.figures = await self._cache.look(ReadFigures())
            self.readable, self._at = True, time.monotonic()
        except FabwatchError:
            self.readable = False
        finally:
            self._looking = None


@dataclass(frozen=True)
class Measured(Collector):
    """One scrape of the fab."""

    cache: AnswerCache
    known: Known

    def collect(self) -> Iterator[Metric]:
        """Each measure with its samples."""
        yield gauge("fabwatch_fab_readable", "1 where the fab could be read at the last look.", float(self.known.readable))
        if self.known.figures is not None:
            yield from _of_ledger(self.known.figures)
        yield from _at_risk(self.cache)
        yield from _live(standing(self.cache.folder, self.cache.settings.live, utc_now()))
        yield from _disks(disks_of(self.cache.folder, self.cache.settings.fab))
        yield from _workers(self.cache)


def gauge(name: str, help_: str, value: float | None) -> GaugeMetricFamily:
    """A measure without labels; without a value it has no sample."""
    made = GaugeMetricFamily(name, help_)
    if value is not None:
        made.add_metric([], value)
    return made


def _seconds(moment: datetime | None) -> float | None:
    return None if moment is None else moment.replace(tzinfo=UTC).timestamp()


def _of_ledger(figures: Figures) -> Iterator[Metric]:
    ledger = figures.ledger
    loads = GaugeMetricFamily("fabwatch_loads", "Loads in the ledger.", labels=["status"])
    for status, count in ledger.loads.items():
        loads.add_metric([status], count)
    yield loads
    yield gauge("fabwatch_rows_stored", "Rows that loads have stored.", ledger.rows)
    yield gauge("fabwatch_rows_duplicate", "Rows that were there already.", ledger.duplicates)
    yield gauge("fabwatch_rows_set_aside", "Rows that were set aside.", ledger.set_aside)
    yield gauge("fabwatch_last_load_timestamp_seconds", "When a load was last committed.", _seconds(ledger.last_load_at))
    yield gauge("fabwatch_newest_record_timestamp_seconds", "When the newest record happened.", _seconds(figures.newest))
    yield gauge("fabwatch_data_bytes", "Bytes of the data files that are read now.", ledger.data_bytes)
    yield gauge("fabwatch_kept_bytes", "Bytes of all data files, those of older states too.", ledger.kept_bytes)
    yield gauge("fabwatch_data_files", "Data files that are read now.", ledger.data_files)
    yield gauge("fabwatch_snapshots", "States of the fab that are kept.", ledger.snapshots)
    alerts = GaugeMetricFamily("fabwatch_alerts_open", "Open cases of alerts.", labels=["rule"])
    for rule, count in figures.open_alerts.items():
        alerts.add_metric([rule], count)
    yield alerts


def _at_risk(cache: AnswerCache) -> Iterator[Metric]:
    """Wafers at risk from the newest answer that somebody got anyway; none is worked out for a monitor."""
    risk = cache.at_hand(RiskQuestion())
    if risk is None:
        return
    wafers = GaugeMetricFamily("fabwatch_wafers_at_risk", "Wafers since the last good qual.", labels=["area"])
    for row in AreasQuestion().compose(cache.settings.fab, (risk, None)).areas:
        wafers.add_metric([row.area or ""], row.wafers)
    yield wafers
    yield gauge("fabwatch_wafers_at_risk_timestamp_seconds", "As of when they were counted.", _seconds(risk.as_of))


def _live(sources: list[LiveSource]) -> Iterator[Metric]:
    which = ["source"]
    came = CounterMetricFamily("fabwatch_live_messages", "Messages of a live source, each counted once.", labels=which)
    queued = GaugeMetricFamily("fabwatch_live_queued", "Messages that wait to be loaded.", labels=which)
    held = GaugeMetricFamily("fabwatch_live_queued_bytes", "Bytes of messages that wait.", labels=which)
    failing = GaugeMetricFamily("fabwatch_live_failing", "1 where a live source has a fault at present.", labels=which)
    quiet = GaugeMetricFamily("fabwatch_live_quiet", "1 where it is silent for too long.", labels=which)
    for one in sources:
        name = [one.source]
        came.add_metric(name, one.messages)
        queued.add_metric(name, one.queued)
        held.add_metric(name, one.queued_bytes)
        failing.add_metric(name, float(one.error is not None))
        quiet.add_metric(name, float(one.quiet))
    yield from (came, queued, held, failing, quiet)


def _disks(disks: dict[str, Disk]) -> Iterator[Metric]:
    which = ["of"]
    size = GaugeMetricFamily("fabwatch_disk_size_bytes", "Size of a disk of the fab.", labels=which)
    free = GaugeMetricFamily("fabwatch_disk_free_bytes", "Free bytes of a disk of the fab.", labels=which)
    nodes = GaugeMetricFamily("fabwatch_disk_inodes", "Files that the disk can hold.", labels=which)
    left = GaugeMetricFamily("fabwatch_disk_inodes_free", "Files that it can hold yet.", labels=which)
    for name, disk in disks.items():
        size.add_metric([name], disk.size)
        free.add_metric([name], disk.free)
        nodes.add_metric([name], disk.inodes)
        left.add_metric([name], disk.inodes_free)
    yield from (size, free, nodes, left)


def _workers(cache: AnswerCache) -> Iterator[Metric]:
    which = ["pool"]
    there = GaugeMetricFamily("fabwatch_workers", "Processes that answer.", labels=which)
    busy = GaugeMetricFamily("fabwatch_workers_busy", "Those of them that work at present.", labels=which)
    waiting = GaugeMetricFamily("fabwatch_jobs_waiting", "Questions that wait for one.", labels=which)
    for name, pool in cache.pools.items():
        there.add_metric([name], pool.workers)
        busy.add_metric([name], min(pool.jobs, pool.workers))
        waiting.add_metric([name], max(pool.jobs - pool.workers, 0))
    yield from (there, busy, waiting)
