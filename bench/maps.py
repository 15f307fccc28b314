"""Wafer maps: processor time a map to classify, by how sure two views are, and bytes a second of each format that is read.

    python bench/maps.py

Prints and writes bench/maps.json.
"""

import json
import platform
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))
from tests.yields.made_maps import text, wafer

from fabwatch.sources.wafermap import read_maps
from fabwatch.yields.patterns.classes import PATTERNS
from fabwatch.yields.patterns.model import packaged
from fabwatch.yields.patterns.similar import nearest

MAPS = 180
READ = 10


def spent(work, *arguments):
    """Processor seconds of one call, the least of three."""
    took = []
    for _ in range(3):
        began = time.process_time()
        work(*arguments)
        took.append(time.process_time() - began)
    return min(took)


def table(grid):
    """The map as a table of x, y and bin."""
    rows, columns = np.nonzero(grid)
    lines = [f"{x},{y},{grid[y, x]}" for y, x in zip(rows.tolist(), columns.tolist(), strict=True)]
    return "\n".join(["x,y,bin", *lines, ""])


def main() -> None:
    """Measure and print."""
    model = packaged()
    easy = [wafer("none", seed) for seed in range(MAPS)]
    every = [wafer(pattern, seed) for pattern in PATTERNS for seed in range(MAPS // len(PATTERNS))]
    large = wafer("Edge-Ring", size=201)
    embedding = model.look(every).embedding
    found = {
        "date": time.strftime("%Y-%m-%d"),
        "machine": f"{platform.machine()}, 2 cores",
        "maps": MAPS,
        "ms_per_map_none": round(1e3 * spent(model.look, easy) / MAPS, 2),
        "ms_per_map_every_pattern": round(1e3 * spent(model.look, every) / MAPS, 2),
        "ms_per_map_201_dies_wide": round(1e3 * spent(model.look, [large] * 64) / 64, 2),
        "similar_ms_per_map_among_180": round(1e3 * spent(lambda: nearest(embedding, embedding, same=True)) / MAPS, 4),
    }
    for name, content in (("rows", text(large)), ("table", table(large))):
        data = content.encode()
        seconds = spent(lambda data=data: [read_maps(data, "map") for _ in range(READ)])
        found[f"{name}_mb_per_s"] = round(READ * len(data) / seconds / 1e6, 1)
    (Path(__file__).parent / "maps.json").write_text(json.dumps(found, indent=1) + "\n")
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
