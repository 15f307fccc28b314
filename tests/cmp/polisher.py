"""A made polisher whose true rate is known: pads that wear, pads that are changed, noise, and metrology that comes late."""

import math
import random
from dataclasses import dataclass
from datetime import datetime, timedelta

from fabwatch.cmp.history import Polished

BEGIN = datetime(2026, 1, 1)
TARGET = 5000.0
RATE = 40.0


@dataclass
class Truth:
    """The rate of each wafer, by plain rules."""

    wear: float = 0.0008
    pad: int = 120
    jump: float = 0.01
    noise: float = 0.01
    step_at: int | None = None
    seed: int = 1

    def wafers(self, n):
        """(time, incoming, mean rate, rate, age, life) of each wafer."""
        dice = random.Random(self.seed)
        level, age, life = RATE, 0, 0
        for i in range(n):
            if age == self.pad:
                level, age, life = RATE * (1 + dice.gauss(0, self.jump)), 0, life + 1
            age += 1
            mean = level * (1 - self.wear * age) * (1.1 if self.step_at is not None and i >= self.step_at else 1.0)
            at = BEGIN + timedelta(minutes=10 * i)
            yield at, 9000 + dice.gauss(0, 150), mean, mean * math.exp(dice.gauss(0, self.noise)), age, life


def measured(i, at, incoming, rate, seconds, age, life, late=3):
    """What metrology says of a wafer, some wafers later."""
    known = at + timedelta(minutes=10 * late)
    after = incoming - rate * seconds
    return Polished(f"W{i}", None, None, at, known, rate, incoming, after, seconds, TARGET, None, None, age, life, False)


def files(folder, truth, n=160, late=3):
    """The same as files that a fab would have: metrology with fixed times, and the pad changes."""
    rows = [
        "WAFER_ID,LOT_ID,TOOL_ID,HEAD,PRODUCT,POLISH_END,MEASURED_AT,PRE_THICKNESS,POST_THICKNESS,POLISH_TIME,TARGET,LSL,USL,UNIT"
    ]
    changes = ["TOOL_ID,DONE_AT,KIND"]
    last = 0
    for i, (at, incoming, _, rate, _, life) in enumerate(truth.wafers(n)):
        if life > last:
            changes.append(f"CMP-1,{(at - timedelta(minutes=1)).isoformat()}Z,part")
            last = life
        seconds = 100.0
        known = at + timedelta(minutes=10 * late)
        after = incoming - rate * seconds
        lot = f"L{i // 25:03d}"
        rows.append(
            f"{lot}.{i % 25 + 1:02d},{lot},CMP-1,H1,P1,{at.isoformat()}Z,{known.isoformat()}Z,{incoming:.6f},{after:.6f},"
            f"{seconds},{TARGET},{TARGET - 150},{TARGET + 150},angstrom"
        )
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "metrology.csv").write_text("\n".join(rows) + "\n")
    (folder / "changes.csv").write_text("\n".join(changes) + "\n")
    (folder / "tools.csv").write_text("tool,tool_type,area\nCMP-1,C,CMP\n")
    return folder
