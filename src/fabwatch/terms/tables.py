"""The tables of a fab: the single definition behind DDL, import checks, answers and the reference page."""

from fabwatch.terms.columns import Column, Kind, Table
from fabwatch.terms.result_tables import (
    BINS,
    DEFECTS,
    DIES,
    INSPECTIONS,
    LAYOUTS,
    LIMITS,
    SORT_SUMMARY,
    TESTS,
    WAFER_TESTS,
    WAT,
)

TOOLS = Table(
    "tools",
    "The tools of the fab, as a tool list states them.",
    (
        Column("tool", "text", "Name of the tool.", needed=True),
        Column("tool_type", "text", "Sister tools share a type."),
        Column("area", "text", "Litho, Etch, Diffusion, CMP, Metrology …"),
        Column("chambers", "text", "Names of its chambers, separated by `;`."),
    ),
    loaded=True,
)

MOVES = Table(
    "moves",
    "One pass of a wafer, or of a lot when wafers are not tracked, through a tool or chamber.",
    (
        Column("lot", "text", "The lot; a row needs a lot or a wafer."),
        Column("wafer", "text", "The wafer when it is known; a bare slot number 1–25 is read within its lot."),
        Column("wafers", "whole", "How many wafers the row is for: 1 for a wafer, the quantity for a lot.", "wafers"),
        Column("product", "text", "The product."),
        Column("route", "text", "The route the lot follows."),
        Column("step_no", "whole", "Position on the route."),
        Column("step", "text", "Name of the step."),
        Column("tool", "text", "The tool it ran on.", needed=True),
        Column("chamber", "text", "The chamber when it is known."),
        Column("recipe", "text", "The recipe."),
        Column("kind", "text", "`production`, or `test` for monitor and dummy wafers.", words="kind"),
        Column("status", "text", "How it ended (completed, aborted …); an aborted wafer was processed all the same."),
        Column("start_at", "time", "Start of processing.", "UTC"),
        Column("end_at", "time", "End of processing: what counts for exposure.", "UTC", needed=True),
    ),
    at="end_at",
    loaded=True,
)

QUALS = Table(
    "quals",
    "Periodic checks of a tool or chamber. A qual only checks; it resets nothing.",
    (
        Column("tool", "text", "The tool that was checked.", needed=True),
        Column("chamber", "text", "The chamber that was checked; empty means the whole tool."),
        Column("qual_type", "text", "What was checked: particles, rate, thickness …", needed=True),
        Column("processed_at", "time", "When the test wafer was processed.", "UTC", needed=True),
        Column("resulted_at", "time", "When the result arrived; empty means at once.", "UTC"),
        Column("passed", "flag", "Good or failed.", needed=True, words="passed"),
        Column("reading", "number", "The measured value.", side="beyond"),
        Column("unit", "text", "Unit of the reading."),
        Column("lower", "number", "Lower limit of the reading."),
        Column("upper", "number", "Upper limit of the reading."),
        Column("reason", "text", "Why it was done, when it was not periodic."),
        Column(
            "beyond",
            "text",
            "`<` or `>` where the reading is censored: the value is only known to lie below or above it.",
            words="beyond",
            later=True,
        ),
    ),
    at="processed_at",
    loaded=True,
)

RESTORES = Table(
    "restores",
    "What makes a tool as good as new: repair, preventive maintenance, part change.",
    (
        Column("tool", "text", "The tool that was restored.", needed=True),
        Column("chamber", "text", "The chamber; empty means the whole tool."),
        Column("done_at", "time", "When the work was done.", "UTC", needed=True),
        Column(
            "kind",
            "text",
            "`pm`, `repair` or `part`; `planned` for work to come, which no answer counts as done.",
            words="restore",
        ),
    ),
    at="done_at",
    loaded=True,
)

COUNTERS = Table(
    "counters",
    "Counters of the tool itself; one that is read often enough can be the clock for wear.",
    (
        Column("tool", "text", "The tool.", needed=True),
        Column("chamber", "text", "The chamber; empty means the whole tool."),
        Column("counter", "text", "Name of the counter, such as rf_hours.", needed=True),
        Column("read_at", "time", "When it was read.", "UTC", needed=True),
        Column("value", "number", "Its value; it may be reset to 0.", needed=True),
    ),
    at="read_at",
    loaded=True,
)

