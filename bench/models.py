"""Models: a wide table trained, rows predicted, whether the columns that tell are named first; `--big`: a million rows.

Writes models.json.
"""

import argparse
import json
import platform
import resource
import shutil
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).parent.parent))
from tests.models.made_tables import TRUE, with_distractors

from fabwatch.fab import Fab
from fabwatch.models.recipe import LearnerName

HERE = Path(__file__).parent


def wide(rows: int, columns: int, seed: int = 1) -> pd.DataFrame:
    """Readings in order of time, of which ten tell whether a row fails; one in fifteen does."""
    chance = np.random.default_rng(seed)
    values = chance.normal(size=(rows, columns)).astype(np.float32)
    values[chance.random((rows, columns)) < 0.04] = np.nan
    frame = pd.DataFrame(values, columns=[f"s{n:03d}" for n in range(columns)])
    score = np.nan_to_num(values[:, :10]).sum(axis=1) * 0.6 - 3.6
    frame["result"] = np.where(chance.random(rows) < 1 / (1 + np.exp(-score)), "FAIL", "PASS")
    frame.insert(0, "time", pd.date_range("2025-01-01", periods=rows, freq="min"))
    return frame


def trained(fab: Fab, rows: int, columns: int, name: str) -> dict[str, float]:
    """Seconds from a table to a version, and the peak of the process so far."""
    frame = wide(rows, columns)
    began = time.perf_counter()
    answer = fab.train_model(frame, "result", name=name, time="time", positive="FAIL", workers=2)
    took = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"seconds": round(took, 1), "auc": round(answer.held_out["value"], 3), "peak_mb": round(peak)}


def predicted(fab: Fab, name: str, columns: int) -> dict[str, float]:
    """Milliseconds a row alone (95 of 100 within), and seconds for 10,000 at once, beside the bare ONNX file on them."""
    frame = wide(10_000, columns, seed=2).drop(columns=["time", "result"])
    records = [{str(key): value for key, value in record.items()} for record in frame.head(200).to_dict("records")]
    from fabwatch.models.predicting import Ready, predict, rows_of
    from fabwatch.models.schema import Rows

    ready, header = Ready.of(fab.registry.find(name)), fab.models().header
    spent = []
    for record in records:
        began = time.perf_counter()
        predict(ready, rows_of([record]), header)
        spent.append(1e3 * (time.perf_counter() - began))
    began = time.perf_counter()
    predict(ready, Rows.of_frame(frame), header)
    together = time.perf_counter() - began
    matrix = ready.version.schema.matrix(Rows.of_frame(frame))
    began = time.perf_counter()
    ready.served.predict(matrix)
    bare = time.perf_counter() - began
    return {
        "single_p95_ms": round(float(np.quantile(spent, 0.95)), 2),
        "ten_thousand_s": round(together, 2),
        "to_bare_onnx": round(together / bare, 1),
    }


def top_three(fab: Fab, learner: LearnerName) -> dict[str, float]:
    """Share of draws in which the three columns that tell, among correlated others, are named first: 10 tables, 5 seeds."""
    hits = []
    for table in range(10):
        frame = with_distractors(table, number=table % 2 == 0)
        for seed in range(5):
            answer = fab.train_model(frame, "result", name="top", learner=learner, minutes=0.003, seed=seed)
            hits.append({one["column"] for one in answer.importance[:3]} == set(TRUE))
    return {"draws": len(hits), "share": round(float(np.mean(hits)), 3)}


def main() -> None:
    """Measure and print."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--big", action="store_true")
    big = arguments.parse_args().big
    folder = HERE / "tmp" / "models"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    found: dict[str, object] = {"date": time.strftime("%Y-%m-%d"), "machine": f"{platform.machine()}, 2 cores"}
    with Fab(folder / "fab", create=True) as fab:
        found["train_1500x590"] = trained(fab, 1_500, 590, "wide")
        found["predict_590"] = predicted(fab, "wide", 590)
        found["top_three_linear"] = top_three(fab, "linear")
        found["top_three_boosted"] = top_three(fab, "boosted")
        if big:
            found["train_1000000x60"] = trained(fab, 1_000_000, 60, "long")
            found["predict_60"] = predicted(fab, "long", 60)
    shutil.rmtree(folder)
    print(json.dumps(found, indent=1))
    (HERE / "models.json").write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
