"""Who is looking: a stranger, or the person of a session. The cookie is the only link, and it is a hash with us."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from consent import mailing, telling
from consent.models import NoticeVersion
from requests_app import gpc, policy, proof
from requests_app.models import PersonSession

View = Callable[..., HttpResponseBase]


class SeeOther(HttpResponseRedirect):
    """303: after a POST, load that page with GET."""

    status_code = 303


def to(name: str, *args: Any, language: str = "") -> SeeOther:
    """On to one of our pages. Addresses carry ids only, never personal data."""
    query = f"?{urlencode({'language': language})}" if language and language != settings.LANGUAGE_CODE else ""
    return SeeOther(reverse(f"portal:{name}", args=args) + query)


def cookie_name() -> str:
    """`__Host-`: https only, this host only, whole site; browsers enforce it (RFC 6265bis)."""
    return "__Host-person" if settings.HTTPS else "person"


def page(
    request: HttpRequest, template: str, context: dict[str, Any] | None = None, *, status: int = 200
) -> HttpResponse:
    """One page. It knows whether a session cookie is there without asking the database."""
    known: dict[str, Any] = {
        "person": cookie_name() in request.COOKIES,
        "here": request.resolver_match and request.resolver_match.url_name,
    }
    if known["person"] and gpc.signalled(request):
        _honour(request, current(request))
    known["changed_notices"] = _changed_notices(request)
    # Days and times as in our letters: by the clock of the establishment that answers.
    with timezone.override(settings.ESTABLISHMENT_TIME_ZONE):
        return render(request, f"portal/{template}.html", known | (context or {}), status=status)


def current(request: HttpRequest) -> PersonSession | None:
    """The session of this browser, if it is signed in."""
    return proof.session(request.COOKIES.get(cookie_name()), now=timezone.now())


def signed_in(view: View) -> View:
    """The view gets the session after the request; a stranger is sent to the sign-in page.

    A browser that signals Global Privacy Control has its person's opt-out recorded here, on the first page it opens.
    """

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        session = current(request)
        if session is None:
            return leave(to("signin"))
        if gpc.signalled(request):
            _honour(request, session)
        request.person_session = session  # type: ignore[attr-defined]
        return view(request, session, *args, **kwargs)

    return guarded


def _changed_notices(request: HttpRequest) -> list[tuple[NoticeVersion, str]]:
    """Changed notices that whoever is signed in has not been told of, each with the address of what changed: on the pages that
    ask for a session anyway, and nowhere else.
    """
    session: PersonSession | None = getattr(request, "person_session", None)
    if session is None:
        return []
    found = telling.pending(session.subject, language=get_language() or settings.LANGUAGE_CODE)
    return [(one, mailing.facts(one)["link"].removeprefix(settings.SITE_URL)) for one in found]


def _honour(request: HttpRequest, session: PersonSession | None) -> None:
    """Put a signal on record for whoever is signed in, once for each page that is loaded, and say so on it."""
    if session is None or getattr(request, "signal_honoured", False):
        return
    request.signal_honoured = True  # type: ignore[attr-defined]
    if gpc.honour(session):
        messages.info(
            request, _("Your browser's opt-out signal is on. We recorded that your data is not sold or shared.")
        )


def enter(response: HttpResponse, cookie: str) -> HttpResponse:
    """Give the browser its session."""
    response.set_cookie(
        cookie_name(),
        cookie,
        max_age=policy.SESSION_HOURS * 3600,
        secure=settings.HTTPS,
        httponly=True,
        samesite="Lax",
    )
    return response


def leave(response: HttpResponse) -> HttpResponse:
    """Take the session's cookie from the browser."""
    response.set_cookie(cookie_name(), "", max_age=0, secure=settings.HTTPS, httponly=True, samesite="Lax")
    return response