METROLOGY = Table(
    "metrology",
    "Thickness before and after a wafer was polished, how long that took, or the removal rate itself.",
    (
        Column("lot", "text", "The lot; a row needs a lot or a wafer."),
        Column("wafer", "text", "The wafer."),
        Column("tool", "text", "The tool that polished it; else that of its run in the logs."),
        Column("chamber", "text", "The head or platen."),
        Column("product", "text", "The product."),
        Column("stage", "text", "The stage of the tool, where a wafer is polished in several."),
        Column("site", "whole", "The site on the wafer, where each is a row; sites of a wafer are averaged."),
        Column("polished_at", "time", "When it was polished.", "UTC"),
        Column("measured_at", "time", "When the result arrived; empty: when the next of its group was polished.", "UTC"),
        Column("incoming", "number", "Thickness before."),
        Column("after", "number", "Thickness after."),
        Column("seconds", "number", "Polish time.", "s"),
        Column("rate", "number", "Removal rate, where it is measured itself."),
        Column("unit", "text", "Unit of the thicknesses: angstrom, nm or um."),
        Column("rate_unit", "text", "Unit of the rate, such as angstrom/s or nm/min."),
        Column("target", "number", "Thickness that was aimed at."),
        Column("lower", "number", "Lower limit of the thickness after."),
        Column("upper", "number", "Upper limit of the thickness after."),
    ),
    loaded=True,
)

PLACES = Table(
    "places",
    "Every place in the moves: known tools, chambers, and the steps of each route.",
    (
        Column("tool", "text", "The tool.", needed=True),
        Column("chamber", "text", "The chamber."),
        Column("tool_type", "text", "Its type, when the moves say so."),
        Column("area", "text", "Its area, when the moves say so."),
        Column("route", "text", "The route, or the product if there is no route."),
        Column("step_no", "whole", "Position on the route."),
        Column("step", "text", "Name of the step."),
        Column("by_wafer", "flag", "True when the moves name the wafer, false when only the lot."),
    ),
)

FORECASTS = Table(
    "forecasts",
    "Live forecasts, made with what was known then; `fabwatch forecast score` says how accurate they were.",
    (
        Column("as_of", "time", "The time it is for.", "UTC", needed=True),
        Column("tool", "text", "The tool.", needed=True),
        Column("chamber", "text", "The chamber; `*` for the whole tool."),
        Column("qual_type", "text", "The qual type."),
        Column("area", "text", "Its area."),
        Column("clock", "text", "`wafers` or `days`."),
        Column("coverage", "number", "Chance of the window."),
        Column("age", "number", "Age since the last restore, on the clock."),
        Column("age_at_last_good", "number", "Age at the last good qual, on the clock."),
        Column("last_look_at", "time", "Process time of the last qual that was known.", "UTC"),
        Column("p_bad_now", "number", "Chance of being out of spec already."),
        Column("next_day", "number", "When the next qual was due.", "days"),
        Column("p_next", "number", "Chance of failing it."),
        Column("p_fixed", "number", "The same by the share of failed quals among sisters."),
        Column("p_mtbf", "number", "The same by the mean time between failures."),
        Column("from_wafers", "number", "Start of the window.", "wafers"),
        Column("to_wafers", "number", "End of the window.", "wafers"),
        Column("from_days", "number", "Start of the window.", "days"),
        Column("to_days", "number", "End of the window.", "days"),
        Column("failures", "whole", "Failures of the tool that were known."),
        Column("quantiles", "text", "Ages of the hidden failure by chance, on the clock (JSON)."),
        Column("version", "text", "The fabwatch that made it."),
    ),
    at="as_of",
    kept=True,
)

LOADS = Table(
    "loads",
    "The ledger: one row per file content that was loaded or waits.",
    (
        Column("load", "text", "Name of the load: the start of the SHA-256 of content and tool, lot …", needed=True),
        Column("path", "text", "The file it came from."),
        Column("sha256", "text", "SHA-256 of the file on disk (packed, if it was packed)."),
        Column(
            "content",
            "text",
            "SHA-256 of the text, however it is packed and encoded: it loads once.",
            needed=True,
        ),
        Column("kind", "text", "The table it fills."),
        Column("status", "text", "`loaded`, `inbox` or `failed`."),
        Column("bytes", "whole", "Size of the content.", "bytes"),
        Column("rows", "whole", "Rows stored.", "rows"),
        Column("duplicates", "whole", "Rows that were there already, in this file or an earlier one.", "rows"),
        Column("set_aside", "whole", "Rows set aside (see `problems`).", "rows"),
        Column("header", "text", "The header as it was read, columns separated by a tab."),
        Column("message", "text", "Notes about the file."),
        Column("loaded_at", "time", "When it was committed.", "UTC"),
        Column("version", "text", "The fabwatch that read it."),
    ),
)

