"""What can be asked about live sources."""

from typing import TYPE_CHECKING, ClassVar

from fabwatch.store.view import Answerable, View
from fabwatch.terms.questions import Cost, Reach, Spec, declaration

if TYPE_CHECKING:
    from fabwatch.live.answers import LiveSources


@declaration
class LiveQuestion(Answerable["LiveSources"]):
    """How the live sources stand: connected since when, what came, what waits, and what is wrong."""

    spec: ClassVar = Spec("live list", "/live", "live", "sources", cost=Cost.LIVE, reach=Reach.FAB, tag="files")

    def answer(self, view: View) -> "LiveSources":
        """The sources of fab.toml."""
        from fabwatch.live.answers import LiveSources
        from fabwatch.live.state import standing

        found = standing(view.lake.folder, view.lake.settings.live, view.as_of)
        method = "What the queue of each source of [live] has counted, and what its receiver noted last."
        return LiveSources(*view.header(method, ""), tuple(found))


QUESTIONS = (LiveQuestion,)
