"""`[quals]`, `[costs]`, `[cmp]` and `[rules]`: what answers go by."""

from typing import Literal

from pydantic import Field, field_validator, model_validator

from fabwatch.terms.errors import nearest
from fabwatch.terms.settings.stated import Names, Stated
from fabwatch.terms.words import PLANNED, RESTORE


class QualSettings(Stated):
    """`[quals.TYPE]`: what a qual type covers, how sure it is, and its limits on wafers at risk."""

    recipes: Names = Field((), description="The recipes it covers; none stated means all.")
    sensitivity: float = Field(1.0, gt=0, le=1, description="Chance that it detects a fault.")
    false_alarm: float = Field(0.0, ge=0, lt=1, description="Chance that it fails a good tool.")
    warning: int | None = Field(None, gt=0, description="Number of wafers at risk from which to watch a tool.")
    inhibit: int | None = Field(None, gt=0, description="Number of wafers at risk from which to stop a tool.")
    resets: Names = Field((), description="Kinds of restore (pm, repair, part) that reset it; none stated means all.")
    hours: float = Field(1.0, gt=0, description="Hours of the tool that one qual takes.")
    wear_shape: float = Field(1.0, gt=0, description="Weibull shape of the wear, for a qual that can miss.")
    wear_scale: float | None = Field(None, gt=0, description="Weibull scale in wafers; none means no wear is assumed.")

    @field_validator("resets")
    @classmethod
    def _resets_are_kinds_of_restore(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        kinds = sorted(set(RESTORE.values()) - {PLANNED})
        for name in value:
            if name not in kinds:
                raise ValueError(f"{name!r} is not a kind of restore; use one of {', '.join(kinds)}")
        return value

    @model_validator(mode="after")
    def _limits_in_order(self) -> "QualSettings":
        if self.warning and self.inhibit and self.warning > self.inhibit:
            raise ValueError(f"warning {self.warning} is above inhibit {self.inhibit}")
        if self.wear_shape != 1.0 and self.wear_scale is None:
            raise ValueError("wear_shape needs a wear_scale")
        return self


class CostSettings(Stated):
    """`[costs]`: what things cost, all in one currency; without it the unit is one qual."""

    qual: float = Field(1.0, gt=0, description="One qual: test wafers, metrology and the time of the tool.")
    contain: float = Field(0.005, gt=0, description="One wafer contained: held, inspected, released.")
    scrap: float = Field(0.1, gt=0, description="One wafer that ran on a bad tool.")
    fail: float = Field(5.0, gt=0, description="One failure: repair and requal.")
    false: float = Field(1.0, gt=0, description="One false alarm.")


class CmpSettings(Stated):
    """`[cmp]`: polish times. Thicknesses in angstrom."""

    coverage: float = Field(0.9, gt=0, lt=1, description="Chance that the required polish time is in the interval.")
    below: float | None = Field(None, gt=0, description="How far under its target a wafer may end, in angstrom.")
    above: float | None = Field(None, gt=0, description="How far over its target a wafer may end, in angstrom.")
    least_s: float = Field(1.0, gt=0, description="Shortest polish time.")
    most_s: float = Field(1200.0, gt=0, description="Longest polish time.")
    step_s: float | None = Field(None, gt=0, description="Largest change of the time from the last wafer of the head.")
    deadband_s: float = Field(0.0, ge=0, description="Changes up to this are not applied.")
    controller: Literal["auto", "fixed", "last", "ewma", "dewma", "age"] = Field(
        "auto", description="Which estimate of the rate to use; auto: the best one on the record."
    )
    offsets: dict[str, float] = Field({}, description="Seconds more for a head or product: H1 = 1.5.")

    @model_validator(mode="after")
    def _times_in_order(self) -> "CmpSettings":
        if self.least_s > self.most_s:
            raise ValueError(f"least_s {self.least_s:g} is above most_s {self.most_s:g}")
        return self


FIGURES = ("mean", "std", "min", "max", "range", "first", "last", "slope", "outside_s", "settle_s", "over", "under")
"""Statistics of a sensor in a step that a rule can watch."""


BUILT_IN = ("neighbours", "setpoint", "golden")
"""Names of the built-in rules."""


class RuleSettings(Stated):
    """`[rules.NAME]`: an alarm on a statistic of a sensor in a step; it counts once it was tested and switched on."""

    sensor: str = Field("*", description="The sensor; * stands for any text.")
    step: str = Field("*", description="The step.")
    chamber: str = Field("*", description="The chamber.")
    recipe: str = Field("*", description="The recipe.")
    tool: str = Field("*", description="The tool.")
    figure: str = Field(
        "mean", description="mean, std, min, max, range, first, last, slope, outside_s, settle_s, over or under."
    )
    above: float | None = Field(None, description="Alarm above this value.")
    below: float | None = Field(None, description="Alarm below this value.")
    z: float | None = Field(
        None, gt=0, description="Alarm this many robust standard deviations from the good runs before it."
    )

    @field_validator("figure")
    @classmethod
    def _figure_is_known(cls, value: str) -> str:
        if value not in FIGURES:
            near = nearest(value, FIGURES) or FIGURES
            raise ValueError(f"{value!r} is not a figure; use one of {', '.join(near)}")
        return value

    @model_validator(mode="after")
    def _says_something(self) -> "RuleSettings":
        if self.above is None and self.below is None and self.z is None:
            raise ValueError("a rule needs above, below or z")
        if self.above is not None and self.below is not None and self.above < self.below:
            raise ValueError(f"above {self.above:g} is less than below {self.below:g}: every run would be an alarm")
        return self
