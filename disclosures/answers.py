"""What clients say to a change of sub-processors: agreed, or objected, and what came of the objection (GDPR art. 28(2))."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.utils import timezone

from audit import actor as actors
from audit import log
from audit.actor import Actor
from audit.refusal import Refused
from disclosures.models import Client, ClientAnswer, ListChange

MAY = "disclosures.settle_clientanswer"
CLIENT = actors.worker("disclosures.answering")  # whoever holds the link of a client; nobody signed in
Answer, Outcome, Way = ClientAnswer.Answer, ClientAnswer.Outcome, ClientAnswer.Way
LONGEST = 500


@dataclass(frozen=True)
class Signed:
    """The client itself, by the link in its mail: who writes, as typed."""

    name: str


def record(
    change: ListChange, client: Client, *, answer: str, said_on: date, words: str = "", by: User | Signed
) -> ClientAnswer:
    """Enter what a client said. One that came after the day is entered too: whether it counts is for the contract.

    An agreement may be followed by an objection and the other way round, as long as nothing came of it. Raises Refused:
    "not_allowed", "day_wrong", "words_missing" for an objection without its reason, "state_conflict", "change_over".
    """
    if not isinstance(by, Signed):
        _may(by)
    with log.atomic():
        # Two answers at once, and a withdrawal meanwhile, wait for each other here.
        change = ListChange.objects.select_for_update().get(pk=change.pk)
        check(change, answer, said_on, words)
        row = ClientAnswer.objects.select_for_update().filter(change=change, client=client).first()
        if row is not None and (row.outcome or row.answer == answer):
            raise Refused("The answer of this client is recorded already.", code="state_conflict")
        row = row or ClientAnswer(change=change, client=client)
        row.answer, row.said_on, row.words = answer, said_on, words.strip()
        actor = _enter(row, by)
        row.save()
        facts: dict[str, Any] = {"number": change.number, "client": client.key, "answer": answer, "way": row.way}
        log.record("subprocessor.answered", actor=actor, noun=row, **facts)
    return row


def _enter(row: ClientAnswer, by: User | Signed) -> Actor:
    """Note on an answer who entered it; the same for the log."""
    if isinstance(by, Signed):
        row.way, row.signed_by, row.recorded_by = Way.PAGE, by.name, None
        return CLIENT
    row.way, row.signed_by, row.recorded_by = Way.DESK, "", by
    return actors.staff(by.pk)


def check(change: ListChange, answer: str, said_on: date, words: str) -> None:
    """Raises Refused for what is not an answer to this change."""
    if said_on > timezone.localdate() or said_on < timezone.localdate(change.announced_at):
        raise Refused("Give a day between the announcement and today.", code="day_wrong", field="said_on")
    if answer == Answer.OBJECTS and not words.strip():
        raise Refused("Write their reason, without names of people.", code="words_missing", field="words")
    if len(words) > LONGEST:
        raise Refused(f"At most {LONGEST} characters.", code="too_long", field="words")
    if change.state == ListChange.State.WITHDRAWN or change.kind != ListChange.Kind.ADDED:
        raise Refused("There is nothing to object to: this change is withdrawn, or adds nobody.", code="change_over")


def settle(row: ClientAnswer, *, outcome: str, by: User) -> None:
    """Say what came of an objection. Raises Refused: "not_allowed", "choice_unknown", "state_conflict"."""
    _may(by)
    if outcome not in Outcome.values:
        raise Refused("Choose one of the list.", code="choice_unknown", field="outcome")
    with log.atomic():
        open_rows = ClientAnswer.objects.filter(pk=row.pk, answer=Answer.OBJECTS, outcome="")
        if not open_rows.update(outcome=outcome, settled_on=timezone.localdate()):
            raise Refused("This objection is settled already.", code="state_conflict")
        log.record("subprocessor.objection_settled", actor=actors.staff(by.pk), noun=row, outcome=outcome)


def unsettled() -> "QuerySet[ClientAnswer]":
    """Objections about which nothing is decided."""
    return ClientAnswer.objects.filter(answer=Answer.OBJECTS, outcome="")


def _may(by: User) -> None:
    if not by.has_perm(MAY):
        raise Refused("Your role may not record what clients say. Ask your privacy officer.", code="not_allowed")
