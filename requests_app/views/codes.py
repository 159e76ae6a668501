"""Typing the code of a message where one asked. Every code that does not work gets the same answer, at the same pace."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from audit import actor as actors
from audit.refusal import Refused
from requests_app import glance, limits, proof, reads
from requests_app.models import PersonSession, Proof, Request
from requests_app.proving import facts, phones
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


def _asked_for_oneself(request: HttpRequest) -> str:
    """The reference that this browser got for a request of its own; whoever asks for somebody else proves nothing here."""
    reference, _right, asked_by, _waits = asking.receipt(request)
    return reference if asked_by == Request.AskedBy.SELF else ""


@require_POST
def phone_of_receipt(request: HttpRequest) -> HttpResponse:
    """On the page with the reference: a code to the phone that we know, if there is one. Everybody is told the same."""
    reference = _asked_for_oneself(request)
    wait = limits.by_network(request) or limits.by_browser(proof.receipt_holder(reference))
    if not wait:
        with steady():
            found = reads.by_reference(reference)
            if found is not None:
                who = actors.person(found.subject_id)
                holder = proof.receipt_holder(reference)
                phones.send(found, Proof.Purpose.OPEN, holder=holder, actor=who, now=timezone.now())
    return _told(request, wait, "received")


@require_POST
def facts_of_receipt(request: HttpRequest) -> HttpResponse:
    """On the page with the reference: answers to be compared with what our systems know. Everybody is told the same."""
    reference = _asked_for_oneself(request)
    wait = limits.by_network(request) or limits.by_browser(proof.receipt_holder(reference))
    if wait:
        messages.warning(request, asking.too_often(wait))
        return visitor.to("received")
    words = _("Thank you. We compare it with what we know. If all of it fits, we go on and you hear from us by e-mail.")
    with steady():
        try:
            found = reads.by_reference(reference)
            if found is not None:
                facts.answer(found, {name: str(value) for name, value in request.POST.items()}, now=timezone.now())
        except Refused as refused:
            words = refused.message
    messages.info(request, words)
    return visitor.to("received")


@require_POST
@signed_in
def phone_of_request(request: HttpRequest, session: PersonSession, pk: UUID) -> HttpResponse:
    """On the page of a request: the same, to confirm it or to fetch its package."""
    own = mine.own_request(session, pk)
    holder = proof.hashed(session.key_hash)
    wait = limits.by_network(request) or limits.by_browser(holder)
    if not wait and (own.waits or glance.package(own.request, timezone.now()) is not None):
        purpose = Proof.Purpose.OPEN if own.waits else Proof.Purpose.FRESH
        who = actors.person(session.subject_id)
        phones.send(own.request, purpose, holder=holder, actor=who, now=timezone.now())
    return _told(request, wait, "one", pk)


def _told(request: HttpRequest, wait: int | None, name: str, *args: UUID) -> HttpResponse:
    words = _("If we know a phone number of yours, a code is on its way there. Type it below.")
    messages.success(request, asking.too_often(wait) if wait else words)
    return visitor.to(name, *args)


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
