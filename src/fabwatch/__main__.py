"""`python -m fabwatch` is the command line."""

from fabwatch.cli import main

main()
