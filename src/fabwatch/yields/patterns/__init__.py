"""The pattern on a wafer map: which one it is, how sure, and which other maps look like it."""
