"""The privacy centre: home, the page before other sites, our answer to Global Privacy Control, and the format of packages."""

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from disclosures.models import ExternalSite
from requests_app.delivery import described
from requests_app.views import visitor

# The day since which we honour the signal, as the GPC specification wants it stated.
GPC_SINCE = "2026-11-23"


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """What a person can do here."""
    return visitor.page(request, "home")


@require_safe
def leaving(request: HttpRequest, pk: int) -> HttpResponse:
    """Where a link of ours leads, before one goes there. By the register's ids only: no address can be asked for."""
    site = ExternalSite.objects.filter(pk=pk).first()
    if site is None:
        raise Http404
    gone = site.state != ExternalSite.State.IN_USE
    return visitor.page(request, "leaving", {"site": site, "gone": gone}, status=410 if gone else 200)


@require_safe
def gpc(request: HttpRequest) -> HttpResponse:
    """/.well-known/gpc.json: this site honours the signal."""
    return JsonResponse({"gpc": True, "lastUpdate": GPC_SINCE})


@require_safe
def package_schema(request: HttpRequest) -> HttpResponse:
    """The JSON Schema of the packages that we hand out."""
    return HttpResponse(described.SCHEMA.read_bytes(), content_type="application/schema+json")
