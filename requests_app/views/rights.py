"""Which rights a person has where they live, and by when we would answer; straight from the statutes."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

import law
from law import explain
from requests_app import forms, laws
from requests_app.views import visitor


@require_safe
def rights(request: HttpRequest) -> HttpResponse:
    """Choose a place; then its laws, rights and the dates of a request of today."""
    place = request.GET.get("place", "")
    today = laws.today()
    found: list[explain.LawLines] = []
    unknown = False
    if place:
        try:
            found = explain.explain(place, today, laws.establishment(), facts=settings.COMPANY_FACTS)
        except law.UnknownResidence:
            unknown = True
    context = {
        "places": forms.places(),
        "place": place,
        "place_name": forms.place_name(place),
        "laws": found,
        "unknown": unknown,
        "today": today,
    }
    return visitor.page(request, "rights", context, status=404 if unknown else 200)
