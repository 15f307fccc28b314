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
