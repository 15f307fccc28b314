"""Training maps turned, mirrored, and drawn with fewer dies: the pattern stays the same (needs torch)."""

import math
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from fabwatch.yields.patterns.classes import NONE, PATTERNS
from fabwatch.yields.patterns.preparing import Squares

FREE_TURN_DEGREES = 23.0
FEWEST_DIES, MOST_DIES = 8, 28
"""Dies across such a map. The public maps have 22 and more, a wafer of large dies has 10; there one die that fails looks
like a spot of a fine map."""
TOGETHER = 32
"""Maps of a copy that have the same number of dies."""
SCRATCH = PATTERNS.index("Scratch")


def turned_at_random(batch: Any, chance: Any) -> Any:
    """Each map in one of its eight views, and half of them turned freely by up to 23°; `chance` is the generator."""
    views = torch.randint(0, 8, (len(batch),), generator=chance)
    out = torch.empty_like(batch)
    for view in range(8):
        chosen = (views == view).nonzero()[:, 0]
        seen = torch.rot90(batch[chosen], view % 4, (2, 3))
        out[chosen] = seen.flip(3) if view >= 4 else seen
    free = (torch.rand(len(batch), generator=chance) < 0.5).nonzero()[:, 0]
    out[free] = _turned(out[free], (torch.rand(len(free), generator=chance) * 2 - 1) * math.radians(FREE_TURN_DEGREES))
    return out


def _turned(batch: Any, radians: Any) -> Any:
    zero = torch.zeros_like(radians)
    rows = [torch.stack([radians.cos(), -radians.sin(), zero], 1), torch.stack([radians.sin(), radians.cos(), zero], 1)]
    places = functional.affine_grid(torch.stack(rows, 1), list(batch.shape), align_corners=False)
    return functional.grid_sample(batch, places, mode="bilinear", align_corners=False)


def coarsened_at_random(batch: Any, label: Any, share: float, chance: Any) -> Any:
    """A part of the maps as wafers with fewer, larger dies would show them; a scratch, which would vanish, stays as it is.

    A large die fails with the share of its area that failed, so that a map keeps its yield; maps without a pattern lose up
    to four fifths of their fails, because wafers of large dies are often those of a good yield.
    """
    chosen = ((torch.rand(len(batch), generator=chance) < share) & (label != SCRATCH)).nonzero()[:, 0]
    out = batch.clone()
    out[chosen] = coarsened(batch[chosen], label[chosen], chance)
    return out


def coarsened(batch: Any, label: Any, chance: Any) -> Any:
    """All maps (n, 2, size, size) with the same number of larger dies, drawn from `FEWEST_DIES` to `MOST_DIES` each way."""
    across = torch.randint(FEWEST_DIES, MOST_DIES + 1, (2,), generator=chance).tolist()
    failed, present = functional.adaptive_avg_pool2d(batch, across).unbind(1)
    kept = torch.where(label == NONE, 0.2 + 0.8 * torch.rand(len(batch), generator=chance), 1.0)
    share = failed / present.clamp(min=1e-6) * kept[:, None, None]
    die = present > 0.5
    fails = die & (torch.rand(share.shape, generator=chance) < share)
    cells = torch.stack([fails, die], 1).to(batch.dtype)
    return functional.interpolate(cells, size=batch.shape[2:], mode="nearest-exact")


def coarse_copy(squares: Squares, label: NDArray[np.int64], seed: int) -> Squares:
    """The maps as wafers with fewer, larger dies would show them; scratches stay as they are."""
    chance = torch.Generator().manual_seed(seed)
    copy = squares.copy()
    places = np.flatnonzero(label != SCRATCH)
    for start in range(0, len(places), TOGETHER):
        chosen = places[start : start + TOGETHER]
        maps = torch.from_numpy(squares[chosen]).float() / 255
        copy[chosen] = (coarsened(maps, torch.from_numpy(label[chosen]), chance) * 255).byte().numpy()
    return copy
