"""Clusters of points on a wafer: groups that lie closer together than points strewn at random would.

Density-based clustering: M. Ester, H.-P. Kriegel, J. Sander and X. Xu, Proc. KDD (1996) 226. The density of the background
is taken from the share of fields without a point, which clusters hardly change (the zero class of a Poisson distribution).
"""

import math

import numpy as np
import numpy.typing as npt

NEIGHBOURS = 0.5
"""Points of the background that are expected within the reach of one."""
AT_LEAST = 6
"""Points of a cluster: of a background that strewn, five more within reach come once in 6,000 points."""
LONGEST, SHORTEST = 2.0, 0.02
"""Reach in millimetres, where the background is thin and where it is dense."""


def background(points: int, area: float, hit: int | None = None, fields: int | None = None) -> float:
    """Points of the background per unit of area, from the share of `fields` that have none, where that is known."""
    if fields and hit is not None and 0 < hit < fields:
        return -math.log(1 - hit / fields) * fields / area
    return points / area


def clusters(places: npt.NDArray[np.float64], density: float) -> npt.NDArray[np.int64]:
    """The cluster of each place (n, 2) in mm, -1 for none; `density` is that of the background per square millimetre."""
    from sklearn.cluster import DBSCAN

    if len(places) < AT_LEAST:
        return np.full(len(places), -1, np.int64)
    reach = math.sqrt(NEIGHBOURS / (math.pi * density)) if density > 0 else LONGEST
    found = DBSCAN(eps=min(max(reach, SHORTEST), LONGEST), min_samples=AT_LEAST).fit_predict(places)
    return np.asarray(found, np.int64)
