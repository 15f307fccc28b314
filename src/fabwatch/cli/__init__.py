"""The command line: one command per question. stdout is data, stderr messages; exit code 0 done, 2 set aside, 1 failed."""

from fabwatch.cli.app import main

__all__ = ["main"]
