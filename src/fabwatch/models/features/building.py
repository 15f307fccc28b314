"""The table of features, built in the engine: who moved, what was known then, and what came out."""

from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from fabwatch.models.features.answers import TARGET, FeatureRows, Features
from fabwatch.models.features.doubts import ColumnsLeftOut, LotsWithoutWafers, NoTargets, TestedFirst, UndatedLeftOut
from fabwatch.models.features.history import WIDTH, Step, add_history
from fabwatch.models.features.readings import MEASURED, ROOM, SENSED, add_measured, add_sensed, candidates
from fabwatch.models.features.wide import Origin, Texts, Wide, chosen, slug
from fabwatch.store.lake import Lake, Record
from fabwatch.store.questions import filled, question, reading
from fabwatch.store.temporary import temp_table
from fabwatch.store.view import View
from fabwatch.terms.doubts import Doubt
from fabwatch.terms.errors import NothingRecorded
from fabwatch.yields.identity import wafer_key

METHOD = (
    "A row stands for the moment `at`: the end of the last production move before the first test, or by the time of the "
    "question. Of each step the last pass before that counts. Age and quals are those known at the start of the move: a "
    "qual counts from its result on, a restore from its end on; wafers are those whose processing ended between the restore "
    "and the start. Sensors are those of runs that ended by `at`, measurements those that had arrived by then. Columns that "
    "begin with target. are known later, and are what is to be predicted: good parts over parts with the last result of "
    "each, and the parts that passed the last insertion."
)
ROWS = {
    "wafer": {"row": "u.unit", "wafer": "u.wafer", "first": "f.began_at", "kept": "u.key IS NOT NULL"},
    "lot": {
        "row": "(dense_rank() OVER (ORDER BY u.lot))::INTEGER",
        "wafer": "NULL::VARCHAR",
        "first": "l.began_at",
        "kept": "u.lot IS NOT NULL",
    },
}


READING = "reading"
OWN = Step(0, "of the reading", "own", True)
"""The step that a reading is of, whichever it is."""
LAST_MOVES = {
    "wafer": "the last production move before the first test",
    READING: "the last production move up to the end of the polish",
}


@dataclass
class Work:
    """The statements of one table, run one after the other; each leaves a temporary table that later ones read."""

    view: View
    by: str
    shown: list[str] = field(default_factory=list)

    @property
    def lake(self) -> Lake:
        """The lake that is read."""
        return self.view.lake

    def make(
        self, name: str, *, timed: bool = True, by: bool = False, places: dict[str, str] | None = None, **more: Any
    ) -> None:
        """Make the table `feature_NAME` by the statement of that name."""
        text = question(ROOM, name)
        text = filled(text, **places) if places else text
        self.run(name, text, {**({"as_of": self.view.as_of} if timed else {}), **({"by": self.by} if by else {}), **more})

    def run(self, name: str, sql: str, parameters: dict[str, Any]) -> None:
        """Make the table `feature_NAME` by a statement."""
        self.shown.append(temp_table(self.lake, f"feature_{name}", sql, parameters))

    def get(self, sql: str, parameters: dict[str, Any] | None = None) -> pa.Table:
        """What a statement gives."""
        self.shown.append(sql)
        return self.lake.ask(sql, parameters).to_arrow_table()


def features(view: View, by: str, share: float, most: int) -> Features:
    """The table. Raises NothingRecorded where no wafer or lot has moved."""
    work = Work(view, by)
    _place_rows(work)
    wide = _begin(work)
    left = _add_features(work, wide, share, most)
    _add_targets(work, wide)
    doubts = tuple(_doubts(work, wide, left))
    header = view.header(METHOD, ";\n".join(work.shown))
    return Features(*header, by, tuple(wide.columns), FeatureRows(wide.table()), doubts)


def _place_rows(work: Work) -> None:
    """Who moves, when each was first tested, and its moves before that."""
    work.make("names", places={"key": wafer_key("lot", "wafer")})
    work.make("units")
    if work.by == READING:
        work.run("rows", question(ROOM, "rows_reading"), {"as_of": work.view.as_of})
    else:
        work.make("rows", by=True, places=ROWS[work.by])
    work.make("steps")
    work.make("places")
    work.make("passes")
    work.make("moments", timed=False)


def _begin(work: Work) -> Wide:
    table = work.get("SELECT lot, wafer, product, moment FROM feature_moments ORDER BY place")
    if not table.num_rows:
        raise _nothing(work)
    wide = Wide(table.num_rows)
    moves = "first move"
    wide.add("lot", table["lot"].combine_chunks(), Origin("moves", "The lot.", moves))
    if work.by != "lot":
        wide.add("wafer", table["wafer"].combine_chunks(), Origin("moves", "The wafer, as the moves name it.", moves))
    wide.add("product", table["product"].combine_chunks(), Origin("moves", "The product at the last move.", "at"))
    at = table["moment"].combine_chunks().cast(pa.timestamp("us"))
    what = f"The end of {LAST_MOVES.get(work.by, LAST_MOVES['wafer'])}: the moment that the row stands for."
    wide.add("at", at, Origin("moves", what, "at", "UTC"))
    return wide


def _nothing(work: Work) -> NothingRecorded:
    if work.by == READING:
        what = "No measured polish of a wafer that moved is on record by then."
        return NothingRecorded(what, "load the readings: fabwatch ingest FILES; or ask for a table by wafer")
    if work.by == "wafer" and work.lake.rows("SELECT 1 FROM feature_units LIMIT 1"):
        what = "No wafer that is named moved before its first test; where moves name only lots, no wafer is."
        return NothingRecorded(what, "ask for a table by lot: --by lot")
    return NothingRecorded("No production move is on record by then.", "load moves: fabwatch ingest FILES")


