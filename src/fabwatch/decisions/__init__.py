"""Decisions of people: holds, limits and intervals, each recorded with who, when and why."""
