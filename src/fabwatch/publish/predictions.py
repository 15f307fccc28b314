"""What models of the fab say of its latest wafers, lots or readings, as one table."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING

from fabwatch.models.features.questions import FeaturesQuestion
from fabwatch.models.images.predicting import is_of_pictures
from fabwatch.models.listing import registry_of
from fabwatch.models.predicting import Ready, predict
from fabwatch.models.schema import Rows
from fabwatch.publish.flat import FlatTable, typed
from fabwatch.store.view import View
from fabwatch.terms.answers import Row
from fabwatch.terms.errors import BadQuestion

if TYPE_CHECKING:
    import pandas as pd

PREDICTIONS = "predictions"
KINDS = {
    "model": "text",
    "version": "whole",
    "of": "text",
    "lot": "text",
    "wafer": "text",
    "product": "text",
    "at": "time",
    "answer": "text",
    "value": "number",
    "probability": "number",
    "unusual": "text",
}
COMMENT = "What models say of the latest wafers, lots or readings, by what the fab knew of each at that moment."
AT_ONCE = 50_000
"""Rows that a model is asked for at once."""


def predictions_table(view: View, stated: Mapping[str, str], days: float) -> FlatTable:
    """The predictions of the last days: `stated` is {model: wafer, lot or reading}."""
    rows: list[Row] = []
    why = []
    for of in dict.fromkeys(stated.values()):
        try:
            frame = FeaturesQuestion(by=of).answer(view).df()  # type: ignore[arg-type]
        except BadQuestion as fault:
            why.append(fault.what)
            continue
        latest = frame[frame["at"] >= (view.as_of - timedelta(days=days)).replace(tzinfo=frame["at"].dt.tz)]
        for model in (name for name, own in stated.items() if own == of):
            try:
                rows += _said(view, model, of, latest)
            except BadQuestion as fault:
                why.append(f"{model}: {fault.what}")
    return typed(PREDICTIONS, KINDS, rows, ("model", "lot", "product"), COMMENT, " ".join(why) or None)


def _said(view: View, model: str, of: str, frame: "pd.DataFrame") -> Iterator[Row]:
    version = registry_of(view.lake.folder).find(model)
    if is_of_pictures(version):
        raise BadQuestion(f"{version} is a model of pictures.", "name a model of a table that fabwatch features writes")
    ready, header = Ready.of(version), view.header("", "")
    for first in range(0, len(frame), AT_ONCE):
        part = frame.iloc[first : first + AT_ONCE]
        answer = predict(ready, Rows.of_frame(part), header)
        about: Row = {"model": answer.model, "version": answer.version, "of": of}
        whose = part.reindex(columns=["lot", "wafer", "product", "at"]).astype(object)
        known: list[Row] = whose.where(whose.notna(), None).to_dict("records")  # type: ignore[assignment]
        for own, one in zip(known, answer.predictions, strict=True):
            number = one.prediction if isinstance(one.prediction, float) else None
            said: Row = {"answer": None if number is not None else str(one.prediction), "value": number}
            odd = (*one.unseen, *one.out_of_range, *one.not_numbers)
            yield {**about, **own, **said, "probability": one.probability, "unusual": ", ".join(odd) or None}
