"""What came out: yield, bins, wafer maps and what the bad wafers have in common."""
