"""What can be asked about alerts."""

from typing import TYPE_CHECKING, Annotated, ClassVar

from fabwatch.store.view import Answerable, View
from fabwatch.terms.questions import Cost, Param, Reach, Spec, declaration

if TYPE_CHECKING:
    from fabwatch.alerts.answers import Alerts


@declaration
class AlertsQuestion(Answerable["Alerts"]):
    """The cases of alerts: what each is about, who was told, and who has seen it; open ones first."""

    spec: ClassVar = Spec("alerts list", "/alerts", "alerts", "cases", cost=Cost.LIVE, reach=Reach.FAB, tag="answers")
    closed: Annotated[bool, Param("Closed cases as well.")] = False

    def answer(self, view: View) -> "Alerts":
        """The cases."""
        from fabwatch.alerts.answers import Alerts
        from fabwatch.alerts.cases import cases

        found = [case.answer() for case in cases(view.lake)]
        shown = [one for one in found if self.closed or one.open]
        shown.sort(key=lambda one: (not one.open, -one.opened_at.timestamp()))
        method = "Cases as they were opened by the rules of [alerts], with their messages and who acknowledged them."
        sql = "SELECT * FROM alert_events ORDER BY noted_at"
        return Alerts(*view.header(method, sql), view.lake.settings.alerts.on, tuple(shown))


QUESTIONS = (AlertsQuestion,)
