"""What pages put together from answers at hand: the board of tools, areas of it, a chance within some days."""

from fabwatch.risk.board import board, by_area, fails_within

__all__ = ["board", "by_area", "fails_within"]