PROBLEMS = Table(
    "problems",
    "Rows set aside, and why: nothing that arrives is dropped.",
    (
        Column("load", "text", "The load it belongs to.", needed=True),
        Column("path", "text", "The file."),
        Column("kind", "text", "The table the row was meant for."),
        Column("line", "whole", "Line in the file, from 1 (row in a Parquet file); 0 for the whole file."),
        Column("byte_offset", "whole", "Where the line starts in the unpacked file.", "bytes"),
        Column("rule", "text", "The rule that set it aside (see the page of rules).", needed=True),
        Column("why", "text", "What is wrong, in words."),
        Column("hint", "text", "The way out."),
        Column("raw", "text", "The line as it is in the file."),
        Column("waiting", "text", "The row as read, if it waits for something else to be loaded (JSON)."),
    ),
)

COPIES = Table(
    "copies",
    "Rows of a file that another file had brought before it: they stay when that one is read again or taken away.",
    (
        Column("load", "text", "The load that had the row too.", needed=True),
        Column("kind", "text", "The table of the row.", needed=True),
        Column("row", "whole", "The row, as half of the lower 64 bits of its MD5.", needed=True),
    ),
)

RECEIPTS = Table(
    "receipts",
    "What each load has stored, in order; each entry carries the hash of the one before, so that no edit stays unseen.",
    (
        Column("seq", "whole", "Number of the entry, from 1.", needed=True),
        Column("load", "text", "The load.", needed=True),
        Column("kind", "text", "The table of its rows.", needed=True),
        Column("rows", "whole", "Rows that it has from now on; 0 once it was taken back.", "rows"),
        Column("digest", "text", "Sum of its rows as numbers (see `copies`), in whatever order they are."),
        Column("written_at", "time", "When that was.", "UTC"),
        Column("previous", "text", "Hash of the entry before; empty for the first."),
        Column("hash", "text", "SHA-256 over all of the above."),
    ),
)

CLOCKS = Table(
    "clocks",
    "Tools whose times were ahead of the clock of this machine when a file was loaded.",
    (
        Column("tool", "text", "The tool.", needed=True),
        Column("load", "text", "The load that showed it.", needed=True),
        Column("ahead_s", "number", "How far its latest time was ahead: the least that its clock is fast.", "s"),
        Column("rows", "whole", "Rows that had to wait.", "rows"),
        Column("seen_at", "time", "When that was.", "UTC"),
    ),
)

PARTS = Table(
    "parts",
    "The part of a run in one log file. A run is a wafer (or lot) on a tool without a long gap, in one or more files.",
    (
        Column("load", "text", "The load it came from.", needed=True),
        Column("part", "whole", "Number of the part in the load.", needed=True),
        Column("stream", "text", "The log it is in: the first load of a file that has grown since.", needed=True),
        Column("shape", "text", "Which columns its samples have (see `sensors`); they are in the table `samples_SHAPE`."),
        Column("tool", "text", "The tool.", needed=True),
        Column("chambers", "text", "The chambers in its rows, separated by `;`."),
        Column("recipe", "text", "The recipe."),
        Column("lot", "text", "The lot."),
        Column("wafer", "text", "The wafer."),
        Column("slot", "text", "The slot."),
        Column("stage", "text", "The stage of the tool, where a wafer is processed in several."),
        Column("labels", "text", "Words of the log that are the same in all its rows (JSON)."),
        Column("dated", "flag", "True if its times are seconds since 1970, false if they are elapsed time."),
        Column("begin_s", "number", "Time of the first sample.", "s"),
        Column("end_s", "number", "Time of the last sample.", "s"),
        Column("rows", "whole", "Samples.", "rows"),
        Column("first_offset", "whole", "Where its first row starts in the file.", "bytes"),
    ),
)

