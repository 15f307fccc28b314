"""The plan: what to check on which day."""

from dataclasses import dataclass
from datetime import datetime

from fabwatch.terms.answers import Answer, Row, place_of, plain
from fabwatch.terms.words import sentence

URGENT = frozenset({"failed", "restored", "limit", "out_of_spec"})
"""The reasons for which a check cannot wait."""


@dataclass(frozen=True)
class Planned:
    """One check of the next days."""

    day: int
    """0 is today."""
    date: str
    reason: str
    """`due` by the advised interval, `decided` by an interval that a person set, `limit` (the wafers at risk reach the
    inhibit limit), `failed` (no restore since), `restored` (requal pending), `out_of_spec` (probably), or `never
    checked`."""
    area: str | None
    tool_type: str | None
    tool: str
    chamber: str
    qual_type: str
    due_day: float
    usual_day: float | None
    """When its usual periodic check would be."""
    p_bad_now: float
    p_bad_then: float
    wafers_at_risk: int
    wafers_at_risk_then: int
    """Wafers at risk on that day at the current pace."""
    expected_bad: float
    """Wafers expected to run bad by the last day of the plan if it is not checked."""
    expected_loss: float
    """Expected cost of not checking it until then."""
    hours: float
    maintenance_at: datetime | None = None
    """Planned maintenance before the last day of the plan."""


@dataclass(frozen=True, repr=False)
class Plan(Answer):
    """Which tools to check on which of the next days, the largest expected loss of a day first."""

    days: int
    checked: int
    """How many tools, chambers and qual types were considered."""
    costs_stated: bool = True
    """False: no costs are stated, so the hours that quals take today are only redistributed."""
    items: tuple[Planned, ...] = ()

    def rows(self) -> list[Row]:
        """One row per check."""
        return [plain(item) for item in self.items]

    def sentence(self, language: str = "en") -> str:
        """How many checks today and in total, and the most important one."""
        if not self.items:
            return sentence(language, "plan_nothing", days=self.days, checked=self.checked)
        today = sum(item.day == 0 for item in self.items)
        hours = sum(item.hours for item in self.items)
        worst = max(self.items, key=lambda item: item.expected_loss)
        place = place_of(worst.tool, worst.chamber)
        values: dict[str, object] = {"place": place, "qual_type": worst.qual_type, "bad": worst.p_bad_now}
        text = sentence(language, "plan", today=today, all=len(self.items), days=self.days, hours=hours, **values)
        return text + ("" if self.costs_stated else sentence(language, "plan_unstated"))
