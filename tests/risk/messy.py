"""A messy wafer-level fab, made from a seed: what an export looks like, and the same rows as plain data for the oracle."""

import random
from datetime import datetime, timedelta

START = datetime(2026, 5, 1)
END = START + timedelta(days=12)
RECIPES = ("R1", "R2", "R3")
COVERED = ("R1", "R2")
FAB_TOML = '[quals.thickness]\nrecipes = ["R1", "R2"]\nwarning = 30\ninhibit = 60\n'
MOVE_HEADER = "TRACK_OUT,LOT_ID,WAFER_ID,EQP_ID,CHAMBER,RECIPE,LOT_TYPE,STATUS,TRACK_IN"
QUAL_HEADER = "EQP_ID;CHAMBER;QUAL_TYPE;QUAL_TIME;RESULT_TIME;RESULT;VALUE"


def make(seed):
    """(moves, quals) as plain rows: duplicates, aborts, test wafers, two chambers a wafer, late results, one bad tool."""
    rng = random.Random(seed)
    moves, quals = [], []
    for tool in ("ETCH-1", "ETCH-2", "CVD-1", "NEVER-1"):
        chambers = ("A", "B") if tool != "CVD-1" else (None,)
        for _ in range(160):
            end = _moment(rng)
            lot = f"L{rng.randrange(14):03d}"
            wafer = f"{lot}.{rng.randrange(1, 9):02d}"
            kind = "test" if rng.random() < 0.07 else "production"
            for chamber in rng.sample(chambers, rng.randint(1, len(chambers))):
                moves.append(
                    {"end_at": end, "lot": lot, "wafer": wafer, "wafers": 1, "tool": tool,
                     "chamber": None if rng.random() < 0.04 else chamber, "recipe": rng.choice(RECIPES), "kind": kind,
                     "status": rng.choice(("completed", "completed", "aborted")), "start_at": end - timedelta(minutes=9)}
                )  # fmt: skip
                end += timedelta(minutes=rng.randint(1, 5))
        for kind in ("particles", "rate", "thickness"):
            for _ in range(14):
                at = _moment(rng)
                whole = kind == "rate" or rng.random() < 0.15
                late = timedelta(days=5) if rng.random() < 0.1 else timedelta(hours=rng.randint(0, 30))
                quals.append(
                    {"tool": tool, "chamber": None if whole else rng.choice(chambers), "qual_type": kind,
                     "processed_at": at, "resulted_at": None if rng.random() < 0.2 else at + late,
                     "passed": tool != "NEVER-1" and rng.random() < 0.7}
                )  # fmt: skip
    return moves, quals


def _moment(rng):
    return START + timedelta(minutes=rng.randrange(int((END - START).total_seconds() // 60)))


def move_lines(moves, rng):
    """CSV lines in random order, a tenth of them twice."""
    names = ("end_at", "lot", "wafer", "tool", "chamber", "recipe", "kind", "status", "start_at")
    lines = [",".join("" if move[name] is None else str(move[name]) for name in names) for move in moves]
    lines += rng.sample(lines, len(lines) // 10)
    rng.shuffle(lines)
    return lines


def qual_lines(quals, rng):
    """Lines with `;`, decimal commas and words for the result."""
    lines = []
    for qual in quals:
        word = rng.choice(("PASS", "P", "1")) if qual["passed"] else rng.choice(("FAIL", "F", "0"))
        cells = [qual["tool"], qual["chamber"] or "", qual["qual_type"], str(qual["processed_at"])]
        cells += [
            "" if qual["resulted_at"] is None else str(qual["resulted_at"]),
            word,
            f"{rng.random() * 9:.2f}".replace(".", ","),
        ]
        lines.append(";".join(cells))
    rng.shuffle(lines)
    return lines
