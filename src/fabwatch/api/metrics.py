"""What a monitor of servers reads (Prometheus): what models were asked, what was odd about it, and how they score."""

from collections.abc import Iterator
from pathlib import Path

from fastapi import APIRouter, Depends, Request
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from fabwatch.api.access import needs, whole_fab
from fabwatch.api.faults import unknown_parameter
from fabwatch.fab.models import counted_models
from fabwatch.terms.version import VERSION

router = APIRouter(include_in_schema=False, dependencies=[needs("read"), Depends(whole_fab)])
WHICH = ["model", "version"]


class Models(Collector):
    """The counts and scores of the models in a folder."""

    def __init__(self, folder: Path):
        self._folder = folder

    def collect(self) -> Iterator[Metric]:
        """Each measure with its samples."""
        rows = CounterMetricFamily("fabwatch_model_rows", "Rows that a model predicted over HTTP.", labels=WHICH)
        odd = CounterMetricFamily(
            "fabwatch_model_odd_values", "Values that a model never saw, or that are missing.", labels=[*WHICH, "kind"]
        )
        score = GaugeMetricFamily(
            "fabwatch_model_score", "The last score on newer rows, its promise and its floor.", labels=[*WHICH, "of"]
        )
        alert = GaugeMetricFamily("fabwatch_model_alert", "1 where a model is no better than no model.", labels=WHICH)
        for one in counted_models(self._folder):
            which = [one.model, str(one.version)]
            rows.add_metric(which, one.rows)
            for kind, count in one.odd.items():
                odd.add_metric([*which, kind], count)
            if one.score is not None:
                for of, value in (
                    ("newer rows", one.score.value),
                    ("held out", one.score.held_out),
                    ("floor", one.score.floor),
                ):
                    if value is not None:
                        score.add_metric([*which, of], value)
                alert.add_metric(which, float(one.alert))
        yield InfoMetricFamily("fabwatch", "The release that answers.", value={"version": VERSION})
        yield from (rows, odd, score, alert)


def written(folder: Path) -> bytes:
    """All measures in the text form of Prometheus."""
    registry = CollectorRegistry()
    registry.register(Models(folder))
    return generate_latest(registry)


@router.get("/metrics")
async def metrics(request: Request) -> Response:
    """The measures as a monitor of servers reads them. Raises Refused (422): it takes no parameters."""
    for name in request.query_params:
        raise unknown_parameter("query", name, ())
    content = await run_in_threadpool(written, request.app.state.folder)
    return Response(content, media_type=CONTENT_TYPE_PLAIN_0_0_4)
