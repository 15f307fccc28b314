"""Live messages that cannot be read: set aside with their text under a name of their own, each once."""

import hashlib
from collections.abc import Sequence

from fabwatch.ingest.commit import Aside
from fabwatch.ingest.ledger import ID_LENGTH
from fabwatch.store.lake import Lake
from fabwatch.store.rows import insert
from fabwatch.terms.clock import Clock
from fabwatch.terms.problems import Problem
from fabwatch.terms.tables import LOADS
from fabwatch.terms.version import VERSION


def set_aside(lake: Lake, clock: Clock, path: str, kind: str, problems: Sequence[Problem]) -> None:
    """Enter problems under a path in the ledger; where that path stands there already nothing is done."""
    content = hashlib.sha256(path.encode()).hexdigest()
    load = content[:ID_LENGTH]
    with lake.writing():
        if lake.rows("SELECT 1 FROM lake.loads WHERE load = $load", {"load": load}):
            return
        aside = Aside(lake)
        aside.add(load, path, kind, problems)
        aside.commit()
        line = dict.fromkeys(("sha256", "bytes", "header")) | {"load": load, "path": path, "content": content, "kind": kind}
        counts = {"rows": 0, "duplicates": 0, "set_aside": len(problems)}
        text = {"status": "loaded", "message": f"{len(problems):,} messages could not be read", "version": VERSION}
        insert(lake, LOADS, [line | counts | text | {"loaded_at": clock()}])
