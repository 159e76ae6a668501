"""English: the day first, twenty-four hours, no dots."""
