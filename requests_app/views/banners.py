"""What the banner on the company's own sites asks and tells. No cookie is looked at, and none is set.

There is no CSRF token, for there is no session that could be ridden. What is checked instead: the page that sends is one of the
site's (Origin, which browsers set and scripts cannot), the body's size and shape, and how often its network sends.
"""

import json
import re
from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.translation import get_supported_language_variant
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from audit import actor as actors
from audit.refusal import Refused
from consent import browsers, devices
from consent.banner import answering, regimes, seeing, setup
from consent.models import Site
from requests_app import appearance, colours, gpc, limits
from requests_app.proving import hosting

MOST_BYTES = 8_192
STATUS = {"malformed": 400, "banner_changed": 409, "idempotency_conflict": 409, "device_conflict": 409}
CACHED = "public, max-age=300"
LANGUAGE = re.compile(r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$")
Post = Callable[[HttpRequest, Site, Any], dict[str, Any]]


@require_safe
def config(request: HttpRequest, key: str) -> HttpResponse:
    """The setup of a site's banner. Public: it says what the banner says."""
    site = _site(key)
    said = setup.build(site, language=_language(request), region=_region(request))
    said |= {"signal": gpc.signalled(request), "look": _look(site), "people": bool(settings.HOST_TOKEN_KEYS)}
    response = JsonResponse(said)
    response["Cache-Control"] = CACHED
    patch_vary_headers(response, ["Origin", "Sec-GPC", *([settings.REGION_HEADER] if settings.REGION_HEADER else [])])
    return _shared(request, site, response)


def _answered(view: Post, limit: Callable[[HttpRequest], int | None]) -> Callable[..., HttpResponse]:
    """A door for POSTs of the banner: who may send, how much, how often; every refusal is JSON in words."""

    @wraps(view)
    def door(request: HttpRequest, key: str) -> HttpResponse:
        site = _site(key)
        if _origin(request, site) is None:
            return _refused("This page is none of the site's.", "origin", 403)
        wait = limit(request)
        if wait is not None:
            response = _refused("Too many answers came from this network. They are sent again later.", "throttled", 429)
            response["Retry-After"] = str(wait)
            return _shared(request, site, response)
        if len(request.body) > MOST_BYTES:
            return _shared(request, site, _refused("This is more than a banner sends.", "too_large", 413))
        try:
            response = JsonResponse(view(request, site, json.loads(request.body)))
        except Refused as error:
            status = {"malformed": 400, "banner_changed": 409, "idempotency_conflict": 409, "device_conflict": 409}.get(
                error.code, 422
            )
            response = _refused(error.message, error.code, status)
        except (ValueError, RecursionError):
            response = _refused(answering.MALFORMED, "malformed", 400)
        return _shared(request, site, response)

    return csrf_exempt(require_POST(door))


def _choices(request: HttpRequest, site: Site, given: Any) -> dict[str, Any]:
    """What a visitor chose."""
    recorded = answering.record(site, answering.read(given))
    return {"recorded": len(recorded)}


def _standing(request: HttpRequest, site: Site, given: Any) -> dict[str, Any]:
    """What holds for the person whose browser this is: their No on another device holds here, too."""
    return {"choices": answering.held(_device(given))}


def _person(request: HttpRequest, site: Site, given: Any) -> dict[str, Any]:
    """Whose browser this is, by a signed token of the site (docs/proof.md); from then on its choices are the person's."""
    if not settings.HOST_TOKEN_KEYS:
        raise Refused("This portal knows no keys of the site.", code="no_keys")
    device = _device(given)
    subject = hosting.recognise(str(given.get("token", "")), now=timezone.now())
    devices.adopt(browsers.find_or_make(device), subject, actor=actors.person(subject.pk))
    return {"choices": answering.held(device)}


def _cookies(request: HttpRequest, site: Site, given: Any) -> dict[str, Any]:
    """Names of cookies that the visitor's browser holds on this site."""
    seeing.note(site, given.get("names") if isinstance(given, dict) else None)
    return {"noted": True}  # the same for everybody: what is new tells nobody anything


choices = _answered(_choices, limits.by_banner)
standing = _answered(_standing, limits.by_banner)
person = _answered(_person, limits.by_banner)
cookies = _answered(_cookies, limits.by_report)


def _site(key: str) -> Site:
    found = setup.site(key)
    if found is None:
        raise Http404
    return found


def _device(given: Any) -> str:
    device = given.get("device") if isinstance(given, dict) else None
    if not isinstance(device, str) or not browsers.ID.match(device):
        raise Refused(answering.MALFORMED, code="malformed")
    return device


def _origin(request: HttpRequest, site: Site) -> str | None:
    """The page's origin if it is one of the site's, or our own."""
    origin = request.headers.get("Origin", "")
    ours = origin == settings.SITE_URL or urlsplit(origin)[:2] == (request.scheme, request.get_host())
    return origin if ours or origin in setup.origins(site) else None


def _shared(request: HttpRequest, site: Site, response: HttpResponse) -> HttpResponse:
    """Readable by the site's own pages, and by nobody else's."""
    origin = _origin(request, site)
    patch_vary_headers(response, ["Origin"])
    if origin is not None:
        response["Access-Control-Allow-Origin"] = origin
        response["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


def _refused(sentence: str, code: str, status: int) -> JsonResponse:
    return JsonResponse({"code": code, "message": sentence}, status=status)


def _region(request: HttpRequest) -> str:
    """From where the visitor comes: as the page says, else as our proxy does."""
    said = regimes.region(request.GET.get("region", "")[:12])
    return said or regimes.region(
        request.headers.get(settings.REGION_HEADER, "")[:12] if settings.REGION_HEADER else ""
    )


def _language(request: HttpRequest) -> str:
    """The page's language if it is one of ours; not `lang`, which would be remembered as the visitor's own choice."""
    wanted = request.GET.get("language", "")[:20]
    try:
        return get_supported_language_variant(wanted.lower()) if LANGUAGE.match(wanted) else settings.PUBLIC_LANGUAGE
    except LookupError:
        return settings.PUBLIC_LANGUAGE


def _look(site: Site) -> dict[str, dict[str, str]]:
    """The colours by day and by night: the site's own, else the privacy centre's."""
    look = appearance.current()
    day = site.colour or look.colour
    night = site.night_colour or (colours.mended(site.colour, "night") if site.colour else look.night_colour)
    return {
        scheme: {name.removeprefix("--"): value for name, value in colours.palette(colour, scheme).items()}
        for scheme, colour in (("day", day), ("night", night))
    }
