"""Whether the scores a model gives now still look like those of its evaluation. NumPy and SciPy alone."""
