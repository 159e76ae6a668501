"""Which language a page is shown in: what the visitor chose, else what their browser asks for, else what is usual there."""

from urllib.parse import parse_qsl, urlencode, urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.locale import LocaleMiddleware
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation.trans_real import parse_accept_lang_header
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from law import languages as tables

# For colleagues and for programs: always in English, whatever their browser asks for.
ENGLISH = ("/admin/", "/api/")
YEAR = 365 * 24 * 3600


def offered(code: str) -> str:
    """The language of ours that `code` names (`pt`, `pt-PT` and `pt-br` are one of them), or nothing."""
    try:
        return translation.get_supported_language_variant(code) if code else ""
    except LookupError:
        return ""


def choose(asked: str, cookie: str, accepted: str) -> str:
    """The language of a page: of the address, of the cookie, of the browser, usual where it comes from, our default."""
    tags = [tag for tag, _ in parse_accept_lang_header(accepted)]
    wanted = [asked, cookie, *tags, tables.usual(tags)]
    return next(filter(None, map(offered, wanted)), "") or settings.PUBLIC_LANGUAGE


def remember(response: HttpResponseBase, language: str) -> None:
    """Keep a choice in this browser. The cookie holds a language and nothing about who chose it."""
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME, language, max_age=YEAR, secure=settings.HTTPS, httponly=True, samesite="Lax"
    )


@csrf_exempt  # a token would put a cookie on every page, for a button that changes words and nothing else
@require_POST
def chosen(request: HttpRequest) -> HttpResponse:
    """The visitor chose a language at the foot of a page: back to that page, in it."""
    response = HttpResponse(status=303, headers={"Location": _back(request.POST.get("next", ""))})
    if language := offered(request.POST.get("language", "")[:20]):
        remember(response, language)
    return response


def _back(address: str) -> str:
    """The page that the choice was made on, without a language in its address; the first page for any other site."""
    if not address.startswith("/") or not url_has_allowed_host_and_scheme(address, allowed_hosts=None):
        return "/"
    parts = urlsplit(address)
    rest = urlencode([(key, value) for key, value in parse_qsl(parts.query) if key != "lang"])
    return parts.path + (f"?{rest}" if rest else "")


class Languages(LocaleMiddleware):
    """Speaks the visitor's language on public pages. `?lang=` on a link chooses as the visitor's own click would."""

    def process_request(self, request: HttpRequest) -> None:
        """Speak it from here on."""
        if request.path.startswith(ENGLISH):
            language = "en"
        else:
            cookie = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
            accepted = request.headers.get("Accept-Language", "")
            language = choose(request.GET.get("lang", "")[:20], cookie[:20], accepted)
        translation.activate(language)
        request.LANGUAGE_CODE = language

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """Say which language it was and on what that hung; what comes next in this thread starts anew."""
        response.setdefault("Content-Language", translation.get_language() or "en")
        if not request.path.startswith((*ENGLISH, settings.STATIC_URL)):
            patch_vary_headers(response, ("Accept-Language", "Cookie"))
            chosen = offered(request.GET.get("lang", "")[:20])
            if chosen and isinstance(response, HttpResponse):
                remember(response, chosen)
        translation.deactivate()
        return response
