"""The commands that are more than one question or decision."""
