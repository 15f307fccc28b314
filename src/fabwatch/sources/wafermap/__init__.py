"""Wafer maps as files: SEMI G85 and E142 (XML), rows of characters (SINF, inkless), tables of x, y and bin.

All are given in one orientation, which is stated: notch down, x to the right, y up.
"""

from fabwatch.sources.wafermap.maps import WaferMap
from fabwatch.sources.wafermap.reader import is_map, read_maps

__all__ = ["WaferMap", "is_map", "read_maps"]
