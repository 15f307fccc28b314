"""Training maps turned and mirrored: a pattern stays the same however the wafer lay (needs torch)."""

import math
from typing import Any

import torch
from torch.nn import functional

FREE_TURN_DEGREES = 23.0


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
