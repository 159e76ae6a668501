"""The conductor of referrals: what we only process for a client is passed on to them, with a day, an answer and a trace.

The search opens one order "refer" for each client's system; the sweep finds those without a referral and writes one, with a
letter in the outbox. The letter names the right, the day, the system and one identifier of the person, and nothing else. What
the client says is recorded by a colleague. What cannot be sent, or is not answered in time, stands on the case.
"""

from datetime import datetime

from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from audit import actor as actors
from audit import log
from audit.actor import Actor
from audit.refusal import Refused
from connectors import handwork
from connectors.models import HandTask, WorkOrder
from inventory.models import System
from law import calendars
from requests_app import attention, glance, laws, letters, locks, wording
from requests_app.models import DayOff, Letter, Parcel, Referral, Request, State
from subjects import identifiers

KIND = "referred_client"
AT_ONCE = 200
LONGEST_NOTE = 300
MAY = "requests_app.answer_referral"
ANSWERS = {
    "took_over": "They take it over and answer the person",
    "instructs_us": "They instruct us to carry it out for them",
    "no_data": "They hold no data of this person",
    "refused": "They refuse it",
}
ASSISTS = {
    "client_instructed": "The client instructed us",
    "client_unreachable": "The client cannot be reached any more",
    "urgent_harm": "Waiting would harm the person",
    "law_demands": "A law demands it of us directly",
}


def sweep(now: datetime, *, actor: Actor) -> int:
    """Refer what waits for it, follow the letters, and put unanswered ones before a colleague; how many rows changed."""
    made = sum(_refer(order, now, actor) for order in _unreferred()[:AT_ONCE])
    return made + _follow(actor) + _remind(now, actor)


def _unreferred() -> "QuerySet[WorkOrder]":
    """Orders "refer" of requests that are alive, or were carried out faster than this sweep came round."""
    alive = ~Q(state=State.CLOSED) | Q(outcome__in=glance.CARRIED_OUT)
    same = Referral.objects.filter(request__batch=OuterRef("batch"), order__system=OuterRef("system"))
    orders = WorkOrder.objects.filter(operation=WorkOrder.Operation.REFER).exclude(state=WorkOrder.State.WAIVED)
    orders = orders.filter(Exists(Request.objects.filter(alive, batch=OuterRef("batch"))), ~Exists(same))
    return orders.select_related("system", "batch").order_by("created_at")


def _refer(order: WorkOrder, now: datetime, actor: Actor) -> int:
    """Write the referral of one order, and its letter; 0 when another sweep was faster or the request ended meanwhile."""
    with log.atomic():
        found = Request.objects.filter(batch=order.batch_id).values_list("pk", flat=True).first()
        if found is None:
            return 0
        request = locks.request(found)
        if request.state == State.CLOSED and request.outcome not in glance.CARRIED_OUT:
            return 0
        referral, made = Referral.objects.get_or_create(order=order, defaults={"request": request})
        if not made:
            return 0
        log.record(
            "referral.opened", actor=actor, noun=request, subject_id=request.subject_id, referral=referral.pk,
            system=order.system.key,
        )  # fmt: skip
        _write(referral, request, order.system, actor)
        attention.refresh(request.pk, actor=actor)
    return 1


def _write(referral: Referral, request: Request, system: System, actor: Actor) -> None:
    """Put the letter to the client into the outbox, or park the referral with the reason. In the caller's transaction."""
    try:
        contact = identifiers.email(system.client_contact)
    except Refused:
        _park(
            referral, request, actor,
            f"No mailbox of {system.client} is known. Write it into the system's description, then send this again.",
        )  # fmt: skip
        return
    try:
        person = letters.address(request).value
    except Refused:
        _park(
            referral, request, actor,
            f"We know no e-mail address by which {system.client} could look for the person. Tell them another way.",
        )  # fmt: skip
        return
    off = frozenset(DayOff.objects.filter(day__gt=laws.today()).values_list("day", flat=True))
    due_on = calendars.add_business_days(laws.today(), settings.REFERRAL_DAYS, settings.ESTABLISHMENT_HOLIDAYS, off)
    turn = Letter.objects.filter(request=request, kind=KIND).count() + 1
    letter = letters.queue(
        request, KIND, dedupe=f"referral-{referral.pk}-{turn}", actor=actor,
        to=letters.Client(system.client, contact),
        context={"client": system.client, "system": system.name, "person": person, "answer_by": due_on},
    )  # fmt: skip
    Referral.objects.filter(pk=referral.pk).update(
        state=Referral.State.OPEN, letter=letter, due_on=due_on, park_reason="", sent_at=None
    )


