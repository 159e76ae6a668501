"""The request form inside the company's own site. Browsers keep cookies from frames of other sites, so it needs none.

Django's check of forms compares a cookie with a field; here there is no cookie, and none is needed: a cookie would only prove
that the sender is the visitor of a session, and this form carries nothing of a session. What is checked instead: the page
that sends is ours (Origin, Sec-Fetch-Site), and the form was given out by us (its signed ticket). Cookies that do come are
not looked at and none is set.
"""

from collections.abc import Callable
from functools import wraps
from urllib.parse import urlsplit

from csp.constants import NONE
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from requests_app import appearance
from requests_app.views import asking, visitor

View = Callable[..., HttpResponse]


def framed(view: View) -> View:
    """The view's page may stand in a frame of the sites that the company named; it sees no cookie and sets none."""

    @wraps(view)
    def shown(request: HttpRequest) -> HttpResponse:
        request.COOKIES = {}
        request.embedded = True  # type: ignore[attr-defined]
        response = view(request)
        response.cookies.clear()
        origins = appearance.current().embed_origins
        response._csp_replace = {"frame-ancestors": list(origins) or [NONE]}  # type: ignore[attr-defined]
        return xframe_options_exempt(lambda _: response)(request) if origins else response

    return csrf_exempt(shown)


@require_http_methods(["GET", "HEAD", "POST"])
@framed
def ask(request: HttpRequest) -> HttpResponse:
    """The form for any right, alone; after it the reference, on the same page."""
    if request.method == "POST" and not ours(request):
        return visitor.page(request, "embed_refused", status=403)
    response = asking.ask(request)
    if asking.RECEIPT not in response.cookies:
        return response
    request.COOKIES = {asking.RECEIPT: response.cookies[asking.RECEIPT].value}
    request.method = "GET"
    return asking.received(request)


def ours(request: HttpRequest) -> bool:
    """Whether a form comes from a page of ours, as the browser says and no script can forge."""
    origin, site = request.headers.get("Origin"), request.headers.get("Sec-Fetch-Site", "same-origin")
    if origin is None or site != "same-origin":
        return False
    return origin in settings.CSRF_TRUSTED_ORIGINS or urlsplit(origin)[:2] == (request.scheme, request.get_host())
