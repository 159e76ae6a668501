"""`manage.py` commands of consent."""
