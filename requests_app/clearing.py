"""Closed cases lose everything personal when their time is over; dates, counts, decisions and the chain of events stay.

What becomes of each field that holds personal data is one table (`BLANKS`), and a test asks it of every encrypted field there
is: a new one cannot be forgotten. The case itself stays as a row, since yearly figures are counted from it.
"""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.db import models, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Cast
from django.utils import timezone

from audit import actor as actors
from audit import log
from connectors import handwork, holds, settling
from connectors.models import Authorisation, Batch, Chunk, HandTask, HandTaskItem, WorkOrder
from consent import forgetting as choices
from disclosures import forgetting as disclosures
from disclosures.models import Errand, Notice
from requests_app import locks
from requests_app.inbox.taking import SETTLED as SETTLED_MAILS
from requests_app.models import (
    Asker,
    Attachment,
    Extension,
    FactCheck,
    InboundMail,
    Letter,
    Line,
    Message,
    Note,
    Paper,
    Parcel,
    Pause,
    PersonSession,
    Proof,
    Raising,
    Referral,
    Request,
    State,
)
from requests_app.uploads import keeping as uploads
from retention import house
from retention.models import Cleared
from subjects import registry
from subjects.models import DataSubject

logger = logging.getLogger(__name__)
CLEARER = actors.worker("requests.clearing")
STORE = "cases"
Blank = tuple[type[models.Model], str, dict[str, Any]]

# Model, how its rows lead to the request, what its personal fields are set to.
BLANKS: tuple[Blank, ...] = (
    (Message, "request", {"text": "", "left_out": []}),
    (Attachment, "message__request", {"name": "", "key": "", "file_name": ""}),
    (Note, "request", {"text": ""}),
    (Raising, "request", {"reason": ""}),
    (Pause, "request", {"question": "", "answer": ""}),
    (Extension, "request", {"note": ""}),
    (FactCheck, "request", {"answers": {}}),
    (Paper, "request", {"reason": "", "key": "", "file_name": ""}),
    (Parcel, "request", {"key": "", "file_name": ""}),
    (Referral, "request", {"answer_note": "", "assist_note": ""}),
    (Letter, "request", {"identifier": None, "to": "", "body": ""}),
    (Line, "request", {"given": None}),
    (InboundMail, "request", {
        "sender": "", "sender_name": "", "sender_index": "", "subject_line": "", "text": "", "raw_file": "", "raw_key": "",
        "guess": {},
    }),
    (Request, "pk", {
        "details": "", "changes": {}, "denial_note": "", "content_digest": "", "identifier": None, "attention": "",
    }),
)  # fmt: skip
# By batch instead: what was searched and done in the systems.
BATCHES: tuple[Blank, ...] = (
    (Batch, "pk", {"identities": {}, "salt": None}),
    (Chunk, "finding__batch", {"keys": None, "people": None}),
    (Authorisation, "batch", {"changes": {}}),
    (HandTask, "order__batch", {"details": {}, "note": ""}),
    (HandTaskItem, "task__order__batch", {"content": {}, "file": ""}),
)
# By the reference instead: what recipients were told, and what they and colleagues wrote about it.
TOLD: tuple[Blank, ...] = (
    (Errand, "notice__origin", {"note": "", "signed_name": ""}),
    (Notice, "origin", {"answer_words": "", "ground_words": ""}),
)
# Rows that go as a whole: they say who somebody is, and nothing else.
GONE: tuple[tuple[type[models.Model], str], ...] = ((Asker, "request"), (Proof, "request"))
FILES: tuple[tuple[type[models.Model], str, str], ...] = (
    (Attachment, "message__request", "file_name"),
    (Paper, "request", "file_name"),
    (Parcel, "request", "file_name"),
    (InboundMail, "request", "raw_file"),
)


def over() -> "QuerySet[Request]":
    """Closed cases that hold personal data still, unless something of theirs goes on: an appeal, work in the systems."""
    rows = Request.objects.filter(state=State.CLOSED, closed_at__isnull=False).exclude(pk__in=_cleared())
    later = Request.objects.filter(Q(follows=OuterRef("pk")) | Q(duplicate_of=OuterRef("pk"))).exclude(
        state=State.CLOSED
    )
    going = WorkOrder.objects.filter(batch=OuterRef("batch")).exclude(state__in=settling.SETTLED)
    return rows.exclude(Exists(later)).exclude(Exists(going))


def _cleared() -> "QuerySet[Any, Any]":
    """The ids of cases that were cleared. Their keys are written as SQLite keeps ids."""
    return Cleared.objects.filter(store=STORE).values_list(Cast("key", models.UUIDField()), flat=True)


