"""What people decide, declared like questions: commands and routes are made from it, and each is written to the audit."""

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Generic, TypeVar

from fabwatch.cmp.questions import Changed, Head, Product, Stage
from fabwatch.decisions.answers import Act, DecisionName, name_of
from fabwatch.models.questions import ModelName
from fabwatch.risk.questions import SuspectAt
from fabwatch.spc.questions import ChartKind, LotName, Metrology, SensorName, TestName, WatName
from fabwatch.terms.questions import (
    LONGEST_RUN,
    AsOf,
    Chamber,
    Declared,
    Param,
    QualType,
    Since,
    Spec,
    ToolName,
    Until,
    declaration,
)

if TYPE_CHECKING:
    from fabwatch.alerts.answers import AlertCase
    from fabwatch.cmp.answers import PolishTime
    from fabwatch.decisions.answers import ChartLimits, Decision, HoldList
    from fabwatch.fab import Fab
    from fabwatch.models.answers import ModelCard
    from fabwatch.trace.answers import Golden, Rules

R = TypeVar("R", covariant=True)
MOST_NAMES = 100_000
NAMES_SHOWN = 12
"""So many names are listed where scrapping is confirmed."""
Reason = Annotated[str, Param("Why; it stands in the audit.", shortest=3, longest=2000)]
Names = Annotated[
    tuple[str, ...] | None, Param("A wafer or lot, may stand several times; none for all.", option="--name", most=MOST_NAMES)
]
HoldName = Annotated[str, Param("Name of the hold list, such as H-0001.", argument=True)]
Thickness = Annotated[float, Param("A thickness.", least=0, most=1e9)]


class Action(Declared, ABC, Generic[R]):
    """Something that is decided; declared as a frozen dataclass."""

    spec: ClassVar[Spec]
    final: ClassVar[bool] = False
    """Whether it cannot be taken back, so that people confirm it in a second step."""

    def confirmation(self, fab: "Fab") -> str:
        """What a person confirms: the thing and how many; empty where nothing has to be confirmed."""
        del fab
        return ""

    @abstractmethod
    def act(self, fab: "Fab", who: str) -> R:
        """Do it in the name of `who`. Raises BadQuestion and its kin."""


@declaration
class Hold(Action["HoldList"]):
    """Put the wafers of a containment on hold; who and why stand in the audit."""

    spec: ClassVar = Spec("holds make", "/holds", "hold", scope="decide", tag="decisions")
    tool: Annotated[str, Param("The tool whose qual failed.", argument=True)]
    reason: Reason
    names: Names = None
    qual_type: QualType = None
    chamber: Chamber = None
    at: SuspectAt = None
    as_of: AsOf = None

    def act(self, fab: "Fab", who: str) -> "HoldList":
        """The list that was made."""
        return fab.hold(
            self.tool,
            who=who,
            reason=self.reason,
            names=self.names,
            qual_type=self.qual_type,
            chamber=self.chamber,
            at=self.at,
            as_of=self.as_of,
        )


@declaration
class Dispose(Action["HoldList"]):
    """What ends a hold: its kinds differ in `disposal` alone."""

    disposal: ClassVar[Act]
    hold: HoldName
    reason: Reason
    names: Names = None

    def act(self, fab: "Fab", who: str) -> "HoldList":
        """The list as it is then."""
        return fab.dispose(self.hold, self.disposal, who=who, reason=self.reason, names=self.names)


@declaration
class Release(Dispose):
    """Release wafers of a hold list."""

    spec: ClassVar = Spec("holds release", "/holds/{hold}/release", "dispose", scope="decide", tag="decisions")
    disposal: ClassVar = "release"


