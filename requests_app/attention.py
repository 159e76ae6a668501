"""Why a colleague must look at a request: worked out from the rows each time, so that it never outlives its reason."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import timedelta
from functools import cache
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from audit import log
from audit.actor import Actor
from connectors import halting, handasking, holds
from connectors.models import HandTask, WorkOrder
from disclosures.models import Notice
from requests_app import laws, leftovers, locks, policy
from requests_app.models import (
    Clock,
    ClockWarning,
    Letter,
    Message,
    Paper,
    Parcel,
    Referral,
    Request,
    State,
    WarningStep,
)

STOPPED = "Somebody on file did not ask for this: nothing goes on. Make sure who asked, then let it go on, or close it."
UNREPLIED = "has not answered our referral"
UNANSWERED = f"The person has not answered for {policy.QUESTION_DAYS} days."


def reasons(request: Request) -> list[tuple[str, str]]:
    """(code, sentence) for everything about this request that waits for a person; each sentence names the next step."""
    wanted = AFTER_THE_END if request.state == State.CLOSED else tuple(SOURCES)
    there = _there(request.pk, wanted)  # mostly none: one query
    found = [] if request.state == State.CLOSED else _authority(request) + _question(request)
    if request.stopped_at is not None:
        found.insert(0, ("stopped", STOPPED))
    return found + [
        one for name, is_there in zip(wanted, there, strict=True) if is_there for one in SOURCES[name][1](request)
    ]


def _there(pk: UUID, wanted: tuple[str, ...]) -> tuple[bool, ...]:
    """Which of these wait for a person. Asked after each step of each request, so its SQL is made once in a process."""
    key = Request._meta.pk
    sql, values = _asked(connection.vendor, wanted)
    mark, own = (key.get_db_prep_value(one, connection) for one in (ANY, pk))
    with connection.cursor() as cursor:
        cursor.execute(sql, [own if value == mark else value for value in values])
        row: tuple[bool, ...] = cursor.fetchone()
    return row


@cache
def _asked(vendor: str, wanted: tuple[str, ...]) -> tuple[str, tuple[Any, ...]]:
    rows = Request.objects.filter(pk=ANY).values_list(*(Exists(SOURCES[name][0]) for name in wanted))
    sql, values = rows.query.sql_with_params()
    return sql, tuple(values)


def refresh(request_id: UUID, *, actor: Actor) -> None:
    """Bring `Request.attention` up to date; an event only when it changes."""
    with log.atomic():
        refresh_locked(locks.request(request_id), actor=actor)


def refresh_locked(request: Request, *, actor: Actor) -> None:
    """The same for a request that the caller's transaction locked, as it is in the database."""
    due = reasons(request)
    text = " ".join(sentence for _, sentence in due)[:300]
    if text == request.attention:
        return
    with log.atomic():
        Request.objects.filter(pk=request.pk).update(attention=text)
        name = "request.attention_asked" if text else "request.attention_ended"
        log.record(name, actor=actor, noun=request, subject_id=request.subject_id, codes=[code for code, _ in due])


def refresh_many(request_ids: "Iterable[UUID]", *, actor: Actor) -> int:
    """Bring many requests up to date after their clocks changed; a fixed number of queries for those with nothing else open.

    In the caller's transaction. How many sentences changed.
    """
    open_ones = Request.objects.exclude(state=State.CLOSED).filter(pk__in=list(request_ids))
    with log.atomic():
        plain = {one.pk: one for one in open_ones.filter(attention="").select_for_update(of=("self",), no_key=True)}
        clocks: dict[UUID, list[Clock]] = defaultdict(list)
        for clock in _watched().filter(request__in=plain).order_by("due_at"):
            clocks[clock.request_id].append(clock)
        by_words: dict[str, list[UUID]] = defaultdict(list)
        rows = []
        for pk, request in plain.items():
            found = _words(clocks[pk])
            if found:
                by_words[" ".join(sentence for _, sentence in found)[:300]].append(pk)
                facts = {"codes": [code for code, _ in found]}
                rows.append(log.Entry("request.attention_asked", Request, pk, request.subject_id, facts))
        for words, ids in by_words.items():
            Request.objects.filter(pk__in=ids).update(attention=words)
        log.record_many(rows, actor=actor)
    others = list(open_ones.exclude(pk__in=plain).values_list("pk", flat=True))
    for pk in others:  # something else waits there, too: all its reasons are gathered anew
        refresh(pk, actor=actor)
    return len(rows) + len(others)