SENSORS = Table(
    "sensors",
    "The columns of the logs: what each shape of log measures, in which unit, and which setpoint belongs to which sensor.",
    (
        Column("shape", "text", "The shape of the log.", needed=True),
        Column("position", "whole", "Position in the table of its samples.", needed=True),
        Column("column_name", "text", "Name of the column of samples.", needed=True),
        Column("sensor", "text", "Name in the log.", needed=True),
        Column("unit", "text", "Unit, as the log writes it."),
        Column("role", "text", "sensor, setpoint, usage (a counter), label or message."),
        Column("setpoint_of", "text", "The sensor that it is the setpoint of."),
        Column("number", "flag", "Whether it holds numbers."),
    ),
)

SAMPLE_COLUMNS = (
    Column("load", "text", "The load that the row came from."),
    Column("part", "whole", "The part of the load that it belongs to (see `parts`)."),
    Column("byte_offset", "whole", "Where the line starts in the file; with the load it identifies the row.", "bytes"),
    Column("t", "number", "Time since 1970 if the date is known, else elapsed time.", "s"),
    Column("chamber", "text", "The chamber that the row names."),
    Column("step", "text", "The step of the recipe."),
)
"""The first columns of every table `samples_SHAPE`; the columns of the log follow."""

STEP_SUMMARY = Table(
    "step_summary",
    "What each sensor did in each step of a part: sums from which the statistics of a run are computed without its samples.",
    (
        Column("load", "text", "The load.", needed=True),
        Column("part", "whole", "The part.", needed=True),
        Column("chamber", "text", "The chamber."),
        Column("step", "text", "The step of the recipe."),
        Column("sensor", "text", "The sensor.", needed=True),
        Column("n", "whole", "Samples with a number.", "rows"),
        Column("mean", "number", "Mean."),
        Column("m2", "number", "Sum of squared deviations from the mean."),
        Column("min", "number", "Smallest."),
        Column("max", "number", "Largest."),
        Column("first", "number", "First."),
        Column("last", "number", "Last."),
        Column("t_first", "number", "Time of the first sample.", "s"),
        Column("t_last", "number", "Time of the last sample.", "s"),
        Column("t_mean", "number", "Mean time of the samples.", "s"),
        Column("t_m2", "number", "Sum of squared deviations from the mean time.", "s²"),
        Column("tx", "number", "Sum of products of the deviations of time and value."),
        Column("setpoint", "number", "Mean setpoint, if the log has one."),
        Column("outside", "whole", "Samples outside the tolerance of the setpoint.", "rows"),
        Column("t_outside", "number", "Time of the last of them.", "s"),
        Column("over", "number", "Largest deviation above the setpoint."),
        Column("under", "number", "Largest deviation below the setpoint, negative."),
    ),
)

ALARMS = Table(
    "alarms",
    "Lines between the rows of a log: alarms, warnings, events and messages.",
    (
        Column("load", "text", "The load.", needed=True),
        Column("byte_offset", "whole", "Where the line starts in the file.", "bytes", needed=True),
        Column("line", "whole", "The line in what was read, from 1."),
        Column("part", "whole", "The part whose rows are around it."),
        Column("t", "number", "Its time, or that of the row above it.", "s"),
        Column("dated", "flag", "True if that time is seconds since 1970."),
        Column("kind", "text", "alarm, warning, event or message."),
        Column("code", "text", "Its code, if it has one."),
        Column("text", "text", "The line, without its time."),
    ),
)

STREAMS = Table(
    "streams",
    "How far each log has been read, so that a log that grew is continued from there.",
    (
        Column("stream", "text", "The log.", needed=True),
        Column("load", "text", "The load that read it this far.", needed=True),
        Column("path", "text", "Its path."),
        Column("read_to", "whole", "Bytes read.", "bytes"),
        Column("head", "text", "Hash of its first bytes."),
        Column("tail", "text", "Hash of the last bytes that were read; only where an older fabwatch read it."),
        Column("state", "text", "How much was read and its hash, whose log it is, and what holds for the next row (JSON)."),
        Column("opening", "text", "How many lines its begin was compared by, and their hash."),
    ),
)

