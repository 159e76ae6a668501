"""`manage.py` commands of disclosures."""
