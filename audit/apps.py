from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class AuditConfig(AppConfig):
    name = "audit"
    verbose_name = "Accountability"

    def ready(self) -> None:
        # Each app declares the events that it may record, and the checks that it answers for.
        autodiscover_modules("events", "assurance_checks")
