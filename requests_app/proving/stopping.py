"""Every channel on file hears that a request was opened, and before a deletion once more: "not you? stop it".

1. `tell` writes one letter to each proved e-mail address of the person but the one that asked, with a link of its own. What
   only our systems know is told when the search has shown it (`held`).
2. A stop holds every open request of the person that needs proof: nothing is searched, approved, handed out or deleted, work
   that has not begun is called off, a package is destroyed, and all sessions end. Looking at the link (GET) does none of it.
3. Only a colleague lets it go on, with a reason; what was found before the stop is then searched anew.
"""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import F, Q, QuerySet

from audit import actor as actors
from audit import log
from audit.actor import Actor
from audit.refusal import Refused
from connectors import settling
from requests_app import attention, letters, locks, plans, policy, proof, workflow
from requests_app.models import Letter, Parcel, PersonSession, Proof, Request, State
from subjects.models import Identifier

CLEARED = {
    "asked_themselves": "The person says that they asked after all",
    "proved_again": "The person proved themselves in another way",
}


def tell(request: Request, *, now: datetime, actor: Actor) -> int:
    """Tell every other channel on file that this request was opened; how many letters."""
    if not plans.thaw(request.plan).needs_proof:
        return 0
    others = _on_file(request).exclude(pk=letters.address(request).pk)
    return _write(request, "opened", others, now, actor)


def tell_before_erasure(request: Request, *, now: datetime, actor: Actor) -> int:
    """Tell every channel on file, the asking one too, that an approved deletion is about to begin; how many letters."""
    return _write(request, "erasing", _on_file(request), now, actor)


def tell_found(request: Request, identifiers: Sequence[UUID], *, now: datetime, actor: Actor) -> int:
    """Tell mailboxes that only our systems knew until now what the others were told already; how many letters."""
    channels = Identifier.objects.filter(pk__in=identifiers)
    written = _write(request, "opened", channels, now, actor)
    if request.state == State.DELIVERING and plans.thaw(request.plan).operation == "erase":
        written += _write(request, "erasing", channels, now, actor)
    return written


def works(token: str, now: datetime) -> bool:
    """Whether this stop link could still be used. Changes nothing."""
    return _link(token).filter(used_at=None, expires_at__gt=now).exists()


def stop(token: str, *, now: datetime) -> int:
    """Use a stop link: hold all open requests of the person, end their sessions; how many requests were held.

    Raises Refused for a link that is unknown, used or dead.
    """
    with log.atomic():
        row = _link(token).select_related("identifier").first()
        if row is None:
            raise Refused(proof.GONE, code="link_unknown")
        locks.request(row.request_id)
        if not Proof.objects.filter(pk=row.pk, used_at=None, expires_at__gt=now).update(used_at=now):
            raise Refused(proof.USED, code="link_used")
        subject = row.identifier.subject_id
        held = 0
        open_ones = Request.objects.filter(subject=subject, stopped_at=None).filter(
            ~Q(state=State.CLOSED) | Q(parcel__state=Parcel.State.READY)
        )
        for request in open_ones.order_by("pk"):
            if plans.thaw(request.plan).needs_proof:
                _hold(locks.request(request.pk), now)
                held += 1
        PersonSession.objects.filter(subject=subject).delete()
    return held


def clear(request: Request, *, by: User, reason: str) -> Request:
    """A colleague made sure that the person asked: the request goes on. Raises Refused."""
    if not by.has_perm("requests_app.decide_request"):
        raise Refused("Your role may not do this. Ask a colleague who reviews requests.", code="not_allowed")
    if reason not in CLEARED:
        raise Refused("Choose why it may go on.", code="reason_unknown", field="reason")
    who = actors.staff(by.pk)
    with log.atomic():
        fresh = locks.request(request.pk)
        if fresh.stopped_at is None:
            raise Refused("Nobody stopped this request, or it goes on already.", code="state_conflict")
        Request.objects.filter(pk=fresh.pk).update(stopped_at=None)
        fresh.stopped_at = None
        log.record("request.stop_cleared", actor=who, noun=fresh, subject_id=fresh.subject_id, reason=reason)
        if fresh.state in (State.IN_REVIEW, State.DELIVERING) and fresh.batch is not None:
            settling.cancel(fresh.batch, actor=who)
            workflow.search_again(fresh, actor=who)
        attention.refresh(fresh.pk, actor=who)
        workflow.nudge(fresh)
    return Request.objects.get(pk=fresh.pk)


def _hold(request: Request, now: datetime) -> None:
    person = actors.person(request.subject_id)
    Request.objects.filter(pk=request.pk).update(stopped_at=now)
    if request.state == State.DELIVERING and request.batch is not None:
        settling.cancel(request.batch, actor=person)
    unbuilt = Parcel.objects.filter(request=request, state=Parcel.State.OPEN)
    unbuilt.update(state=Parcel.State.EXPIRED, lease_until=None, fence=F("fence") + 1)
    Parcel.objects.filter(request=request, state=Parcel.State.READY).update(expires_at=now)
    log.record("request.stopped", actor=person, noun=request, subject_id=request.subject_id, state=request.state)
    attention.refresh(request.pk, actor=person)


def _on_file(request: Request) -> "QuerySet[Identifier]":
    rows = Identifier.objects.filter(subject=request.subject_id, kind=Identifier.Kind.EMAIL)
    shown = Q(claimed=False, proved_at__isnull=False) | Q(held_at__isnull=False)
    return rows.filter(shown).order_by("created_at")


def _write(request: Request, kind: str, channels: "QuerySet[Identifier]", now: datetime, actor: Actor) -> int:
    written = 0
    for channel in channels:
        # A flood of its own kind only: links that a stranger makes us send must not use this letter's place up.
        recent = Letter.objects.filter(identifier=channel, kind=kind, queued_at__gt=now - timedelta(hours=1))
        if recent.count() >= policy.STOP_LETTERS_AN_HOUR:
            continue  # the link in the last one stops this request, too
        token = secrets.token_urlsafe(32)
        Proof.objects.create(
            request=request,
            purpose=Proof.Purpose.STOP,
            identifier=channel,
            token_hash=proof.hashed(token),
            expires_at=now + timedelta(days=policy.STOP_DAYS),
        )
        letters.queue(
            request,
            kind,
            dedupe=f"{kind}:{channel.pk}:{secrets.token_hex(4)}",
            context={
                "stop_link": f"{settings.SITE_URL}/stop/{token}/",
                "stop_days": policy.STOP_DAYS,
                "hours": hours(),
            },
            actor=actor,
            identifier=channel,
        )
        written += 1
    return written


def hours() -> int:
    """Hours between an approved deletion and its start."""
    return int(settings.ERASURE_COOLING_OFF_HOURS)


def _link(token: str) -> "QuerySet[Proof]":
    return Proof.objects.filter(token_hash=proof.hashed(token), purpose=Proof.Purpose.STOP)
