"""The company's colours and logo, under addresses that change with them, so that browsers keep them for good."""

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from requests_app import appearance
from requests_app.models import Appearance

FOR_GOOD = "public, max-age=31536000, immutable"


@require_safe
def stylesheet(request: HttpRequest) -> HttpResponse:
    """The variables of the company's look; nothing but colours and fonts of the device."""
    look = appearance.current()
    response = HttpResponse(look.css, content_type="text/css; charset=utf-8")
    response["Cache-Control"] = FOR_GOOD if request.GET.get("v") == look.css_digest else "no-cache"
    return response


@require_safe
def logo(request: HttpRequest, digest: str) -> HttpResponse:
    """The logo, as it was written anew when it was uploaded."""
    row = Appearance.objects.filter(logo_digest__startswith=digest).exclude(logo_digest="").first()
    if row is None:
        raise Http404
    response = HttpResponse(bytes(row.logo), content_type="image/png")
    response["Cache-Control"] = FOR_GOOD
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response
