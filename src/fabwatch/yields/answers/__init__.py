"""Answers about what came out, by what they are about."""

from fabwatch.yields.answers.commonality import Commonality, Event, Finding
from fabwatch.yields.answers.counts import KEYS, BinCount, Bins, TestFigures, TestPareto, YieldGroup, Yields, YieldTotal
from fabwatch.yields.answers.defects import Defects, InspectedWafer
from fabwatch.yields.answers.gallery import UNKNOWN, FabMap, FabMaps, Picture
from fabwatch.yields.answers.maps import Layout, MappedTest, Place, StackedMap, Zone
from fabwatch.yields.answers.screens import DYNAMIC, NEIGHBOURS, STATIC, Screen, Screens, ScreenTotal
from fabwatch.yields.answers.splits import SURE, SplitDifference, SplitGroup, SplitHistory, SplitLots, SplitPlace

__all__ = [
    "DYNAMIC",
    "KEYS",
    "NEIGHBOURS",
    "STATIC",
    "SURE",
    "UNKNOWN",
    "BinCount",
    "Bins",
    "Commonality",
    "Defects",
    "Event",
    "FabMap",
    "FabMaps",
    "Finding",
    "InspectedWafer",
    "Layout",
    "MappedTest",
    "Picture",
    "Place",
    "Screen",
    "ScreenTotal",
    "Screens",
    "SplitDifference",
    "SplitGroup",
    "SplitHistory",
    "SplitLots",
    "SplitPlace",
    "StackedMap",
    "TestFigures",
    "TestPareto",
    "YieldGroup",
    "YieldTotal",
    "Yields",
    "Zone",
]
