"""The door to files: they are loaded, given up, looked at, mended and backed up."""

from collections.abc import Sequence
from pathlib import Path

from fabwatch.decisions.audit import append, reasoned
from fabwatch.fab.door import Door
from fabwatch.fab.mending import begin_repair, was_read_again
from fabwatch.fab.questions import InboxQuestion, LoadsQuestion, ProblemsQuestion
from fabwatch.ingest.answers import InboxFile, Load, SetAside
from fabwatch.ingest.loading import Ingest
from fabwatch.ingest.progress import Progress
from fabwatch.ingest.summary import IngestSummary
from fabwatch.store.backup import Backup, back_up
from fabwatch.store.check import Finding, examine
from fabwatch.store.compact import compact, sweep
from fabwatch.store.lake import Lake
from fabwatch.terms.clock import SKEW
from fabwatch.terms.errors import BadQuestion, nearest
from fabwatch.trace.upkeep import refresh_derived


class Files(Door):
    """What is done with files and with the folder of the fab."""

    _derived = False
    """Whether all that is derived of logs is known to be derived."""

    def ingest(
        self,
        paths: Sequence[str | Path] | str | Path,
        *,
        kind: str | None = None,
        dry_run: bool = False,
        again: bool = False,
        progress: Progress | None = None,
        within: str | Path | None = None,
    ) -> IngestSummary:
        """Load files, folders or patterns, each exactly once; `again` reads them anew. Raises NoSuchPath.

        Links that lead out of the folder `within` are not followed; those in a folder that is loaded never are.
        """
        named = [paths] if isinstance(paths, (str, Path)) else paths
        folder = None if within is None else Path(within)
        began = self._clock()
        summary = Ingest(self._lake, self._clock).load([Path(p) for p in named], kind, dry_run, again, progress, folder)
        if not dry_run and (summary.has_logs or again or not self._derived):
            # The first time also where no log has come: a load that was stopped may have left something to derive.
            since = began if self._derived and not summary.admitted else None
            refresh_derived(self._lake, self._clock() + SKEW, again, since)
            self._derived = True
        return summary

    def admit_due(self) -> None:
        """Store the rows that waited for their time, where it has come; every load does so as well."""
        if Ingest(self._lake, self._clock).admit_due():
            refresh_derived(self._lake, self._clock() + SKEW)

    def discard(self, load: str, *, who: str, reason: str) -> InboxFile:
        """Give up a file of the inbox; written to the audit. Raises BadQuestion for a load that does not wait."""
        waiting = {file.load: file for file in self.inbox()}
        if load not in waiting:
            near = nearest(load, waiting) or sorted(waiting)
            raise BadQuestion(
                f"No file waits under {load}.", f"fabwatch inbox lists them: {', '.join(near) or 'none waits'}"
            )
        ingest, given_up = Ingest(self._lake, self._clock), waiting[load]
        text = reasoned(reason)
        with self._lake.writing():
            ingest.forget(load)
            append(self._lake, self._now(), who, "discard", {"load": load, "path": given_up.path}, text)
        ingest.clear(load)
        return given_up

    def inbox(self) -> list[InboxFile]:
        """The files that wait for a word in fab.toml, and what to write there."""
        return list(self.ask(InboxQuestion()).files)

    def retry(self, progress: Progress | None = None) -> IngestSummary:
        """Try the files of the inbox again."""
        summary = Ingest(self._lake, self._clock).retry(progress)
        if summary.has_logs:
            refresh_derived(self._lake, self._clock() + SKEW)
        return summary

    def loads(self) -> list[Load]:
        """The ledger of files, newest first."""
        return list(self.ask(LoadsQuestion()).loads)

    def problems(self, rule: str | None = None, limit: int = 1000) -> list[SetAside]:
        """What was set aside and why, newest load first."""
        return list(self.ask(ProblemsQuestion(rule=rule, limit=limit)).problems)

    def compact(self) -> dict[str, tuple[int, int]]:
        """Merge small data files and give back what is needed no more; returns how many files each table had and has."""
        return compact(self._lake, self._clock())

    def check(self, *, deep: bool = False) -> list[Finding]:
        """Look at every table, the catalog, the files and the ledger; nothing is changed.

        `deep` compares every data file with the hash that was taken when it was committed.
        """
        return examine(self.path, self._lake, deep=deep)

    def back_up(self, folder: str | Path) -> Backup:
        """Copy the fab into a folder, which is a fab itself. Raises BadQuestion for a folder that is something else."""
        return back_up(self._lake, folder, self._now())

    def repair(self, backup: str | Path | None = None) -> list[Finding]:
        """Mend damaged data files: from a backup of the fab, else by reading their loads again from their files."""
        repairs = begin_repair(self._lake, None if backup is None else Path(backup))
        # What was changed below the tables is seen by a new connection alone.
        self._lake.close()
        self._lake = Lake(self.path, self.settings)
        read = [self.ingest([path], kind=kind, again=True) for path, kind in repairs.read_again]
        return [*repairs.findings, *(was_read_again(result) for summary in read for result in summary.files)]

    def sweep(self) -> int:
        """Delete data files that no snapshot names; returns how many."""
        return sweep(self._lake)

    # Their former names.
    doctor, tidy = check, compact
