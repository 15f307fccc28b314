"""Two versions, or foreign predictions, on the same rows: how much they differ, whether surely, and by what."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fabwatch.models.answers import Compared, ModelChange, Slice
from fabwatch.models.causes import causes
from fabwatch.models.differing import stands_in
from fabwatch.models.measures import Numbers, Truth, calibration, figures
from fabwatch.models.predicting import Ready
from fabwatch.models.registry import Registry, Version
from fabwatch.models.schema import Rows, numbers, texts
from fabwatch.models.table_file import read_table
from fabwatch.models.target import Target
from fabwatch.stats.discrimination import Difference, accuracy_difference, auc_difference, error_difference
from fabwatch.terms.answers import Header
from fabwatch.terms.errors import BadQuestion, UnknownModel

if TYPE_CHECKING:
    import pandas as pd

FEWEST = 20
FILES = (".csv", ".csv.gz", ".parquet", ".xlsx")
SURE = 0.05
CHANCE = ("probability", "chance", "score", "prediction", "predicted")
TESTS = {"auc": "DeLong", "accuracy": "McNemar", "rmse": "bootstrap of rows, signs swapped at random"}
METHOD = (
    "Both predict the same rows, less those that either learned from. AUC: DeLong et al. 1988; accuracy: exact McNemar; "
    "RMSE: bootstrap and permutation. Causes: each difference of table and recipe is put in by itself, from A to B, and the "
    "figure on the held-out rows is taken again; points are of that figure, in hundredths for shares."
)


@dataclass(frozen=True)
class Side:
    """One of the two."""

    name: str
    version: Version | None
    predicted: Numbers
    """Shape (n, k); NaN where a file of predictions has no row."""


def compare(
    registry: Registry,
    a: str,
    b: str,
    frame: "pd.DataFrame",
    header: Header,
    workers: int = 1,
    taken_apart: bool = True,
) -> Compared:
    """Compare A and B on the rows of a frame; `taken_apart`: into causes. Raises UnknownModel and BadQuestion."""
    versions = [None if is_file(one) else registry.find(one) for one in (a, b)]
    known = [one for one in versions if one is not None]
    if not known:
        raise BadQuestion(
            "Both are files of predictions: nobody says what the target is.", "compare one of them with a model"
        )
    main = known[-1]
    if len({one.card["kind"] for one in known}) > 1:
        raise BadQuestion(f"{known[0]} and {known[1]} predict different kinds of things.", "compare models of one target")
    target = target_in(frame, main)
    sides = [_side(stated, version, frame, target) for stated, version in zip((a, b), versions, strict=True)]
    rows, doubts = _rows(frame, target, known, sides)
    truth = Truth(target.problem, target.classes, target.values[rows])
    one, two = (side.predicted[rows] for side in sides)
    metric = "auc" if target.problem == "yes/no" and 0 < truth.values.sum() < len(truth.values) else _metric(target.problem)
    limits = [side.version.card["threshold"] if side.version else 0.5 for side in sides]
    result = _difference(truth, one, two, metric, limits)
    values = [_value(truth, own, metric, limit) for own, limit in zip((one, two), limits, strict=True)]
    found = []
    if taken_apart and versions[0] is not None and versions[1] is not None:
        found = causes(versions[0], versions[1], workers)
    name_a, name_b = (side.name for side in sides)
    return Compared(
        *_with_method(header),
        a_name=name_a,
        b_name=name_b,
        rows_=len(rows),
        metric=metric,
        a=values[0],
        b=values[1],
        difference=result.value,
        low=result.low,
        high=result.high,
        p=result.p,
        test=TESTS[metric],
        reported={side.name: side.version.card["held_out"] if side.version else None for side in sides},
        causes=tuple(found),
        slices=tuple(_slices(frame, rows, main, truth, one, two, metric, limits)),
        leaks=tuple(_leaks(known, found)),
        calibration={side.name: _calibration(truth, own) for side, own in zip(sides, (one, two), strict=True)},
        doubts=tuple(doubts),
        words=_sentence(name_a, name_b, len(rows), metric, values, result, found),
    )


def on_held_out(registry: Registry, a: str, b: str, header: Header, taken_apart: bool = True, workers: int = 1) -> Compared:
    """Compare A and B, stated with their versions, on the rows that B was tried on. Raises UnknownModel and BadQuestion."""
    for stated in (a, b):
        if "@" not in stated:
            newest = registry.find(stated)
            raise UnknownModel(f"{stated} names no version; state which, such as {newest}.")
    later = registry.find(b)
    if later.card["kind"] == "pictures":
        raise BadQuestion(
            f"{later} is a model of pictures.", "compare it on a folder: fabwatch model compare A B --on FOLDER"
        )
    rows = later.table().iloc[later.held_out()["place"].to_numpy()].reset_index(drop=True)
    return compare(registry, a, b, rows, header, workers, taken_apart)


def _with_method(header: Header) -> Header:
    from dataclasses import replace

    as_of, known_at, demo, how, reason = header
    return as_of, known_at, demo, replace(how, method=METHOD), reason


def is_file(stated: str) -> bool:
    """Whether a side is a file of predictions."""
    return stated.lower().endswith(FILES)


def _metric(problem: str) -> str:
    return "rmse" if problem == "number" else "accuracy"


def target_in(frame: "pd.DataFrame", version: Version) -> Target:
    """What came out of the rows of a frame, as a version understands it. Raises BadQuestion without that column."""
    card = version.card
    if card["target"] not in frame.columns:
        raise BadQuestion(
            f"The rows have no column {card['target']!r}: nothing says what came out.", "give rows with their target"
        )
    if card["kind"] == "number":
        values = numbers(frame[card["target"]])
        return Target(card["target"], "number", (), values, ~np.isnan(values))
    places = {word: float(n) for n, word in enumerate(card["classes"])}
    words = texts(frame[card["target"]])
    if card["kind"] == "yes/no":
        values = np.array([np.nan if word is None else float(word == card["positive"]) for word in words])
    else:
        values = np.array([np.nan if word is None else places.get(word, np.nan) for word in words])
    return Target(card["target"], card["kind"], tuple(card["classes"]), values, ~np.isnan(values))


def _side(stated: str, version: Version | None, frame: "pd.DataFrame", target: Target) -> Side:
    if version is not None:
        return Side(
            str(version), version, Ready.of(version).served.predict(version.schema.matrix(Rows.of_frame(frame))).prediction
        )
    path = Path(stated)
    table = read_table(path)
    names = {str(name).lower(): name for name in table.columns}
    column = next((names[name] for name in CHANCE if name in names), None)
    if column is None:
        raise BadQuestion(f"{path.name!r} has no column of predictions.", f"call it {', '.join(CHANCE[:2])} or prediction")
    places = np.arange(len(table))
    if "row" in names:
        places = numbers(table[names["row"]]).astype(int) - 1
    if len(table) != len(frame) or sorted(places.tolist()) != list(range(len(frame))):
        raise BadQuestion(
            f"{path.name!r} predicts {len(table):,} rows, which are not the {len(frame):,} of the file.",
            "predict the same rows, in their order or with a column row that counts from 1",
        )
    values = np.empty((len(frame), 1))
    if target.problem == "classes":
        place = {word: n for n, word in enumerate(target.classes)}
        said = [place.get(word or "", 0) for word in texts(table[column])]
        values = np.zeros((len(frame), len(target.classes)))
        values[places, said] = 1.0
    else:
        read = numbers(table[column])
        if np.isnan(read).any():
            words = texts(table[column])
            read = np.array([float(word == target.positive) for word in words]) if target.problem == "yes/no" else read
        values[places, 0] = read
    if np.isnan(values).any():
        raise BadQuestion(f"{path.name!r} has rows without a prediction.", "predict every row")
    return Side(path.name, None, values)


def _rows(frame: "pd.DataFrame", target: Target, versions: list[Version], sides: list[Side]) -> tuple[Any, list[str]]:
    """The rows to compare on: those with a target that neither version learned from."""
    doubts = []
    known = target.known.copy()
    seen = np.zeros(len(frame), bool)
    for version in versions:
        seen |= learned_from(version, frame)
    if (known & ~seen).sum() >= FEWEST:
        if (known & seen).any():
            doubts.append(f"{int((known & seen).sum()):,} rows are left out: one of the two learned from them")
        known &= ~seen
    elif seen.any():
        doubts.append("nearly all rows are ones that one of the two learned from: the figures flatter it")
    rows = np.flatnonzero(known)
    if len(rows) < FEWEST:
        raise BadQuestion(f"{len(rows)} rows have a target; {FEWEST} at least are needed to compare.", "bring more rows")
    if target.problem == "yes/no" and len(np.unique(target.values[rows])) < 2:
        doubts.append("all rows have the same answer: AUC cannot be told, accuracy is compared")
    for side in sides:
        if side.version is not None:
            lacking = [name for name in side.version.schema.names if name not in frame.columns]
            if lacking:
                doubts.append(
                    f"{side.name} lacks {len(lacking)} of its columns here, such as {lacking[0]}: they count as missing"
                )
    return rows, doubts


def learned_from(version: Version, frame: "pd.DataFrame") -> Any:
    """Which rows of a frame a version learned from: the same values in all columns that both have (n)."""
    table = version.table()
    held = set(version.held_out()["place"].tolist())
    learned = np.array([place not in held for place in range(len(table))])
    return stands_in(frame, table, learned)


def _difference(truth: Truth, one: Numbers, two: Numbers, metric: str, limits: list[float]) -> Difference:
    if metric == "auc":
        return auc_difference(truth.values > 0.5, one[:, 0], two[:, 0])
    if metric == "accuracy":
        return accuracy_difference(*(_right(truth, own, limit) for own, limit in zip((one, two), limits, strict=True)))
    return error_difference(one[:, 0] - truth.values, two[:, 0] - truth.values)


def _right(truth: Truth, predicted: Numbers, limit: float | None) -> Any:
    if truth.problem == "yes/no":
        return (predicted[:, 0] >= (0.5 if limit is None else limit)) == (truth.values > 0.5)
    return predicted.argmax(axis=1) == truth.values


def _value(truth: Truth, predicted: Numbers, metric: str, limit: float | None) -> float | None:
    if metric == "accuracy":
        return float(_right(truth, predicted, limit).mean())
    value: float | None = figures(truth, predicted, limit)[metric]
    return value


def _slices(
    frame: "pd.DataFrame",
    rows: Any,
    version: Version,
    truth: Truth,
    one: Numbers,
    two: Numbers,
    metric: str,
    limits: list[float],
) -> list[Slice]:
    """The same by the levels of the categories that have few, and by thirds of the time."""
    found = []
    for of, value, own in _parts(frame, rows, version):
        part = Truth(truth.problem, truth.classes, truth.values[own])
        if own.sum() < FEWEST or (metric == "auc" and not 0 < part.values.sum() < own.sum()):
            continue
        result = _difference(part, one[own], two[own], metric, limits)
        values = [_value(part, side[own], metric, limit) for side, limit in zip((one, two), limits, strict=True)]
        found.append(Slice(of, value, int(own.sum()), values[0], values[1], result.value, result.p))
    return found


def _parts(frame: "pd.DataFrame", rows: Any, version: Version) -> Any:
    time = version.recipe.time
    if time is not None and time in frame.columns:
        from fabwatch.models.moments import ordered_by

        key = ordered_by(frame, time)[rows]
        third = np.minimum(np.argsort(np.argsort(key, kind="stable"), kind="stable") * 3 // max(len(key), 1), 2)
        for n, word in enumerate(("first third", "second third", "last third")):
            yield time, word, third == n
    for column in version.schema.columns:
        if column.kind == "category" and 2 <= len(column.levels) <= 12 and column.name in frame.columns:
            words = np.array(texts(frame[column.name].iloc[rows]), object)
            for level in column.levels:
                yield column.name, level, words == level


def _leaks(versions: list[Version], found: list[ModelChange]) -> list[str]:
    named = [f"{version}: {one['column']} {one['why']}" for version in versions for one in version.card["suspects"]]
    return [*named, *(f"{cause.detail}: tells the target alone" for cause in found if cause.cause == "leak")]


def _calibration(truth: Truth, predicted: Numbers) -> float | None:
    return calibration(truth.values > 0.5, predicted[:, 0]) if truth.problem == "yes/no" else None


def _sentence(a: str, b: str, rows: int, metric: str, values: Any, result: Difference, found: list[ModelChange]) -> str:
    word = metric.upper() if metric in ("auc", "rmse") else metric
    first, second = (("–" if value is None else f"{value:.3g}") for value in values)
    text = f"On the same {rows:,} rows {a} has {word} {first} and {b} {second}"
    if result.p >= SURE:
        text += f": no difference that is sure (p = {result.p:.2g})."
    else:
        text += f": {result.value:+.3g} (95 %: {result.low:+.3g} to {result.high:+.3g}, p = {result.p:.2g})."
    told = [cause for cause in found if cause.points is not None]
    if told:
        parts = ", ".join(f"{cause.cause} {cause.points:+.2g}" for cause in told[:3])
        text += f" What was reported changed by {parts}{' points' if metric != 'rmse' else ''}: {told[0].detail}."
    return text
