"""The desk's page of the data map, and its picture as a file."""

from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone

from audit.accountable import colleague
from privacyops.data_map import drawing, facts


def data_map(site: AdminSite, request: HttpRequest) -> HttpResponse:
    """The map as it stands now; `system=key` shows one system, `as=svg` downloads the picture."""
    user = colleague(request)
    if not user.has_perm("inventory.view_purpose"):
        raise PermissionDenied
    found, system = facts.read(), request.GET.get("system", "")
    one = next((place for place in found.places if place.key == system), None)
    wanted = request.GET.get("as", "")
    if (system and one is None) or wanted not in ("", "svg"):
        raise Http404
    drawn = drawing.draw(found, system)
    if wanted:
        return _download(drawn, system)
    context = {
        **site.each_context(request),
        "title": "Data map",
        "map": found,
        "one": one,
        "places": [one] if one else found.places,
        "lost": [row for row in found.lost if one is None or row.system == one.key],
        "drawing": drawn,
        "svg": drawing.svg(drawn),
        "may_open": user.has_perm("inventory.view_collection"),
    }
    return TemplateResponse(request, "admin/data_map.html", context)


def _download(drawn: drawing.Drawing, system: str) -> HttpResponse:
    answer = HttpResponse(drawing.svg(drawn, alone=True), content_type="image/svg+xml; charset=utf-8")
    name = "-".join(filter(None, ("data-map", system, timezone.localdate().isoformat())))
    answer["Content-Disposition"] = f'attachment; filename="{name}.svg"'
    return answer
