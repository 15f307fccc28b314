"""KLARF 1.1, 1.2 and 1.8: defects as inspection tools write them, read by the columns that each file itself names."""
