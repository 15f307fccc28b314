"""What is known of a type of tools, with its doubt: the normal that log scale and log shape of its tools are drawn from.

Four numbers describe a type: mean log scale, mean log shape, and the log of the spread of each among sisters. They are drawn
from a Student distribution that is fitted to the posterior round by round, and weighted by the chance of all cycles.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np

from fabwatch.stats.cycles import Floats

DRAWS, ROUNDS, FREEDOM, SEED = 128, 8, 5, 7
ENOUGH = 40.0
"""Draws are good when they say as much as this many draws from the posterior itself."""
SHAPE = (float(np.log(1.8)), 0.4)
"""Mean and spread of the mean log shape of types, before a fab has shown its own: mild wear."""
SCALE_SPREAD, SHAPE_SPREAD = (float(np.log(0.3)), 0.5), (float(np.log(0.12)), 0.4)
"""Of the log of the spread of log scale, and of log shape, among sisters."""
WIDEN = 1.3
"""The next proposal is wider than the draws before it by this factor of its covariance."""
FAB_SPREAD, FEW_SHAPES, LEAST_SPREAD, EM_STEPS = 0.3, 4, 0.12, 60
"""First guess of the spread among types of a fab; types of known shape that are needed to learn from; the least spread."""
TINY = 1e-300
Axes = tuple[Floats, Floats]


@dataclass(frozen=True)
class Prior:
    """What is expected of a type before its own record."""

    scale: tuple[float, float] | None = None
    """Mean and spread of its mean log scale; None: any scale, within ends from the longest age on record."""
    shape: tuple[float, float] = SHAPE
    """Mean and spread of its mean log shape."""


ALONE = Prior()


@dataclass(frozen=True)
class Kind:
    """The posterior of a type."""

    weight: Floats
    """Of each tool, at each grid point, summing to 1: tools x points."""
    mean: Floats
    spread: Floats
    """Mean and standard deviation of the four numbers that describe the type."""
    evidence: float
    """Log evidence of all cycles. Only differences matter."""
    effective: float
    """As many draws from the posterior itself would say as much."""


def sampled(likelihood: Floats, end: Floats | None, end_weight: float, axes: Axes, prior: Prior) -> Kind:
    """The posterior of a type and of each of its tools by adaptive importance sampling.

    `likelihood`: log likelihood of each tool (tools x points); `end`: likelihood at each point of a pseudo sister, which
    counts `end_weight` times. Points are every log scale with every log shape of `axes`, the shape running fastest. A round
    whose weights are concentrated on few draws is tempered, and moves the next proposal. Same input, same answer.
    Sources: O. Cappe et al., Stat. Comput. 18 (2008); the tempering, Y. Zhou et al., J. Comput. Graph. Stat. 25 (2016).
    """
    top = likelihood.max(axis=1, keepdims=True)
    scaled = np.exp(likelihood - top)
    deviates, log_deviates = _deviates()
    mean, covariance = _start(likelihood, end, axes, prior)
    for turn in range(ROUNDS):
        root = np.linalg.cholesky(covariance)
        drawn = mean + deviates @ root.T
        density = _densities(drawn, axes)
        single = np.maximum(scaled @ density, TINY)
        log = np.log(single).sum(axis=0) + _log_prior(drawn, prior, axes) - log_deviates + np.log(np.diag(root)).sum()
        if end is not None:
            log += end_weight * np.log(np.maximum(end @ density, TINY))
        weight, effective = _weights(log, 1.0)
        if effective >= ENOUGH or turn == ROUNDS - 1:
            break
        tempered = _tempered(log)
        mean = tempered @ drawn
        off = drawn - mean
        covariance = WIDEN * (tempered[:, None] * off).T @ off + 1e-5 * np.eye(4)
    posterior = scaled * ((weight / single) @ density.T)
    posterior /= np.maximum(posterior.sum(axis=1, keepdims=True), TINY)
    middle = weight @ drawn
    spread = np.sqrt(np.maximum(weight @ (drawn - middle) ** 2, 1e-6))
    evidence = float(log.max() + np.log(np.mean(np.exp(log - log.max()))) + top.sum())
    return Kind(posterior, middle, spread, evidence, effective)


@cache
def _deviates() -> tuple[Floats, Floats]:
    """Student deviates in four dimensions, each with its opposite, from a fixed seed; and their log density."""
    random = np.random.default_rng(SEED)
    half = random.standard_normal((DRAWS // 2, 4))
    scale = np.sqrt(random.chisquare(FREEDOM, DRAWS // 2) / FREEDOM)
    drawn = np.vstack([half, -half]) / np.concatenate([scale, scale])[:, None]
    return drawn, -(FREEDOM + 4) / 2 * np.log1p((drawn**2).sum(axis=1) / FREEDOM)


def _start(likelihood: Floats, end: Floats | None, axes: Axes, prior: Prior) -> tuple[Floats, Floats]:
    """A first proposal: one wear for the whole type, in the range where it is not impossible."""
    scales, shapes = axes
    log = likelihood.sum(axis=0) + (0.0 if end is None else np.log(np.maximum(end, TINY)))
    log = log.reshape(scales.size, shapes.size) - 0.5 * ((shapes - prior.shape[0]) / prior.shape[1]) ** 2
    if prior.scale is not None:
        log -= 0.5 * (((scales - prior.scale[0]) / prior.scale[1]) ** 2)[:, None]
    weight = np.exp(log - log.max())
    weight /= weight.sum()
    by_scale, by_shape = weight.sum(axis=1), weight.sum(axis=0)
    middle = np.array([by_scale @ scales, by_shape @ shapes])
    wide = np.array([by_scale @ (scales - middle[0]) ** 2, by_shape @ (shapes - middle[1]) ** 2])
    # Sisters differ: their mean is less certain than one wear for all of them would be.
    wide += np.array([0.3, 0.15]) ** 2 / likelihood.shape[0] + 1e-3
    mean = np.array([*middle, SCALE_SPREAD[0], SHAPE_SPREAD[0]])
    return mean, np.diag([*(1.5 * wide), SCALE_SPREAD[1] ** 2, SHAPE_SPREAD[1] ** 2])


def _densities(drawn: Floats, axes: Axes) -> Floats:
    """The normal of each draw at each point, summing to 1: points x draws."""
    scales, shapes = (_density(axis, drawn[:, n], np.exp(drawn[:, n + 2])) for n, axis in enumerate(axes))
    density: Floats = (scales[:, None, :] * shapes[None, :, :]).reshape(-1, drawn.shape[0])
    return density


def _density(axis: Floats, mean: Floats, spread: Floats) -> Floats:
    # A normal much narrower than the step of the grid would jump from point to point.
    spread = np.maximum(spread, (axis[1] - axis[0]) / 2 if axis.size > 1 else 0.0)
    log = -0.5 * ((axis[:, None] - mean) / spread) ** 2
    density: Floats = np.exp(log - log.max(axis=0))
    density /= density.sum(axis=0)
    return density


def _log_prior(drawn: Floats, prior: Prior, axes: Axes) -> Floats:
    columns = [(1, prior.shape), (2, SCALE_SPREAD), (3, SHAPE_SPREAD)]
    if prior.scale is not None:
        columns.append((0, prior.scale))
    # Beyond the grid the densities do not tell one scale from another.
    beyond = np.maximum(axes[0][0] - drawn[:, 0], 0.0) + np.maximum(drawn[:, 0] - axes[0][-1], 0.0)
    log: Floats = -2.0 * beyond**2
    for n, (mean, spread) in columns:
        log -= 0.5 * ((drawn[:, n] - mean) / spread) ** 2
    return log


def _weights(log: Floats, power: float) -> tuple[Floats, float]:
    weight: Floats = np.exp(power * (log - log.max()))
    weight /= weight.sum()
    return weight, float(1 / (weight**2).sum())


def _tempered(log: Floats) -> Floats:
    """The weights, flattened until they are spread over enough draws."""
    low, high = 0.0, 1.0
    for _ in range(12):
        power = (low + high) / 2
        low, high = (power, high) if _weights(log, power)[1] >= ENOUGH / 2 else (low, power)
    return _weights(log, low)[0]


def shared(mean: Floats, spread: Floats, speed: Floats, gap: Floats) -> list[Prior]:
    """What the types of a fab say of one another: their life in days, given how often each is checked, and their shape.

    `mean` and `spread` of each type's mean log scale and mean log shape (types x 2 or more); `speed`: units of its clock a
    day; `gap`: its usual days between quals, which is no accident: a type that lives long is checked seldom. Life is
    regressed on log gap, each type weighted by its doubt and by how far types differ, which is fitted by EM. Source:
    meta-regression, C. S. Berkey et al., Stat. Med. 14 (1995).
    """
    life, doubt = mean[:, 0] - np.log(speed), np.maximum(spread[:, 0], 0.03)
    log_gap = np.log(gap) - np.log(gap).mean()
    design = np.column_stack([np.ones(life.size), log_gap])
    between = FAB_SPREAD**2
    for _ in range(EM_STEPS):
        trust = 1 / (doubt**2 + between)
        # Half a type's worth of belief that life does not follow the gap: six types on one gap must not blow it up.
        cross = (design * trust[:, None]).T @ design + np.diag([0.0, 1.0])
        line = design @ np.linalg.solve(cross, (design * trust[:, None]).T @ life)
        sure = 1 / (1 / doubt**2 + 1 / between)
        between = float((((sure * (life - line) / doubt**2) ** 2 + sure).sum() + 2 * FAB_SPREAD**2) / (life.size + 2))
    shape = _shape(mean[:, 1], spread[:, 1])
    expected = line + np.log(speed)
    return [Prior((float(middle), float(np.sqrt(between))), shape) for middle in expected]


def learned(mean: Floats, spread: Floats, speed: Floats, gap: Floats) -> list[Prior]:
    """The same from posteriors of the types under an earlier such prior: one step of EM, with the likelihood of each type.

    It undoes what the pseudo sisters of types that hardly failed put in. Arguments as for `shared`.
    """
    life = mean[:, 0] - np.log(speed)
    design = np.column_stack([np.ones(life.size), np.log(gap) - np.log(gap).mean()])
    between = float(((life - life.mean()) ** 2).mean())
    cross = design.T @ design + np.diag([0.0, max(between, FAB_SPREAD**2)])
    line = design @ np.linalg.solve(cross, design.T @ life)
    between = float((((life - line) ** 2 + spread[:, 0] ** 2).sum() + 2 * FAB_SPREAD**2) / (life.size + 2))
    middle = float(mean[:, 1].mean())
    apart = float((((mean[:, 1] - middle) ** 2 + spread[:, 1] ** 2).sum() + 4 * SHAPE[1] ** 2) / (life.size + 4))
    shape = middle, max(float(np.sqrt(apart)), LEAST_SPREAD)
    return [Prior((float(one), float(np.sqrt(between))), shape) for one in line + np.log(speed)]


def _shape(mean: Floats, spread: Floats) -> tuple[float, float]:
    """The mean log shape of types and its spread among them, by EM; what the prior of each put in is taken out first."""
    precise = np.maximum(1 / spread**2 - 1 / SHAPE[1] ** 2, 1e-3)
    raw = (mean / spread**2 - SHAPE[0] / SHAPE[1] ** 2) / precise
    known = precise > 1 / 1.5**2
    if known.sum() < FEW_SHAPES:
        return SHAPE
    raw, doubt = raw[known], 1 / np.sqrt(precise[known])
    middle, between = float(np.average(raw, weights=1 / (doubt**2 + 0.3))), FAB_SPREAD**2
    for _ in range(EM_STEPS):
        sure = 1 / (1 / doubt**2 + 1 / between)
        each = sure * (raw / doubt**2 + middle / between)
        middle = float(each.mean())
        between = float((((each - middle) ** 2 + sure).sum() + 4 * SHAPE[1] ** 2) / (raw.size + 4))
    return middle, max(float(np.sqrt(between)), LEAST_SPREAD)