def held(rows: "QuerySet[Any]") -> "QuerySet[Any]":
    """Those of these cases whose person is under a legal hold."""
    return rows.filter(Exists(holds.active().filter(subject=OuterRef("subject"))))


def clear(keys: Sequence[str]) -> int:
    """Take everything personal out of these cases, and forget people of whom nothing else is left; how many cases."""
    count = 0
    for pk in sorted(keys):
        with log.atomic():
            count += _clear(pk)
    return count


def _clear(pk: str) -> bool:
    request = locks.request(pk)  # type: ignore[arg-type]
    _, new = Cleared.objects.get_or_create(store=STORE, key=request.pk.hex)
    if not new:
        return False
    people = {request.subject_id, *Asker.objects.filter(request=request).values_list("identifier__subject", flat=True)}
    files = [name for one in FILES for name in _named(one, request)]
    own = Q(origin=request.reference) | Q(pk=request.batch_id)
    own |= Q(pk__in=FactCheck.objects.filter(request=request).values("batch"))
    batch_ids = list(Batch.objects.filter(own).values_list("pk", flat=True))
    for model, path in GONE:
        model._default_manager.filter(**{path: request.pk}).delete()
    rows = 0
    for table, key in ((BLANKS, [request.pk]), (BATCHES, batch_ids), (TOLD, [request.reference])):
        for model, path, blank in table:
            rows += model._default_manager.filter(**{f"{path}__in": key}).update(**blank)
    handwork.forget(batch_ids)
    forgotten = sum(_forget(subject) for subject in people)
    log.record(
        "house.cleared", actor=CLEARER, noun=request, subject_id=request.subject_id, rows=rows, files=len(files),
        people=forgotten,
    )  # fmt: skip
    transaction.on_commit(partial(_remove, files))
    return True


def _named(place: tuple[type[models.Model], str, str], request: Request) -> list[str]:
    model, path, field = place
    rows = model._default_manager.filter(**{path: request.pk}).exclude(**{field: ""})
    return list(rows.values_list(field, flat=True))


def _remove(names: Sequence[str]) -> None:
    for one in names:
        uploads.forget(one)


def _forget(subject_id: Any) -> bool:
    """Forget who somebody is, unless another case, a choice that holds or may have to be proved, or a legal hold needs it."""
    subject = DataSubject.objects.get(pk=subject_id)
    same = {subject.pk, subject.merged_into_id} - {None}
    known = set(DataSubject.objects.filter(Q(pk__in=same) | Q(merged_into__in=same)).values_list("pk", flat=True))
    theirs = Request.objects.filter(Q(subject__in=known) | Q(asker__identifier__subject__in=known))
    if theirs.exclude(pk__in=_cleared()).exists() or choices.needed(known, timezone.now()):
        return False
    if holds.active().filter(subject__in=known).exists():
        return False
    PersonSession.objects.filter(subject__in=known).delete()
    for one in DataSubject.objects.filter(pk__in=known):
        choices.forget(one, actor=CLEARER)
        disclosures.forget(one, actor=CLEARER)
    return registry.forget(known, actor=CLEARER) > 0


def _late(model: Any, **past: Any) -> int:
    return int(model.objects.filter(**past).count())


SLACK = timedelta(days=1)


def _files(now: datetime) -> int:
    limit = now - timedelta(days=settings.ATTACHMENT_DAYS) - SLACK
    return _late(
        Attachment, destroyed_at=None, message__request__state=State.CLOSED, message__request__closed_at__lte=limit
    )


def _mails(now: datetime) -> int:
    limit = now - timedelta(days=settings.MAILBOX_DAYS) - SLACK
    return _late(InboundMail, state__in=SETTLED_MAILS, forgotten_at=None, taken_at__lt=limit)


house.register(
    house.Store(
        STORE, "Closed requests of people", "Who asked, what they wrote, letters, messages, files, what was found",
        "closed_at", 24, "months", "duty",
        "California wants requests and answers kept for at least 24 months; afterwards nobody needs to know who asked.",
        "11 CCR §7101(a); GDPR art. 5(2)", over, held, clear,
    ),
    house.Purge("packages", "Packages for people", lambda: f"{settings.PARCEL_DAYS} days",
                lambda now: _late(Parcel, state=Parcel.State.READY, expires_at__lte=now - SLACK)),
    house.Purge("files", "Files of closed conversations", lambda: f"{settings.ATTACHMENT_DAYS} days", _files),
    house.Purge("mails", "Mails that were decided", lambda: f"{settings.MAILBOX_DAYS} days", _mails),
    house.Purge("sessions", "Sessions of people on the public pages", lambda: "when they end",
                lambda now: _late(PersonSession, expires_at__lt=now - SLACK)),
)  # fmt: skip
