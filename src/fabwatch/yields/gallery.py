"""The maps of the fab's own wafers: which pattern each shows, and which look like one of them."""

from base64 import b64encode
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fabwatch.sources.wafermap.maps import grid_of
from fabwatch.store.lake import Record
from fabwatch.store.questions import question
from fabwatch.store.temporary import temp_table
from fabwatch.store.view import View
from fabwatch.terms.errors import unknown
from fabwatch.yields.answers import UNKNOWN, FabMap, FabMaps, Picture
from fabwatch.yields.doubts import TooWide
from fabwatch.yields.patterns.classes import PATTERNS
from fabwatch.yields.patterns.look_cache import packaged_looks
from fabwatch.yields.patterns.model import Looks
from fabwatch.yields.patterns.preparing import FAIL, NO_DIE, PASS, square
from fabwatch.yields.patterns.several import found_patterns
from fabwatch.yields.patterns.similar import nearest
from fabwatch.yields.refusing import refuse_unknown

LOOKED_AT = 3_000
"""The latest maps, among which are chosen those that show a pattern or look like another."""
RESULTS = 8_000_000
"""No more results are read at a time, which bounds memory: of fine maps fewer are looked at."""
PICTURE = 48
"""A map of more columns or rows than this is drawn smaller."""
ALL_FAILED = 255
METHOD = (
    "The last result of each place of a wafer at an insertion; the wafers tested last come first. Pattern: the network of "
    "the package (see the card in the docs: maps), as with `maps classify`. Likeness: cosine of what it sees in two maps."
)
Grid = NDArray[np.uint8]


@dataclass(frozen=True)
class Shown:
    """Which maps are meant, and what of them."""

    lot: str | None = None
    wafer: str | None = None
    product: str | None = None
    pattern: str | None = None
    like: str | None = None
    most: int = 100
    classified: bool = True
    pictures: bool = False


def fab_maps(view: View, shown: Shown) -> FabMaps:
    """The maps. Raises UnknownTool for a lot, wafer or product without maps, or of a wafer that none looks like."""
    chosen = shown.pattern is not None or shown.like is not None
    sql = question("yields", "gallery")
    selection = {"lot": shown.lot, "wafer": shown.wafer, "product": shown.product}
    heads, grids = _gathered(view, selection, LOOKED_AT if chosen else shown.most)
    if not heads:
        refuse_unknown(view, selection, "fabwatch maps list shows what has maps")
    wide = sum(grid is None for grid in grids)
    maps = [_map(head, grid) for head, grid in zip(heads, grids, strict=True)]
    counts: Counter[str] = Counter()
    if shown.classified or chosen:
        maps = _classified(maps, grids)
        counts.update(UNKNOWN if row.unknown else row.pattern for row in maps if row.pattern)
    if shown.like is not None:
        maps, grids = _sorted_by_likeness(view, shown.like, maps, grids)
    if shown.pattern is not None:
        kept = [place for place, row in enumerate(maps) if _shows(row, shown.pattern)]
        maps, grids = [maps[place] for place in kept], [grids[place] for place in kept]
    maps, grids = maps[: shown.most], grids[: shown.most]
    if shown.pictures:
        maps = [row if grid is None else replace(row, picture=_picture(grid)) for row, grid in zip(maps, grids, strict=True)]
    return FabMaps(
        *view.header(METHOD, sql),
        wafers=heads[0]["wafers"] if heads else 0,
        looked_at=len(heads),
        patterns=dict(counts.most_common()),
        maps=tuple(maps),
        doubts=(TooWide(wide),) if wide else (),
    )


def _gathered(view: View, selection: dict[str, Any], most: int) -> tuple[list[Record], list[Grid | None]]:
    """The latest maps of a selection; no grid where the places of a map lie too far apart."""
    parameters = {**selection, "most": most, "results": RESULTS, "as_of": view.as_of}
    temp_table(view.lake, "shown_maps", question("yields", "gallery"), parameters)
    heads = view.lake.rows("SELECT * EXCLUDE tests FROM shown_maps ORDER BY map")
    dies = view.lake.ask(question("yields", "map_dies")).fetchnumpy()
    ends = np.searchsorted(dies["map"], np.arange(1, len(heads) + 1), side="right")
    x, y, state = (np.asarray(dies[name]) for name in ("x", "y", "state"))
    passed = np.where(state == NO_DIE, -1, state == PASS).astype(np.int8)
    parts = [slice(start, end) for start, end in zip([0, *ends[:-1]], ends, strict=True)] if len(heads) else []
    return heads, [_grid(x[part], y[part], passed[part]) for part in parts]


