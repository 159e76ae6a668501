"""Commands of disclosures."""
