"""Coming in with the word of another site: the company's own, by a signed token, or a provider of OpenID Connect."""

import json
from dataclasses import asdict
from uuid import UUID

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from audit.refusal import Refused
from requests_app import gpc, limits, proof
from requests_app.proving import hosting, openid
from requests_app.steady import steady
from requests_app.views import asking, visitor
from requests_app.views.visitor import SeeOther

PENDING, SALT, PLACE = "openid", "portal.openid", "/signin/openid/"


# No form of ours precedes it, so there is no CSRF token: the page of the host site posts here, and its token works once.
@csrf_exempt
@require_POST
def host(request: HttpRequest) -> HttpResponse:
    """A signed token of the host site, for a session."""
    if not settings.HOST_TOKEN_KEYS:
        raise Http404
    wait = limits.by_network(request)
    if wait:
        return _again(request, asking.too_often(wait), status=429)
    try:
        with steady():
            cookie = hosting.enter(request.POST.get("token", ""), now=timezone.now())
    except Refused:
        return _again(request)
    return _enter(request, cookie)


@require_safe
def openid_begin(request: HttpRequest) -> HttpResponse:
    """Off to the provider; `?request=` asks for a fresh sign-in, to fetch what that request gave."""
    if not openid.offered():
        raise Http404
    target = _uuid(request.GET.get("request", ""))
    try:
        there, pending = openid.begin(fresh=bool(target), now=timezone.now())
    except Refused:
        return _again(request)
    response = SeeOther(there)
    kept = json.dumps({**asdict(pending), "target": target})
    response.set_signed_cookie(
        PENDING, kept, salt=SALT, max_age=openid.PENDING_SECONDS, path=PLACE, secure=settings.HTTPS, httponly=True,
        samesite="Lax",
    )  # fmt: skip
    return response


@require_safe
def openid_back(request: HttpRequest) -> HttpResponse:
    """Back from the provider: what it says is checked, then the requests of this person open."""
    if not openid.offered():
        raise Http404
    wait = limits.by_network(request)
    if wait:
        return _again(request, asking.too_often(wait), status=429)
    kept = request.get_signed_cookie(PENDING, default="", salt=SALT, max_age=openid.PENDING_SECONDS)
    if not kept:
        return _again(request)
    pending = json.loads(kept)
    target = pending.pop("target")
    try:
        cookie = openid.finish(request.GET.dict(), openid.Pending(**pending), now=timezone.now())
    except Refused:
        return _again(request)
    response = _enter(request, cookie, target)
    response.delete_cookie(PENDING, path=PLACE)
    return response


def _enter(request: HttpRequest, cookie: str, target: str = "") -> HttpResponse:
    session = proof.session(cookie, now=timezone.now())
    if session is not None and gpc.signalled(request):
        gpc.honour(session)
    return visitor.enter(visitor.to("one", target) if target else visitor.to("mine"), cookie)


def _again(request: HttpRequest, words: str = "", *, status: int = 422) -> HttpResponse:
    """The same page for every fault."""
    sentence = words or _(
        "This sign-in did not work. Go back to the page that you came from and try again, or ask for a link by e-mail."
    )
    return visitor.page(request, "not_entered", {"sentence": sentence}, status=status)


def _uuid(text: str) -> str:
    try:
        return str(UUID(text))
    except ValueError:
        return ""
