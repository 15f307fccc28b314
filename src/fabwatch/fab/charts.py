"""The door to control charts: of the fab's readings, of any table, and the limits that people freeze."""

from fabwatch.decisions import charts as frozen_charts
from fabwatch.decisions.answers import ChartLimits, FrozenChart
from fabwatch.decisions.questions import ChartLimitsQuestion
from fabwatch.fab.door import Door, Present
from fabwatch.spc.answers import ControlCharts
from fabwatch.spc.charting import Options as ChartOptions
from fabwatch.spc.freezing import phase_one
from fabwatch.spc.questions import ChartKind, Metrology, RuleSet, SpcQuestion
from fabwatch.spc.records import Wanted, found
from fabwatch.spc.summary import Period
from fabwatch.spc.table_columns import TableColumns
from fabwatch.spc.table_file import charts_of_table, gauge_of_table
from fabwatch.terms.errors import BadQuestion, UnknownTool
from fabwatch.terms.questions import Moment, Timed, as_stated

__all__ = ["ChartOptions", "Charts", "TableColumns", "charts_of_table", "gauge_of_table"]


class Charts(Door):
    """Questions about control charts."""

    def control_charts(
        self,
        *,
        area: str | None = None,
        tool: str | None = None,
        chamber: str | None = None,
        qual_type: str | None = None,
        sensor: str | None = None,
        metrology: Metrology = None,
        test: str | None = None,
        wat: str | None = None,
        lot: str | None = None,
        chart: ChartKind | None = None,
        rules: RuleSet = "nelson",
        since: Moment = None,
        until: Moment = None,
        as_of: Moment = None,
        known_at: Moment = None,
    ) -> ControlCharts:
        """Control charts of quals, of the sensors of logs (`all` for every one), of metrology, of a test or a WAT parameter.

        Without any of these: all of a tool, or the quals of the fab. Raises UnknownTool and BadQuestion.
        """
        return self.ask(
            SpcQuestion(
                area=area,
                tool=tool,
                chamber=chamber,
                qual_type=qual_type,
                sensor=sensor,
                metrology=metrology,
                test=test,
                wat=wat,
                lot=lot,
                chart=chart,
                rules=rules,
                since=since,
                until=until,
                as_of=as_of,
                known_at=known_at,
            )
        )

    def freeze_limits(
        self,
        tool: str | None = None,
        *,
        who: str,
        reason: str,
        since: Moment = None,
        until: Moment = None,
        chamber: str | None = None,
        qual_type: str | None = None,
        sensor: str | None = None,
        metrology: Metrology = None,
        test: str | None = None,
        wat: str | None = None,
        lot: str | None = None,
        chart: ChartKind | None = None,
        drop: bool = False,
    ) -> ChartLimits:
        """Freeze the limits of charts from a period in control, each as its next version, or withdraw them with `drop`.

        They are those of a tool, or of a test or WAT parameter. Written to the audit. Raises UnknownTool, and BadQuestion
        for too few readings or a missing reason.
        """
        if tool is None and test is None and wat is None:
            raise UnknownTool("No tool, test or parameter is named.", "state whose limits: --tool, --test or --wat")
        if chart == "t2":
            raise BadQuestion("T² has no limits to freeze.", "freeze those of its readings: --qual-type, --sensor")
        stated = SpcQuestion(
            tool=tool,
            chamber=chamber,
            qual_type=qual_type,
            sensor=sensor,
            metrology=metrology,
            test=test,
            wat=wat,
            lot=lot,
            since=None if drop else since,
            until=None if drop else until,
        )
        moment = self._now()
        span = as_stated(stated.since), as_stated(stated.until)
        names = (None, tool, chamber, qual_type, sensor, metrology)
        wanted = Wanted(*names, Period(*span), test, wat, lot)
        with self._view(Timed(), Present(moment)) as view:
            limits = [] if drop else phase_one(view, wanted, chart)
            kept = frozen_charts.in_force(view.lake, {one.key for one in found(view, wanted).series}) if drop else []
        if drop:
            return frozen_charts.withdraw(self._lake, moment, who, kept, reason)
        return frozen_charts.freeze(self._lake, moment, who, limits, span, reason)

    def chart_limits(self, *, tool: str | None = None, known_at: Moment = None) -> list[FrozenChart]:
        """Limits that were frozen or withdrawn: every version, the latest first."""
        return list(self.ask(ChartLimitsQuestion(tool=tool, known_at=known_at)).limits)
