"""A code to a phone number on file: one that the person, or a colleague for them, has shown to be theirs.

Never to a number that somebody types now, nor to one that was only claimed. Whoever asks is told the same.
"""

from datetime import datetime

from audit import log
from audit.actor import Actor
from requests_app import letters, locks, proof
from requests_app.models import Request
from requests_app.proving import senders, ways
from subjects.models import Identifier


def number(request: Request) -> Identifier | None:
    """The newest number on file of this person."""
    rows = Identifier.objects.filter(subject=request.subject_id, kind=Identifier.Kind.PHONE, proved_at__isnull=False)
    return rows.order_by("-proved_at").first()


def send(request: Request, purpose: str, *, holder: str, actor: Actor, now: datetime) -> None:
    """Write a code for the browser of `holder` to the number on file; silently nothing where there is none or it had enough."""
    found = number(request)
    if found is None or not senders.offered() or not ways.allowed(request.right, "phone"):
        return
    with log.atomic():
        locks.person(request.subject_id)
        if letters.limited(found, now, "phone_code"):
            log.record("proof.limited", actor=actor, noun=request, subject_id=request.subject_id, purpose=purpose)
            return
        made = proof.attempt(request, purpose, identifier=found, now=now, holder=holder)
        log.record("proof.sent", actor=actor, noun=request, subject_id=request.subject_id, purpose=purpose, way="phone")
        letters.queue(
            request,
            "phone_code",
            dedupe=f"phone:{made.code_until:%Y%m%d%H%M%S%f}",
            context=made.words(),
            actor=actor,
            identifier=found,
            expires_at=made.code_until,
        )