@declaration
class Scrap(Dispose):
    """Scrap wafers of a hold list."""

    spec: ClassVar = Spec("holds scrap", "/holds/{hold}/scrap", "dispose", scope="decide", tag="decisions")
    disposal: ClassVar = "scrap"
    final: ClassVar = True

    def confirmation(self, fab: "Fab") -> str:
        """The wafers or lots by name, and how many wafers. Raises NotOnHold for an unknown list."""
        (hold_list,) = fab.holds(hold=self.hold)
        items = hold_list.still_held(self.names)
        names = [name_of(item.wafer, item.lot) for item in items]
        listed = ", ".join(names[:NAMES_SHOWN]) + (f" and {len(names) - NAMES_SHOWN:,} more" if names[NAMES_SHOWN:] else "")
        return f"Scrap {sum(item.wafers for item in items):,} wafers of {self.hold} ({hold_list.tool}): {listed or '-'}?"


@declaration
class Decide(Action["Decision"]):
    """Set a limit or qual interval of a tool, or take it back; who and why stand in the audit."""

    spec: ClassVar = Spec("decisions make", "/decisions", "decide", scope="decide", tag="decisions")
    tool: ToolName
    qual_type: Annotated[str, Param("The qual type.")]
    name: Annotated[
        DecisionName,
        Param("warning, inhibit, interval_wafers or interval_days.", option="--set"),
    ]
    reason: Reason
    value: Annotated[
        float | None, Param("What it is set to; without it the decision is taken back.", above=0, most=1e7, option="--to")
    ] = None
    chamber: Annotated[str, Param("Only this chamber; * for the whole tool.")] = "*"

    def act(self, fab: "Fab", who: str) -> "Decision":
        """The decision."""
        return fab.decide(
            self.tool, self.qual_type, self.name, self.value, who=who, reason=self.reason, chamber=self.chamber
        )


@declaration
class FreezeLimits(Action["ChartLimits"]):
    """Freeze the limits of control charts from a period in control, as a new version; with `drop` withdraw them."""

    spec: ClassVar = Spec("spc freeze", "/spc/limits", "freeze_limits", scope="decide", tag="decisions")
    tool: Annotated[str | None, Param("The tool; none for tests and electrical tests.", argument=True)] = None
    reason: Reason
    since: Since = None
    until: Until = None
    chamber: Chamber = None
    qual_type: QualType = None
    sensor: SensorName = None
    metrology: Metrology = None
    test: TestName = None
    wat: WatName = None
    lot: LotName = None
    chart: Annotated[ChartKind | None, Param("Kind of chart; else as the readings choose. T² has no limits to freeze.")] = (
        None
    )
    drop: Annotated[bool, Param("Withdraw the limits that were frozen: points are judged by their own again.")] = False

    def act(self, fab: "Fab", who: str) -> "ChartLimits":
        """The versions that were made."""
        return fab.freeze_limits(
            self.tool,
            who=who,
            reason=self.reason,
            since=self.since,
            until=self.until,
            chamber=self.chamber,
            qual_type=self.qual_type,
            sensor=self.sensor,
            metrology=self.metrology,
            test=self.test,
            wat=self.wat,
            lot=self.lot,
            chart=self.chart,
            drop=self.drop,
        )


@declaration
class SwitchRule(Action["Rules"]):
    """Let a rule count, with its figures on the record, or no more; who and why stand in the audit."""

    spec: ClassVar = Spec("", "/trace/rules", "switch_rule", scope="decide", tag="traces")
    rule: Annotated[str, Param("neighbours, setpoint, golden, or one of fab.toml.", argument=True)]
    counts: Annotated[bool, Param("Whether it counts from now on.")]
    reason: Reason

    def act(self, fab: "Fab", who: str) -> "Rules":
        """All rules as they are then."""
        return fab.switch_rule(self.rule, self.counts, who=who, reason=self.reason)


