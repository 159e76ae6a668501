"""Consent receipts: `records` says what stands in one, `signing` makes it provable without us."""
