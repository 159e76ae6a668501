"""What somebody else did to a case since a colleague opened its page: a form that is older than that is told, not obeyed.

The page hands back the number of the newest event that it knew. Whoever looks, or writes beside the case, changes nothing
that a form could overwrite; workers neither: what they change, the verbs' own guards see.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from django.contrib.auth.models import User
from django.db.models import Max, Q

from audit import log
from audit.models import Event
from audit.refusal import Refused
from connectors.models import Finding
from requests_app import locks
from requests_app.models import Request

CHANGED = "changed_meanwhile"
# Looks, and what is added beside the case.
HARMLESS = (
    "desk.viewed", "letter.printed", "letter.posted", "attachment.fetched", "paper.seen", "parcel.fetched",
    "parcel.taken_over", "message.read", "proof.limited", "request.noted", "request.time_noted", "note.mentioned",
    "note.read", "request.watched", "request.unwatched", "request.step_ticked", "request.step_unticked",
    "request.raised", "request.lowered",
    "session.opened", "session.ended",
)  # fmt: skip


def newest() -> int:
    """The number of the newest event there is: what a page hands back with its forms. One query."""
    return Event.objects.aggregate(newest=Max("number"))["newest"] or 0


def changes(request: Request, seen: int, by: User) -> list[Event]:
    """What others did to this case after that event, oldest first."""
    findings = Finding.objects.filter(batch=request.batch_id).values_list("pk", flat=True) if request.batch_id else ()
    own = Q(noun=Request._meta.label_lower, noun_id=str(request.pk))
    decided = Q(noun=Finding._meta.label_lower, noun_id__in=[str(one) for one in findings])
    rows = Event.objects.filter(own | decided, number__gt=seen).exclude(name__in=HARMLESS)
    return list(rows.exclude(actor=f"staff:{by.pk}").exclude(actor__startswith="worker:").order_by("number"))


@contextmanager
def undisturbed(request: Request, seen: str, by: User) -> Iterator[None]:
    """Do what a form asks, in one transaction under the case's lock, if nobody else changed it since the form was opened.

    `seen` is what the form hands back; without it nothing is asked. Raises Refused (code `CHANGED`) in words.
    """
    if not (seen.isascii() and seen.isdigit() and len(seen) < 19):
        yield
        return
    with log.atomic():
        locks.request(request.pk)
        found = changes(request, int(seen), by)
        if found:
            raise Refused(said(found), code=CHANGED)
        yield


def said(found: list[Event]) -> str:
    """Who did what meanwhile, for whoever pressed the button."""
    keys = {one.actor.partition(":")[2] for one in found if one.actor.startswith("staff:")}
    names = {str(one.pk): one.get_full_name() or one.get_username() for one in User.objects.filter(pk__in=keys)}
    who = {"person": "the person", "client": "a program"}
    lines = dict.fromkeys(
        f"{log.label(one.name).lower()} ({names.get(key, 'a colleague') if kind == 'staff' else who.get(kind, kind)})"
        for one in found
        for kind, _, key in [one.actor.partition(":")]
    )
    return (
        f"Somebody changed this case since you opened it: {', '.join(lines)}. Nothing was done yet, and what you typed is"
        " still here. Look at the case as it is now, then press again."
    )
