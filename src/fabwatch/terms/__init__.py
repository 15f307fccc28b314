"""The vocabulary: tables, answers, faults in data, errors, settings and the clock."""
