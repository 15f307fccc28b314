"""The network that tells pictures apart; needs torch, which only training does (fabwatch[train])."""

from typing import Any

import torch
from torch import nn
from torch.nn import functional

from fabwatch.yields.patterns.network import Block

STEM = 24
WIDTHS = ((24, 1), (48, 2), (64, 1))
"""Channels and stride of each residual block."""
FEATURES = WIDTHS[-1][0]
MIDDLE = 2
"""Blocks after which textures and light are still to be seen, whatever the classes are."""


class PictureNetwork(nn.Module):  # type: ignore[misc]
    """Squares (n, 3, size, size) from 0 to 1 in; logits (n, k), embedding (n, 160) and heat (n, k, h, w) out.

    A logit is the sum of its heat over all places and of the bias of its class. No place speaks against a class while it is
    learned: each class has to find what is there, and cannot be what is left where another one was not found.
    """

    def __init__(self, classes: int) -> None:
        super().__init__()
        layers: list[Any] = [nn.Conv2d(3, STEM, 5, 2, 2, bias=False), nn.BatchNorm2d(STEM), nn.ReLU()]
        before = STEM
        for width, stride in WIDTHS:
            layers.append(Block(before, width, stride, excites=False))
            before = width
        cut = len(layers) - len(WIDTHS) + MIDDLE
        self.lower, self.upper = nn.Sequential(*layers[:cut]), nn.Sequential(*layers[cut:])
        self.classify = nn.Linear(FEATURES, classes)

    def forward(self, batch: Any) -> tuple[Any, Any, Any]:
        """Logits, embedding and heat of a batch."""
        return scored(self, batch, self.classify.weight.abs(), self.classify.bias)


class Settled(nn.Module):  # type: ignore[misc]
    """A trained network as it is served: its logits are divided by a temperature, and centred over the classes.

    What is left of the heat of a class is what speaks for it rather than for the others.
    """

    def __init__(self, network: PictureNetwork, temperature: float) -> None:
        super().__init__()
        self.lower, self.upper = network.lower, network.upper
        weight, bias = network.classify.weight.detach().abs(), network.classify.bias.detach()
        self.weight = nn.Parameter((weight - weight.mean(0, keepdim=True)) / temperature, requires_grad=False)
        self.bias = nn.Parameter((bias - bias.mean()) / temperature, requires_grad=False)

    def forward(self, batch: Any) -> tuple[Any, Any, Any]:
        """Logits, embedding and heat of a batch."""
        return scored(self, batch, self.weight, self.bias)


def scored(network: PictureNetwork | Settled, batch: Any, weight: Any, bias: Any) -> tuple[Any, Any, Any]:
    """Logits, embedding and heat of a batch."""
    textures = network.lower(batch * 4 - 2)
    seen = network.upper(textures)
    means, places = seen.mean((2, 3)), seen.shape[2] * seen.shape[3]
    light = textures.mean((2, 3))
    spread = ((textures - light[:, :, None, None]) ** 2).mean((2, 3))
    embedding = torch.cat([means, light, (spread + 1e-6).sqrt()], 1)
    return functional.linear(means, weight, bias), embedding, functional.conv2d(seen, weight[:, :, None, None] / places)
