"""The command line: one command a question. stdout is data, stderr is talk; 0 done, 2 something set aside, 1 failed."""

from fabwatch.cli.app import main

__all__ = ["main"]
