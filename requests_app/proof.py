"""Who is asking: one-time links to a mailbox, and the browser session that a used link opens.

A link is not a session: opening it (GET) changes nothing, for mail scanners open links too; its POST exchanges the token, once,
for a cookie. Tokens and cookies are kept as hashes only. Strangers learn nothing: whoever asks gets the same answer.
"""

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.utils import timezone

from audit import actor as actors
from audit import log
from audit.actor import Actor
from audit.refusal import Refused
from requests_app import letters, locks, policy, workflow
from requests_app.models import Outcome, PersonSession, Proof, Request, State
from subjects import registry
from subjects.models import Identifier

METHODS = {
    "in_person": "They came in person",
    "signed_in": "They were signed in to their account",
    "called_back": "We called them back at a number that we had",
    "data_compared": "They knew data that we hold about them",
}
GONE = "This link is not known here. Ask for a new one on the sign-in page."
USED = "This link was used already. Ask for a new one on the sign-in page."
EXPIRED = "This link has expired. Ask for a new one on the sign-in page."


@dataclass(frozen=True)
class Exchange:
    """What a used link gives: the value of the cookie, the request that it belongs to, and what it was for."""

    cookie: str
    request: Request
    purpose: str


def hashed(secret: str) -> str:
    """SHA-256 of a token with 256 random bits."""
    return hashlib.sha256(secret.encode()).hexdigest()


def link(request: Request, purpose: str, *, identifier: Identifier, now: datetime) -> tuple[str, datetime]:
    """A new one-time link and when it dies. The token stands in the letter only."""
    token = secrets.token_urlsafe(32)
    expires_at = now + timedelta(minutes=settings.PROOF_LINK_MINUTES)
    Proof.objects.create(
        request=request, purpose=purpose, identifier=identifier, token_hash=hashed(token), expires_at=expires_at
    )
    return f"{settings.SITE_URL}/proof/{token}/", expires_at


def send(request: Request, purpose: str, *, actor: Actor, now: datetime | None = None) -> None:
    """Mail a link for `purpose` to the address of the request; silently nothing when that mailbox had enough."""
    _mail(request, purpose, letters.address(request), actor=actor, now=now or timezone.now())


def sign_in(email: str, *, now: datetime) -> None:
    """Mail a link to see one's requests, if this address has any. The caller's answer is the same either way.

    Raises Refused (field "email") for what is not an address.
    """
    subject = registry.known("email", email)
    if subject is None:
        return
    request = Request.objects.filter(subject=subject).order_by("-received_at").first()
    if request is None:
        return
    identifier = registry.add(subject, "email", email, actor=actors.person(subject.pk))
    _mail(request, Proof.Purpose.SIGN_IN, identifier, actor=actors.person(subject.pk), now=now)


def exchange(token: str, *, now: datetime) -> Exchange:
    """Use a link: a session for this browser, and for a link of purpose `open` the proof of its request.

    1. one guarded UPDATE uses the token up; whoever changed no row has lost;
    2. the session's key leaves as the cookie's value and stays as a hash;
    3. the request is proved, and moves on.
    Raises Refused for an unknown, used or expired link.
    """
    with log.atomic():
        proof = Proof.objects.select_related("identifier").filter(token_hash=hashed(token)).first()
        if proof is None:
            raise Refused(GONE, code="link_unknown")
        request = locks.request(proof.request_id)
        unused = Proof.objects.filter(pk=proof.pk, used_at=None)
        if not unused.filter(expires_at__gt=now).update(used_at=now):
            if unused.exists():
                raise Refused(EXPIRED, code="link_expired")
            raise Refused(USED, code="link_used")
        person = actors.person(request.subject_id)
        cookie = _open_session(request, proof, now)
        log.record("proof.given", actor=person, noun=request, subject_id=request.subject_id, purpose=proof.purpose)
        if proof.purpose == Proof.Purpose.OPEN:
            _prove(request, proof.identifier, now, person)
    return Exchange(cookie, request, proof.purpose)


