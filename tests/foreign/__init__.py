"""The spine on a schema that none of us designed: django-oscar, filled through its own models in its own environment."""
