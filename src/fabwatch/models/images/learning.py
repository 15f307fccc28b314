"""The network learns: classes drawn alike, weights averaged, ended where nothing is gained any more (needs torch)."""

import copy
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from fabwatch.models.images.augmenting import changed
from fabwatch.models.images.network import PictureNetwork
from fabwatch.models.images.reading import Pixels
from fabwatch.models.images.recipe import PictureRecipe
from fabwatch.yields.patterns.training import follow

Say = Callable[[str, float], None]
Numbers = NDArray[np.float32]
Labels = NDArray[np.int64]


@dataclass(frozen=True)
class Lesson:
    """Squares (n, size, size, 3) with their labels (n)."""

    pixels: Pixels
    label: Labels


@dataclass(frozen=True)
class Learned:
    """A network, and how it came to be."""

    network: PictureNetwork
    epochs: int
    best_epoch: int
    hurried: bool
    """It ended because the time was over, not because nothing was gained any more."""


def batch_of(pixels: Pixels) -> Numbers:
    """Squares as the network takes them: shape (n, 3, size, size), from 0 to 1."""
    return np.ascontiguousarray(pixels.transpose(0, 3, 1, 2)).astype(np.float32) / np.float32(255)


def learned(recipe: PictureRecipe, classes: int, learn: Lesson, choose: Lesson, until: float, say: Say) -> Learned:
    """The best network on the pictures that choose; `until` is a time of the monotonic clock."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(recipe.seed)
        network = PictureNetwork(classes).to(memory_format=torch.channels_last)
    chance = torch.Generator().manual_seed(recipe.seed)
    averaged = copy.deepcopy(network).eval()
    optimiser = torch.optim.AdamW(_groups(network, recipe.decay), lr=recipe.rate)
    weights = torch.from_numpy(1.0 / np.bincount(learn.label, minlength=classes)[learn.label])
    steps = max(len(learn.label), recipe.least_draws) // recipe.batch
    least, best, best_epoch, epoch, began = math.inf, copy.deepcopy(averaged), 0, 0, time.monotonic()
    hurried = False
    while epoch < recipe.epochs and epoch - best_epoch < recipe.patience:
        draws = torch.multinomial(weights, steps * recipe.batch, replacement=True, generator=chance).numpy()
        network.train()
        for step in range(steps):
            done = epoch * steps + step
            for group in optimiser.param_groups:
                group["lr"] = _rate(recipe, done, recipe.epochs * steps)
            chosen = draws[step * recipe.batch : (step + 1) * recipe.batch]
            batch = changed(torch.from_numpy(batch_of(learn.pixels[chosen])), recipe.turns, chance)
            logits, _, heat = network(batch.contiguous(memory_format=torch.channels_last))
            loss = _loss(logits, torch.from_numpy(learn.label[chosen]), recipe.smoothing) + recipe.price * _spread(heat)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            follow(averaged, network, min(recipe.average, (done + 1) / (done + 10)))
        epoch += 1
        logits = torch.from_numpy(answers(averaged, choose.pixels)[0])
        loss_now = float(_loss(logits, torch.from_numpy(choose.label), recipe.smoothing))
        if loss_now < least - 1e-4:
            least, best, best_epoch = loss_now, copy.deepcopy(averaged), epoch
        spent = time.monotonic() - began
        say(f"learning: epoch {epoch}, loss {loss_now:.3f}", epoch / recipe.epochs)
        if time.monotonic() + spent / epoch > until:
            hurried = epoch < recipe.epochs and epoch - best_epoch < recipe.patience
            break
    return Learned(best, epoch, best_epoch, hurried)


def answers(network: Any, pixels: Pixels, batch: int = 64) -> tuple[Numbers, Numbers, Numbers]:
    """Logits (n, k), embedding (n, 160) and heat (n, k, h, w) of squares (n, size, size, 3)."""
    network.eval()
    parts = []
    with torch.inference_mode():
        for start in range(0, len(pixels), batch):
            seen = network(torch.from_numpy(batch_of(pixels[start : start + batch])))
            parts.append([one.numpy() for one in seen])
    logits, embedding, heat = (np.concatenate(column) for column in zip(*parts, strict=True))
    return logits, embedding, heat


def _loss(logits: Any, label: Any, smoothing: float) -> Any:
    return functional.cross_entropy(logits, label, label_smoothing=smoothing)


def _spread(heat: Any) -> Any:
    """How far what speaks for classes is spread out: the mean root of what places add, as a share of the whole."""
    return (heat * (heat.shape[2] * heat.shape[3]) + 1e-8).sqrt().mean()


def _groups(network: Any, decay: float) -> list[dict[str, Any]]:
    matrices = [weights for weights in network.parameters() if weights.ndim > 1]
    vectors = [weights for weights in network.parameters() if weights.ndim == 1]
    return [{"params": matrices, "weight_decay": decay}, {"params": vectors, "weight_decay": 0.0}]


def _rate(recipe: PictureRecipe, step: int, steps: int) -> float:
    """Up in a line while it warms, then down along a cosine."""
    if step < recipe.warm_steps:
        return recipe.rate * (step + 1) / recipe.warm_steps
    gone = (step - recipe.warm_steps) / max(1, steps - recipe.warm_steps)
    return recipe.rate * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * gone)))
