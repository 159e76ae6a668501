"""A document as the last resort: asked for with a reason, looked at once, destroyed with the decision.

1. Only a colleague can ask, for a right whose table allows it, while nothing milder has proved the request.
2. The file is sealed under a key of its own on the way to the disk; no plain byte is kept anywhere.
3. One look, by one colleague, and it is an event. Accepting or refusing empties the key in the same transaction; the file goes
   with it, and what a crash leaves behind is noise that `delivery.tidy_folder` removes. After PAPER_DAYS it goes undecided.
"""

import base64
import io
import os
import secrets
from datetime import datetime, timedelta
from typing import BinaryIO, cast

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext, gettext_noop

from audit import actor as actors
from audit import log
from audit.actor import Actor
from audit.refusal import Refused
from requests_app import acts, attention, letters, locks, policy, proof
from requests_app.models import Paper, Request, State
from requests_app.proving import ways
from requests_app.uploads import judging
from subjects import sealed
from subjects.stores import store

NOT_ALLOWED = "Your role may not do this. Ask a colleague who reviews requests."
GONE = gettext_noop("This document is not here any more.")
ODD = gettext_noop("Send a photo or scan as JPEG, PNG or PDF, as your camera or scanner made it.")
# What a document may be, by its content.
KINDS = {"application/pdf": "pdf", "image/jpeg": "jpeg", "image/png": "png"}
MEDIA = {kind: media for media, kind in KINDS.items()}


def may_ask(request: Request) -> bool:
    """Whether a document may be asked for now."""
    early = request.state in (State.RECEIVED, State.VERIFYING) and request.proved_at is None
    return early and ways.allowed(request.right, "document")


def ask(request: Request, *, by: User, reason: str, now: datetime) -> Paper:
    """Ask the person for a document, with the reason why nothing milder will do. Raises Refused."""
    _may(by)
    words = acts.written(reason, "reason", "Say in words for the person why you need a document.")[:300]
    who = actors.staff(by.pk)
    with log.atomic():
        fresh = locks.request(request.pk)
        if not may_ask(fresh):
            raise Refused("For this request no document may be asked for.", code="illegal_move")
        if open_one(fresh) is not None:
            raise Refused("A document was asked for already.", code="asked_already")
        paper = Paper.objects.create(request=fresh, reason=words, asked_at=now, asked_by=by)
        letters.queue(
            fresh,
            "paper_wanted",
            dedupe=f"paper-{paper.pk}",
            context={"note": words, "days": policy.PAPER_DAYS},
            actor=who,
        )
        log.record("paper.asked", actor=who, noun=fresh, subject_id=fresh.subject_id)
    return paper


def wanted(request: Request) -> Paper | None:
    """The document that waits for its person, if one was asked for."""
    return request.papers.filter(state=Paper.State.ASKED).first()


def open_one(request: Request) -> Paper | None:
    """The document that was asked for or is here, undecided."""
    return request.papers.filter(state__in=(Paper.State.ASKED, Paper.State.HERE)).first()


def take(paper: Paper, given: judging.Given, *, now: datetime) -> None:
    """Keep what the person sent, sealed. Raises Refused (field "file") for what is no document, or not asked for."""
    found, data = document(given)
    key, name = sealed.new_key(), f"{secrets.token_hex(16)}.paper.sealed"
    _seal(data, key, name)
    with log.atomic():
        request = locks.request(paper.request_id)
        waiting = Paper.objects.filter(pk=paper.pk, state=Paper.State.ASKED)
        if not waiting.update(
            state=Paper.State.HERE, file_name=name, key=base64.b64encode(key).decode(), kind=found, arrived_at=now
        ):
            raise Refused(gettext(GONE), code="state_conflict")  # the sealed file is noise without its key
        person = actors.person(request.subject_id)
        log.record("paper.arrived", actor=person, noun=request, subject_id=request.subject_id, kind=found)
        attention.refresh(request.pk, actor=person)


