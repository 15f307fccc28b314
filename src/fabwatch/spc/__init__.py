"""Is it in control? Readings in figures: n, range, mean, maximum, minimum, standard deviation, Cpk."""
