"""Is it in control? Statistics of readings: n, range, mean, maximum, minimum, standard deviation, Cpk."""
