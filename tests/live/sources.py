"""What tests of live sources share: fabs with sources, messages of moves, brokers that can be stopped, waiting."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fabwatch.fab import Fab

MES = '[live.mes]\nkind = "moves"\nevery_s = 0.2\n'


def made(folder: Path, text: str = MES) -> Fab:
    """A fab with a fab.toml."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "fab.toml").write_text(text)
    return Fab(folder, create=True)


def move(number: int, **more: Any) -> dict[str, Any]:
    """A move: the number says which wafer, and when."""
    lot, wafer = divmod(number, 25)
    at = f"2026-07-{1 + number // 86_400:02d}T{number // 3600 % 24:02d}:{number // 60 % 60:02d}:{number % 60:02d}Z"
    return {"lot": f"L{lot}", "wafer": f"L{lot}.{wafer:02d}", "tool": "E1", "step": "S", "end_at": at} | more


def text(number: int, **more: Any) -> str:
    """The message of a move."""
    return json.dumps(move(number, **more))


def moves(fab: Fab | Path) -> tuple[int, int]:
    """How many moves there are, and how many different ones."""
    door = fab if isinstance(fab, Fab) else Fab(fab)
    row = door.sql("SELECT count(*) AS n, count(DISTINCT (lot, wafer, tool, end_at)) AS m FROM moves").iloc[0]
    if door is not fab:
        door.close()
    return int(row["n"]), int(row["m"])


def load_all(fab: Fab, name: str = "mes") -> None:
    """Load all that waits."""
    while fab.live_queue(name).oldest() is not None:
        fab.load_live(name)


def source(fab: Fab, name: str = "mes") -> Any:
    """How a source stands."""
    return next(one for one in fab.live().sources if one.source == name)


def until(holds: Callable[[], Any], seconds: float = 20.0) -> Any:
    """What a function gives once that is something; the last it gave where it never is."""
    end = time.monotonic() + seconds
    while not (found := holds()) and time.monotonic() < end:
        time.sleep(0.05)
    return found