def _authority(request: Request) -> list[tuple[str, str]]:
    """Somebody asks for the person, and only we can tell whether they may."""
    if request.authority != Request.Authority.AWAITING:
        return []
    return [("authority", "Somebody asks for this person. Look at their authority, then accept or refuse it.")]


def _question(request: Request) -> list[tuple[str, str]]:
    """A question of ours that nobody answers. Nothing is closed for it."""
    since = request.waiting_since
    if since is None or since > timezone.now() - timedelta(days=policy.QUESTION_DAYS):
        return []
    return [("unanswered", f"{UNANSWERED} Write once more, or decide on what we know.")]


def _orders(request: Request) -> list[tuple[str, str]]:
    rows = WorkOrder.objects.filter(batch=request.batch_id, state=WorkOrder.State.PARKED)
    counts = {row["park_code"]: row["many"] for row in rows.values("park_code").annotate(many=Count("pk")).order_by()}
    found = []
    if counts.pop("held", 0) or (counts and holds.whole().filter(subject=request.subject_id).exists()):
        found.append(("held", "A legal hold stops this work. Release the hold, then retry the parked orders."))
    if counts.pop(halting.CODE, 0):
        found.append(("halted", "A colleague stopped this work. Let it go on, or search again."))
    if counts.pop("stale", 0):
        found.append(("stale", "Rows changed after the approval. Search again, then decide on what is found."))
    if counts.pop("waiting", 0):
        found += _by_hand(request)
    if counts:
        many = sum(counts.values())
        words = "1 work order is" if many == 1 else f"{many} work orders are"
        found.append(("parked", f"{words} parked. Retry, or waive with a reason."))
    return found


def _left_behind(request: Request) -> list[tuple[str, str]]:
    """What an earlier try was to erase and left, and the new search did not lead to."""
    places = ", ".join(f"{one.rows} rows of {one.title}" if one.rows else one.title for one in leftovers.of(request))
    if not places:
        return []
    words = (
        f"An earlier erasure left rows: {places}. See to them by hand, then give up its parked order as done by hand."
    )
    return [("left", words)]


def _by_hand(request: Request) -> list[tuple[str, str]]:
    """Colleagues who still have to look, or to do something, in a system that no connector reaches."""
    tasks = HandTask.objects.filter(order__batch=request.batch_id).waiting().select_related("order__system")
    late = laws.today()
    return [
        ("by_hand_late" if one.due_on < late else "by_hand", handasking.sentence(one, one.order))
        for one in tasks.order_by("due_on")
    ]


def _referrals(request: Request) -> list[tuple[str, str]]:
    """Clients that could not be told, do not answer, or want us to do something."""
    found = []
    rows = Referral.objects.filter(request=request).select_related("order__system")
    for one in rows.order_by("order__created_at"):
        client = one.order.system.client
        if one.state == Referral.State.PARKED:
            found.append(("referral", one.park_reason))
        elif one.state == Referral.State.SENT and one.due_on is not None and one.due_on < laws.today():
            by = f"{one.due_on.day} {one.due_on:%B %Y}"
            found.append(("referral_late", f"{client} {UNREPLIED} by {by}. Ask them again, and record what they say."))
        elif one.answer == "instructs_us" and one.assisted_at is None:
            found.append(("referral_do", f"{client} instructs us to carry this out. Do it, then record our help."))
    return found


