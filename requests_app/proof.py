"""Who is asking: one-time links and codes to a channel on file, and the browser session that a used one opens.

A link is not a session: opening it (GET) changes nothing, for mail scanners open links too; its POST exchanges the token, once,
for a cookie. The code beside it is typed in the browser that asked, and in no other. Tokens, codes and cookies are kept as
hashes only. Strangers learn nothing: whoever asks gets the same answer. Other ways to prove oneself are in `proving`.
"""

import hashlib
import secrets
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import F
from django.utils import timezone

from audit import actor as actors
from audit import log
from audit.actor import Actor
from audit.refusal import Refused
from requests_app import letters, locks, policy, workflow
from requests_app.models import Outcome, PersonSession, Proof, Request, SpentToken, State
from requests_app.proving import codes, ways
from subjects import registry
from subjects.models import DataSubject, Identifier

# How a colleague may have made sure who is asking.
METHODS = ways.by_staff()
GONE = "This link is not known here. Ask for a new one on the sign-in page."
USED = "This link was used already. Ask for a new one on the sign-in page."
EXPIRED = "This link has expired. Ask for a new one on the sign-in page."
WRONG_CODE = "This code does not fit, or it is too old. Look at the newest message, or use the link in it."


@dataclass(frozen=True)
class Exchange:
    """What a used link gives: the value of the cookie, the request that it belongs to, and what it was for."""

    cookie: str
    request: Request
    purpose: str


@dataclass(frozen=True)
class Attempt:
    """A new link with its code, if it has one, as they stand in a letter and nowhere else, and when the link dies."""

    url: str
    code: str
    expires_at: datetime
    code_until: datetime

    def words(self) -> dict[str, object]:
        """What the letter is told."""
        minutes = {"link_minutes": settings.PROOF_LINK_MINUTES, "code_minutes": policy.CODE_MINUTES}
        return {"link": self.url, "code": self.code, **minutes}


def hashed(secret: str) -> str:
    """SHA-256 of a token with 256 random bits, or of what a browser holds."""
    return hashlib.sha256(secret.encode()).hexdigest()


def receipt_holder(reference: str) -> str:
    """What the browser holds that sent the form: the page with the reference, by its signed cookie."""
    return hashed(f"receipt {reference}")


def attempt(request: Request, purpose: str, *, identifier: Identifier, now: datetime, holder: str = "") -> Attempt:
    """A new one-time link, with a code for the browser of `holder`; where no browser asked there is no code."""
    token, code, key = secrets.token_urlsafe(32), codes.new() if holder else "", uuid.uuid4()
    expires_at = now + timedelta(minutes=settings.PROOF_LINK_MINUTES)
    code_until = now + timedelta(minutes=policy.CODE_MINUTES)
    Proof.objects.create(
        id=key,
        request=request,
        purpose=purpose,
        identifier=identifier,
        token_hash=hashed(token),
        expires_at=expires_at,
        code_hash=codes.kept(key, code) if code else "",
        code_until=code_until,
        holder=holder,
    )
    return Attempt(f"{settings.SITE_URL}/proof/{token}/", code, expires_at, code_until)


def send(request: Request, purpose: str, *, actor: Actor, now: datetime | None = None, holder: str = "") -> None:
    """Mail a link for `purpose` to the address of the request; silently nothing when that mailbox had enough.

    Raises Refused for somebody without e-mail: a link on paper is no proof.
    """
    to = letters.address(request)
    if to.kind == Identifier.Kind.POST:
        words = "This person has no e-mail address. Make sure in another way who asks, and say so on the case."
        raise Refused(words, code="no_address")
    _mail(request, purpose, to, actor=actor, now=now or timezone.now(), holder=holder)


def sign_in(email: str, *, now: datetime, holder: str = "") -> None:
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
    _mail(request, Proof.Purpose.SIGN_IN, identifier, actor=actors.person(subject.pk), now=now, holder=holder)


