"""`python -m fabwatch` is the command line."""

from fabwatch.cli import main

if __name__ == "__main__":
    main()
