"""Predicts rows with the ONNX file beside it, by the same contract as the service that it was exported from."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

UNSEEN = -1.0
MOST_ROWS = 100_000


class BadRows(ValueError):
    """Rows that cannot be predicted; the text says why."""


class Predictor:
    """A model that is ready."""

    def __init__(self, folder: Path) -> None:
        """Load model.json and model.onnx from a folder."""
        self.about: dict[str, Any] = json.loads((folder / "model.json").read_text("utf-8"))
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        path = str(folder / "model.onnx")
        self._session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        self._outputs = [output.name for output in self._session.get_outputs()]
        self._codes = [{level: float(n) for n, level in enumerate(one["levels"])} for one in self.about["schema"]]

    def answer(self, body: Any) -> dict[str, Any]:
        """The answer to {"rows": [{column: value}], "contributions": false}. Raises BadRows."""
        if not isinstance(body, dict) or not isinstance(body.get("rows"), list) or not body["rows"]:
            raise BadRows('send {"rows": [{"column": value, ...}], "contributions": false}')
        rows, wanted = body["rows"], body.get("contributions", False)
        if len(rows) > MOST_ROWS:
            raise BadRows(f"{len(rows)} rows at once; up to {MOST_ROWS} are predicted")
        names = [column["name"] for column in self.about["schema"]]
        if not all(isinstance(row, dict) for row in rows) or not any(name in row for row in rows for name in names):
            raise BadRows(f"none of the columns is there: {', '.join(names[:8])}")
        if wanted and "contributions" not in self._outputs:
            raise BadRows("trees do not say here what each column adds: ask the service that they come from")
        matrix, odd = self._read(rows)
        said = dict(zip(self._outputs, self._session.run(self._outputs, {"rows": matrix}), strict=True))
        return {
            "model": self.about["model"],
            "version": self.about["version"],
            "kind": self.about["kind"],
            "positive": self.about["positive"],
            "threshold": self.about["threshold"],
            "predictions": [self._row(n, said, odd[n], names if wanted else None) for n in range(len(rows))],
        }

    def _read(self, rows: list[dict[str, Any]]) -> tuple[Any, list[dict[str, list[str]]]]:
        matrix = np.full((len(rows), len(self._codes)), np.nan)
        kinds = ("unseen", "out_of_range", "missing", "not_numbers")
        odd: list[dict[str, list[str]]] = [{kind: [] for kind in kinds} for _ in rows]
        for n, row in enumerate(rows):
            for place, column in enumerate(self.about["schema"]):
                value, what = self._value(row.get(column["name"]), column, place)
                matrix[n, place] = value
                if what:
                    odd[n][what].append(column["name"])
        return matrix, odd

    def _value(self, value: Any, column: dict[str, Any], place: int) -> tuple[float, str | None]:
        """A value as the number that the model takes, and what is odd about it."""
        if isinstance(value, (list, dict)):
            raise BadRows(f"{column['name']} is a list or an object: each column holds one number or text")
        if value is None or value == "" or value != value:
            return math.nan, "missing"
        if column["kind"] == "category":
            if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
                value = int(value)
            word = str(value).strip()
            if not word:
                return math.nan, "missing"
            code = self._codes[place].get(word, UNSEEN)
            return code, "unseen" if code == UNSEEN else None
        try:
            number = float(value)
        except (TypeError, ValueError, OverflowError):
            return math.nan, "not_numbers"
        if not math.isfinite(number):
            return math.nan, "not_numbers"
        return number, None if column["low"] <= number <= column["high"] else "out_of_range"

    def _row(self, n: int, said: dict[str, Any], odd: dict[str, list[str]], names: list[str] | None) -> dict[str, Any]:
        classes, predicted = self.about["classes"], said["prediction"][n]
        place = int(predicted.argmax()) if self.about["kind"] == "classes" else 0
        chance: float | None = float(predicted[place])
        answer: Any
        if self.about["kind"] == "yes/no":
            answer = classes[int(predicted[0] >= self.about["threshold"])]
        elif self.about["kind"] == "classes":
            answer = classes[place]
        else:
            answer, chance = chance, None
        parts = base = None
        if names is not None:
            added = said["contributions"][n, :, place]
            order = np.argsort(-np.abs(added), kind="stable").tolist()
            parts = {names[at]: float(added[at]) for at in order if added[at]}
            base = float(self.about["base"][place])
        return {
            "row": n + 1,
            "prediction": answer,
            "probability": chance,
            **odd,
            "contributions": parts,
            "score": float(said["score"][n, place]),
            "base": base,
        }
