"""The questions about decisions: hold lists, limits and intervals, recorded polish times, the audit."""

from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from fabwatch.store.view import Answerable, View
from fabwatch.terms.questions import Cost, KnownAt, Param, Reach, Spec, Tool, declaration

if TYPE_CHECKING:
    from fabwatch.cmp.answers import Advices
    from fabwatch.decisions.answers import Audit, ChartLimits, Decisions, Entries, HoldLists

TAG = "decisions"


@declaration
class HoldsQuestion(Answerable["HoldLists"]):
    """The hold lists: what is held, by whom and why, and what was released or scrapped."""

    spec: ClassVar = Spec("holds", "/holds", "holds", "holds", reach=Reach.ROWS, tag=TAG)
    hold: Annotated[str | None, Param("Only this list, wafer by wafer.")] = None
    tool: Tool = None
    known_at: KnownAt = None

    def answer(self, view: View) -> "HoldLists":
        """The lists, latest first. Raises NotOnHold for an unknown list."""
        from fabwatch.decisions.answers import HoldLists
        from fabwatch.decisions.holds import lists

        return HoldLists(tuple(lists(view.lake, self.hold, self.tool)))


@declaration
class DecisionsQuestion(Answerable["Decisions"]):
    """Limits and qual intervals set by people, latest first."""

    spec: ClassVar = Spec("decisions", "/decisions", "decisions", "decisions", reach=Reach.ROWS, tag=TAG)
    tool: Tool = None
    known_at: KnownAt = None

    def answer(self, view: View) -> "Decisions":
        """The decisions."""
        from fabwatch.decisions.answers import Decisions
        from fabwatch.decisions.limits import decisions

        return Decisions(tuple(decisions(view.lake, self.tool)))


@declaration
class ChartLimitsQuestion(Answerable["ChartLimits"]):
    """Limits of control charts that were frozen or withdrawn: every version, the latest first."""

    spec: ClassVar = Spec("spc limits", "/spc/limits", "chart_limits", "limits", reach=Reach.ROWS, tag=TAG)
    tool: Tool = None
    known_at: KnownAt = None

    def answer(self, view: View) -> "ChartLimits":
        """The versions."""
        from fabwatch.decisions.answers import ChartLimits
        from fabwatch.decisions.charts import chart_limits

        return ChartLimits(tuple(chart_limits(view.lake, self.tool)))


@declaration
class AdvicesQuestion(Answerable["Advices"]):
    """Polish times that were kept: the question, the answer, what was known, and what was chosen instead."""

    spec: ClassVar = Spec("cmp advices", "/cmp/advices", "advices", "advices", reach=Reach.TOOL, tag="polishing")
    tool: Tool = None
    limit: Annotated[int, Param("At most so many.", least=1)] = 1000

    def answer(self, view: View) -> "Advices":
        """The advices, latest first."""
        from fabwatch.cmp.answers import Advices
        from fabwatch.decisions.polishing import advices

        return Advices(tuple(advices(view.lake, self.tool, self.limit)))


@declaration
class AuditQuestion(Answerable["Entries"]):
    """Every decision, who took it, when and why, each chained to the one before by its hash."""

    spec: ClassVar = Spec("audit", "/audit", "audit", "entries", reach=Reach.FAB, tag=TAG)
    limit: Annotated[int | None, Param("At most so many.", least=1)] = None

    def answer(self, view: View) -> "Entries":
        """The entries, latest first."""
        from fabwatch.decisions.answers import Entries
        from fabwatch.decisions.audit import entries

        return Entries(tuple(entries(view.lake, self.limit)))


@declaration
class AuditCheckQuestion(Answerable["Audit"]):
    """Check the audit entry by entry, and what was decided against it."""

    spec: ClassVar = Spec("audit verify", "/audit/verify", "verify_audit", cost=Cost.LIVE, reach=Reach.FAB, tag=TAG)
    expected: Annotated[str | None, Param("A hash noted earlier that has to be in it still.", longest=64)] = None

    def answer(self, view: View) -> "Audit":
        """The result of the check."""
        from fabwatch.decisions.audit import verify

        return verify(view.lake, self.expected)


QUESTIONS: tuple[type[Answerable[Any]], ...] = (
    HoldsQuestion,
    DecisionsQuestion,
    ChartLimitsQuestion,
    AdvicesQuestion,
    AuditQuestion,
    AuditCheckQuestion,
)
