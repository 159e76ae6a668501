"""What colleagues do about the time of a case: ask and wait, extend, correct the residence. Each moves dates by the law's rule.

A question holds only those clocks whose law lets them stand still for that reason; the others run on, and the page says so.
"""

from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.utils import timezone
from django.utils.translation import gettext

import law
from audit import actor as actors
from audit import log
from audit.actor import Actor
from audit.refusal import Refused
from requests_app import attention, clocks, laws, letters, locks, policy
from requests_app.models import Clock, Extension, Pause, Request, State
from requests_app.policy import DECIDE, WORK

OPEN = (State.COLLECTING, State.IN_REVIEW)
NOT_ALLOWED = "Your role may not do this. Ask a colleague who works on, or decides about, requests."


def ask(request: Request, *, by: User, reason: str, question: str) -> Pause:
    """Ask the person something we need to know, and wait. Raises Refused."""
    _may(by, DECIDE, WORK)
    if reason not in Pause.Reason.values:
        raise Refused("Choose what the question is about.", code="reason_unknown", field="reason")
    if reason not in dict(questions(request)):
        raise Refused("For this right nobody may be asked who they are.", code="no_proof", field="reason")
    words = written(question, "question", "Write the question in words for the person.")
    now, who = timezone.now(), actors.staff(by.pk)
    with log.atomic():
        fresh = locks.request(request.pk)
        if fresh.state not in OPEN:
            raise Refused("A person can be asked while the request is searched or reviewed.", code="illegal_move")
        if fresh.waiting_since is not None:
            raise Refused("We wait for an answer already. It comes first.", code="asked_already")
        letter = letters.queue(
            fresh, "question", dedupe=f"question-{now:%Y%m%d%H%M%S%f}", context={"question": words}, actor=who
        )
        row = Pause.objects.create(
            request=fresh, reason=reason, question=words, asked_at=now, asked_by=by, letter=letter
        )
        Request.objects.filter(pk=fresh.pk).update(waiting_since=now)
        held = [one.pk for one in fresh.clocks.filter(met_at=None) if laws.stands_still(fresh, one, row)]
        Clock.objects.filter(pk__in=held).update(paused_at=now)
        log.record("request.asked", actor=who, noun=fresh, subject_id=fresh.subject_id, reason=reason, held=len(held))
        attention.refresh(fresh.pk, actor=who)
    return row


def answer(request: Request, *, actor: Actor, words: str) -> Pause:
    """The person answered (on their page, or by another way that a colleague enters); clocks go on. Raises Refused."""
    clean = written(words, "answer", gettext("Write your answer."))
    now = timezone.now()
    with log.atomic():
        fresh = locks.request(request.pk)
        row = fresh.pauses.filter(answered_at=None).first()
        if row is None or fresh.state == State.CLOSED:
            raise Refused(gettext("There is no open question. Thank you all the same."), code="not_asked")
        row.answer, row.answered_at = clean, now
        row.save(update_fields=("answer", "answered_at"))
        Request.objects.filter(pk=fresh.pk).update(waiting_since=None)
        log.record("request.answered", actor=actor, noun=fresh, subject_id=fresh.subject_id, reason=row.reason)
        clocks.recompute(fresh, actor=actor, cause="answered")
        letters.queue(fresh, "answered", dedupe=f"answered-{row.pk}", context={}, actor=actor)
        attention.refresh(fresh.pk, actor=actor)
    return row


