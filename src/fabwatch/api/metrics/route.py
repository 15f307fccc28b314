"""The route that a monitor reads."""

from collections.abc import Iterator

from fastapi import APIRouter, Depends, FastAPI, Request
from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import InfoMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from fabwatch.api.access import needs, whole_fab
from fabwatch.api.faults import unknown_parameter
from fabwatch.api.metrics.figures import Known, Measured
from fabwatch.api.metrics.models import Models
from fabwatch.terms.version import VERSION

router = APIRouter(include_in_schema=False, dependencies=[needs("read"), Depends(whole_fab)])


class _Release(Collector):
    def collect(self) -> Iterator[Metric]:
        yield InfoMetricFamily("fabwatch", "The release that answers.", value={"version": VERSION})


def written(app: FastAPI, known: Known) -> bytes:
    """All measures in the text form of Prometheus."""
    registry = CollectorRegistry()
    for collector in (_Release(), Measured(app.state.cache, known), Models(app.state.folder)):
        registry.register(collector)
    ProcessCollector(registry=registry)
    return generate_latest(registry) + generate_latest(app.state.counts.registry)


@router.get("/metrics")
async def metrics(request: Request) -> Response:
    """The measures as a monitor of servers reads them. Raises Refused (422): it takes no parameters."""
    for name in request.query_params:
        raise unknown_parameter("query", name, ())
    known = await request.app.state.known.renewed()
    content = await run_in_threadpool(written, request.app, known)
    return Response(content, media_type=CONTENT_TYPE_PLAIN_0_0_4)