def _grid(x: NDArray[Any], y: NDArray[Any], passed: NDArray[np.int8]) -> Grid | None:
    try:
        return grid_of(x.astype(np.int64), y.astype(np.int64), passed)
    except ValueError:
        return None


def _map(head: Record, grid: Grid | None) -> FabMap:
    parts, good = (0, 0) if grid is None else (int((grid != NO_DIE).sum()), int((grid == PASS).sum()))
    names = {name: head[name] for name in ("lot", "wafer", "insertion", "product", "tested_at")}
    return FabMap(**names, parts=parts, good=good, yield_=good / parts if parts else None)


def _looks(grids: Sequence[Grid | None]) -> tuple[list[int], Looks]:
    """What the network sees in those grids that are there, and their places."""
    there = [place for place, grid in enumerate(grids) if grid is not None and (grid != NO_DIE).any()]
    return there, packaged_looks().look([grid for place in there if (grid := grids[place]) is not None])


def _classified(maps: Sequence[FabMap], grids: Sequence[Grid | None]) -> list[FabMap]:
    several = packaged_looks().model.several
    there, looks = _looks(grids)
    classified = list(maps)
    for row, place in enumerate(there):
        probability = looks.probability[row]
        best = int(probability.argmax())
        classified[place] = replace(
            maps[place],
            pattern=PATTERNS[best],
            probability=round(float(probability[best]), 4),
            unknown=bool(looks.unknown[row]),
            patterns=tuple(found_patterns(probability, looks.present[row], several)),
        )
    return classified


def _shows(row: FabMap, pattern: str) -> bool:
    if pattern == UNKNOWN:
        return bool(row.unknown)
    return not row.unknown and pattern in {row.pattern, *(part.pattern for part in row.patterns)}


def _sorted_by_likeness(
    view: View, like: str, maps: Sequence[FabMap], grids: Sequence[Grid | None]
) -> tuple[list[FabMap], list[Grid | None]]:
    """The maps that look most like a wafer first, the wafer itself before all."""
    lot, _, wafer = like.rpartition(",")
    heads, own = _gathered(view, {"lot": lot.strip() or None, "wafer": wafer.strip(), "product": None}, 1)
    if not heads or own[0] is None:
        known = {row.wafer if row.lot is None else f"{row.lot},{row.wafer}" for row in maps if row.wafer}
        raise unknown("wafer", like, known, "name it as LOT,WAFER: fabwatch maps list shows what has maps")
    there, looks = _looks(grids)
    model = packaged_looks()
    places, cosines = nearest(model.look([own[0]]).embedding, looks.embedding, count=len(there))
    nearest_first = [there[n] for n in places[0]]
    likeness = [round(float(cosine), 4) for cosine in cosines[0]]
    rows = [replace(maps[n], likeness=cosine) for n, cosine in zip(nearest_first, likeness, strict=True)]
    return rows, [grids[n] for n in nearest_first]


def _picture(grid: Grid) -> Picture:
    """A byte a cell; a large map becomes a square of the share that failed."""
    if max(grid.shape) <= PICTURE:
        cells = np.where(grid == NO_DIE, 0, np.where(grid == FAIL, ALL_FAILED, 1)).astype(np.uint8)
    else:
        failed, present = square(grid, PICTURE).astype(np.float32)
        share = failed / np.maximum(present, 1)
        shaded = np.rint(1 + share * (ALL_FAILED - 1)).clip(1, ALL_FAILED)
        cells = np.where(present < ALL_FAILED / 2, 0, shaded).astype(np.uint8)
    return Picture(cells.shape[1], cells.shape[0], b64encode(cells.tobytes()).decode())
