"""The privacy centre: home, the notice, our answer to Global Privacy Control, and the format of
packages."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from consent import notices
from requests_app import prose
from requests_app.delivery import described
from requests_app.views import visitor

# The day since which we honour the signal, as the GPC specification wants it stated.
GPC_SINCE = "2026-11-23"


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """What a person can do here."""
    return visitor.page(request, "home")


@require_safe
def notice(request: HttpRequest) -> HttpResponse:
    """The wording in force, with its version, its day and its fingerprint."""
    current = notices.current(language=get_language() or "en") or notices.current()
    if current is None:
        return visitor.page(request, "notice")
    wording = prose.html(current.body.removeprefix(f"# {current.title}\n"))  # the page has the title already
    return visitor.page(request, "notice", {"notice": current, "wording": wording})


@require_safe
def gpc(request: HttpRequest) -> HttpResponse:
    """/.well-known/gpc.json: this site honours the signal."""
    return JsonResponse({"gpc": True, "lastUpdate": GPC_SINCE})


@require_safe
def package_schema(request: HttpRequest) -> HttpResponse:
    """The JSON Schema of the packages that we hand out."""
    return HttpResponse(described.SCHEMA.read_bytes(), content_type="application/schema+json")