def extend(request: Request, *, by: User, reason: str, note: str) -> Extension:
    """Lengthen the time once, to the most that every law of the request allows, and tell the person why. Raises Refused."""
    _may(by, DECIDE)
    words = written(note, "note", "Explain the delay in words for the person.")
    now, who = timezone.now(), actors.staff(by.pk)
    with log.atomic():
        fresh = locks.request(request.pk)
        reasons = laws.extension_reasons(fresh)
        if not reasons:
            raise Refused("A law of this request gives no more time.", code="no_extension")
        if reason not in reasons:
            raise Refused("Choose a reason that the law knows.", code="reason_unknown", field="reason")
        running = list(fresh.clocks.filter(kind=Clock.Kind.RESPOND, met_at=None))
        if fresh.state == State.CLOSED or not running:
            raise Refused("This request is closed; there is nothing to extend.", code="illegal_move")
        if hasattr(fresh, "extension"):
            raise Refused("The time was extended already; the law allows it once.", code="extended_already")
        last = min((one.notice_by for one in running if one.notice_by), default=None)
        if last is not None and laws.today() > last:
            raise Refused(
                f"The person had to hear of an extension by {last:%d %B %Y}. It is too late; answer now.",
                code="too_late",
            )
        for one in running:
            one.extended_at = now
            one.save(update_fields=("extended_at",))
        clocks.recompute(fresh, actor=who, cause="extended")
        due_on = min(one.due_on for one in fresh.clocks.filter(kind=Clock.Kind.RESPOND, met_at=None))
        context = {"reason": reasons[reason], "note": words, "due_on": due_on}
        letter = letters.queue(fresh, "extended", dedupe="extended", context=context, actor=who)
        row = Extension.objects.create(
            request=fresh, reason=reason, note=words, due_on=due_on, granted_at=now, granted_by=by, letter=letter
        )
        log.record("request.extended", actor=who, noun=fresh, subject_id=fresh.subject_id, reason=reason, due_on=due_on)
        attention.refresh(fresh.pk, actor=who)
    return row


def correct_residence(request: Request, *, by: User, residence: str) -> Request:
    """The person lives elsewhere than was said: the laws of that place speak, as of the day of receipt. Raises Refused."""
    _may(by, DECIDE, WORK)
    if residence not in dict(law.residences()):
        raise Refused("Choose a place from the list.", code="residence_unknown", field="residence")
    who = actors.staff(by.pk)
    with log.atomic():
        fresh = locks.request(request.pk)
        if fresh.state == State.CLOSED or fresh.follows_id is not None:
            raise Refused("The residence of a closed request, or of an appeal, is not changed.", code="illegal_move")
        if residence == fresh.residence:
            raise Refused("This is the residence already.", code="unchanged", field="residence")
        before, laws_before, was_due = fresh.residence, [row["statute"] for row in fresh.laws], fresh.due_at
        frozen = laws.frozen(residence, fresh.right, fresh.received_at, fresh.relation)
        Request.objects.filter(pk=fresh.pk).update(residence=residence, laws=frozen)
        fresh = Request.objects.get(pk=fresh.pk)
        log.record(
            "request.moved", actor=who, noun=fresh, subject_id=fresh.subject_id, before=before, after=residence,
            laws_before=laws_before, laws=[row["statute"] for row in frozen],
        )  # fmt: skip
        clocks.recompute(fresh, actor=who, cause="residence")
        fresh = Request.objects.get(pk=fresh.pk)
        if fresh.due_at != was_due:
            told = f"date-{timezone.now():%Y%m%d%H%M%S%f}"
            letters.queue(fresh, "date_changed", dedupe=told, context={}, actor=who)
        attention.refresh(fresh.pk, actor=who)
    return fresh


def questions(request: Request) -> list[tuple[str, str]]:
    """What the person of this request may be asked about: who they are never where the right needs no proof."""
    free = request.right in law.NO_PROOF_RIGHTS
    return [(code, words) for code, words in Pause.Reason.choices if not (free and code == Pause.Reason.IDENTITY)]


def remind(now: datetime, *, actor: Actor) -> int:
    """Put questions that nobody answered for long before a colleague; nothing is closed by itself. How many are new."""
    limit = now - timedelta(days=policy.QUESTION_DAYS)
    rows = Request.objects.filter(waiting_since__lte=limit).exclude(state=State.CLOSED)
    rows = rows.exclude(attention__contains=attention.UNANSWERED)
    ids = list(rows.order_by("waiting_since").values_list("pk", flat=True)[:200])
    for pk in ids:
        attention.refresh(pk, actor=actor)
    return len(ids)


def written(text: str, field: str, missing: str) -> str:
    """Words that somebody wrote, trimmed. Raises Refused with `missing` for none, and for more than we store."""
    words = text.strip()
    if not words:
        raise Refused(missing, code=f"{field}_missing", field=field)
    if len(words) > policy.LONGEST_DETAILS or not policy.printable(words, lines=True):
        raise Refused(
            gettext("Please keep this under %(most)s plain characters.") % {"most": f"{policy.LONGEST_DETAILS:,}"},
            code=f"{field}_long",
            field=field,
        )
    return words


def _may(by: User, *permissions: str) -> None:
    if not any(by.has_perm(f"requests_app.{one}") for one in permissions):
        raise Refused(NOT_ALLOWED, code="not_allowed")
