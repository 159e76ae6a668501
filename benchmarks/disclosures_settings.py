"""The settings of the benchmark of consent, and pages without a manifest of static files, which nobody collected here."""

from benchmarks.consent_settings import *  # noqa: F403
from privacyops.settings import STORAGES

STORAGES = {**STORAGES, "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
