"""Headers that every answer carries."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.utils.cache import patch_vary_headers

from privacyops import errors

PERMISSIONS = ", ".join(
    f"{name}=()"
    for name in (
        "accelerometer", "browsing-topics", "camera", "display-capture", "geolocation", "gyroscope", "hid",
        "local-fonts", "magnetometer", "microphone", "midi", "payment", "serial", "usb", "xr-spatial-tracking",
    )
)  # fmt: skip


def _bare(request: HttpRequest) -> bool:
    return any("\0" in value for values in request.POST.lists() for value in (values[0], *values[1]))


class Headers:
    """Nothing personal is cached, and a refused method is refused in words; the desk alone gets the wider policy that its theme
    needs.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code == 405 and not response.streaming and not response.content:
            response = self._refused(request, response)
        if not request.path.startswith(settings.STATIC_URL):
            response.setdefault("Cache-Control", "no-store")
            if response.get("Content-Type", "").startswith("text/html"):
                patch_vary_headers(response, ["Sec-GPC"])  # each page tells whether the signal was seen
        response.setdefault("Permissions-Policy", PERMISSIONS)
        if request.path.startswith("/admin/"):
            response._csp_update = settings.DESK_CSP  # type: ignore[attr-defined]
        return response

    def process_view(self, request: HttpRequest, view: Callable[..., HttpResponse], args: Any, kwargs: Any) -> None:
        """An address with a character that no database takes is refused here, rather than by each filter for itself; and so is
        a form of the desk, where keys come in hidden fields and lists. Nobody types it.
        """
        bare = "%00" in request.META.get("QUERY_STRING", "") or "\0" in request.path_info
        if bare or (request.method == "POST" and request.path.startswith("/admin/") and _bare(request)):
            raise BadRequest("a character that no database takes")

    def _refused(self, request: HttpRequest, bare: HttpResponse) -> HttpResponse:
        """The page for a refused method, in the language that the visitor was to be answered in."""
        language = bare.get("Content-Language") or settings.LANGUAGE_CODE
        with translation.override(language):
            response = errors.not_allowed(request, bare.get("Allow", ""))
        response["Content-Language"] = language
        if bare.has_header("Vary"):
            response["Vary"] = bare["Vary"]
        return response
