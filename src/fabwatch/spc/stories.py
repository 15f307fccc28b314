"""Violations as events of a tool, and the one story of several charts that broke their rules in the same stretch of time."""

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter

from fabwatch.spc.answers import ControlChart, Story, Violation
from fabwatch.terms.answers import place_of

RUNS = {
    **{"nelson2": 9, "nelson3": 6, "nelson4": 14, "nelson5": 3, "nelson6": 5, "nelson7": 15, "nelson8": 8},
    **{"weco2": 3, "weco3": 5, "weco4": 8},
}
"""How many points the pattern of a rule has: it begins that many before the point that completes it."""
STRONG = 4.0
"""A stretch whose mean departs by fewer standard errors comes by chance too often to be told with others."""


@dataclass(frozen=True)
class Episode:
    """A stretch of points on one side that break rules, from the begin of the first pattern."""

    chart: ControlChart
    since: datetime
    until: datetime
    strength: float


def events(charts: Sequence[ControlChart]) -> tuple[Violation, ...]:
    """Every point that breaks a rule, the latest first."""
    found = [
        Violation(chart.tool, chart.chamber, chart.name, point.at, point.broken, point.value)
        for chart in charts
        for point in chart.points
        if point.broken
    ]
    timed = [event for event in found if isinstance(event.at, datetime)]
    others = [event for event in found if not isinstance(event.at, datetime)]
    return (*sorted(timed, key=attrgetter("at"), reverse=True), *reversed(others))


def stories(charts: Sequence[ControlChart]) -> tuple[Story, ...]:
    """What two charts or more of one tool say in the same stretch of time, the strongest first."""
    by_tool: dict[str, list[Episode]] = defaultdict(list)
    for chart in charts:
        if chart.tool and chart.kind != "t2":
            by_tool[chart.tool] += [episode for episode in _episodes(chart) if episode.strength >= STRONG]
    told = [story for tool, episodes in by_tool.items() for story in _told(tool, episodes)]
    return tuple(sorted(told, key=lambda story: (-sum(strength**2 for strength in story.strengths), story.tool)))


def _told(tool: str, episodes: list[Episode]) -> Iterator[Story]:
    """The strongest stretch takes along what breaks its rules within it; then the next of the rest."""
    rest = sorted(episodes, key=lambda episode: -episode.strength)
    while rest:
        lead = rest[0]
        mine = [episode for episode in rest if episode.since <= lead.until and episode.until >= lead.since]
        rest = [episode for episode in rest if episode.since > lead.until or episode.until < lead.since]
        best: dict[str, Episode] = {}
        for episode in mine:
            best.setdefault(_named(episode.chart), episode)
        if len(best) > 1:
            since, until = min(e.since for e in best.values()), max(e.until for e in best.values())
            strengths = tuple(round(episode.strength, 1) for episode in best.values())
            yield Story(tool, since, until, tuple(best), strengths)


def _named(chart: ControlChart) -> str:
    return chart.name if chart.chamber == "*" else f"{place_of('', chart.chamber).strip()} {chart.name}"


def _episodes(chart: ControlChart) -> Iterator[Episode]:
    points = chart.points
    spans: list[tuple[int, int, bool]] = []
    for n, point in enumerate(points):
        if not point.broken:
            continue
        begin, above = max(n + 1 - max(RUNS.get(rule, 1) for rule in point.broken), 0), point.value > chart.center
        # A pattern may have points on both sides; the stretch begins on the side of its end.
        while begin < n and (points[begin].value > chart.center) != above:
            begin += 1
        first, last, side = spans[-1] if spans else (0, -2, above)
        if begin <= last + 1 and above == side:
            spans[-1] = (min(first, begin), n, side)
        else:
            # What came before on the other side is another stretch.
            spans.append((max(begin, last + 1), n, above))
    for begin, end, _ in spans:
        since, until = points[begin].at, points[end].at
        if isinstance(since, datetime) and isinstance(until, datetime):
            yield Episode(chart, since, until, _strength(chart, begin, end))


def _strength(chart: ControlChart, begin: int, end: int) -> float:
    """The mean departure of a stretch over its standard error; of one point how far it is off, in sigma."""
    z = []
    for point in chart.points[begin : end + 1]:
        upper = chart.upper if point.upper is None else point.upper
        half = ((upper if upper is not None else math.inf) - chart.center) / 3
        z.append((point.value - chart.center) / half if half > 0 else 0.0)
    return max(abs(sum(z)) / math.sqrt(len(z)), max(abs(value) for value in z)) if z else 0.0
