"""Hostile strings through every field of every public page and of the API."""
