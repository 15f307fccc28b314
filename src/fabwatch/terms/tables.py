"""The tables of a fab: the one truth that DDL, import checks, answers and the reference page are made from."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["text", "whole", "number", "time", "flag", "date"]


@dataclass(frozen=True)
class Column:
    """One column: its name, kind, sentence, unit, whether a row needs it, and whether a file brings it."""

    name: str
    kind: Kind
    sentence: str
    unit: str = ""
    needed: bool = False
    words: str = ""
    """Name of the closed vocabulary its values come from (see `terms.words`), or nothing."""


@dataclass(frozen=True)
class Table:
    """One table: its name, sentence and columns, and which of them say when it happened."""

    name: str
    sentence: str
    columns: tuple[Column, ...]
    at: str = ""
    """The event time that bounds every question, or nothing for a table that is a list."""
    loaded: bool = False
    """True where files bring the rows; such a row also carries the load that brought it."""
    kept: bool = False
    """True for what fabwatch itself has said: it is read as it is now, never as it was known at a time."""

    def column(self, name: str) -> Column:
        """The column called `name`; KeyError when there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns in order."""
        return tuple(column.name for column in self.columns)

    @property
    def stored(self) -> tuple[Column, ...]:
        """The columns as stored: those of the table, then `day` and `load` where files bring the rows."""
        extra: tuple[Column, ...] = ()
        if self.at:
            extra += (Column("day", "date", f"UTC day of `{self.at}`, so that a bound prunes files."),)
        if self.loaded:
            extra += (Column("load", "text", "The load that brought the row (see `loads`)."),)
        return self.columns + extra


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
        Column("wafers", "whole", "How many wafers the row stands for: 1 for a wafer, the quantity for a lot.", "wafers"),
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
    "Periodic checks of a tool or chamber. A qual only looks; it resets nothing.",
    (
        Column("tool", "text", "The tool that was checked.", needed=True),
        Column("chamber", "text", "The chamber that was checked; empty means the whole tool."),
        Column("qual_type", "text", "What was checked: particles, rate, thickness …", needed=True),
        Column("processed_at", "time", "When the test wafer was processed.", "UTC", needed=True),
        Column("resulted_at", "time", "When the result arrived; empty means at once.", "UTC"),
        Column("passed", "flag", "Good or failed.", needed=True, words="passed"),
        Column("reading", "number", "The measured value."),
        Column("unit", "text", "Unit of the reading."),
        Column("lower", "number", "Lower limit of the reading."),
        Column("upper", "number", "Upper limit of the reading."),
        Column("reason", "text", "Why it was done, when it was not periodic."),
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
        Column("kind", "text", "`pm`, `repair` or `part`.", words="restore"),
    ),
    at="done_at",
    loaded=True,
)

COUNTERS = Table(
    "counters",
    "What a tool itself counts; where it is read often enough, it can be the clock that wear goes by.",
    (
        Column("tool", "text", "The tool.", needed=True),
        Column("chamber", "text", "The chamber; empty means the whole tool."),
        Column("counter", "text", "Name of the counter, such as rf_hours.", needed=True),
        Column("read_at", "time", "When it was read.", "UTC", needed=True),
        Column("value", "number", "What it stood at; it may be set back to 0.", needed=True),
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
    "Every place where a move was ever seen, kept from the moves: known tools, chambers, and the steps of each route.",
    (
        Column("tool", "text", "The tool.", needed=True),
        Column("chamber", "text", "The chamber."),
        Column("tool_type", "text", "Its type, when the moves say so."),
        Column("area", "text", "Its area, when the moves say so."),
        Column("route", "text", "The route, or the product where no route is given."),
        Column("step_no", "whole", "Position on the route."),
        Column("step", "text", "Name of the step."),
        Column("by_wafer", "flag", "True when the moves name the wafer, false when only the lot."),
    ),
)

FORECASTS = Table(
    "forecasts",
    "What was forecast in earnest, with what was known then; `fabwatch forecast score` says how it turned out.",
    (
        Column("as_of", "time", "The time it stands for.", "UTC", needed=True),
        Column("tool", "text", "The tool.", needed=True),
        Column("chamber", "text", "The chamber; `*` for the whole tool."),
        Column("qual_type", "text", "The qual type."),
        Column("area", "text", "Its area."),
        Column("clock", "text", "`wafers` or `days`."),
        Column("coverage", "number", "Chance that the window was to hold."),
        Column("age", "number", "Age since the last restore, on the clock."),
        Column("age_at_last_good", "number", "Age at the last good qual, on the clock."),
        Column("last_look_at", "time", "Process time of the last qual that was known.", "UTC"),
        Column("p_bad_now", "number", "Chance to be bad already."),
        Column("next_day", "number", "When the next qual was due.", "days"),
        Column("p_next", "number", "Chance to fail it."),
        Column("p_fixed", "number", "The same by the share of failed quals among sisters."),
        Column("p_mtbf", "number", "The same by the mean time between failures."),
        Column("from_wafers", "number", "Begin of the window.", "wafers"),
        Column("to_wafers", "number", "End of the window.", "wafers"),
        Column("from_days", "number", "Begin of the window.", "days"),
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
    "The ledger: one row for each file content that was taken in or waits.",
    (
        Column("load", "text", "Identity of the load: the start of the SHA-256 of the content.", needed=True),
        Column("path", "text", "The file it came from."),
        Column("sha256", "text", "SHA-256 of the file as it lay on disk (packed, if it was packed)."),
        Column("content", "text", "SHA-256 of the content once unpacked: the same content loads once.", needed=True),
        Column("kind", "text", "The table it fills."),
        Column("status", "text", "`loaded`, `inbox` or `failed`."),
        Column("bytes", "whole", "Size of the content.", "bytes"),
        Column("rows", "whole", "Rows stored.", "rows"),
        Column("duplicates", "whole", "Rows that were there already, in this file or an earlier one.", "rows"),
        Column("set_aside", "whole", "Rows set aside (see `problems`).", "rows"),
        Column("header", "text", "The header as it was read, columns separated by a tab."),
        Column("message", "text", "What was noticed."),
        Column("loaded_at", "time", "When it was committed.", "UTC"),
        Column("version", "text", "The fabwatch that read it."),
    ),
)

PROBLEMS = Table(
    "problems",
    "What was set aside, and why: nothing that arrives is dropped.",
    (
        Column("load", "text", "The load it belongs to.", needed=True),
        Column("path", "text", "The file."),
        Column("kind", "text", "The table the row was meant for."),
        Column("line", "whole", "Line in the file, from 1 (row in a Parquet file); 0 for the whole file."),
        Column("byte_offset", "whole", "Where the line begins in the unpacked file.", "bytes"),
        Column("rule", "text", "The rule that set it aside (see the page of rules).", needed=True),
        Column("why", "text", "What is wrong, in words."),
        Column("hint", "text", "The way out."),
        Column("raw", "text", "The line as it stands in the file."),
        Column("waiting", "text", "The row as read, when it only waits for something else to be loaded (JSON)."),
    ),
)

PARTS = Table(
    "parts",
    "What one log file holds of one run, which is a wafer (or lot) on a tool without a long gap, in one file or several.",
    (
        Column("load", "text", "The load that brought it.", needed=True),
        Column("part", "whole", "Number of the part in the load.", needed=True),
        Column("stream", "text", "The log it stands in: the first load of a file that has grown since.", needed=True),
        Column("shape", "text", "Which columns its samples have (see `sensors`); they lie in the table `samples_SHAPE`."),
        Column("tool", "text", "The tool.", needed=True),
        Column("chambers", "text", "The chambers that its rows name, separated by `;`."),
        Column("recipe", "text", "The recipe."),
        Column("lot", "text", "The lot."),
        Column("wafer", "text", "The wafer."),
        Column("slot", "text", "The slot."),
        Column("stage", "text", "The stage of the tool, where a wafer is processed in several."),
        Column("labels", "text", "Words of the log that stand the same in all its rows (JSON)."),
        Column("dated", "flag", "Whether its times are seconds since 1970, or since something began."),
        Column("begin_s", "number", "Time of the first sample.", "s"),
        Column("end_s", "number", "Time of the last sample.", "s"),
        Column("rows", "whole", "Samples.", "rows"),
        Column("first_offset", "whole", "Where its first row begins in the file.", "bytes"),
    ),
)

SENSORS = Table(
    "sensors",
    "The columns of the logs: what each shape of log measures, in which unit, and which setpoint belongs to what.",
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
    Column("load", "text", "The load that brought the row."),
    Column("part", "whole", "The part of the load that it belongs to (see `parts`)."),
    Column(
        "byte_offset", "whole", "Where the line begins in the file: with the load, what tells it from all others.", "bytes"
    ),
    Column("t", "number", "Time, since 1970 where the date is known, else since something began.", "s"),
    Column("chamber", "text", "The chamber that the row names."),
    Column("step", "text", "The step of the recipe."),
)
"""What every table `samples_SHAPE` begins with; the columns of the log follow, as they are."""

STEP_SUMMARY = Table(
    "step_summary",
    "What each sensor did in each step of a part: sums from which the figures of a run are made without its samples.",
    (
        Column("load", "text", "The load.", needed=True),
        Column("part", "whole", "The part.", needed=True),
        Column("chamber", "text", "The chamber."),
        Column("step", "text", "The step of the recipe."),
        Column("sensor", "text", "The sensor.", needed=True),
        Column("n", "whole", "Samples with a number.", "rows"),
        Column("mean", "number", "Mean."),
        Column("m2", "number", "Sum of squared departures from the mean."),
        Column("min", "number", "Smallest."),
        Column("max", "number", "Largest."),
        Column("first", "number", "First."),
        Column("last", "number", "Last."),
        Column("t_first", "number", "Time of the first sample.", "s"),
        Column("t_last", "number", "Time of the last sample.", "s"),
        Column("t_mean", "number", "Mean time of the samples.", "s"),
        Column("t_m2", "number", "Sum of squared departures from the mean time.", "s²"),
        Column("tx", "number", "Sum of products of the departures of time and value."),
        Column("setpoint", "number", "Mean setpoint, where the log has one."),
        Column("outside", "whole", "Samples further from the setpoint than its tolerance.", "rows"),
        Column("t_outside", "number", "Time of the last of them.", "s"),
        Column("over", "number", "Largest departure above the setpoint."),
        Column("under", "number", "Largest departure below the setpoint, negative."),
    ),
)

ALARMS = Table(
    "alarms",
    "What stands between the rows of a log: alarms, warnings, events and messages.",
    (
        Column("load", "text", "The load.", needed=True),
        Column("byte_offset", "whole", "Where the line begins in the file.", "bytes", needed=True),
        Column("line", "whole", "The line in what was read, from 1."),
        Column("part", "whole", "The part whose rows it stands between."),
        Column("t", "number", "Its time, or that of the row above it.", "s"),
        Column("dated", "flag", "Whether that time is seconds since 1970."),
        Column("kind", "text", "alarm, warning, event or message."),
        Column("code", "text", "Its code, where it names one."),
        Column("text", "text", "The line as it stands, without its time."),
    ),
)

STREAMS = Table(
    "streams",
    "How far each log has been read, so that one that grew goes on from there.",
    (
        Column("stream", "text", "The log.", needed=True),
        Column("load", "text", "The load that read it up to here.", needed=True),
        Column("path", "text", "Where it lay."),
        Column("read_to", "whole", "Bytes read.", "bytes"),
        Column("head", "text", "Hash of its first bytes."),
        Column("tail", "text", "Hash of the last bytes that were read."),
        Column("state", "text", "Lines read, and the step, wafer … that held for the next row (JSON)."),
    ),
)

HOLDS = Table(
    "holds",
    "What people decided of contained wafers: one row for each wafer or lot that was held, released or scrapped.",
    (
        Column("decided_at", "time", "When it was decided.", "UTC", needed=True),
        Column("hold", "text", "The hold list it belongs to, such as H-0001.", needed=True),
        Column("act", "text", "`hold`, `release` or `scrap`.", needed=True),
        Column("wafer", "text", "The wafer; empty where only the lot is known."),
        Column("lot", "text", "The lot."),
        Column("wafers", "whole", "How many wafers the row stands for.", "wafers"),
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
    "Limits and qual intervals that people set; the latest one counts, before fab.toml and before the advice.",
    (
        Column("decided_at", "time", "When it was decided.", "UTC", needed=True),
        Column("tool", "text", "The tool.", needed=True),
        Column("chamber", "text", "The chamber; `*` for the whole tool and each of its chambers."),
        Column("qual_type", "text", "The qual type.", needed=True),
        Column("name", "text", "`warning`, `inhibit`, `interval_wafers` or `interval_days`.", needed=True),
        Column("value", "number", "What it was set to; empty takes the decision back.", "wafers or days"),
        Column("who", "text", "Who decided."),
        Column("reason", "text", "Why."),
        Column("seq", "whole", "Its entry in `audit`."),
    ),
)

RULES = Table(
    "rules",
    "Rules that watch logs, each time one was switched on or off, with what it did on the record.",
    (
        Column("decided_at", "time", "When it was decided.", "UTC", needed=True),
        Column("rule", "text", "The rule: `neighbours`, `setpoint`, `golden`, or one of fab.toml.", needed=True),
        Column("counts", "flag", "Whether it counts.", needed=True),
        Column("stated", "text", "How it was stated then (JSON); rewritten since, it counts no more."),
        Column("basis", "text", "Where the truth came from: log, quals or none."),
        Column("runs", "whole", "Runs that it was tried on.", "runs"),
        Column("alarms_per_1000", "number", "Alarms per 1,000 wafers."),
        Column("false_per_1000", "number", "False alarms per 1,000 good wafers."),
        Column("bad", "whole", "Faulty runs, or failed quals with runs before them."),
        Column("caught", "whole", "Of those with an alarm."),
        Column("who", "text", "Who decided."),
        Column("reason", "text", "Why."),
        Column("seq", "whole", "Its entry in `audit`."),
    ),
)

GOLDENS = Table(
    "goldens",
    "Good runs that people chose as the reference of their kind; the latest version counts.",
    (
        Column("decided_at", "time", "When it was decided.", "UTC", needed=True),
        Column("tool", "text", "The tool.", needed=True),
        Column("chamber", "text", "The chambers, separated by `;`."),
        Column("recipe", "text", "The recipe."),
        Column("stage", "text", "The stage."),
        Column("version", "whole", "From 1 on, by kind.", needed=True),
        Column("runs", "text", "The runs (JSON); none where the choice was taken back."),
        Column("who", "text", "Who chose."),
        Column("reason", "text", "Why."),
        Column("seq", "whole", "Its entry in `audit`."),
    ),
)

ADVICES = Table(
    "advices",
    "Polish times that were advised, with all that was known then, and what somebody chose instead.",
    (
        Column("advised_at", "time", "When it was advised.", "UTC", needed=True),
        Column("tool", "text", "The tool.", needed=True),
        Column("chamber", "text", "The head."),
        Column("product", "text", "The product."),
        Column("lot", "text", "The lot."),
        Column("wafer", "text", "The wafer."),
        Column("asked", "text", "What was asked (JSON)."),
        Column("answer", "text", "What was answered (JSON)."),
        Column("known", "text", "The state that it rests on (JSON)."),
        Column("chosen_s", "number", "Polish time that somebody chose instead; empty where the advice stands.", "s"),
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
        Column("act", "text", "`hold`, `release`, `scrap`, `decide`, `rule`, `golden` or `polish`.", needed=True),
        Column("about", "text", "What was decided (JSON)."),
        Column("reason", "text", "Why.", needed=True),
        Column("previous", "text", "Hash of the entry before; empty for the first."),
        Column("hash", "text", "SHA-256 over all of the above."),
    ),
)

TABLES: tuple[Table, ...] = (
    TOOLS, MOVES, QUALS, RESTORES, COUNTERS, METROLOGY, PLACES, PARTS, SENSORS, STEP_SUMMARY, ALARMS, STREAMS, FORECASTS,
    HOLDS, DECISIONS, RULES, GOLDENS, ADVICES, AUDIT, LOADS, PROBLEMS,
)  # fmt: skip
LOADED: tuple[Table, ...] = tuple(table for table in TABLES if table.loaded)
BY_NAME: dict[str, Table] = {table.name: table for table in TABLES}