def document(given: judging.Given) -> tuple[str, bytes]:
    """What it is ("pdf", "jpeg" or "png") and what is kept of it: a picture is drawn anew. Raises Refused (field "file")."""
    try:
        clean = judging.judge(given)
    except Refused as refused:
        raise Refused(refused.message, code=refused.code, field="file") from refused
    if clean.media not in KINDS:
        raise Refused(gettext(ODD), code="file_kind", field="file")
    return KINDS[clean.media], clean.data


def look(paper: Paper, *, by: User, now: datetime) -> bytes:
    """The document, once. Raises Refused for a second look, or one that is not here."""
    _may(by)
    with log.atomic():
        request = locks.request(paper.request_id)
        here = Paper.objects.filter(pk=paper.pk, state=Paper.State.HERE)
        if not here.filter(seen_at=None).update(seen_at=now, seen_by=by):
            raise Refused("This document was looked at already, or it is gone. Decide now.", code="seen")
        row = here.get()
        log.record("paper.seen", actor=actors.staff(by.pk), noun=request, subject_id=request.subject_id)
        with store().open(row.file_name) as source:
            return b"".join(sealed.read(source, base64.b64decode(row.key)))


def decide(paper: Paper, *, by: User, accepted: bool, now: datetime) -> None:
    """Accept or refuse it; either way it is destroyed. Raises Refused before somebody has looked."""
    _may(by)
    with log.atomic():
        request = locks.request(paper.request_id)
        row = Paper.objects.filter(pk=paper.pk, state=Paper.State.HERE).exclude(seen_at=None).first()
        if row is None:
            raise Refused("Look at the document first; then decide.", code="not_seen")
        who = actors.staff(by.pk)
        state = Paper.State.ACCEPTED if accepted else Paper.State.REFUSED
        _destroy(row, request, state, who, decided_at=now, decided_by=by)
        if accepted:
            proof.accept(request, [letters.address(request)], channel="document", now=now, actor=who)


def expire(now: datetime) -> int:
    """Destroy what nobody decided in time, or what is not needed any more, for its request was closed or proved; how many."""
    limit = now - timedelta(days=policy.PAPER_DAYS)
    old = Q(state=Paper.State.HERE, arrived_at__lt=limit) | Q(state=Paper.State.ASKED, asked_at__lt=limit)
    idle = Q(state__in=(Paper.State.ASKED, Paper.State.HERE)) & (
        Q(request__state=State.CLOSED) | Q(request__proved_at__isnull=False)
    )
    rows = Paper.objects.filter(old | idle).order_by("pk")[:200]
    for row in rows:
        with log.atomic():
            request = locks.request(row.request_id)
            _destroy(row, request, Paper.State.EXPIRED, actors.worker("requests.papers"))
    return len(rows)


def _destroy(row: Paper, request: Request, state: str, who: Actor, **more: object) -> None:
    """The key goes with the caller's transaction, the file right after it."""
    name = row.file_name
    Paper.objects.filter(pk=row.pk).update(state=state, key="", file_name="", **more)
    log.record("paper.destroyed", actor=who, noun=request, subject_id=request.subject_id, result=state)
    attention.refresh(request.pk, actor=who)
    if name:
        transaction.on_commit(lambda: store().remove(name), robust=True)


def _seal(data: bytes, key: bytes, name: str) -> None:
    settings.PARCEL_DIR.mkdir(parents=True, exist_ok=True, mode=0o700)
    whole = io.BytesIO()
    writer = sealed.Writer(cast(BinaryIO, whole), key)
    writer.write(data)
    writer.close()
    draft = settings.PARCEL_DIR / f"{name}.part"
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as target:
        target.write(whole.getvalue())
        target.flush()
        os.fsync(target.fileno())
    store().keep(draft, name)


def _may(by: User) -> None:
    if not by.has_perm("requests_app.decide_request"):
        raise Refused(NOT_ALLOWED, code="not_allowed")
