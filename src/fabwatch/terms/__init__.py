"""What the words mean: tables, answers, faults in data, errors, settings and the clock."""
