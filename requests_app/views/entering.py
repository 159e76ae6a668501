"""Showing who one is: the page behind a mailed link, asking for a link, and leaving."""

import secrets
from contextlib import suppress

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from audit.refusal import Refused
from requests_app import flood, glance, gpc, limits, policy, proof
from requests_app.forms import EmailForm
from requests_app.models import Proof
from requests_app.proving import stopping
from requests_app.steady import steady
from requests_app.views import asking, visitor

ASKED = "asked"
ASKED_SECONDS = policy.CODE_MINUTES * 60


@require_http_methods(["GET", "HEAD", "POST"])
def prove(request: HttpRequest, token: str) -> HttpResponse:
    """GET shows one button and uses nothing up, for mail scanners open links too; POST exchanges the link for a session."""
    now = timezone.now()
    if request.method != "POST":
        if glance.link_works(token, now):
            response = visitor.page(request, "proof")
            # Never the path with its token. Not "no-referrer": the form would arrive with `Origin: null` and be refused.
            response["Referrer-Policy"] = "strict-origin"
            return response
        return visitor.page(request, "proof_gone", status=410)
    try:
        given = proof.exchange(token, now=now)
    except Refused:
        return visitor.page(request, "proof_gone", status=410)
    return entered(request, given)


def entered(request: HttpRequest, given: proof.Exchange) -> HttpResponse:
    """On with a new session to what it is for; a browser's opt-out signal is heard at once."""
    session = proof.session(given.cookie, now=timezone.now())
    if session is not None and gpc.signalled(request):
        gpc.honour(session)
    if given.purpose == Proof.Purpose.SIGN_IN:
        return visitor.enter(visitor.to("mine"), given.cookie)
    if given.purpose == Proof.Purpose.OPEN:
        messages.success(request, _("Thank you. We know now that it is you, and have started."))
    page = "package" if given.purpose == Proof.Purpose.FRESH else "one"
    return visitor.enter(visitor.to(page, given.request.pk), given.cookie)


@require_http_methods(["GET", "HEAD", "POST"])
def stop(request: HttpRequest, token: str) -> HttpResponse:
    """ "Not you? Stop it": GET shows one button and stops nothing; POST holds all open requests and ends the sessions."""
    now = timezone.now()
    if request.method != "POST" and stopping.works(token, now):
        response = visitor.page(request, "stop")
        response["Referrer-Policy"] = "strict-origin"  # see `prove`
        return response
    try:
        if request.method != "POST":
            raise Refused(proof.GONE)
        stopping.stop(token, now=now)
    except Refused:
        return visitor.page(request, "stop_gone", status=410)
    return visitor.leave(visitor.page(request, "stopped"))


@require_http_methods(["GET", "HEAD", "POST"])
def signin(request: HttpRequest) -> HttpResponse:
    """Asks for an address and says the same to everybody."""
    if request.method != "POST":
        return asking.show(request, EmailForm(), "signin")
    form = EmailForm(request.POST)
    wait = limits.by_network(request)
    if not wait and form.is_valid():
        wait = limits.by_mailbox(form.cleaned_data["email"])
    if wait:
        return asking.slow_down(request, form, "signin", wait)
    if not form.is_valid():
        return asking.show(request, form, "signin", status=422)
    held = flood.holds(request, form)
    if held:
        return asking.hold_on(request, form, "signin", held)
    # The form has checked the address: any other refusal would tell a stranger something about it.
    asked = secrets.token_urlsafe(32)
    with steady(), suppress(Refused):
        proof.sign_in(form.cleaned_data["email"], now=timezone.now(), holder=proof.hashed(asked))
    response = visitor.to("sent")
    # By it the code in the message is bound to this browser; everybody gets one.
    response.set_cookie(
        ASKED, asked, max_age=ASKED_SECONDS, path="/signin/", secure=settings.HTTPS, httponly=True, samesite="Lax"
    )
    return response


def holder(request: HttpRequest) -> str:
    """What this browser holds since it sent the sign-in form, as a hash."""
    return proof.hashed(request.COOKIES.get(ASKED, ""))


@require_safe
def sent(request: HttpRequest) -> HttpResponse:
    """Says that a link is on its way, if there is anybody to send it to."""
    return visitor.page(request, "sent")


@require_POST
def signout(request: HttpRequest) -> HttpResponse:
    """Ends the session here and with us."""
    session = visitor.current(request)
    if session is not None:
        proof.sign_out(session)
    messages.info(request, _("You are signed out."))
    return visitor.leave(visitor.to("home"))
