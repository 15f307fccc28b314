"""What came out: yield, bins and tests, defects, wafer maps, and what the bad wafers share."""
