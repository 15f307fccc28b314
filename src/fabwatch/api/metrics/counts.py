"""What the service counts as it works: requests by route and pulls by database. Labels come from code and fab.toml alone."""

from prometheus_client import CollectorRegistry, Counter, Histogram

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"})
BUCKETS_S = (0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0)
NO_ROUTE = "none"
"""The route of a request that met none: a path that somebody made up must not become a label."""


class Counts:
    """Counters of one service."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "fabwatch_requests", "Requests answered.", ["route", "method", "status"], registry=self.registry
        )
        self._seconds = Histogram(
            "fabwatch_request_seconds",
            "Seconds until an answer was complete.",
            ["route"],
            buckets=BUCKETS_S,
            registry=self.registry,
        )
        self._pulls = Counter(
            "fabwatch_pulls", "Pulls that the service made from a database.", ["database", "outcome"], registry=self.registry
        )

    def request(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count one answer."""
        known = method if method in METHODS else "other"
        self._requests.labels(route or NO_ROUTE, known, str(status)).inc()
        self._seconds.labels(route or NO_ROUTE).observe(seconds)

    def pull(self, database: str, *, well: bool) -> None:
        """Count one pull."""
        self._pulls.labels(database, "done" if well else "failed").inc()
