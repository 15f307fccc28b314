"""Operating: the part of the door for who keeps a fab running."""

from dataclasses import dataclass
from datetime import datetime

from fabwatch.alerts.cases import open_by_rule
from fabwatch.fab.door import Door
from fabwatch.store.disk import disks_of, note_free
from fabwatch.store.figures import Ledger, ledger_of
from fabwatch.store.retention import Due, due, remove
from fabwatch.terms.answers import plain

__all__ = ["Figures", "Ledger", "Operating"]


@dataclass(frozen=True)
class Figures:
    """What a monitor asks of a fab all the time."""

    ledger: Ledger
    newest: datetime | None
    open_alerts: dict[str, int]


class Operating(Door):
    """Figures for a monitor."""

    def note_disk(self) -> None:
        """Note what is free, once an hour: what an alert of the disk knows of its growth."""
        note_free(self.path, disks_of(self.path, self.settings.fab), self._clock())

    def export_audit(self, since: int = 0, form: str = "json") -> list[str]:
        """The audit after a number, the oldest entry first, each a line of json, cef or syslog. Raises BadQuestion."""
        from fabwatch.decisions.audit_export import written

        with self._lake.reading():
            return written(self._lake, since, form)

    def send_audit(self) -> int:
        """Send what is new in the audit to the receiver of `[audit] syslog`; how many entries. Raises CannotSend."""
        from fabwatch.decisions.audit_sending import send_new

        return send_new(self._lake, self.settings.audit)

    def retention_due(self) -> list[Due]:
        """What `[retention]` would let go of now; nothing is changed."""
        with self._lake.reading():
            return due(self._lake, self.settings.retention, self._clock())

    def apply_retention(self) -> list[Due]:
        """Let go of what `[retention]` says is kept no longer; written to the audit. Raises StoreBusy and DiskFull."""
        from fabwatch.decisions.audit import append

        stated = self.settings.retention
        if not stated.is_stated or not self.retention_due():
            return []
        with self._lake.writing():
            gone = remove(self._lake, stated, self._clock())
            about = {"removed": [plain(one) for one in gone]}
            append(self._lake, self._clock(), "fabwatch", "retention", about, "kept no longer by [retention] of fab.toml")
        return gone

    def figures(self) -> Figures:
        """What the ledger, the catalog and the alerts say at a glance: no records are read but the newest."""
        newest = self.newest()
        return Figures(ledger_of(self._lake), newest, open_by_rule(self._lake))
