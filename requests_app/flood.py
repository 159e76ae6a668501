"""What a form must bring while a flood goes on: a proof of work, or time.

The proof is found by a script while the person writes. Without JavaScript it is enough that the form was open for a while
(FLOOD_WAIT_SECONDS), which it was for most people anyhow; a form that comes earlier goes back with all that was typed, and one
press later it is taken. Robots would wait too, so a network may send only some forms that way (limits.WAITED).
"""

import time
from dataclasses import dataclass

from django.conf import settings
from django.core.signing import BadSignature, b62_decode
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from requests_app import limits, work
from requests_app.forms import Ticketed, signer


@dataclass(frozen=True)
class Asked:
    """What a page asks of the visitor's browser."""

    challenge: str
    seconds: int


@dataclass(frozen=True)
class Held:
    """A form that must come again: why, and in how many seconds."""

    sentence: str
    seconds: int


def asks(request: HttpRequest) -> Asked | None:
    """The challenge for a form that is given out now; None while there is no flood."""
    if not limits.flooded(request):
        return None
    return Asked(work.challenge(settings.FLOOD_BITS), settings.FLOOD_WAIT_SECONDS)


def holds(request: HttpRequest, form: Ticketed) -> Held | None:
    """Why a valid form is not taken yet; None when it may pass, as all do while there is no flood."""
    if not limits.flooded(request):
        return None
    mark = form.mark()
    given, number = request.POST.get("work", ""), request.POST.get("work_number", "")
    if work.solved(given, number, settings.FLOOD_BITS) and work.spend(given, mark):
        return None
    ticket = form.cleaned_data["ticket"]
    left = settings.FLOOD_WAIT_SECONDS - _age(ticket)
    if left > 0:
        return Held(_wait(left), left)
    if not work.spend(ticket, mark):
        return Held(_("This form was sent already. Load the page again and fill in a new one."), 1)
    later = limits.by_waiting(request)
    return None if later is None else Held(_else(), later)


def _age(ticket: str) -> int:
    """Whole seconds since a form was given out; the form has checked the signature."""
    try:
        signer().unsign(ticket)
    except BadSignature:
        return 0
    return int(time.time()) - b62_decode(ticket.rsplit(":", 2)[1])


def _wait(seconds: int) -> str:
    return ngettext(
        "Very many forms are arriving just now. Please wait %(seconds)d second and send yours again.",
        "Very many forms are arriving just now. Please wait %(seconds)d seconds and send yours again.",
        seconds,
    ) % {"seconds": seconds}


def _else() -> str:
    return _(
        "Very many forms are arriving just now, also from your network. Please switch on JavaScript and send it again,"
        " try again later, or write to %(mailbox)s."
    ) % {"mailbox": settings.COMPANY_EMAIL}