def _park(referral: Referral, request: Request, actor: Actor, reason: str) -> None:
    Referral.objects.filter(pk=referral.pk).update(state=Referral.State.PARKED, park_reason=reason[:300])
    log.record("referral.parked", actor=actor, noun=request, subject_id=request.subject_id, referral=referral.pk)


def _follow(actor: Actor) -> int:
    """Bring referrals to what became of their letters."""
    went = Referral.objects.filter(
        state__in=(Referral.State.OPEN, Referral.State.PARKED), letter__state=Letter.State.SENT
    )
    stuck = Referral.objects.filter(state=Referral.State.OPEN, letter__state=Letter.State.PARKED)
    changed = 0
    for one in [*went.select_related("letter")[:AT_ONCE], *stuck.select_related("letter", "order__system")[:AT_ONCE]]:
        with log.atomic():
            request = locks.request(one.request_id)
            assert one.letter is not None
            if one.letter.state == Letter.State.PARKED:
                reason = f"The letter to {one.order.system.client} could not be sent. Mend their mailbox, then send this again."
                _park(one, request, actor, reason)
            elif Referral.objects.filter(pk=one.pk, state=one.state).update(
                state=Referral.State.SENT, sent_at=one.letter.sent_at, park_reason=""
            ):
                log.record("referral.sent", actor=actor, noun=request, subject_id=request.subject_id, referral=one.pk)
            attention.refresh(request.pk, actor=actor)
        changed += 1
    return changed


def _remind(now: datetime, actor: Actor) -> int:
    """Put requests whose client has not answered in time before a colleague."""
    late = Referral.objects.filter(state=Referral.State.SENT, due_on__lt=laws.today())
    # Those whose case says so already are left alone.
    rows = late.exclude(request__attention__contains=attention.UNREPLIED).values_list("request", flat=True)
    ids = sorted(set(rows[:AT_ONCE]))
    for pk in ids:
        attention.refresh(pk, actor=actor)
    return len(ids)


def send_again(referral: Referral, *, by: User) -> Referral:
    """Write to the client anew, at the mailbox that the system names now. Raises Refused when that is still not possible."""
    _may(by)
    actor = actors.staff(by.pk)
    with log.atomic():
        request, fresh = _locked(referral)
        if fresh.state != Referral.State.PARKED:
            raise Refused("This referral does not wait to be sent.", code="referral_conflict")
        _write(fresh, request, fresh.order.system, actor)
        fresh.refresh_from_db()
        if fresh.state == Referral.State.PARKED:
            raise Refused(fresh.park_reason, code="no_address")
        log.record("referral.sent_again", actor=actor, noun=request, subject_id=request.subject_id, referral=fresh.pk)
        attention.refresh(request.pk, actor=actor)
    return fresh


def answer(referral: Referral, *, answer: str, note: str = "", by: User) -> Referral:
    """Record what the client said, as a code of ANSWERS. Raises Refused without the permission, or the second time."""
    _may(by)
    _known(answer, ANSWERS, note, field="answer")
    with log.atomic():
        request, fresh = _locked(referral)
        if fresh.state == Referral.State.ANSWERED:
            raise Refused("The client's answer is recorded already.", code="referral_conflict")
        fresh.state, fresh.answer, fresh.answer_note = Referral.State.ANSWERED, answer, note.strip()
        fresh.answered_at, fresh.by, fresh.park_reason = timezone.now(), by, ""
        fresh.save(update_fields=["state", "answer", "answer_note", "answered_at", "by", "park_reason"])
        _record("referral.answered", request, fresh, by, answer=answer)
    return fresh