HOLDS = Table(
    "holds",
    "Decisions about contained wafers: one row per wafer or lot that was held, released or scrapped.",
    (
        Column("decided_at", "time", "When it was decided.", "UTC", needed=True),
        Column("hold", "text", "The hold list it belongs to, such as H-0001.", needed=True),
        Column("act", "text", "`hold`, `release` or `scrap`.", needed=True),
        Column("wafer", "text", "The wafer; empty where only the lot is known."),
        Column("lot", "text", "The lot."),
        Column("wafers", "whole", "How many wafers the row is for.", "wafers"),
        Column("tool", "text", "The tool whose qual failed or was in doubt.", needed=True),
        Column("chamber", "text", "The chamber; `*` for the whole tool."),
        Column("qual_type", "text", "The qual type."),
        Column("failed_at", "time", "Process time of that qual.", "UTC"),
        Column("who", "text", "Who decided."),
        Column("reason", "text", "Why."),
        Column("seq", "whole", "Its entry in `audit`."),
    ),
)

DECISIONS = Table(
    "decisions",
    "Limits and qual intervals that people set; the latest one counts, before fab.toml and before the recommendation.",
    (
        Column("decided_at", "time", "When it was decided.", "UTC", needed=True),
        Column("tool", "text", "The tool.", needed=True),
        Column("chamber", "text", "The chamber; `*` for the whole tool and each of its chambers."),
        Column("qual_type", "text", "The qual type.", needed=True),
        Column("name", "text", "`warning`, `inhibit`, `interval_wafers` or `interval_days`.", needed=True),
        Column("value", "number", "The new value; empty withdraws the decision.", "wafers or days"),
        Column("who", "text", "Who decided."),
        Column("reason", "text", "Why."),
        Column("seq", "whole", "Its entry in `audit`."),
    ),
)

CHART_LIMITS = Table(
    "chart_limits",
    "Phase-I limits of control charts that people froze; the latest version counts, and points are judged by it.",
    (
        Column("decided_at", "time", "When they were frozen.", "UTC", needed=True),
        Column("tool", "text", "The tool.", needed=True),
        Column("chamber", "text", "The chamber; `*` for the whole tool."),
        Column("name", "text", "Name of the chart: the qual type, sensor and step, or metrology.", needed=True),
        Column("kind", "text", "Kind of chart.", needed=True),
        Column("version", "whole", "From 1 on, per chart.", needed=True),
        Column("since", "time", "Begin of the period that they come from; empty for all before.", "UTC"),
        Column("until", "time", "End of that period; empty for all after.", "UTC"),
        Column("center", "number", "Center; empty if the limits were withdrawn."),
        Column("sigma", "number", "Standard deviation of single readings within subgroups."),
        Column("df", "number", "Degrees of freedom of sigma."),
        Column("points", "whole", "Points that they come from."),
        Column("who", "text", "Who froze them."),
        Column("reason", "text", "Why."),
        Column("seq", "whole", "Its entry in `audit`."),
    ),
)

RULES = Table(
    "rules",
    "Rules that watch logs: one row each time a rule was switched on or off, with its results on the record.",
    (
        Column("decided_at", "time", "When it was decided.", "UTC", needed=True),
        Column("rule", "text", "The rule: `neighbours`, `setpoint`, `golden`, or one of fab.toml.", needed=True),
        Column("counts", "flag", "True if it counts.", needed=True),
        Column("stated", "text", "Its definition at that time (JSON); if it has changed since, it no longer counts."),
        Column("basis", "text", "Where the truth came from: log, quals or none."),
        Column("runs", "whole", "Runs it was tested on.", "runs"),
        Column("alarms_per_1000", "number", "Alarms per 1,000 wafers."),
        Column("false_per_1000", "number", "False alarms per 1,000 good wafers."),
        Column("bad", "whole", "Faulty runs, or failed quals with runs before them."),
        Column("caught", "whole", "How many of them had an alarm."),
        Column("who", "text", "Who decided."),
        Column("reason", "text", "Why."),
        Column("seq", "whole", "Its entry in `audit`."),
    ),
)

GOLDENS = Table(
    "goldens",
    "Good runs that people chose as the reference for their kind; the latest version counts.",
    (
        Column("decided_at", "time", "When it was decided.", "UTC", needed=True),
        Column("tool", "text", "The tool.", needed=True),
        Column("chamber", "text", "The chambers, separated by `;`."),
        Column("recipe", "text", "The recipe."),
        Column("stage", "text", "The stage."),
        Column("version", "whole", "From 1 on, per kind.", needed=True),
        Column("runs", "text", "The runs (JSON); none if the choice was withdrawn."),
        Column("who", "text", "Who chose."),
        Column("reason", "text", "Why."),
        Column("seq", "whole", "Its entry in `audit`."),
    ),
)

