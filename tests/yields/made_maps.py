"""Made wafer maps of known patterns, with random fails beside them as on real wafers."""

import numpy as np

SIZE = 41


def wafer(pattern, seed=0, noise=0.04, size=SIZE):
    """A round wafer: 0 no die, 1 pass, 2 fail."""
    chance = np.random.default_rng(seed)
    line = np.linspace(-1, 1, size)
    x, y = line[None, :], -line[:, None]
    radius, angle = np.hypot(x, y), np.arctan2(y, x)
    dense = chance.random((size, size))
    share = {
        "Center": np.where(radius < 0.35, 0.85, 0),
        "Donut": np.where((radius > 0.3) & (radius < 0.65), 0.8, 0),
        "Edge-Ring": np.where(radius > 0.88, 0.85, 0),
        "Edge-Loc": np.where((radius > 0.75) & (np.abs(angle - 1) < 0.5), 0.85, 0),
        "Loc": np.where(np.hypot(x - 0.35, y + 0.3) < 0.22, 0.85, 0),
        "Near-full": np.full((size, size), 0.95),
        "Random": np.full((size, size), 0.35),
        "Scratch": np.where((np.abs(y - 0.7 * x - 0.1) < 0.045) & (np.abs(x) < 0.55), 0.95, 0),
        "none": np.zeros((size, size)),
    }[pattern]
    failed = (dense < share) | (chance.random((size, size)) < noise)
    return np.where(radius > 1, 0, np.where(failed, 2, 1)).astype(np.uint8)


def text(grid, lot="A1", number="1"):
    """The map as rows of characters."""
    rows = "\n".join("".join(".1X"[value] for value in row) for row in grid)
    return f"LOT: {lot}\nWAFER: {number}\nNOTCH: down\nPASS BIN: 1\n\n{rows}\n"