def exchange(token: str, *, now: datetime) -> Exchange:
    """Use a link: a session for this browser, and for a link of purpose `open` the proof of its request.

    1. one guarded UPDATE uses the token up; whoever changed no row has lost;
    2. the session's key leaves as the cookie's value and stays as a hash;
    3. the request is proved, and moves on.
    Raises Refused for an unknown, used or expired link.
    """
    with log.atomic():
        rows = Proof.objects.select_related("identifier").exclude(purpose=Proof.Purpose.STOP)
        proof = rows.filter(token_hash=hashed(token)).first()
        if proof is None:
            raise Refused(GONE, code="link_unknown")
        request = locks.request(proof.request_id)
        unused = Proof.objects.filter(pk=proof.pk, used_at=None)
        if not unused.filter(expires_at__gt=now).update(used_at=now):
            if unused.exists():
                raise Refused(EXPIRED, code="link_expired")
            raise Refused(USED, code="link_used")
        return _given(request, proof, now, "link")


def type_code(typed: str, *, holder: str, now: datetime) -> Exchange:
    """Use the code of the newest attempt that this browser began; as `exchange` otherwise.

    The try is counted before the code is compared, so that many at once are not one. Raises Refused, in the same words for a
    wrong, old, used-up or dead code, and for a browser that began nothing.
    """
    with log.atomic():
        rows = Proof.objects.select_related("identifier").filter(holder=holder).exclude(code_hash="")
        proof = rows.order_by("-created_at").first()
        given = None if proof is None else _typed(typed, proof, now)
        if proof is None:
            codes.fits(uuid.uuid4(), typed, "")  # the same work
    if given is None:
        raise Refused(WRONG_CODE, code="code_refused", field="code")
    return given


def _typed(typed: str, proof: Proof, now: datetime) -> Exchange | None:
    request = locks.request(proof.request_id)
    alive = Proof.objects.filter(pk=proof.pk, used_at=None, code_until__gt=now, code_tries__lt=policy.CODE_TRIES)
    counted = alive.update(code_tries=F("code_tries") + 1)
    if not codes.fits(proof.pk, typed, proof.code_hash) or not counted:
        log.record(
            "proof.code_refused", actor=actors.person(request.subject_id), noun=request, subject_id=request.subject_id
        )
        return None
    Proof.objects.filter(pk=proof.pk).update(used_at=now)
    return _given(request, proof, now, "code")


def _given(request: Request, proof: Proof, now: datetime, way: str) -> Exchange:
    """The session for a used link or code, and the proof of the request where it is for that."""
    person = actors.person(request.subject_id)
    cookie = open_session(request.subject, now=now, fresh=proof.purpose == Proof.Purpose.FRESH)
    log.record("proof.given", actor=person, noun=request, subject_id=request.subject_id, purpose=proof.purpose, way=way)
    if proof.purpose == Proof.Purpose.OPEN:
        channel = "phone" if proof.identifier.kind == Identifier.Kind.PHONE else "mailbox"
        accept(request, [proof.identifier], channel=channel, now=now, actor=person)
    return Exchange(cookie, request, proof.purpose)


def vouch(request: Request, *, by: User, method: str, also: Mapping[str, str] | None = None, now: datetime) -> Request:
    """A colleague says how they made sure who is asking; only the method is kept, never its evidence.

    Covers the address of the request and those identifiers of the person, by kind, that stand in `also`.
    Raises Refused for a method that is not in METHODS, a role that may not, and a request that is past asking.
    """
    if not by.has_perm("requests_app.decide_request"):
        raise Refused("Your role may not vouch for a person. Ask a colleague who reviews requests.", code="not_allowed")
    if method not in METHODS or not ways.allowed(request.right, method):
        raise Refused(f"Choose how you made sure: {', '.join(METHODS)}.", code="method_unknown", field="method")
    who = actors.staff(by.pk)
    with log.atomic():
        fresh = locks.request(request.pk, "identifier__subject")
        if fresh.state not in (State.RECEIVED, State.VERIFYING) or fresh.proved_at is not None:
            raise Refused("This request needs no proof any more.", code="state_conflict")
        Request.objects.filter(pk=fresh.pk).update(proved_at=now)
        fresh.proved_at = now
        covered = [fresh.identifier, *(registry.of(fresh.subject_id, *one) for one in (also or {}).items())]
        for identifier in covered:
            if identifier is not None and identifier.proved_at is None:
                registry.prove(identifier, at=now, actor=who)
        log.record("request.proved", actor=who, noun=fresh, subject_id=fresh.subject_id, channel=method)
        workflow.nudge(fresh)
    return fresh


