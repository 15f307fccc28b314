"""Defects: how many a wafer has, how densely, in how many clusters, and how many of the dies they hit they kill."""

from dataclasses import dataclass

import numpy as np

from fabwatch.stats.clusters import background, clusters
from fabwatch.stats.intervals import of_share
from fabwatch.store.lake import Lake, Record
from fabwatch.store.questions import filled, question, reading
from fabwatch.store.view import View
from fabwatch.yields.answers import Defects, InspectedWafer
from fabwatch.yields.identity import wafer_key
from fabwatch.yields.refusing import refuse_unknown

COVERAGE = 0.95
METHOD = (
    "Density = defects over the inspected area; random density counts a cluster once. Clusters: at least 6 defects that lie "
    "closer together than defects of the background would (DBSCAN; Ester et al., KDD 1996); the background is told by the "
    "share of dies without a defect. Kill ratio = 1 - yield of dies with a defect / yield of dies without one, on wafers "
    "whose dies were tested; its interval is that of the yield of dies with a defect, which holds 95 % of the time."
)


@dataclass(frozen=True)
class Inspected:
    """Which inspections are meant."""

    lot: str | None = None
    wafer: str | None = None
    layer: str | None = None


def defects(view: View, chosen: Inspected) -> Defects:
    """Defects by inspection. Raises UnknownTool for a lot, wafer or layer that was not inspected."""
    refuse_unknown(view, vars(chosen), "fabwatch defects lists what was inspected", ("inspections",))
    sql = filled(question("yields", "defects"), key=wafer_key("lot", "wafer"), inspected=wafer_key("i.lot", "i.wafer"))
    sql = reading(sql, {"parts": question("yields", "parts")}, materialized=True)
    rows = view.lake.rows(sql, {**vars(chosen), "product": None, "retests": "flagged", "as_of": view.as_of})
    return Defects(*view.header(METHOD, sql), tuple(_wafer(view.lake, row) for row in rows))


def _wafer(lake: Lake, row: Record) -> InspectedWafer:
    area = row["area_mm2"]
    groups, clustered = _clusters(lake, row) if row["defects"] and area else (0, 0)
    kill, low, high = _kill_ratio(row)
    return InspectedWafer(
        lot=row["lot"],
        wafer=row["wafer"],
        layer=row["layer"],
        defects=row["defects"],
        density=row["defects"] / (area / 100) if area else None,
        random_density=(row["defects"] - clustered + groups) / (area / 100) if area else None,
        clusters=groups,
        clustered=clustered,
        dies=row["dies"],
        defective_dies=row["hit_dies"],
        kill_ratio=kill,
        kill_low=low,
        kill_high=high,
        product=row["product"],
        tool=row["tool"],
        inspected_at=row["inspected_at"],
        doubts=tuple(row["doubts"].split("; ")) if row["doubts"] else (),
    )


def _clusters(lake: Lake, row: Record) -> tuple[int, int]:
    """Clusters of a wafer, and the defects in them."""
    found = lake.ask(
        "SELECT x_um / 1000, y_um / 1000 FROM defects WHERE load = $load AND inspection = $inspection AND x_um IS NOT NULL",
        {"load": row["load"], "inspection": row["inspection"]},
    ).fetchnumpy()
    places = np.column_stack([np.asarray(values, float) for values in found.values()])
    density = background(len(places), row["area_mm2"], row["hit_dies"], row["dies"])
    labels = clusters(places, density)
    return int(labels.max(initial=-1)) + 1, int((labels >= 0).sum())


def _kill_ratio(row: Record) -> tuple[float | None, float | None, float | None]:
    clean, clean_good = row["tested"] - row["tested_hit"], row["good"] - row["good_hit"]
    if not row["tested_hit"] or not clean_good:
        return None, None, None
    base = clean_good / clean
    low, high = of_share(row["good_hit"], row["tested_hit"], COVERAGE)
    return 1 - row["good_hit"] / row["tested_hit"] / base, 1 - high / base, 1 - low / base
