"""Is it in control? The charts of readings on record, judged by their own limits or by those that people froze."""

from collections.abc import Sequence
from dataclasses import replace

from fabwatch.spc.answers import ControlChart, ControlCharts, NotCharted
from fabwatch.spc.charting import NoChart, Options, chart_of
from fabwatch.spc.frozen import Frozen, frozen
from fabwatch.spc.multivariate import t2_chart, together
from fabwatch.spc.records import Wanted, found
from fabwatch.spc.series import FEW, Series
from fabwatch.spc.stories import events, stories
from fabwatch.store.view import View
from fabwatch.terms.answers import Header
from fabwatch.terms.errors import BadQuestion, NothingRecorded

METHOD = (
    "Limits are three sigma of the plotted statistic from the center. Sigma of single readings: mean moving range over d2; "
    "of subgroups: mean range over d2, or mean standard deviation over c4. EWMA: weight 0.2; CUSUM: tabular, reference 0.5 "
    "and decision interval 5 sigma; T²: beta limit in phase I, false alarms 0.27 %. Rules: Nelson 1984 (nelson1 to 8) or "
    "Western Electric 1956 (weco1 to 4). Where limits were frozen, points are judged by these. Capability: Cp and Cpk by "
    "sigma within, Pp and Ppk by that of all readings; interval of Cpk 95 % (Mathew et al. 2007); none where not stable. "
    "Sources: Montgomery, Introduction to Statistical Quality Control, 7th ed.; docs/spc.md."
)
NO_READINGS = "load quals, logs or metrology: fabwatch ingest FILES; fabwatch spc table FILE --value COLUMN charts any table"


def control_charts(view: View, wanted: Wanted, options: Options) -> ControlCharts:
    """The charts. Raises UnknownTool, and BadQuestion where no reading can be put on such a chart."""
    named = found(view, wanted)
    # Where the record has ended and nobody stated a time, what was frozen since counts too.
    kept = frozen(view.lake, None if view.as_of_reason else view.as_of)
    return charts_of(view.header(METHOD, named.sql), named.series, options, kept)


def charts_of(header: Header, series: Sequence[Series], options: Options, kept: Frozen) -> ControlCharts:
    """The charts of some series. Raises NothingRecorded without readings, BadQuestion where none can be charted."""
    if not series:
        raise NothingRecorded("No readings here.", NO_READINGS)
    charts: list[ControlChart] = []
    refused: list[NotCharted] = []
    if options.kind == "t2":
        for several in together(series):
            try:
                charts.append(t2_chart(several, options))
            except NoChart as fault:
                refused.append(several[0].refused(fault.reason))
        few = [one for one in series if len(one.at) < FEW]
        refused += [one.refused(NoChart("few_readings", needed=FEW, readings=len(one.at)).reason) for one in few]
    else:
        for one in series:
            try:
                charts.append(_own(one, options, kept))
            except NoChart as fault:
                refused.append(one.refused(fault.reason))
    if not charts:
        first = refused[0]
        hint = "leave --chart out: the readings choose their kind" if options.kind else "load or name more readings"
        raise BadQuestion(f"{first.name} has no chart: {first.why}.", hint)
    return ControlCharts(*header, tuple(charts), options.rules, events(charts), stories(charts), tuple(refused))


def _own(series: Series, options: Options, kept: Frozen) -> ControlChart:
    """The chart of a series, by its frozen limits where it has some. Raises NoChart."""
    place = series.tool, series.chamber, series.name
    kind = options.kind or kept.kind_of(*place)
    if kind is None:
        return chart_of(series, options)
    stated = Options(kind, options.rules, options.weight, options.reference, options.decision)
    chart = chart_of(series, stated, kept.of(*place, kind))
    return chart if options.kind else replace(chart, chosen="frozen limits")
