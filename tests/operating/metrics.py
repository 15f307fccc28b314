"""The measures of a running service, as a monitor reads them."""

import re
from typing import Any

from prometheus_client.parser import text_string_to_metric_families


def scraped(server: Any) -> dict[str, dict[tuple[tuple[str, str], ...], float]]:
    """{name of a sample: {its labels: value}}, read by the parser of Prometheus' own client."""
    with server.client("read") as client:
        answer = client.get("/metrics")
    assert answer.status_code == 200
    found: dict[str, dict[tuple[tuple[str, str], ...], float]] = {}
    for family in text_string_to_metric_families(answer.text):
        for sample in family.samples:
            found.setdefault(sample.name, {})[tuple(sorted(sample.labels.items()))] = sample.value
    return found


def named_in(expression: str) -> set[str]:
    """The measures that a query names."""
    return set(re.findall(r"\b(?:fabwatch|process)_\w+", expression))
