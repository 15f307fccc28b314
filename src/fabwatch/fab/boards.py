"""What pages put together from answers at hand: the board of tools, areas of it, causes by check, chances by day."""

from fabwatch.risk.board import board, by_area, fails_within
from fabwatch.risk.status import causes_by_check

__all__ = ["board", "by_area", "causes_by_check", "fails_within"]
