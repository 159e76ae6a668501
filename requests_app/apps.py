from django.apps import AppConfig

from connectors.bells import when_settled
from requests_app import bells


class RequestsAppConfig(AppConfig):
    name = "requests_app"
    verbose_name = "Requests"

    def ready(self) -> None:
        when_settled.append(bells.advance_batch)
