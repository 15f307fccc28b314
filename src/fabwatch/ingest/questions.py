"""Questions about files: the ledger, rows set aside, files not recognised yet."""

from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from fabwatch.store.view import Answerable, View
from fabwatch.terms.clock import SKEW, utc_now
from fabwatch.terms.questions import Cost, Param, Reach, Spec, declaration

if TYPE_CHECKING:
    from fabwatch.ingest.answers import Explanation, InboxFiles, Loads, Problems

TAG = "files"
LOADS = "SELECT * FROM loads ORDER BY loaded_at DESC, path"
PROBLEMS = (
    "SELECT p.* FROM problems AS p JOIN loads AS l USING (load) WHERE $rule IS NULL OR p.rule = $rule "
    "ORDER BY l.loaded_at DESC, p.path, p.line LIMIT $limit"
)
INBOX = (
    "SELECT p.load, p.path, p.why, p.hint AS suggestion FROM loads l JOIN problems p USING (load) "
    "WHERE l.status = 'inbox' ORDER BY l.loaded_at, p.path"
)


@declaration
class LoadsQuestion(Answerable["Loads"]):
    """The ledger: every file that was taken in, newest first."""

    spec: ClassVar = Spec("loads", "/loads", "loads", "loads", reach=Reach.FAB, tag=TAG, example={"format": "csv"})

    def answer(self, view: View) -> "Loads":
        """The ledger."""
        from fabwatch.ingest.answers import Load, Loads

        return Loads(tuple(view.lake.records(Load, LOADS)))


@declaration
class ProblemsQuestion(Answerable["Problems"]):
    """What was set aside: file, line, byte, rule, reason, way out and the raw line."""

    spec: ClassVar = Spec("problems", "/problems", "problems", "problems", reach=Reach.FAB, tag=TAG, example={"limit": "10"})
    rule: Annotated[str | None, Param("Only this rule.", longest=60)] = None
    limit: Annotated[int, Param("At most so many.", least=1)] = 1000

    def answer(self, view: View) -> "Problems":
        """The rows that were set aside, newest load first."""
        from fabwatch.ingest.answers import Problems, SetAside

        return Problems(tuple(view.lake.records(SetAside, PROBLEMS, {"rule": self.rule, "limit": self.limit})))


@declaration
class InboxQuestion(Answerable["InboxFiles"]):
    """Files that are not recognised yet, and what to write into fab.toml."""

    spec: ClassVar = Spec("", "/inbox", "inbox", "files", reach=Reach.FAB, tag=TAG)

    def answer(self, view: View) -> "InboxFiles":
        """The files, the longest wait first."""
        from fabwatch.ingest.answers import InboxFile, InboxFiles

        return InboxFiles(tuple(view.lake.records(InboxFile, INBOX)))


@declaration
class ExplainQuestion(Answerable["Explanation"]):
    """How a file that was sent or that waits is read: its columns, what they are, unit, zone, how sure, and some values."""

    spec: ClassVar = Spec("", "/loads/{load}/explain", "explain", cost=Cost.DEEP, reach=Reach.FAB, tag=TAG)
    load: Annotated[str, Param("The load, as GET /loads and GET /inbox name it.", argument=True)]

    def answer(self, view: View) -> "Explanation":
        """The columns of the file, and what fab.toml states of it."""
        from fabwatch.ingest.explaining import explain

        return explain(view.lake, utc_now() + SKEW, self.load)


QUESTIONS: tuple[type[Answerable[Any]], ...] = (LoadsQuestion, ProblemsQuestion, InboxQuestion, ExplainQuestion)
