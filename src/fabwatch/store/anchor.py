"""The anchor: a note outside the tables of how far audit and ledger reach, by which a cut or rewritten one is found."""

import contextlib
import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from fabwatch.terms.clock import iso, utc_now

SYSLOG = "syslog"
RESTORED = "restored"
PRIVATE = 0o600


@dataclass(frozen=True)
class Head:
    """The last entry of a chain: its number and its hash."""

    seq: int
    hash: str


class Anchor:
    """A file to which a line is added whenever a chain grows; nothing in it is ever changed."""

    def __init__(self, folder: Path, stated: str):
        self._syslog = stated == SYSLOG
        self._path = folder / ("anchor.txt" if self._syslog else stated)

    def note(self, heads: Mapping[str, Head]) -> None:
        """Add a line for each chain: its name, the number and hash of its last entry, and when that was."""
        lines = [f"{chain} {head.seq} {head.hash} {iso(utc_now())}" for chain, head in heads.items()]
        self._add(lines)

    def _add(self, lines: list[str]) -> None:
        # A load or decision that is committed is not undone because a note of it cannot be made; `check` shows the gap.
        with contextlib.suppress(OSError):
            fresh = not self._path.exists()
            with self._path.open("a", encoding="utf-8") as file:
                file.writelines(line + "\n" for line in lines)
            if fresh:
                self._path.chmod(PRIVATE)
        if self._syslog:
            with contextlib.suppress(ImportError):
                log = importlib.import_module("syslog")
                for line in lines:
                    log.syslog(log.LOG_NOTICE, f"fabwatch {line}")

    def note_restored(self, seqs: Mapping[str, int]) -> None:
        """Add a line for each chain that an older state was brought back of: what came after it does not count."""
        self._add([f"{RESTORED} {chain} {seq} {iso(utc_now())}" for chain, seq in seqs.items()])

    def noted(self, chain: str) -> list[Head]:
        """What was noted of a chain, in order; a line that a killed process has left half written is none."""
        try:
            lines = self._path.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            return []
        heads: list[Head] = []
        for cells in (line.split(" ") for line in lines):
            if len(cells) != 4:
                continue
            if cells[0] == chain and cells[1].isdecimal():
                heads.append(Head(int(cells[1]), cells[2]))
            elif cells[:2] == [RESTORED, chain] and cells[2].isdecimal():
                heads = [head for head in heads if head.seq <= int(cells[2])]
        return heads


def missing(noted: list[Head], chain: Mapping[int, str]) -> list[str]:
    """What the anchor knows of a chain that the chain, {number: hash}, does not have."""
    faults = []
    for head in noted:
        if head.seq not in chain:
            faults.append(f"entry {head.seq} is gone, which the anchor notes with the hash {head.hash}")
        elif chain[head.seq] != head.hash:
            faults.append(f"entry {head.seq} is another than the anchor notes, with the hash {head.hash}")
    return faults
