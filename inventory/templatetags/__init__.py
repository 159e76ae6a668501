"""Filters of the inventory: `phrases`, the company's own words in the reader's language."""
