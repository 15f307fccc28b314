"""Training of one network, resumable at every epoch (needs torch)."""

import copy
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from fabwatch.yields.patterns.augmenting import coarsened_at_random, turned_at_random
from fabwatch.yields.patterns.classes import PATTERNS
from fabwatch.yields.patterns.network import PatternNetwork
from fabwatch.yields.patterns.preparing import Squares, turned
from fabwatch.yields.patterns.recipe import Recipe

Say = Callable[[str], None]
VIEWS = 8


@dataclass
class Lesson:
    """What is learned from: squares by their size, labels (n), and the answers of a teacher (n, 9) if there is one."""

    squares: dict[int, Squares]
    label: NDArray[np.int64]
    teacher: NDArray[np.float32] | None = None


@dataclass
class State:
    """All that a training needs to go on where it stopped."""

    network: Any
    averaged: Any
    optimiser: Any
    chance: Any
    epoch: int = 0
    told: dict[str, float] = field(default_factory=dict)


def begin(recipe: Recipe) -> State:
    """A training before its first epoch."""
    torch.manual_seed(recipe.seed)
    network = PatternNetwork().to(memory_format=torch.channels_last)
    matrices = [weights for weights in network.parameters() if weights.ndim > 1]
    vectors = [weights for weights in network.parameters() if weights.ndim == 1]
    groups = [{"params": matrices, "weight_decay": recipe.decay}, {"params": vectors, "weight_decay": 0.0}]
    optimiser = torch.optim.AdamW(groups, lr=recipe.rate, foreach=True)
    return State(network, copy.deepcopy(network).eval(), optimiser, torch.Generator().manual_seed(recipe.seed))


def train(recipe: Recipe, lesson: Lesson, checkpoint: Path, say: Say) -> Any:
    """The averaged network after all epochs; goes on from the checkpoint where there is one."""
    state = _resumed(begin(recipe), checkpoint)
    weights = class_weights(lesson.label)
    while state.epoch < recipe.all_epochs:
        _one_epoch(recipe, lesson, state, weights, say)
        state.epoch += 1
        _save(state, checkpoint)
    return state.averaged


def class_weights(label: NDArray[np.int64]) -> Any:
    """The chance of each map to be drawn: by 1/√(number of its class)."""
    counts = np.bincount(label, minlength=len(PATTERNS)).clip(1)
    return torch.from_numpy(1.0 / np.sqrt(counts[label]))


def _one_epoch(recipe: Recipe, lesson: Lesson, state: State, weights: Any, say: Say) -> None:
    size = recipe.small if state.epoch < recipe.small_epochs else recipe.size
    draws = torch.multinomial(weights, recipe.steps_an_epoch * recipe.batch, replacement=True, generator=state.chance)
    state.network.train()
    began, loss_sum = time.monotonic(), 0.0
    for step in range(recipe.steps_an_epoch):
        chosen = draws[step * recipe.batch : (step + 1) * recipe.batch].numpy()
        done = state.epoch * recipe.steps_an_epoch + step
        for group in state.optimiser.param_groups:
            group["lr"] = rate_at(recipe, done)
        batch = turned_at_random(torch.from_numpy(lesson.squares[size][chosen]).float() / 255, state.chance)
        if recipe.coarse_share:
            batch = coarsened_at_random(batch, torch.from_numpy(lesson.label[chosen]), recipe.coarse_share, state.chance)
        logits, _ = state.network(batch.contiguous(memory_format=torch.channels_last))
        loss = functional.cross_entropy(logits, _goal(recipe, lesson, chosen))
        state.optimiser.zero_grad()
        loss.backward()
        state.optimiser.step()
        follow(state.averaged, state.network, min(recipe.average, (done + 1) / (done + 10)))
        loss_sum += loss.item()
        if step % 20 == 19:
            say(_progress(recipe, state.epoch, step, size, loss_sum, time.monotonic() - began))


def _progress(recipe: Recipe, epoch: int, step: int, size: int, loss_sum: float, seconds: float) -> str:
    pace = (step + 1) * recipe.batch / seconds
    left = recipe.all_epochs * recipe.steps_an_epoch - epoch * recipe.steps_an_epoch - step - 1
    minutes = left * recipe.batch / pace / 60
    where = f"seed {recipe.seed}, epoch {epoch + 1}/{recipe.all_epochs}, {size} pixels, loss {loss_sum / (step + 1):.4f}"
    return f"{where}, {pace:.0f} maps/s, about {minutes:.0f} min left"


def rate_at(recipe: Recipe, step: int) -> float:
    """The learning rate: up in a line while it warms, then down along a cosine, and along a shorter one after a restart."""
    if step >= recipe.steps:
        gone = (step - recipe.steps) / (recipe.restart_epochs * recipe.steps_an_epoch)
        return recipe.restart_rate * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * gone)))
    if step < recipe.warm_steps:
        return recipe.rate * (step + 1) / recipe.warm_steps
    gone = (step - recipe.warm_steps) / max(1, recipe.steps - recipe.warm_steps)
    return recipe.rate * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * gone)))


def _goal(recipe: Recipe, lesson: Lesson, chosen: NDArray[np.int64]) -> Any:
    """What the network should answer: the label, smoothed, and the teacher's answer beside it."""
    hard = functional.one_hot(torch.from_numpy(lesson.label[chosen]), len(PATTERNS)).float()
    smooth = hard * (1 - recipe.smoothing) + recipe.smoothing / len(PATTERNS)
    if lesson.teacher is None:
        return smooth
    return (1 - recipe.teacher_share) * smooth + recipe.teacher_share * torch.from_numpy(lesson.teacher[chosen])


def follow(averaged: Any, network: Any, average: float) -> None:
    """The averaged weights follow the network's."""
    with torch.no_grad():
        slow, quick = list(averaged.parameters()), list(network.parameters())
        torch._foreach_lerp_(slow, quick, 1 - average)
        for mean, value in zip(averaged.buffers(), network.buffers(), strict=True):
            if mean.dtype.is_floating_point:
                mean.lerp_(value, 1 - average)
            else:
                mean.copy_(value)


def _save(state: State, checkpoint: Path) -> None:
    whole = {
        "network": state.network.state_dict(),
        "averaged": state.averaged.state_dict(),
        "optimiser": state.optimiser.state_dict(),
        "chance": state.chance.get_state(),
        "epoch": state.epoch,
    }
    beside = checkpoint.with_suffix(".part")
    torch.save(whole, beside)
    beside.replace(checkpoint)


def _resumed(state: State, checkpoint: Path) -> State:
    if checkpoint.exists():
        whole = torch.load(checkpoint, weights_only=True)
        state.network.load_state_dict(whole["network"])
        state.averaged.load_state_dict(whole["averaged"])
        state.optimiser.load_state_dict(whole["optimiser"])
        state.chance.set_state(whole["chance"])
        state.epoch = whole["epoch"]
    return state


def answers(network: Any, squares: Squares, views: int = VIEWS, batch: int = 256) -> tuple[Any, Any]:
    """Logits (n, 9) and embeddings (n, 64), each the mean over the views of a map."""
    logits, embeddings = [], []
    network.eval()
    with torch.inference_mode():
        for start in range(0, len(squares), batch):
            part = squares[start : start + batch].astype(np.float32) / 255
            seen = [network(torch.from_numpy(turned(part, view))) for view in range(views)]
            logits.append(sum(one[0] for one in seen).numpy() / views)
            embeddings.append(sum(one[1] for one in seen).numpy() / views)
    return np.concatenate(logits), np.concatenate(embeddings)
