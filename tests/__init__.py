"""Tests mirror the folders; `stories` read as prose, `house` keeps the rules of the house, `faults` are the bad days."""
