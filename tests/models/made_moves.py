"""A small fab whose moves, restores, quals, measurements and tests are drawn, and its table in plain loops."""

import random
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

START = datetime(2026, 3, 1)
HEADERS = {
    "moves": "lot,wafer,wafers,product,step_no,step,tool,chamber,kind,start_at,end_at",
    "quals": "tool,chamber,qual_type,processed_at,resulted_at,passed",
    "maintenance": "tool,chamber,done_at,kind",
    "metrology": "lot,wafer,tool,polished_at,measured_at,incoming,after,seconds,unit",
    "sort": "lot,wafer,parts,good,tested_at",
}
KNOWN = {
    "moves": "end_at",
    "quals": "resulted_at",
    "maintenance": "done_at",
    "metrology": "measured_at",
    "sort": "tested_at",
}
"""When a row of each file is known."""


def stamp(hours: float) -> str:
    """A time so many hours after the start."""
    return (START + timedelta(seconds=round(hours * 3600))).isoformat() + "Z"


@dataclass
class Made:
    """The rows of each file."""

    rows: dict[str, list[dict[str, str]]] = field(default_factory=lambda: defaultdict(list))

    def write(self, folder: Path, name: str, keep=lambda known: True) -> list[Path]:
        """Files of the rows that were known when `keep` says so."""
        folder.mkdir(parents=True, exist_ok=True)
        paths = []
        for kind, header in HEADERS.items():
            lines = [
                ",".join(row.get(column, "") for column in header.split(","))
                for row in self.rows[kind]
                if keep(row[KNOWN[kind]])
            ]
            if lines:
                paths.append(folder / f"{kind}_{name}.csv")
                paths[-1].write_text("\n".join([header, *lines]) + "\n")
        return paths


def drawn(seed: int, lots: int = 12, wafers: int = 3, steps: int = 5) -> Made:
    """Lots through steps on two tools each, half of them by lot alone at one step; some come back to a step."""
    dice, made = random.Random(seed), Made()
    for lot in range(lots):
        at, last = dice.uniform(0, 200), 0.0
        for step in [*range(steps), *([dice.randrange(steps)] if dice.random() < 0.4 else [])]:
            at += dice.expovariate(1 / 6)
            common = {
                "lot": f"L{lot}",
                "product": "P",
                "step_no": str(10 * step),
                "step": f"S{step}",
                "tool": f"T{step}{dice.randrange(2)}",
            }
            if step == 1 and lot % 2:
                times = {"start_at": stamp(at), "end_at": stamp(at + 1)}
                made.rows["moves"].append({**common, **times, "wafers": str(wafers)})
                continue
            for wafer in range(1, wafers + 1):
                begin = at + 0.1 * wafer
                last = begin + 0.5
                times = {"start_at": stamp(begin) if step != 3 else "", "end_at": stamp(last)}
                own = {"wafer": f"L{lot}.{wafer:02d}", "chamber": "AB"[wafer % 2] if step != 4 else "", "wafers": "1"}
                made.rows["moves"].append({**common, **own, **times})
        for wafer in range(1, wafers + 1):
            name = {"lot": f"L{lot}", "wafer": f"L{lot}-{wafer}"}
            made.rows["sort"].append({**name, "parts": "100", "good": str(dice.randrange(100)), "tested_at": stamp(at + 30)})
            times = {"polished_at": stamp(at - 20), "measured_at": stamp(at - 20 + dice.uniform(0, 25))}
            made.rows["metrology"].append(
                {
                    **name,
                    **times,
                    "tool": "T20",
                    "incoming": "9000",
                    "after": f"{dice.uniform(4900, 5100):.1f}",
                    "seconds": "90",
                    "unit": "angstrom",
                }
            )
    for tool in [f"T{step}{n}" for step in range(steps) for n in range(2)]:
        for _ in range(4):
            chamber, at = dice.choice(["", "A", "B"]), dice.uniform(-20, 260)
            made.rows["maintenance"].append({"tool": tool, "chamber": chamber, "done_at": stamp(at), "kind": "pm"})
        for _ in range(14):
            at = dice.uniform(-20, 260)
            row = {"tool": tool, "chamber": dice.choice(["", "A", "B"]), "qual_type": dice.choice(["particles", "rate"])}
            row |= {"processed_at": stamp(at), "resulted_at": stamp(at + dice.uniform(0, 30))}
            made.rows["quals"].append({**row, "passed": dice.choice(["pass", "pass", "fail"])})
        made.rows["moves"].append(
            {
                "lot": "TW",
                "wafer": f"TW.{tool}",
                "wafers": "1",
                "tool": tool,
                "kind": "test",
                "step": "QUAL",
                "start_at": stamp(50),
                "end_at": stamp(51),
            }
        )
    return made