def _add_features(work: Work, wide: Wide, share: float, most: int) -> list[str]:
    """Add history, sensors and measurements; returns what was left out."""
    fewest = max(share * wide.rows, 1)
    work.make("sensed")
    work.make("measured")
    measured = candidates(work.lake, "feature_measured", MEASURED)
    sensed = candidates(work.lake, "feature_sensed", SENSED)
    need = sum(row["rows"] >= fewest for row in measured) + 2 * sum(row["rows"] >= fewest for row in sensed)
    # Half of the columns are for the history, and what the others do not need.
    steps, lost_steps = chosen(_steps(work), fewest, max(most // 2, most - need) // WIDTH)
    known = _named(steps)
    _add_history(work, wide, known)
    rest = most - WIDTH * len(steps)
    measured, lost_measured = chosen(measured, fewest, rest)
    sensed, lost_sensed = chosen(sensed, fewest, (rest - len(measured)) // 2)
    add_sensed(wide, work.lake, sensed)
    add_measured(wide, work.lake, measured)
    return [
        *(row["label"] for row in lost_steps for _ in range(WIDTH)),
        *(slug(row["label"], row["step"], row["sensor"]) for row in lost_sensed for _ in range(2)),
        *(slug(row["source"], row["label"], row["parameter"]) for row in lost_measured),
    ]


def _steps(work: Work) -> list[Record]:
    return work.get(question(ROOM, "shared")).to_pylist()  # type: ignore[no-any-return]


def _named(steps: list[Record]) -> list[Step]:
    """The steps in the order of the route, each with a prefix of its own."""
    named: list[Step] = []
    for row in sorted(steps, key=lambda row: (row["position"], row["label"])):
        prefix, number = slug(row["label"]) or "step", 2
        own = prefix
        while any(step.prefix == own for step in named):
            own, number = f"{prefix}_{number}", number + 1
        named.append(Step(row["id"], row["label"], own, row["timed"]))
    return named


def _add_history(work: Work, wide: Wide, steps: list[Step]) -> None:
    visited = question(ROOM, "visits_reading" if work.by == READING else "visits")
    if work.by == READING:
        steps = [*steps, OWN]
    work.run("visits", visited, {"steps": [step.id for step in steps]})
    work.make("states")
    work.make("ages")
    visits = work.get(
        filled(
            question(ROOM, "history"),
            reduced=question(ROOM, "history_lot" if work.by == "lot" else "history_wafer").rstrip(),
        )
    )
    add_history(wide, visits, steps, work.by)


def _add_reading(work: Work, wide: Wide) -> None:
    """What was known of a polish when it ended, and what was measured later."""
    results = work.get(question(ROOM, "targets_reading"))
    rows = results["row"].to_numpy()
    units = {unit for unit in results["length_unit"].to_pylist() if unit}
    unit = units.pop() if len(units) == 1 else None
    ended, later = "end of the polish", "the measurement, after `at`: to be predicted, not to learn from"
    for name, what in (("stage", "Stage of the polish."), ("site", "Place on the wafer that was measured.")):
        wide.add(
            f"reading.{name}", wide.text(rows, Texts(results[name]), slice(0, len(rows))), Origin("metrology", what, ended)
        )
    if len(units) > 0:
        lengths = wide.text(rows, Texts(results["length_unit"]), slice(0, len(rows)))
        wide.add("reading.unit", lengths, Origin("metrology", "Unit of its thicknesses.", ended))
    numbers = (
        ("reading.incoming", "Thickness before the polish.", ended, unit),
        ("reading.seconds", "Time that was polished.", ended, "s"),
        (f"{TARGET}after", "Thickness after the polish.", later, unit),
        (f"{TARGET}rate", "What was removed in a second.", later, f"{unit}/s" if unit else None),
    )
    for name, what, known, measured_in in numbers:
        wide.add(name, wide.number(rows, results[name.partition(".")[2]]), Origin("metrology", what, known, measured_in))


def _add_targets(work: Work, wide: Wide) -> None:
    if work.by == READING:
        _add_reading(work, wide)
        return
    sql = reading(question(ROOM, "targets"), {"parts": question("yields", "parts")}, materialized=True)
    everything = {"lot": None, "wafer": None, "product": None, "retests": "flagged"}
    results = work.get(sql, {**everything, "as_of": work.view.as_of, "by": work.by})
    rows = results["row"].to_numpy()
    known = "the last test, after `at`: to be predicted, not to learn from"
    share = Origin("wafer_tests", "Good parts over parts that were tested, each with its last result.", known, "share")
    passed = Origin("wafer_tests", "Parts that passed the last insertion.", known, "parts")
    wide.add(f"{TARGET}yield", wide.number(rows, results["share"]), share)
    wide.add(f"{TARGET}passed", wide.number(rows, results["passed"]), passed)


def _doubts(work: Work, wide: Wide, left: list[str]) -> list[Doubt]:
    facts = work.lake.rows(question(ROOM, "left_out"))[0]
    found: list[Doubt] = []
    if not any(column.name.startswith(TARGET) for column in wide.columns):
        found.append(NoTargets())
    if left:
        found.append(ColumnsLeftOut(len(left), ", ".join(dict.fromkeys(left[: 3 * WIDTH]))))
    if facts["lots"] and work.by == "wafer":
        found.append(LotsWithoutWafers(facts["lots"]))
    if facts["early"]:
        found.append(TestedFirst(facts["early"]))
    if facts["undated"]:
        found.append(UndatedLeftOut(facts["undated"]))
    return found
