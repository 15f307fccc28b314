"""Several readings of one tool on one chart: Hotelling's T² of what was taken at the same time."""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from fabwatch.spc.answers import Capability, ChartPoint, ControlChart
from fabwatch.spc.answers.charts import Place
from fabwatch.spc.charting import FEW_POINTS, NoChart, Options
from fabwatch.spc.doubts import FewPoints
from fabwatch.spc.series import Series
from fabwatch.stats.charts import estimate_multivariate, t_squared
from fabwatch.terms.reasons import Reason


def together(series: Sequence[Series]) -> list[list[Series]]:
    """The series of each tool, chamber and family, which go on one chart."""
    groups: dict[tuple[str, ...], list[Series]] = defaultdict(list)
    for one in series:
        # What was removed is the difference of two others, and says nothing more.
        if len(one.at) > 1 and not one.name.startswith("removed"):
            groups[one.tool, one.chamber, one.of, one.family].append(one)
    return list(groups.values())


def t2_chart(series: Sequence[Series], options: Options) -> ControlChart:
    """The T² of several readings where all of them were taken. Raises NoChart."""
    if len(series) < 2:
        raise NoChart("t2_alone")
    rows = [dict(zip(_marks(one), one.means, strict=True)) for one in series]
    marks = [mark for mark in rows[0] if all(mark in row for row in rows[1:])]
    x = np.array([[row[mark] for row in rows] for mark in marks]).reshape(len(marks), len(rows))
    varying = [n for n in range(len(rows)) if len(marks) and np.ptp(x[:, n]) > 0]
    if len(varying) < 2:
        raise NoChart("t2_apart", points=len(marks), readings=len(rows), varying=len(varying))
    if len(marks) <= len(varying) + 1:
        raise NoChart("few_points", needed=len(varying) + 2, points=len(marks))
    try:
        of = estimate_multivariate(x[:, varying])
    except ValueError as fault:
        raise NoChart("t2_dependent") from fault
    lines = t_squared(x[:, varying], of)
    codes: list[tuple[str, ...]] = [("limit",) if out else () for out in lines.outside]
    first = series[0]
    place_of = dict(zip(_marks(first), first.at, strict=True))
    places = [place_of[mark] for mark in marks]
    return ControlChart(
        name=" + ".join(series[n].name for n in varying),
        kind="t2",
        center=float(lines.center[0]),
        lower=None,
        upper=float(lines.upper[0]),
        sigma=None,
        stable=not any(codes),
        points=tuple(map(ChartPoint, places, lines.values.tolist(), codes)),
        capability=Capability(refused=Reason(("refused_t2", {}))),
        tool=first.tool,
        chamber=first.chamber,
        of="several",
        unit=None,
        rules=options.rules,
        n=len(marks) * len(varying),
        beyond=sum(one.beyond for one in series),
        outside=0,
        chosen="stated",
        doubts=(FewPoints(len(marks), FEW_POINTS),) if len(marks) < FEW_POINTS else (),
    )


def _marks(series: Series) -> tuple[Place, ...]:
    """What tells which readings were taken together: their run or wafer, else their time."""
    return series.keys if series.keys and all(series.keys) else series.at
