"""App configurations of the roof."""

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig
from django.utils.module_loading import autodiscover_modules


class RoofConfig(AppConfig):
    name = "privacyops"
    verbose_name = "PrivacyOps"

    def ready(self) -> None:
        # The checks read other apps' rules, which are there only now.
        autodiscover_modules("checks")


class DeskConfig(AdminConfig):
    """The staff desk: Django's admin under our own site class, so that every screen is accountable."""

    default_site = "privacyops.desk.Desk"