def _parcel(request: Request) -> list[tuple[str, str]]:
    return [("parcel", "The package could not be built. Look at its reason, then retry.")]


def _papers(request: Request) -> list[tuple[str, str]]:
    return [
        ("paper", "A document arrived. Look at it once, then accept or refuse it: it is destroyed with the decision.")
    ]


def _notices(request: Request) -> list[tuple[str, str]]:
    return [("notice", "A recipient could not be told. Look at the notice's reason, then retry or waive it.")]


def _letters(request: Request) -> list[tuple[str, str]]:
    return [("letter", "A letter could not be sent. Look at its reason, then retry or use another way.")]


def _to_post(request: Request) -> list[tuple[str, str]]:
    return [("to_post", "A letter waits for the post. Print it, post it, then say so beside the letter.")]


def _clocks(request: Request) -> list[tuple[str, str]]:
    return _words(list(_watched().filter(request=request).order_by("due_at")))


def _messages(request: Request) -> list[tuple[str, str]]:
    return [
        (
            "message",
            "The person wrote. Read it under Conversation, then answer, or say that there is nothing to answer.",
        )
    ]


def _watched() -> "QuerySet[Clock]":
    """Running clocks for the answer and for our own target, each with whether its last days have begun."""
    near = ClockWarning.objects.filter(clock=OuterRef("pk"), step__basis=WarningStep.Basis.DAYS)
    rows = Clock.objects.filter(kind__in=(Clock.Kind.RESPOND, Clock.Kind.TARGET), met_at=None)
    return rows.annotate(near=Exists(near))


AFTER_THE_END = ("left", "referrals", "letters", "to_post", "messages")
PRESSING = Q(breached_at__isnull=False) | Q(near=True)
# Stands for the request's key in SQL that is kept.
ANY = UUID(int=0)
# What may wait: the rows that say that something does for the request outside, and the words for it.
Rows = QuerySet[Any]
Words = Callable[[Request], list[tuple[str, str]]]
SOURCES: dict[str, tuple[Rows, Words]] = {
    "orders": (WorkOrder.objects.filter(batch=OuterRef("batch"), state=WorkOrder.State.PARKED), _orders),
    "left": (
        leftovers.stopped().filter(batch__origin=OuterRef("reference")).exclude(batch=OuterRef("batch")),
        _left_behind,
    ),
    "parcel": (Parcel.objects.filter(request=OuterRef("pk"), state=Parcel.State.PARKED), _parcel),
    "papers": (Paper.objects.filter(request=OuterRef("pk"), state=Paper.State.HERE), _papers),
    "notices": (Notice.objects.filter(origin=OuterRef("reference"), state=Notice.State.PARKED), _notices),
    "referrals": (Referral.objects.filter(request=OuterRef("pk")), _referrals),
    # Of a letter to a client its referral tells.
    "letters": (
        Letter.objects.filter(request=OuterRef("pk"), to__isnull=True, state=Letter.State.PARKED),
        _letters,
    ),
    "to_post": (Letter.objects.filter(request=OuterRef("pk"), state=Letter.State.TO_POST), _to_post),
    "messages": (
        Message.objects.filter(request=OuterRef("pk"), author=Message.Author.PERSON, read_at=None),
        _messages,
    ),
    "clocks": (_watched().filter(PRESSING, request=OuterRef("pk")), _clocks),
}


def _words(rows: "list[Clock]") -> list[tuple[str, str]]:
    """What clocks, the most urgent first, say to a colleague. A clock that a pause holds says nothing."""
    law = [row for row in rows if row.kind == Clock.Kind.RESPOND and row.paused_at is None]
    if any(row.breached_at for row in law):
        return [("overdue", "The deadline has passed. Answer now.")]
    if any(getattr(row, "near", False) for row in law):
        return [("due_soon", f"The answer is due by {law[0].due_on}.")]
    if any(row.kind == Clock.Kind.TARGET and row.breached_at for row in rows):
        return [("target", "Our own target has passed; the law gives a little more.")]
    return []
