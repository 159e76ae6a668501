from django.apps import AppConfig


class DisclosuresConfig(AppConfig):
    name = "disclosures"
    verbose_name = "Disclosures"

    def ready(self) -> None:
        """Make the append-only tables known to whoever looks after the triggers."""
        from disclosures import append_only  # noqa: F401, PLC0415
