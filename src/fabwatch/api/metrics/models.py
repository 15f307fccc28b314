"""What models were asked, what was odd about it, and how they score."""

from collections.abc import Iterator
from pathlib import Path

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from fabwatch.fab.models import counted_models

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
        yield from (rows, odd, score, alert)
