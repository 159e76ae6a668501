from importlib import import_module

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class ConsentConfig(AppConfig):
    name = "consent"
    verbose_name = "Consent and notices"

    def ready(self) -> None:
        """Make the append-only tables known to whoever looks after the triggers, and let rooms above say what they know."""
        from consent import append_only, lapsing  # noqa: F401, PLC0415

        # Retention asks it whose consent was withdrawn.
        import_module("connectors.people").ledgers.append(lapsing.Ledger())
        # How people are reached, and what else a notice has to name.
        autodiscover_modules("reaching", "nameable")
