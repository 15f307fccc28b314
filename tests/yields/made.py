"""A made fab whose truth is known: lots through steps, at each one of several tools with two chambers; one goes bad."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

START = np.datetime64("2026-01-01T00:00:00", "us")
DAY = 86_400_000_000
PARTS = 500


@dataclass(frozen=True)
class Truth:
    """What was planted."""

    tool: str
    chamber: str
    first_bad_pass: np.datetime64 | None
    bad: int
    exposed: int


def made(
    folder: Path,
    seed: int,
    lots: int = 40,
    steps: int = 8,
    tools: int = 3,
    wafers: int = 25,
    hit: float = 0.8,
    base: float = 0.05,
    by_lot: bool = False,
    twin: bool = False,
    bad_lots: float = 0.0,
    shift: float | None = None,
    lot_spread: float = 1.0,
) -> Truth:
    """Writes moves and sort results. `hit` is the share of bad wafers from the bad chamber on, `base` that of all others.

    With `by_lot` the moves name lots alone; with `twin` the next step has a tool of its own for each chamber before it;
    with `bad_lots` that share of the lots is bad for a reason that is in no record. With `shift` there is a WAT parameter
    whose sites and wafers spread by 1 each and lots by `lot_spread`; wafers of the bad chamber are shifted by so much.
    """
    dice = np.random.default_rng(seed)
    bad_step, bad_tool, bad_chamber, since = dice.integers(steps - 1), dice.integers(tools), dice.integers(2), 20.0
    columns: dict[str, list[np.ndarray]] = {name: [] for name in ("lot", "wafer", "step", "tool", "chamber", "end_at")}
    chance = np.full((lots, wafers), base)
    chance[dice.random(lots) < bad_lots] = 0.9
    exposed = np.zeros((lots, wafers), bool)
    first = None
    for lot, begin in enumerate(np.sort(dice.uniform(0, 45, lots))):
        at = begin
        before = before_chamber = np.zeros(wafers, int)
        for step in range(steps):
            at += dice.exponential(0.5)
            tool = int(dice.integers(tools))
            chamber = (dice.permutation(wafers) < wafers // 2).astype(int)
            if twin and step == bad_step + 1:
                tool, chamber = int(before[0]), before_chamber
            before, before_chamber = np.full(wafers, tool), chamber
            times = START + (np.int64(at * DAY) + np.arange(wafers) * 90_000_000).astype("timedelta64[us]")
            if step == bad_step and tool == bad_tool and at > since:
                exposed[lot] = chamber == bad_chamber
                first = times[exposed[lot]].min() if first is None else min(first, times[exposed[lot]].min())
            columns["lot"].append(np.full(wafers, f"L{lot:03d}"))
            columns["wafer"].append(np.array([f"L{lot:03d}.{n + 1:02d}" for n in range(wafers)]))
            columns["step"].append(np.full(wafers, f"S{step}"))
            columns["tool"].append(np.full(wafers, f"ETCH-{step}{tool}"))
            columns["chamber"].append(np.array(["A", "B"])[chamber])
            columns["end_at"].append(times)
    chance = np.where(exposed, np.maximum(chance, hit), chance)
    bad = dice.random((lots, wafers)) < chance
    folder.mkdir(parents=True, exist_ok=True)
    table = {name: np.concatenate(values) for name, values in columns.items()}
    if by_lot:
        keep = np.arange(table["lot"].size) % wafers == 0
        table = {name: values[keep] for name, values in table.items() if name not in ("wafer", "chamber")}
        table["wafers"] = np.full(keep.sum(), wafers)
    pq.write_table(pa.table({name: pa.array(values) for name, values in table.items()}), folder / "moves.parquet")
    lines = ["lot,wafer,parts,good"]
    for lot in range(lots):
        for n in range(wafers):
            good = dice.integers(150, 300) if bad[lot, n] else dice.integers(440, PARTS)
            lines.append(f"L{lot:03d},{n + 1},{PARTS},{good}")
    (folder / "sort.csv").write_text("\n".join(lines) + "\n")
    if shift is not None:
        wafer = dice.normal(0, 1, (lots, wafers)) + dice.normal(0, lot_spread, (lots, 1)) + shift * exposed
        sites = wafer[:, :, None] + dice.normal(0, 1, (lots, wafers, 3))
        rows = [f"L{lot:03d},{n + 1},{site},VTN,{sites[lot, n, site]:.5f},V" for lot, n, site in np.ndindex(lots, wafers, 3)]
        (folder / "wat.csv").write_text("\n".join(["lot,wafer,site,parameter,value,unit", *rows]) + "\n")
    return Truth(f"ETCH-{bad_step}{bad_tool}", "AB"[bad_chamber], first, int(bad.sum()), int(exposed.sum()))
