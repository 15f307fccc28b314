"""The one door to a fab: `Fab` has a method a question, and every question and action is declared here for all faces."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fabwatch.fab.fab import Fab

__all__ = ["Fab"]


def __getattr__(name: str) -> Any:
    # The engine is loaded when a fab is opened, not when its questions are looked at.
    if name == "Fab":
        from fabwatch.fab.fab import Fab

        return Fab
    raise AttributeError(name)