def read(text: str) -> datetime | None:
    """A time as it stands in a file."""
    return datetime.fromisoformat(text.removesuffix("Z")) if text else None


def oracle(made: Made, as_of: datetime) -> dict[tuple[str, str], dict[str, object]]:
    """The history of each wafer by plain loops: its columns by lot and wafer."""
    moves = [m for m in made.rows["moves"] if m.get("kind") != "test" and read(m["end_at"]) <= as_of]
    wafers = sorted({(m["lot"], m["wafer"]) for m in moves if m.get("wafer")})
    table = {}
    for lot, wafer in wafers:
        number = int(wafer.partition(".")[2])
        tests = [
            read(t["tested_at"])
            for t in made.rows["sort"]
            if (t["lot"], int(t["wafer"].partition("-")[2])) == (lot, number) and read(t["tested_at"]) <= as_of
        ]
        own = [m for m in moves if m["lot"] == lot and m.get("wafer", wafer) == wafer]
        own = [m for m in own if not tests or read(m["end_at"]) <= min(tests)]
        if not own:
            continue
        own.sort(key=lambda m: read(m["end_at"]))
        row: dict[str, object] = {"at": read(own[-1]["end_at"])}
        for place, move in enumerate(own):
            row |= _step(made, moves, move, own[place - 1] if place else None)
        if tests:
            row["target.passed"] = next(
                int(t["good"]) for t in made.rows["sort"] if (t["lot"], int(t["wafer"].partition("-")[2])) == (lot, number)
            )
        table[lot, wafer] = row
    return table


def _step(made: Made, moves: list, move: dict, before: dict | None) -> dict[str, object]:
    name, tool, chamber = move["step"].lower(), move["tool"], move.get("chamber", "")
    start, end = read(move["start_at"]), read(move["end_at"])

    def here(other):
        return other["tool"] == tool and (not chamber or other.get("chamber", "") in ("", chamber))

    def by_then(moment):
        return moment <= start if start else moment < end

    restores = [read(r["done_at"]) for r in made.rows["maintenance"] if here(r) and by_then(read(r["done_at"]))]
    last = max(restores, default=None)
    ran = sum(
        int(m["wafers"])
        for m in moves
        if m["tool"] == tool and (not chamber or m.get("chamber", "") == chamber)
        if last and last < read(m["end_at"]) and by_then(read(m["end_at"]))
    )
    latest = {}
    for qual in sorted(made.rows["quals"], key=lambda q: q["processed_at"]):
        if here(qual) and by_then(read(qual["resulted_at"])):
            latest[qual["qual_type"]] = qual["passed"]
    moment = start or end
    return {
        f"{name}.tool": tool,
        f"{name}.chamber": chamber or None,
        f"{name}.queue_h": (start - read(before["end_at"])).total_seconds() / 3600 if start and before else None,
        f"{name}.process_min": (end - start).total_seconds() / 60 if start else None,
        f"{name}.age_h": (moment - last).total_seconds() / 3600 if last else None,
        f"{name}.age_wafers": ran if last else None,
        f"{name}.qual": "none" if not latest else "failed" if "fail" in latest.values() else "good",
    }