def assist(referral: Referral, *, reason: str, note: str, by: User) -> Referral:
    """Record that we helped the person ourselves with data of a client, why (a code of ASSISTS) and what we did.

    An exception, once for each referral. Raises Refused without the permission, a reason, or words.
    """
    _may(by)
    _known(reason, ASSISTS, note, field="reason")
    if not note.strip():
        raise Refused("Write what was done, without personal data.", code="note_missing", field="note")
    with log.atomic():
        request, fresh = _locked(referral)
        if fresh.assisted_at is not None:
            raise Refused("Our help is recorded already.", code="referral_conflict")
        fresh.assisted_at, fresh.assist_reason, fresh.assist_note, fresh.by = timezone.now(), reason, note.strip(), by
        fresh.save(update_fields=["assisted_at", "assist_reason", "assist_note", "by"])
        _record("referral.assisted", request, fresh, by, reason=reason)
    return fresh


def stuck() -> "QuerySet[Referral]":
    """Referrals that wait for a colleague: not sent, not answered in time, or an instruction that nobody carried out."""
    late = Q(state=Referral.State.SENT, due_on__lt=laws.today())
    return Referral.objects.filter(
        Q(state=Referral.State.PARKED) | late | Q(answer="instructs_us", assisted_at=None)
    )  # fmt: skip


def said(referral: Referral) -> str:
    """What became of a referral, in one line for the desk."""
    if referral.state == Referral.State.ANSWERED:
        return ANSWERS.get(referral.answer, referral.answer)
    if referral.state == Referral.State.PARKED:
        return referral.park_reason
    if referral.state == Referral.State.OPEN:
        return "The letter goes out within seconds."
    due = referral.due_on
    late = due is not None and due < laws.today()
    return (
        f"No answer, although it was due by {wording.day(due)}." if late else f"Answer expected by {wording.day(due)}."
    )


def forget_tasks(now: datetime) -> int:
    """Forget whom tasks by hand were about once their request is closed and its package gone; how many tasks."""
    unfetched = Parcel.objects.filter(
        request=OuterRef("pk"), state__in=(Parcel.State.OPEN, Parcel.State.READY, Parcel.State.PARKED)
    )
    over = Request.objects.filter(~Exists(unfetched), state=State.CLOSED, reference=OuterRef("order__batch__origin"))
    tasks = HandTask.objects.filter(Exists(over)).exclude(answer__has_key="forgotten")
    batches = tasks.exclude(state=HandTask.State.OPEN).values_list("order__batch", flat=True)
    return handwork.forget(sorted(set(batches[:AT_ONCE])))


def _locked(referral: Referral) -> tuple[Request, Referral]:
    request = locks.request(referral.request_id)
    rows = Referral.objects.select_related("order__system").select_for_update(of=("self",))
    return request, rows.get(pk=referral.pk)


def _record(name: str, request: Request, referral: Referral, by: User, **facts: str) -> None:
    actor = actors.staff(by.pk)
    log.record(name, actor=actor, noun=request, subject_id=request.subject_id, referral=referral.pk, **facts)
    attention.refresh(request.pk, actor=actor)


def _may(by: User) -> None:
    if not by.has_perm(MAY):
        raise Refused("Your role may not work on referrals. Ask a colleague who decides requests.", code="not_allowed")


def _known(code: str, table: dict[str, str], note: str, *, field: str) -> None:
    if code not in table:
        raise Refused("Choose one of the list.", code="choice_unknown", field=field)
    if len(note) > LONGEST_NOTE:
        raise Refused(f"The note is longer than {LONGEST_NOTE} characters.", code="too_long", field="note")
