"""The network that tells patterns apart; needs torch, which only training does (fabwatch[train])."""

from typing import Any

import torch
from torch import nn

from fabwatch.yields.patterns.classes import PATTERNS
from fabwatch.yields.patterns.preparing import CHANNELS

STEM = 24
WIDTHS = ((24, 1), (48, 2), (96, 2), (96, 1))
"""Channels and stride of each residual block."""
EMBEDDING = 64


class Excitation(nn.Module):  # type: ignore[misc]
    """Weighs channels by what the whole map holds (squeeze and excitation, Hu et al. 2018)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(width, width // 8, 1)
        self.excite = nn.Conv2d(width // 8, width, 1)

    def forward(self, seen: Any) -> Any:
        """The channels, weighed."""
        whole = seen.mean((2, 3), keepdim=True)
        return seen * torch.sigmoid(self.excite(torch.relu(self.squeeze(whole))))


class Block(nn.Module):  # type: ignore[misc]
    """Two convolutions beside a short cut (He et al. 2016); without excitation a place shows what lies near it alone."""

    def __init__(self, before: int, width: int, stride: int, excites: bool = True) -> None:
        super().__init__()
        self.first = nn.Conv2d(before, width, 3, stride, 1, bias=False)
        self.first_norm = nn.BatchNorm2d(width)
        self.second = nn.Conv2d(width, width, 3, 1, 1, bias=False)
        self.second_norm = nn.BatchNorm2d(width)
        self.excitation = Excitation(width) if excites else nn.Identity()
        same = before == width and stride == 1
        shorter = nn.Sequential(nn.Conv2d(before, width, 1, stride, bias=False), nn.BatchNorm2d(width))
        self.short_cut = nn.Identity() if same else shorter

    def forward(self, seen: Any) -> Any:
        """What the block makes of a batch."""
        inner = torch.relu(self.first_norm(self.first(seen)))
        return torch.relu(self.excitation(self.second_norm(self.second(inner))) + self.short_cut(seen))


class PatternNetwork(nn.Module):  # type: ignore[misc]
    """Squares (n, 2, size, size) from 0 to 1 in; logits (n, 9) and embedding (n, 64) out."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[Any] = [nn.Conv2d(CHANNELS + 1, STEM, 5, 2, 2, bias=False), nn.BatchNorm2d(STEM), nn.ReLU()]
        before = STEM
        for width, stride in WIDTHS:
            layers.append(Block(before, width, stride))
            before = width
        self.body = nn.Sequential(*layers)
        self.embed = nn.Sequential(nn.Linear(2 * before, EMBEDDING, bias=False), nn.BatchNorm1d(EMBEDDING))
        self.classify = nn.Linear(EMBEDDING, len(PATTERNS))

    def forward(self, batch: Any) -> tuple[Any, Any]:
        """Logits and embedding of a batch."""
        seen = self.body(torch.cat([batch, _radius(batch)], 1))
        embedding = self.embed(torch.cat([seen.mean((2, 3)), seen.amax((2, 3))], 1))
        return self.classify(embedding), embedding


def _radius(batch: Any) -> Any:
    """How far each cell is from the middle of the wafer, 1 at its edge; a channel for a batch."""
    line = torch.linspace(-1.0, 1.0, batch.shape[-1], dtype=batch.dtype)
    radius = torch.sqrt(line[:, None] ** 2 + line[None, :] ** 2)
    return radius[None, None].expand(batch.shape[0], 1, -1, -1)
