"""The portal's addresses, and an empty page beside them that bears the same middleware: what a decision is measured against."""

from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from privacyops.urls import handler400, handler403, handler404, handler500, urlpatterns

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]


@csrf_exempt
def empty(request: HttpRequest) -> HttpResponse:
    """Nothing but what Django itself does."""
    return HttpResponse(b"{}", "application/json")


urlpatterns = [path("empty/", empty), *urlpatterns]
