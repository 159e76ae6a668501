from importlib import import_module

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class RetentionConfig(AppConfig):
    name = "retention"
    verbose_name = "Retention"

    def ready(self) -> None:
        """Make the append-only table, our own kind of system, the archive and the list of who was erased known, and let rooms
        above say what of theirs is cleared, and what is to be done again after a restore. Our logins need the dates that
        schedules read.
        """
        for module in ("append_only", "portal_kind", "archiving", "departing"):
            import_module(f"retention.{module}")
        import_module("connectors.rights").also_read.append(import_module("retention.scopes").dated_fields)
        autodiscover_modules("clearing")
        autodiscover_modules("redoing_sources")
