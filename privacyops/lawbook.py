"""The desk's page about the law: what holds for a place, with its calculation, and how old each statute file is."""

from django.conf import settings
from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

import law
from audit.accountable import colleague
from law import explain, tables
from requests_app import laws


def lawbook(site: AdminSite, request: HttpRequest) -> HttpResponse:
    """Rights, dates and doubts for a chosen place; below, all statutes by the age of their last check."""
    if not colleague(request).has_perm("requests_app.view_request"):
        raise PermissionDenied
    place, on, found, unknown = request.GET.get("place", ""), laws.today(), [], False
    if place:
        try:
            found = explain.explain(place, on, laws.establishment(), facts=settings.COMPANY_FACTS)
        except law.UnknownResidence:
            unknown = True
    context = {
        **site.each_context(request),
        "title": "Law",
        "places": law.residences(),
        "place": place,
        "unknown": unknown,
        "today": on,
        "laws": [(one, tables.unsure(one.statute)) for one in found],
        "files": [(age, one, tables.unsure(one)) for age, one in tables.by_age(on)],
    }
    return TemplateResponse(request, "admin/lawbook.html", context, status=404 if unknown else 200)
