"""Tables whose truth is known."""

import numpy as np
import pandas as pd

ROWS = 1_200


def wafers(seed: int = 1, rows: int = ROWS) -> pd.DataFrame:
    """Wafers that fail by pressure, temperature and tool; in order of time, 24 a lot."""
    chance = np.random.default_rng(seed)
    tool = chance.choice(["ETCH-01", "ETCH-02", "ETCH-03"], rows)
    frame = pd.DataFrame(
        {
            "time": pd.date_range("2026-01-01", periods=rows, freq="h").strftime("%Y-%m-%d %H:%M"),
            "lot": [f"L{n // 24}" for n in range(rows)],
            "tool": tool,
            "pressure": chance.normal(30, 2, rows).round(3),
            "temperature": chance.normal(200, 5, rows).round(2),
            "flow": chance.normal(50, 3, rows).round(3),
        }
    )
    score = 1.3 * (frame["pressure"] - 30) / 2 - 1.0 * (frame["temperature"] - 200) / 5 + 1.6 * (tool == "ETCH-02") - 1.2
    frame["result"] = np.where(chance.random(rows) < 1 / (1 + np.exp(-score)), "FAIL", "PASS")
    return frame


def truth(frame: pd.DataFrame) -> "pd.Series[bool]":
    """Which wafers failed."""
    return frame["result"] == "FAIL"


TRUE = ("pressure", "bias", "gap")
"""What tells the target in `with_distractors`."""


def with_distractors(seed: int, number: bool, rows: int = ROWS) -> pd.DataFrame:
    """Readings of which three tell the target; six others go with one of these (correlation .6), and six with nothing."""
    chance = np.random.default_rng(seed)
    frame = pd.DataFrame({name: chance.normal(size=rows) for name in TRUE})
    score = sum(size * frame[name] for name, size in zip(TRUE, chance.permutation([1.0, -0.9, 0.8]), strict=True))
    for place, name in enumerate(TRUE * 2):
        frame[f"beside{place}"] = 0.6 * frame[name] + 0.8 * chance.normal(size=rows)
    for place in range(6):
        frame[f"noise{place}"] = chance.normal(size=rows)
    frame = frame[chance.permutation(frame.columns)]
    if number:
        return frame.assign(result=score + chance.normal(0, 1.0, rows))
    return frame.assign(result=np.where(chance.random(rows) < 1 / (1 + np.exp(-(score - 1.0))), "FAIL", "PASS"))
