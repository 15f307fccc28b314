"""The network that tells pictures apart; needs torch, which only training does (fabwatch[train])."""

from typing import Any

from torch import nn
from torch.nn import functional

from fabwatch.yields.patterns.network import Block

STEM = 24
WIDTHS = ((24, 1), (48, 2), (64, 1))
"""Channels and stride of each residual block."""
EMBEDDING = WIDTHS[-1][0]


class PictureNetwork(nn.Module):  # type: ignore[misc]
    """Squares (n, 3, size, size) from 0 to 1 in; logits (n, k), embedding (n, 64) and heat (n, k, h, w) out.

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
        self.body = nn.Sequential(*layers)
        self.classify = nn.Linear(EMBEDDING, classes)

    def forward(self, batch: Any) -> tuple[Any, Any, Any]:
        """Logits, embedding and heat of a batch."""
        return scored(self.body(batch * 4 - 2), self.classify.weight.abs(), self.classify.bias)


class Settled(nn.Module):  # type: ignore[misc]
    """A trained network as it is served: its logits are divided by a temperature, and centred over the classes.

    What is left of the heat of a class is what speaks for it rather than for the others.
    """

    def __init__(self, network: PictureNetwork, temperature: float) -> None:
        super().__init__()
        self.body = network.body
        weight, bias = network.classify.weight.detach().abs(), network.classify.bias.detach()
        self.weight = nn.Parameter((weight - weight.mean(0, keepdim=True)) / temperature, requires_grad=False)
        self.bias = nn.Parameter((bias - bias.mean()) / temperature, requires_grad=False)

    def forward(self, batch: Any) -> tuple[Any, Any, Any]:
        """Logits, embedding and heat of a batch."""
        return scored(self.body(batch * 4 - 2), self.weight, self.bias)


def scored(seen: Any, weight: Any, bias: Any) -> tuple[Any, Any, Any]:
    """Logits, embedding and heat of features (n, 64, h, w)."""
    embedding = seen.mean((2, 3))
    places = seen.shape[2] * seen.shape[3]
    return functional.linear(embedding, weight, bias), embedding, functional.conv2d(seen, weight[:, :, None, None] / places)
