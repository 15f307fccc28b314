"""From readings to charts: the kind, the limits, the points that break rules, the capability."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from fabwatch.spc.answers import Capability, ChartPoint, ControlChart, FrozenLimits, SpreadChart, VarianceShare
from fabwatch.spc.answers.charts import Place
from fabwatch.spc.doubts import (
    Autocorrelated,
    BetweenSubgroups,
    BeyondMeasurement,
    FewPoints,
    LimitsChanged,
    SomeCellsEmpty,
)
from fabwatch.spc.series import Series
from fabwatch.stats import charts
from fabwatch.stats.capability import Moments, NotTold, capability
from fabwatch.stats.charts import Estimate, Lines, between_within
from fabwatch.stats.nested import components_of
from fabwatch.stats.run_rules import broken_rules
from fabwatch.terms.doubts import Doubt
from fabwatch.terms.reasons import Reason

RANGES_UP_TO = 10
"""Ranges waste what larger subgroups know of the spread (Montgomery, chapter 6)."""
FEW_POINTS = 20
LIKELY = 0.01
WITH_RULES = ("imr", "between", "xbar-r", "xbar-s")
"""Kinds whose points are independent of each other, so that runs of them mean something."""


class NoChart(Exception):
    """Readings that cannot be put on such a chart; says why."""

    def __init__(self, code: str, **values: float):
        self.reason = Reason((f"refused_{code}", values))
        super().__init__(self.reason)


@dataclass(frozen=True)
class Options:
    """How charts are drawn and judged."""

    kind: str | None = None
    rules: str = "nelson"
    weight: float = 0.2
    """Weight of the newest reading in an EWMA."""
    reference: float = 0.5
    decision: float = 5.0
    """Reference value and decision interval of a CUSUM, in sigma."""


def chart_of(series: Series, options: Options, frozen: FrozenLimits | None = None) -> ControlChart:
    """The chart of some readings. Raises NoChart."""
    kind, chosen = kind_of(series, options.kind)
    estimate = Estimate(frozen.center, frozen.sigma, frozen.df) if frozen else estimate_of(series, kind)
    main, spread, within = _lines(series, kind, estimate, options)
    codes = _codes(main, kind, options.rules, _inner_spread(spread, within))
    points = _points(series.at, main, codes, series.sizes.tolist())
    stable = not any(codes)
    last = -1
    return ControlChart(
        name=series.name,
        kind=kind,
        center=float(main.center[last]),
        lower=_or_none(main.lower[last]),
        upper=_or_none(main.upper[last]),
        sigma=estimate.sigma,
        stable=stable,
        points=points,
        capability=_capability(series, kind, codes),
        tool=series.tool,
        chamber=series.chamber,
        of=series.of,
        unit=series.unit,
        rules=options.rules,
        n=int(series.sizes.sum()),
        beyond=series.beyond,
        outside=series.outside,
        chosen=chosen,
        frozen=frozen,
        spread=None if spread is None else _spread(*spread),
        within=None if within is None else _spread(*within),
        components=(shares := _components(series)),
        doubts=tuple(_doubts(series, kind, shares, frozen)),
    )


def kind_of(series: Series, stated: str | None) -> tuple[str, str]:
    """The kind of chart, and why. Raises NoChart for one that these readings cannot have."""
    if not series.at:
        raise NoChart("no_readings")
    sizes = series.sizes
    if stated is not None:
        if stated in ("xbar-r", "xbar-s", "between") and not series.several:
            raise NoChart("no_subgroups")
        return stated, "stated"
    if not series.several:
        return "imr", "one reading a time"
    if series.kind is not None:
        return series.kind, "wafers of several readings"
    if sizes.max() <= RANGES_UP_TO:
        return "xbar-r", f"subgroups of {RANGES_UP_TO} or fewer"
    return "xbar-s", f"subgroups above {RANGES_UP_TO}"


def estimate_of(series: Series, kind: str) -> Estimate:
    """Center and sigma from the readings themselves. Raises NoChart for too few."""
    if kind.startswith("xbar") or (kind in ("ewma", "cusum") and series.several):
        return charts.estimate_subgroups(series.subgroups, "r" if kind == "xbar-r" else "s")
    if len(series.at) < 2:
        raise NoChart("few_readings", needed=2, readings=len(series.at))
    return charts.estimate_individuals(series.means)


Spread = tuple[str, Lines]


def _lines(series: Series, kind: str, of: Estimate, options: Options) -> tuple[Lines, Spread | None, Spread | None]:
    """The main chart, that of the spread with its kind, and that of the spread within subgroups."""
    n = series.sizes
    if kind in ("imr", "between"):
        x = series.means
        main, ranges = charts.individuals(x, of), ("mr", charts.moving_range(x, of))
        if kind == "imr":
            return main, ranges, None
        groups = series.subgroups
        own = "r" if n.max() <= RANGES_UP_TO else "s"
        return main, ranges, (own, charts.spreads(groups, charts.estimate_subgroups(groups, own), own))
    if kind == "ewma":
        return charts.ewma(series.means, of, options.weight, n=n), None, None
    if kind == "cusum":
        return charts.cusum(series.means, of, options.reference, options.decision, n=n).lines, None, None
    groups = series.subgroups
    own = kind[-1]
    return charts.means(groups, of), (own, charts.spreads(groups, of, own)), None


def _inner_spread(spread: Spread | None, within: Spread | None) -> np.ndarray | None:
    """Where the spread within subgroups is beyond its limits; a moving range says nothing that its readings do not."""
    inner = within or spread
    return None if inner is None or inner[0] == "mr" else inner[1].outside


def _codes(main: Lines, kind: str, rules: str, spread: np.ndarray | None) -> list[tuple[str, ...]]:
    """The rules that each point breaks."""
    marks = broken_rules(main.z, rules) if kind in WITH_RULES else {"limit": main.outside}
    if spread is not None:
        marks = {**marks, "spread": spread}
    codes: list[tuple[str, ...]] = [()] * len(main.values)
    for name, mark in marks.items():
        for n in np.flatnonzero(mark).tolist():
            codes[n] += (name,)
    return codes


def _points(
    at: Sequence[Place], lines: Lines, codes: Sequence[tuple[str, ...]], sizes: Sequence[int]
) -> tuple[ChartPoint, ...]:
    values = lines.values.tolist()
    if _constant(lines.lower) and _constant(lines.upper):
        return tuple(map(ChartPoint, at, values, codes, sizes))
    lower = (None if value != value else value for value in lines.lower.tolist())
    upper = (None if value != value else value for value in lines.upper.tolist())
    return tuple(map(ChartPoint, at, values, codes, sizes, lower, upper))


def _constant(line: np.ndarray) -> bool:
    return bool((line == line[0]).all() or np.isnan(line).all()) if len(line) else True


def _spread(kind: str, lines: Lines) -> SpreadChart:
    there = np.flatnonzero(~np.isnan(lines.values))
    if not there.size:
        return SpreadChart(kind, None, None, None, (), ())
    last = int(there[-1])
    center, lower, upper = (_or_none(line[last]) for line in (lines.center, lines.lower, lines.upper))
    broken = tuple(np.flatnonzero(lines.outside).tolist())
    spread = SpreadChart(kind, center, lower, upper, _listed(lines.values), broken)
    same = _constant(lines.upper[there])
    return spread if same else replace(spread, lowers=_listed(lines.lower), uppers=_listed(lines.upper))


def _listed(line: np.ndarray) -> tuple[float | None, ...]:
    return tuple(None if value != value else value for value in line.tolist())


def _or_none(value: float) -> float | None:
    return None if value != value else float(value)


def _capability(series: Series, kind: str, codes: Sequence[tuple[str, ...]]) -> Capability:
    lower, upper = series.lower, series.upper

    def refused(code: str, **values: object) -> Capability:
        return Capability(refused=Reason((f"refused_{code}", values)), lower=lower, upper=upper)

    if lower is None and upper is None:
        return refused("no_limits")
    if any(codes):
        broken = [code for code in codes if code]
        rules = ", ".join(sorted({name for code in broken for name in code}))
        return refused("not_stable", broken=len(broken), points=len(codes), rules=rules)
    if series.beyond:
        return refused("beyond", readings=series.beyond)
    own = kind if kind in WITH_RULES else kind_of(series, None)[0]
    try:
        within = estimate_of(series, own)
        if own == "between":
            within = between_within(within, series.subgroups)
        result = capability(series.values, within.sigma, within.df, lower, upper, of=_moments(series))
    except NotTold as fault:
        return refused(fault.code, **fault.values)
    except NoChart as fault:
        return Capability(refused=fault.reason, lower=lower, upper=upper)
    found = dict(vars(result))
    if found["low"] is None:
        found |= {"low": result.ppk_low, "high": result.ppk_high}
    return Capability(**found, lower=lower, upper=upper)


def _moments(series: Series) -> Moments | None:
    """Size, mean and standard deviation of all readings; None where all of them are at hand."""
    of = series.figures
    if of is None:
        return None
    n, mean = int(of.n.sum()), float((of.n * of.mean).sum() / of.n.sum())
    squares = float((np.where(of.n > 1, of.std, 0.0) ** 2 * (of.n - 1) + of.n * (of.mean - mean) ** 2).sum())
    return Moments(n, mean, (squares / max(n - 1, 1)) ** 0.5)


def _components(series: Series) -> tuple[VarianceShare, ...]:
    """How much of the variance is between subgroups; none for single readings."""
    sizes = series.sizes
    if not series.several or len(sizes) < 2:
        return ()
    outer = [np.unique(groups, return_inverse=True)[1] for _, groups in series.levels]
    of = series.subgroups
    squares = float((np.where(of.n > 1, of.std, 0.0) ** 2 * (of.n - 1)).sum())
    try:
        found = components_of(of.n, of.mean, squares, outer, [*(name for name, _ in series.levels), *series.inner])
    except ValueError:
        # Each lot has one wafer, say: then a level cannot be told from the one below.
        found = components_of(of.n, of.mean, squares, [], list(series.inner))
    return tuple(VarianceShare(row.name, row.df, row.mean_square, row.p, row.variance, row.share) for row in found)


def _doubts(series: Series, kind: str, shares: Sequence[VarianceShare], frozen: FrozenLimits | None) -> list[Doubt]:
    doubts: list[Doubt] = []
    if frozen is None and len(series.at) < FEW_POINTS:
        doubts.append(FewPoints(len(series.at), FEW_POINTS))
    if series.beyond:
        doubts.append(BeyondMeasurement(series.beyond))
    if series.empty:
        doubts.append(SomeCellsEmpty(series.empty))
    if series.limit_kinds > 1:
        doubts.append(LimitsChanged(series.limit_kinds))
    if kind.startswith("xbar") and shares and shares[0].p is not None and shares[0].p < LIKELY:
        doubts.append(BetweenSubgroups(sum(row.share for row in shares[:-1])))
    correlation = _autocorrelation(series.means)
    if kind in WITH_RULES and correlation is not None:
        doubts.append(Autocorrelated(correlation))
    return doubts


def _autocorrelation(x: np.ndarray) -> float | None:
    """The correlation of each point with the one before, where chance alone gives so much once in a hundred; else None."""
    if len(x) < FEW_POINTS:
        return None
    away = x - x.mean()
    total = float(away @ away)
    if not total > 0:
        return None
    r = float(away[1:] @ away[:-1]) / total
    return r if r > 2.33 / len(x) ** 0.5 else None
