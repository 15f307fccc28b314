"""Pictures moved, turned, mirrored and lit otherwise while they are learned from (needs torch)."""

import math
from typing import Any

import torch
from torch.nn import functional

from fabwatch.models.images.recipe import Turns

SHIFT = 0.1
"""Share of the side by which a picture is moved, at most."""
TURN_DEGREES = 8.0
ZOOM = 0.1
LIGHT, CONTRAST = 0.1, 0.25


def changed(batch: Any, turns: Turns, chance: Any) -> Any:
    """Each picture of a batch (n, 3, size, size) from 0 to 1 changed a little; `chance` is the generator."""
    n = len(batch)

    def drawn(span: float) -> Any:
        return (torch.rand(n, generator=chance) * 2 - 1) * span

    if turns != "none":
        batch = _flipped(batch, chance)
    if turns == "all":
        batch = _quarters(batch, chance)
    angle, zoom = drawn(math.radians(180.0 if turns == "all" else TURN_DEGREES)), 1 + drawn(ZOOM)
    if turns == "all":
        # A free turn loses the corners: half of the pictures keep them.
        angle = angle * (torch.rand(n, generator=chance) < 0.5)
    across, down = drawn(2 * SHIFT), drawn(2 * SHIFT)
    rows = [
        torch.stack([zoom * angle.cos(), -zoom * angle.sin(), across], 1),
        torch.stack([zoom * angle.sin(), zoom * angle.cos(), down], 1),
    ]
    places = functional.affine_grid(torch.stack(rows, 1), list(batch.shape), align_corners=False)
    batch = functional.grid_sample(batch, places, mode="bilinear", padding_mode="border", align_corners=False)
    gain, light = 1 + drawn(CONTRAST), drawn(LIGHT)
    mean = batch.mean((1, 2, 3), keepdim=True)
    return ((batch - mean) * gain[:, None, None, None] + mean + light[:, None, None, None]).clamp(0, 1)


def _flipped(batch: Any, chance: Any) -> Any:
    chosen = torch.rand(len(batch), generator=chance) < 0.5
    return torch.where(chosen[:, None, None, None], batch.flip(3), batch)


def _quarters(batch: Any, chance: Any) -> Any:
    quarters = torch.randint(0, 4, (len(batch),), generator=chance)
    out = batch.clone()
    for turn in range(1, 4):
        chosen = (quarters == turn).nonzero()[:, 0]
        out[chosen] = torch.rot90(batch[chosen], turn, (2, 3))
    return out