def claimed(request: Request) -> dict[str, str]:
    """What was written down of this person and nobody has checked, by kind: a phone, a customer number. Nothing is searched
    by it before somebody does.
    """
    kinds = (Identifier.Kind.PHONE, Identifier.Kind.ACCOUNT)
    rows = Identifier.objects.filter(subject=request.subject_id, kind__in=kinds, claimed=True, proved_at=None)
    return {one.kind: one.value for one in rows.order_by("-created_at")}


def accept(request: Request, identifiers: Sequence[Identifier], *, channel: str, now: datetime, actor: Actor) -> None:
    """The person of a locked request showed who they are by `channel`, in the caller's transaction: it moves on.

    `identifiers`: what they showed to be theirs. Nothing where it was proved before, or is closed for another reason.
    """
    if not ways.allowed(request.right, channel):
        raise Refused("This right is not proved in this way.", code="way_not_allowed")
    late = request.state == State.CLOSED and request.outcome == Outcome.UNVERIFIED
    if request.proved_at is None and (request.state != State.CLOSED or late):
        Request.objects.filter(pk=request.pk, proved_at=None).update(proved_at=now)
        for identifier in identifiers:
            registry.prove(identifier, at=now, actor=actor)
        log.record("request.proved", actor=actor, noun=request, subject_id=request.subject_id, channel=channel)
        if late and request.stopped_at is None:
            workflow.reopen(request, actor=actor)
        workflow.advance(request.pk)
    request.refresh_from_db()


def open_session(subject: DataSubject, *, now: datetime, fresh: bool) -> str:
    """A session for this person's browser; the value of its cookie. `fresh`: downloads are allowed for a while."""
    cookie = secrets.token_urlsafe(32)
    PersonSession.objects.create(
        key_hash=hashed(cookie),
        subject=subject,
        expires_at=now + timedelta(hours=policy.SESSION_HOURS),
        fresh_until=now + timedelta(minutes=settings.FRESH_PROOF_MINUTES) if fresh else None,
    )
    return cookie


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
    """Delete sessions that have ended, spent tokens that are dead by themselves, and links that died long ago; how many rows
    went. The events stay.
    """
    ended, _ = PersonSession.objects.filter(expires_at__lt=now).delete()
    dead, _ = Proof.objects.filter(expires_at__lt=now - timedelta(days=policy.DEAD_LINK_DAYS)).delete()
    spent, _ = SpentToken.objects.filter(expires_at__lt=now).delete()
    return ended + dead + spent


def _mail(
    request: Request, purpose: str, identifier: Identifier, *, actor: Actor, now: datetime, holder: str = ""
) -> None:
    with log.atomic():
        locks.person(request.subject_id)  # so that the limit holds for letters that are asked for at once
        if letters.limited(identifier, now, str(purpose)):
            log.record("proof.limited", actor=actor, noun=request, subject_id=request.subject_id, purpose=purpose)
            return
        made = attempt(request, purpose, identifier=identifier, now=now, holder=holder)
        log.record("proof.sent", actor=actor, noun=request, subject_id=request.subject_id, purpose=purpose)
        letters.queue(
            request,
            str(purpose),
            dedupe=f"{purpose}:{secrets.token_hex(8)}",
            context=made.words(),
            actor=actor,
            identifier=identifier,
            expires_at=made.expires_at,
        )
