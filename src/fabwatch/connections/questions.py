"""What can be asked about connections."""

from typing import TYPE_CHECKING, ClassVar

from fabwatch.store.view import Answerable, View
from fabwatch.terms.questions import Cost, Reach, Spec, declaration

if TYPE_CHECKING:
    from fabwatch.connections.answers import Connections


@declaration
class ConnectionsQuestion(Answerable["Connections"]):
    """How the fab stands with databases, storage, live sources and channels: when it last went well, what is wrong."""

    spec: ClassVar = Spec(
        "connections", "/connections", "connections", "connections", cost=Cost.LIVE, reach=Reach.FAB, tag="files"
    )

    def answer(self, view: View) -> "Connections":
        """The connections that fab.toml states."""
        from fabwatch.connections.answers import Connections
        from fabwatch.connections.standing import connections

        method = "What fab.toml states, with what was noted of each when it was last used; nothing is tried for the answer."
        return Connections(*view.header(method, ""), tuple(connections(view)))


QUESTIONS = (ConnectionsQuestion,)
