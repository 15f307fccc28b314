"""How a version does since it was made: by the rows of a file, or by what the service was asked."""

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np

from fabwatch.models.differing import stands_in
from fabwatch.models.listing import registry_of
from fabwatch.models.predicting import Ready, odd_of
from fabwatch.models.registry import Registry, Version, hash_of_table
from fabwatch.models.schema import ODD, Rows, texts
from fabwatch.models.training import Say
from fabwatch.models.usual import said_of, usual_of
from fabwatch.models.watching.answers import BELOW, UNSURE, WORSE, ColumnDrift, Retrained, Score, Watched
from fabwatch.models.watching.drift import Now, drifts, of_prediction
from fabwatch.models.watching.outcome import FEWEST, scored
from fabwatch.models.watching.retraining import retrained
from fabwatch.models.watching.scores import keep, kept
from fabwatch.models.watching.tally import asked_of
from fabwatch.store.view import View
from fabwatch.terms.answers import Header
from fabwatch.terms.clock import utc_now

if TYPE_CHECKING:
    import pandas as pd

FINE, DRIFT, FEW = "fine", "inputs drift", "too few rows"
METHOD = (
    "Each column against the rows that the version learned from: population stability index over tenths (less what chance "
    "makes), Kolmogorov-Smirnov or χ², with rows of a group counted for what they are worth, and at most one false alarm in "
    "twenty (Benjamini and Hochberg 1995). A column drifts if that is sure and it is more than it strayed in training. "
    "Figures are of rows that came after the version was made, with 95 % intervals; no better than the floor: not surely "
    "better than what needs no model, and surely below what the card promises."
)


def watched(view: View, stated: str, days: int) -> Watched:
    """How a version does, by what the service was asked in the last days. Raises UnknownModel."""
    version = registry_of(view.lake.folder).find(stated)
    return by_asking(version, view.header(METHOD, ""), utc_now(), days)


def by_asking(version: Version, header: Header, moment: datetime, days: int) -> Watched:
    """By the counts that the service kept."""
    asked = asked_of(version, moment, days)
    source = f"what the service was asked in {days} days"
    if asked is None or asked.rows < FEWEST:
        rows = 0 if asked is None else asked.rows
        return _answer(header, version, source, rows, [], None, dict.fromkeys(ODD, 0), None, None, (), asked=True)
    usual = usual_of(version)
    sizes = np.full(max(int(asked.rows / usual.group_size), 1), usual.group_size)
    columns = drifts(usual, version.schema.columns, [Now(counts) for counts in asked.columns], None, sizes)
    said = of_prediction(usual, Now(asked.prediction))
    return _answer(header, version, source, asked.rows, columns, said, asked.odd, None, None, (), asked=True)


def by_rows(
    registry: Registry,
    version: Version,
    frame: "pd.DataFrame",
    source: str,
    header: Header,
    *,
    again: bool = False,
    minutes: float = 5.0,
    workers: int = 1,
    say: Say = lambda text, part: None,
) -> Watched:
    """By the rows of a frame that are not of its own table; their score is kept.

    `again`: a version is made that learns from them as well.
    """
    table = version.table()
    new = frame[~stands_in(frame, table)].reset_index(drop=True)
    doubts = []
    if len(new) < len(frame):
        doubts.append(f"{len(frame) - len(new):,} rows are left out: the model was made from their table")
    lacking = [name for name in version.schema.names if name not in frame.columns]
    if lacking:
        doubts.append(f"{len(lacking)} of its columns are not there, such as {lacking[0]}: they count as missing")
    made = retrained(registry, version, frame, header, minutes, workers, say) if again else None
    if len(new) < FEWEST:
        odd = dict.fromkeys(ODD, 0)
        return _answer(header, version, source, len(new), [], None, odd, None, made, tuple(doubts))
    given = Rows.of_frame(new)
    matrix = version.schema.matrix(given)
    predicted = Ready.of(version).served.predict(matrix).prediction
    columns, said = _drift(version, table, new, matrix, predicted)
    names = tuple(one.column for one in columns if one.drifted)
    score = scored(version, new, predicted, header[0], names)
    if score is None:
        doubts.append(f"there is no column {version.card['target']!r}: how well it does cannot be told yet")
    elif score.value is not None:
        keep(version, hash_of_table(new), score)
    odd = odd_of(version.schema.noted(given, matrix))
    return _answer(header, version, source, len(new), columns, said, odd, score, made, tuple(doubts))


def _drift(
    version: Version, table: "pd.DataFrame", frame: "pd.DataFrame", matrix: np.ndarray, predicted: np.ndarray
) -> tuple[list[ColumnDrift], ColumnDrift]:
    usual = usual_of(version)
    held = version.held_out()["place"].to_numpy()
    known = np.array([word is not None for word in texts(table[version.card["target"]])])
    learned = np.setdiff1d(np.flatnonzero(known), held)
    before = version.schema.matrix(Rows.of_frame(table))[learned]
    group = version.recipe.group
    sizes = np.full(max(int(len(matrix) / usual.group_size), 1), usual.group_size)
    if group is not None and group in frame.columns:
        sizes = np.unique([word or "" for word in texts(frame[group])], return_counts=True)[1].astype(float)
    now = [Now(own.cells.counted(matrix[:, place]), matrix[:, place]) for place, own in enumerate(usual.columns)]
    said = usual.prediction.cells.counted(said_of(predicted, version.card["kind"]))
    return drifts(usual, version.schema.columns, now, before, sizes), of_prediction(usual, Now(said))


def _answer(
    header: Header,
    version: Version,
    source: str,
    rows: int,
    columns: list[ColumnDrift],
    said: ColumnDrift | None,
    odd: dict[str, int],
    score: Score | None,
    made: Retrained | None,
    doubts: tuple[str, ...],
    asked: bool = False,
) -> Watched:
    scores = tuple(kept(version))
    # Without rows of its own the last score speaks.
    judged = scores[-1] if asked and scores else score
    verdict = _verdict(rows, columns, judged)
    as_of, known_at, demo, how, reason = header
    own: Header = (as_of, known_at, demo, replace(how, method=METHOD), reason)
    return Watched(
        *own,
        version.name,
        version.number,
        source,
        rows,
        verdict,
        verdict == WORSE,
        tuple(columns),
        said,
        {kind: int(odd.get(kind, 0)) for kind in ODD},
        score,
        scores,
        _proposal(version, verdict, made),
        made,
        doubts,
    )


def _verdict(rows: int, columns: list[ColumnDrift], score: Score | None) -> str:
    """What is worst, the outcome before the inputs: inputs may drift without harm."""
    if score is not None and score.verdict in (WORSE, BELOW):
        return score.verdict
    if any(one.drifted for one in columns):
        return DRIFT
    if rows < FEWEST and (score is None or score.verdict == UNSURE):
        return FEW
    return FINE


def _proposal(version: Version, verdict: str, made: Retrained | None) -> str | None:
    """What a person may do next."""
    if made is not None:
        new = f"{made.model}@{made.version}"
        better = made.p is not None and made.p < 0.05 and _better(made)
        if better:
            return f'use the new version: fabwatch model use {new} --reason "…"'
        return f"the new version {new} is not surely better: go on with {version}, or bring more rows"
    if verdict in (WORSE, BELOW, DRIFT):
        return f"learn from the newer rows as well and compare: fabwatch model watch {version} --on FILE --retrain"
    return None


def _better(made: Retrained) -> bool:
    assert made.difference is not None  # noqa: S101 - asked where there is a test
    return made.difference < 0 if made.metric == "rmse" else made.difference > 0
