"""Whose the idempotency keys are (`audit.clients.keyholder`) of what no program sends."""

FILES = "Import of disclosures"
DESK = "Disclosures by hand"
WORK = "Disclosures by our own work"