ADVICES = Table(
    "advices",
    "Polish times that were advised, with everything known then, and what a person chose instead.",
    (
        Column("advised_at", "time", "When it was advised.", "UTC", needed=True),
        Column("tool", "text", "The tool.", needed=True),
        Column("chamber", "text", "The head."),
        Column("product", "text", "The product."),
        Column("lot", "text", "The lot."),
        Column("wafer", "text", "The wafer."),
        Column("asked", "text", "The question (JSON)."),
        Column("answer", "text", "The answer (JSON)."),
        Column("known", "text", "The state of the rate it is based on (JSON)."),
        Column("chosen_s", "number", "Polish time that a person chose instead; empty if the advice was taken.", "s"),
        Column("who", "text", "Who chose."),
        Column("reason", "text", "Why."),
        Column("seq", "whole", "Its entry in `audit`."),
    ),
)

AUDIT = Table(
    "audit",
    "Every decision, in order; each entry carries the hash of the one before, so that none can be changed unseen.",
    (
        Column("seq", "whole", "Number of the entry, from 1.", needed=True),
        Column("written_at", "time", "When it was written.", "UTC", needed=True),
        Column("who", "text", "Who decided: the name of a key, or of the user of this machine.", needed=True),
        Column(
            "act",
            "text",
            "`hold`, `release`, `scrap`, `decide`, `chart`, `rule`, `golden`, `polish`, `discard`, `source`, `use_model`, "
            "`retire_model`, `alert`.",
            needed=True,
        ),
        Column("about", "text", "The decision (JSON)."),
        Column("reason", "text", "Why.", needed=True),
        Column("previous", "text", "Hash of the entry before; empty for the first."),
        Column("hash", "text", "SHA-256 over all of the above."),
    ),
)

ALERT_EVENTS = Table(
    "alert_events",
    "What became of each case of an alert: opened, sent by a channel or not, acknowledged, closed.",
    (
        Column("noted_at", "time", "When.", "UTC", needed=True),
        Column("alert", "text", "The case, such as A-0001.", needed=True),
        Column("event", "text", "`opened`, `sending`, `sent`, `failed`, `acknowledged` or `closed`.", needed=True),
        Column("subject", "text", "The tool, file or model that it is about.", needed=True),
        Column("rule", "text", "The rule that fired.", needed=True),
        Column("area", "text", "The area of the tool."),
        Column("text", "text", "What was so when it was opened, or why a message was not sent."),
        Column("channel", "text", "The channel of a message."),
        Column("number", "whole", "0 for the first message of a case to a channel, then its reminders."),
        Column("who", "text", "Who acknowledged it."),
    ),
)

TABLES: tuple[Table, ...] = (
    TOOLS, MOVES, QUALS, RESTORES, COUNTERS, METROLOGY, PLACES, PARTS, SENSORS, STEP_SUMMARY, ALARMS, STREAMS, FORECASTS,
    HOLDS, DECISIONS, CHART_LIMITS, RULES, GOLDENS, ADVICES, AUDIT, LOADS, PROBLEMS, COPIES, CLOCKS, RECEIPTS,
    WAFER_TESTS, DIES, TESTS, LIMITS, BINS, INSPECTIONS, DEFECTS, SORT_SUMMARY, WAT, LAYOUTS, ALERT_EVENTS,
)  # fmt: skip
REFERRING = ("quals", "restores", "counters")
"""Tables whose rows wait until their tool is known."""
LOADED: tuple[Table, ...] = tuple(table for table in TABLES if table.loaded)
RESULTS: tuple[Table, ...] = (WAFER_TESTS, DIES, TESTS, LIMITS, BINS, INSPECTIONS, DEFECTS)
"""Tables that files of test results, maps and defects fill, several at once."""
RESULT_FORMATS = ("stdf", "klarf", "wafermap")
"""The kinds of such files, as the ledger names them."""
RECORDS = ("dies", "tests", "defects")
"""Those of their tables whose rows are the records of a file; the others say what it is about."""
BY_NAME: dict[str, Table] = {table.name: table for table in TABLES}

__all__ = [
    "BY_NAME", "LAYOUTS", "LOADED", "RECORDS", "REFERRING", "RESULTS",
    "RESULT_FORMATS", "SORT_SUMMARY", "TABLES", "WAT", "Column", "Kind", "Table",
]  # fmt: skip
