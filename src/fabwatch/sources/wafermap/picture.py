"""A map that is written as a picture: rows of codes from the top, codes from the left."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from fabwatch.sources.wafermap.bins import Bins
from fabwatch.sources.wafermap.doubts import MapCut, UnevenRows, UnreadDies
from fabwatch.sources.wafermap.maps import Stated, WaferMap, normalised

CORNERS = {
    "0": "center",
    "1": "upperright",
    "2": "upperleft",
    "3": "lowerleft",
    "4": "lowerright",
}
"""Numbers of the origin's place (SEMI E5, item ORLOC)."""
AWAY_FROM = {"upperright": "downleft", "upperleft": "downright", "lowerleft": "upright", "lowerright": "upleft"}
"""Which way the axes run from a corner if the file does not say: into the map."""


@dataclass(frozen=True)
class Picture:
    """Rows of codes, and how its coordinates are counted: from which corner, and which way."""

    rows: Sequence[Sequence[str]]
    stated_rows: int = 0
    stated_columns: int = 0
    corner: str = ""
    """upperleft and so on, or center; empty if the file does not say."""
    direction: str = ""
    """upright, downright, upleft or downleft; empty if the file does not say."""
    first_x: int = 0
    first_y: int = 0
    cut: bool = False


def map_of(picture: Picture, bins: Bins, stated: Stated) -> WaferMap:
    """The map of a picture; what is missing at its end or in its rows is a doubt."""
    width = picture.stated_columns or max(map(len, picture.rows), default=0)
    height = max(picture.stated_rows, len(picture.rows))
    x_way, y_way = _ways(picture)
    columns = _counted(width, x_way == "left", picture.corner == "center", picture.first_x)
    levels = _counted(height, y_way == "up", picture.corner == "center", picture.first_y)
    x: list[int] = []
    y: list[int] = []
    codes: list[str] = []
    unread = 0
    for level, row in zip(levels, picture.rows, strict=False):
        for column, code in zip(columns, row, strict=False):
            if code is UNREAD:
                unread += 1
            elif code not in bins.null:
                x.append(column)
                y.append(level)
                codes.append(code)
    passed, doubts = bins.passed(codes)
    about = replace(stated, x_axis=x_way, y_axis=y_way, bin_names=bins.names).with_doubts(*doubts)
    uneven = sum(len(row) != width for row in picture.rows)
    if picture.cut or len(picture.rows) < picture.stated_rows:
        about = about.with_doubts(MapCut(len(picture.rows), picture.stated_rows))
    if uneven:
        about = about.with_doubts(UnevenRows(uneven))
    if unread:
        about = about.with_doubts(UnreadDies(unread))
    return normalised(about, x, y, codes, passed)


UNREAD = "\0"
"""Stands in a row for a code that cannot be read."""


def _ways(picture: Picture) -> tuple[str, str]:
    """Which way x and y run; rows are drawn from the top and from the left, so without a word x runs right and y up."""
    direction = picture.direction or AWAY_FROM.get(picture.corner, "upright")
    return ("left" if "left" in direction else "right"), ("down" if "down" in direction else "up")


def _counted(count: int, backwards: bool, from_middle: bool, first: int) -> list[int]:
    places = range(first, first + count)
    if from_middle:
        places = range(-(count // 2), count - count // 2)
    return list(reversed(places)) if backwards else list(places)
