"""The roof: settings, Celery and its beat table, urls, API root, roles, the staff desk, system checks and commands.

Imports every floor below; no floor imports it.
"""

from privacyops.celery import app as celery_app

__all__ = ("celery_app",)
