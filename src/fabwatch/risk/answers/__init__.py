"""What the questions of this room are answered with."""

from fabwatch.risk.answers.boards import Area, Areas, History, Mark, Overview, Point, Standing, Tools
from fabwatch.risk.answers.causes import Cause
from fabwatch.risk.answers.containment import AfterFail, Contained, Containment, Held, Hold, Look, NextCheck, Whereabouts
from fabwatch.risk.answers.exposure import Exposure, Risk, Total
from fabwatch.risk.answers.plan import URGENT, Plan, Planned

__all__ = [
    "URGENT",
    "AfterFail",
    "Area",
    "Areas",
    "Cause",
    "Contained",
    "Containment",
    "Exposure",
    "Held",
    "History",
    "Hold",
    "Look",
    "Mark",
    "NextCheck",
    "Overview",
    "Plan",
    "Planned",
    "Point",
    "Risk",
    "Standing",
    "Tools",
    "Total",
    "Whereabouts",
]
