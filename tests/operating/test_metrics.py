"""What a monitor of servers reads: cheap, true, bounded, and all that the dashboard and the rules name."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from fabwatch.fab import Fab
from fabwatch.terms.settings.alerting import ALERT_RULES
from tests.operating.metrics import named_in, scraped

GRAFANA = Path(__file__).parent.parent.parent / "deploy" / "grafana"
MADE_LATER = {
    "fabwatch_pulls_total", "fabwatch_live_messages_total", "fabwatch_live_queued", "fabwatch_live_queued_bytes",
    "fabwatch_live_failing", "fabwatch_live_quiet", "fabwatch_model_score", "fabwatch_model_alert",
    "fabwatch_model_odd_values_total", "fabwatch_model_rows_total",
}  # fmt: skip
"""Measures without a sample until there is a database, a live source or a score; their names are there all the same."""


def one(samples: dict[Any, float], **labels: str) -> float:
    return samples[tuple(sorted(labels.items()))]


def test_the_figures_of_the_fab_are_those_of_the_fab(server: Any) -> None:
    server.get("/api/v1/risk")
    measures = scraped(server)
    with Fab(server.fab) as fab:
        figures = fab.figures()
    loads = figures.ledger.loads
    assert one(measures["fabwatch_fab_readable"]) == 1
    assert one(measures["fabwatch_loads"], status="loaded") == loads["loaded"] > 5
    assert one(measures["fabwatch_loads"], status="failed") == loads["failed"] == 0
    assert one(measures["fabwatch_rows_stored"]) == figures.ledger.rows > 2000
    assert one(measures["fabwatch_rows_set_aside"]) == figures.ledger.set_aside
    assert one(measures["fabwatch_last_load_timestamp_seconds"]) <= one(measures["process_start_time_seconds"])
    assert one(measures["fabwatch_newest_record_timestamp_seconds"]) == figures.newest.timestamp()
    on_disk = sum(path.stat().st_size for path in (server.fab / "data").rglob("*.parquet"))
    assert one(measures["fabwatch_data_bytes"]) == figures.ledger.data_bytes <= on_disk
    assert one(measures["fabwatch_snapshots"]) == figures.ledger.snapshots > 5
    disk = shutil.disk_usage(server.fab)
    assert one(measures["fabwatch_disk_size_bytes"], of="folder") == disk.total
    assert set(measures["fabwatch_alerts_open"]) == {(("rule", rule),) for rule in ALERT_RULES}
    assert one(measures["fabwatch_workers"], pool="quick") == 2
    assert one(measures["fabwatch_workers_busy"], pool="long") == 0


def test_wafers_at_risk_by_area_are_those_of_the_last_answer(server: Any) -> None:
    areas = server.get("/api/v1/areas").json()["areas"]
    measures = scraped(server)
    shown = {dict(labels)["area"]: value for labels, value in measures["fabwatch_wafers_at_risk"].items()}
    assert shown == {row["area"]: row["wafers"] for row in areas}
    assert sum(shown.values()) > 0


def test_requests_are_counted_by_the_pattern_of_their_route_and_never_by_what_somebody_makes_up(server: Any) -> None:
    before = scraped(server)
    for tool in ("ETCH-1", "ETCH-2", "NO-SUCH-TOOL"):
        server.get(f"/api/v1/history/{tool}")
    for path in ("/made/up", "/made/up/2", "/api/v1/nothing"):
        server.get(path)
    with server.client("read") as client:
        client.request("BREW", "/health")
        client.get("/health")
    after = scraped(server)

    def more(**labels: str) -> float:
        mark = tuple(sorted(labels.items()))
        return after["fabwatch_requests_total"][mark] - before["fabwatch_requests_total"].get(mark, 0.0)

    routes = {dict(labels)["route"] for labels in after["fabwatch_requests_total"]}
    history = next(route for route in routes if route.startswith("/api/v1/history/{"))
    assert more(route=history, method="GET", status="200") == 2
    assert more(route=history, method="GET", status="404") == 1
    assert more(route="none", method="GET", status="404") == 3
    assert more(route="/health", method="other", status="200") == 1
    assert more(route="/health", method="GET", status="200") == 1
    assert not any("made" in route or "ETCH" in route or "NO-SUCH" in route for route in routes)
    counted = one(after["fabwatch_request_seconds_count"], route=history)
    assert counted >= 3
    assert one(after["fabwatch_request_seconds_sum"], route=history) > 0


def test_a_refusal_without_a_key_is_counted_and_shows_no_figures(server: Any) -> None:
    with server.client("read") as client:
        del client.headers["Authorization"]
        assert client.get("/metrics").status_code == 401
    with server.client("read", area="CMP") as client:
        assert client.get("/metrics").status_code == 403
    counts = scraped(server)["fabwatch_requests_total"]
    assert one(counts, route="none", method="GET", status="401") >= 1


def test_a_scrape_leaves_no_question_for_the_workers(server: Any) -> None:
    scraped(server)
    jobs = scraped(server)["fabwatch_jobs_waiting"]
    assert {dict(labels)["pool"] for labels in jobs} == {"quick", "deep", "outlook", "long", "loader"}
    assert not any(jobs.values())


def queries() -> list[tuple[str, str]]:
    board = json.loads((GRAFANA / "fabwatch.json").read_text())
    shown = [(panel["title"], target["expr"]) for panel in board["panels"] for target in panel["targets"]]
    groups = yaml.safe_load((GRAFANA / "alerts.yaml").read_text())["groups"]
    return shown + [(rule["alert"], rule["expr"]) for group in groups for rule in group["rules"]]


def test_every_query_of_the_dashboard_and_of_the_rules_names_measures_that_there_are(server: Any) -> None:
    server.get("/api/v1/risk")
    with server.client("read") as client:
        text = client.get("/metrics").text
    samples = {line.split("{")[0].split(" ")[0] for line in text.splitlines() if line[:1] not in ("#", "")}
    headed = {line.split(" ")[2] for line in text.splitlines() if line.startswith("# TYPE")}
    assert headed >= MADE_LATER - {"fabwatch_pulls_total"}
    named = {name for _, query in queries() for name in named_in(query)}
    assert len(named) > 25
    assert named - samples - MADE_LATER == set()


def test_the_dashboard_shows_every_measure_of_the_fab(server: Any) -> None:
    with server.client("read") as client:
        text = client.get("/metrics").text
    headed = {line.split(" ")[2] for line in text.splitlines() if line.startswith("# TYPE fabwatch_")}
    named = {name for _, query in queries() for name in named_in(query)}
    # Of a histogram the queries name the buckets.
    beside = {"fabwatch_request_seconds", "fabwatch_request_seconds_created", "fabwatch_requests_created"}
    assert headed - named - beside == set()


@pytest.mark.parametrize(("title", "query"), queries(), ids=lambda value: value[:30])
def test_a_query_closes_what_it_opens(title: str, query: str) -> None:
    for opening, closing in ("()", "{}", "[]"):
        assert query.count(opening) == query.count(closing), title
    assert query.count('"') % 2 == 0, title
