"""Typing the code of a message where one asked. Every code that does not work gets the same answer, at the same pace."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from audit.refusal import Refused
from requests_app import limits, proof
from requests_app.models import PersonSession
from requests_app.steady import steady
from requests_app.views import asking, entering, mine, visitor
from requests_app.views.visitor import signed_in


@require_POST
def of_receipt(request: HttpRequest) -> HttpResponse:
    """On the page with the reference: proves the request that this browser just sent."""
    reference, right, asked_by, waits = asking.receipt(request)
    context = {"reference": reference, "right": right, "asked_by": asked_by, "waits": waits}
    return _type(request, proof.receipt_holder(reference), "received", context)


@require_POST
def of_signin(request: HttpRequest) -> HttpResponse:
    """On the page after the sign-in form: opens the requests of this person."""
    return _type(request, entering.holder(request), "sent", {})


@require_POST
@signed_in
def of_request(request: HttpRequest, session: PersonSession, pk: UUID) -> HttpResponse:
    """On the page of a request: confirms it, or allows its download."""
    own = mine.own_request(session, pk)
    template, context = ("one", mine.context) if own.waits else ("package", mine.package_context)
    return _type(request, proof.hashed(session.key_hash), template, context(session, own))


def _type(request: HttpRequest, holder: str, template: str, context: dict[str, Any]) -> HttpResponse:
    now = timezone.now()
    wait = limits.by_network(request) or limits.by_browser(holder)
    if wait:
        return _again(request, template, context, asking.too_often(wait), status=429, wait=wait)
    try:
        with steady():
            given = proof.type_code(request.POST.get("code", ""), holder=holder, now=now)
    except Refused:
        words = _("This code does not fit, or it is too old. Look at the newest message, or use the link in it.")
        return _again(request, template, context, words, status=422)
    return entering.entered(request, given)


def _again(
    request: HttpRequest, template: str, context: dict[str, Any], words: str, *, status: int, wait: int = 0
) -> HttpResponse:
    response = visitor.page(request, template, context | {"code_error": words}, status=status)
    if wait:
        response["Retry-After"] = str(wait)
    return response
