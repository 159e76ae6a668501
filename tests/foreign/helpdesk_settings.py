"""Settings of the scratch help desk. Runs in an environment of its own, never in ours."""

import os

SECRET_KEY = "scratch-desk-only"
DEBUG = False
USE_TZ = True
SITE_ID = 1
ROOT_URLCONF = "helpdesk_settings"
urlpatterns: list[object] = []
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": os.environ["DESK_DATABASE"]}}
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
HELPDESK_TEAMS_MODE_ENABLED = False
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.sites",
    "django.contrib.humanize",
    "django.contrib.admin",
    "django.contrib.messages",
    "rest_framework",
    "helpdesk",
]
MIDDLEWARE: list[str] = []