def vouch(request: Request, *, by: User, method: str, also: Mapping[str, str] | None = None, now: datetime) -> Request:
    """A colleague says how they made sure who is asking; only the method is kept, never its evidence.

    Covers the address of the request and those identifiers of the person, by kind, that stand in `also`.
    Raises Refused for a method that is not in METHODS, a role that may not, and a request that is past asking.
    """
    if not by.has_perm("requests_app.decide_request"):
        raise Refused("Your role may not vouch for a person. Ask a colleague who reviews requests.", code="not_allowed")
    if method not in METHODS:
        raise Refused(f"Choose how you made sure: {', '.join(METHODS)}.", code="method_unknown", field="method")
    who = actors.staff(by.pk)
    with log.atomic():
        fresh = locks.request(request.pk)
        if fresh.state not in (State.RECEIVED, State.VERIFYING) or fresh.proved_at is not None:
            raise Refused("This request needs no proof any more.", code="state_conflict")
        Request.objects.filter(pk=fresh.pk).update(proved_at=now)
        covered = [fresh.identifier, *(registry.of(fresh.subject_id, *one) for one in (also or {}).items())]
        for identifier in covered:
            if identifier is not None and identifier.proved_at is None:
                registry.prove(identifier, at=now, actor=who)
        log.record("request.proved", actor=who, noun=fresh, subject_id=fresh.subject_id, channel=method)
        workflow.nudge(fresh)
    return Request.objects.get(pk=fresh.pk)


def session(cookie: str | None, *, now: datetime) -> PersonSession | None:
    """The session of this cookie, if it is known and has not ended."""
    if not cookie:
        return None
    rows = PersonSession.objects.filter(key_hash=hashed(cookie), expires_at__gt=now)
    return rows.select_related("subject").first()


def sign_out(current: PersonSession) -> None:
    """End a session."""
    with log.atomic():
        if PersonSession.objects.filter(pk=current.pk).delete()[0]:
            subject = current.subject
            log.record("session.ended", actor=actors.person(subject.pk), noun=subject, subject_id=subject.pk)


def forget_old(now: datetime) -> int:
    """Delete sessions that have ended and links that died long ago; how many rows went. The events stay."""
    ended, _ = PersonSession.objects.filter(expires_at__lt=now).delete()
    dead, _ = Proof.objects.filter(expires_at__lt=now - timedelta(days=policy.DEAD_LINK_DAYS)).delete()
    return ended + dead


def _mail(request: Request, purpose: str, identifier: Identifier, *, actor: Actor, now: datetime) -> None:
    with log.atomic():
        locks.person(request.subject_id)  # so that the limit holds for letters that are asked for at once
        if letters.limited(identifier, now, str(purpose)):
            log.record("proof.limited", actor=actor, noun=request, subject_id=request.subject_id, purpose=purpose)
            return
        url, expires_at = link(request, purpose, identifier=identifier, now=now)
        log.record("proof.sent", actor=actor, noun=request, subject_id=request.subject_id, purpose=purpose)
        letters.queue(
            request,
            str(purpose),
            dedupe=f"{purpose}:{secrets.token_hex(8)}",
            context={"link": url, "link_minutes": settings.PROOF_LINK_MINUTES},
            actor=actor,
            identifier=identifier,
            expires_at=expires_at,
        )


def _open_session(request: Request, proof: Proof, now: datetime) -> str:
    cookie = secrets.token_urlsafe(32)
    fresh = now + timedelta(minutes=settings.FRESH_PROOF_MINUTES) if proof.purpose == Proof.Purpose.FRESH else None
    PersonSession.objects.create(
        key_hash=hashed(cookie),
        subject=request.subject,
        expires_at=now + timedelta(hours=policy.SESSION_HOURS),
        fresh_until=fresh,
    )
    return cookie


def _prove(request: Request, identifier: Identifier, now: datetime, person: Actor) -> None:
    late = request.state == State.CLOSED and request.outcome == Outcome.UNVERIFIED
    if request.proved_at is None and (request.state != State.CLOSED or late):
        Request.objects.filter(pk=request.pk, proved_at=None).update(proved_at=now)
        registry.prove(identifier, at=now, actor=person)
        log.record("request.proved", actor=person, noun=request, subject_id=request.subject_id, channel="mailbox")
        if late:
            workflow.reopen(request, actor=person)
        workflow.advance(request.pk)
    request.refresh_from_db()