@declaration
class ChooseGolden(Action["Golden"]):
    """Choose golden runs that others of their kind are compared with, as a new version; with `drop` take the choice back."""

    spec: ClassVar = Spec("trace golden", "/trace/goldens", "choose_golden", scope="decide", tag="traces")
    runs: Annotated[
        tuple[str, ...],
        Param(
            "Runs of one kind: tool, chambers, recipe and stage.", argument=True, longest=LONGEST_RUN, least=1, most=1_000
        ),
    ]
    reason: Reason
    automatic: Annotated[bool, Param("All good runs of that kind, as they are judged today.")] = False
    drop: Annotated[bool, Param("Take the choice for the kind of the first run back.")] = False

    def act(self, fab: "Fab", who: str) -> "Golden":
        """The version that was made."""
        if self.drop:
            return fab.drop_golden(self.runs[0], who=who, reason=self.reason)
        return fab.choose_golden(self.runs, who=who, reason=self.reason, automatic=self.automatic)


@declaration
class KeepPolish(Action["PolishTime"]):
    """Keep an advice with all that was known, or the time that was chosen instead and why; written to the audit."""

    spec: ClassVar = Spec("", "/cmp/advices", "keep_polish", scope="decide", tag="polishing")
    incoming: Annotated[float | None, Param("Thickness before.", above=0, most=1e9)] = None
    target: Annotated[float, Param("Thickness that is wanted.", least=0, most=1e9)]
    tool: Annotated[str, Param("The tool.")]
    reason: Reason
    sites: Annotated[tuple[float, ...], Param("Thickness before at each site, in place of `incoming`.", most=500)] = ()
    unit: Annotated[str, Param("Unit of the thicknesses: angstrom, nm or um.", longest=20)] = "angstrom"
    chosen_s: Annotated[float | None, Param("Seconds that were chosen instead.", least=0, most=7200)] = None
    head: Head = None
    product: Product = None
    stage: Stage = None
    wafer: Annotated[str | None, Param("Name of the wafer.")] = None
    lot: Annotated[str | None, Param("Name of the lot.")] = None
    rework: Annotated[bool, Param("The wafer was polished before and came out thick.")] = False
    changed: Changed = False

    def act(self, fab: "Fab", who: str) -> "PolishTime":
        """The advice that was kept."""
        return fab.keep_polish(
            self.incoming,
            self.target,
            who=who,
            reason=self.reason,
            tool=self.tool,
            chosen_s=self.chosen_s,
            sites=self.sites,
            unit=self.unit,
            head=self.head,
            product=self.product,
            stage=self.stage,
            wafer=self.wafer,
            lot=self.lot,
            rework=self.rework,
            changed=self.changed,
        )


@declaration
class UseModel(Action["ModelCard"]):
    """Use a version of a model in place of the one before; an older one rolls back; who and why stand in the audit."""

    spec: ClassVar = Spec("model use", "/models/{model}/use", "use_model", scope="decide", tag="models")
    model: ModelName
    reason: Reason

    def act(self, fab: "Fab", who: str) -> "ModelCard":
        """The card of the version that is used then."""
        return fab.use_model(self.model, who=who, reason=self.reason)


@declaration
class RetireModel(Action["ModelCard"]):
    """Retire a version of a model: nobody gets it who does not name it; who and why stand in the audit."""

    spec: ClassVar = Spec("model retire", "/models/{model}/retire", "retire_model", scope="decide", tag="models")
    model: ModelName
    reason: Reason

    def act(self, fab: "Fab", who: str) -> "ModelCard":
        """The card of the version."""
        return fab.retire_model(self.model, who=who, reason=self.reason)


@declaration
class AckAlert(Action["AlertCase"]):
    """Say that a case of an alert was seen, so that nobody is reminded of it; who and why stand in the audit."""

    spec: ClassVar = Spec("alerts ack", "/alerts/{case}/ack", "ack_alert", scope="decide", tag="decisions")
    case: Annotated[str, Param("The case, such as A-0001.", argument=True, longest=20)]
    reason: Reason

    def act(self, fab: "Fab", who: str) -> "AlertCase":
        """The case as it is then."""
        return fab.ack_alert(self.case, who=who, reason=self.reason)


ACTIONS: tuple[type[Action[Any]], ...] = (
    Hold,
    Release,
    Scrap,
    Decide,
    FreezeLimits,
    SwitchRule,
    ChooseGolden,
    KeepPolish,
    UseModel,
    RetireModel,
    AckAlert,
)
