"""The list of sub-processors: what it says on a day, and its changes, announced before they come into force (P6; GDPR art.
28(2) and (4)).

Nothing is written over: the list of any day is read from the numbered changes. A change is announced by a verb, and in the
same transaction one mail for each client and subscriber is written (`listmail` sends them).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import Max, QuerySet
from django.utils import timezone

from audit import actor as actors
from audit import log
from audit.refusal import Refused
from disclosures import listmail
from disclosures.models import Client, ClientAnswer, ListChange, ListMail, Recipient

MAY = "disclosures.announce_listchange"
LISTED = (Recipient.Role.PROCESSOR, Recipient.Role.SUB_PROCESSOR)
LONGEST_WORDS = 300
Kind, State = ListChange.Kind, ListChange.State


@dataclass(frozen=True)
class Entry:
    """A line of the list on a day: the change that put it there, and the one that takes it off, if that is announced."""

    change: ListChange
    leaves_on: date | None = None


def announced() -> "QuerySet[ListChange]":
    """Every change that stands, newest first."""
    return ListChange.objects.exclude(state=State.WITHDRAWN).order_by("-number")


def on(day: date) -> list[Entry]:
    """The list as it is on a day, by name. One query."""
    there: dict[int, Entry] = {}
    for one in announced().order_by("starts_on", "number"):
        if one.kind == Kind.REMOVED:
            held = there.get(one.recipient_id)
            if held is not None and one.starts_on > day:
                there[one.recipient_id] = Entry(held.change, one.starts_on)
            else:
                there.pop(one.recipient_id, None)
        elif one.starts_on <= day:
            there[one.recipient_id] = Entry(one)
    return sorted(there.values(), key=lambda entry: entry.change.name.casefold())


def coming(day: date) -> list[ListChange]:
    """Changes that are announced and not in force yet, the nearest first."""
    return list(announced().filter(starts_on__gt=day).order_by("starts_on", "number"))


def notice_days() -> int:
    """The days before a start by which everybody is told: the longest that was agreed with a client, or the usual number."""
    agreed = Client.objects.filter(active=True).aggregate(most=Max("notice_days"))["most"] or 0
    return max(agreed, settings.SUBPROCESSOR_NOTICE_DAYS)


def enter_first(recipient: Recipient, *, by: User, since: date, words: str) -> ListChange:
    """Enter one that worked for us before the list was opened: nobody is mailed, so `words` say where clients were told.

    Raises Refused: "not_allowed", "not_listed", "list_conflict", "day_before", "words_missing", "day_future".
    """
    today = timezone.localdate()
    if not words.strip():
        raise Refused("Say where clients were told of it: an annex of the contracts, a letter.", code="words_missing")
    if since > today:
        raise Refused("It does not work for us yet: announce it instead.", code="day_future")
    with log.atomic():
        change = _write(recipient, Kind.FIRST, since, words, by, None)
    return change


def announce(recipient: Recipient, *, by: User, starts_on: date, words: str = "") -> ListChange:
    """Announce a new sub-processor: clients and subscribers are told, and may object until it starts.

    Raises Refused: "not_allowed", "not_listed", "list_conflict", "too_soon" for a day that leaves too little time.
    """
    today, days = timezone.localdate(), notice_days()
    earliest = today + timedelta(days=days)
    if starts_on < earliest:
        words_of = f"Clients have {days} days to object: it can start on {earliest.isoformat()} or later."
        raise Refused(words_of, code="too_soon", field="starts_on")
    with log.atomic():
        change = _write(recipient, Kind.ADDED, starts_on, words, by, starts_on - timedelta(days=1))
        listmail.fan_out(change, ListMail.About.ANNOUNCED)
    return change


def remove(recipient: Recipient, *, by: User, on_day: date, words: str = "") -> ListChange:
    """Take one off the list from a day on; clients and subscribers are told. Raises Refused like `announce`."""
    if on_day < timezone.localdate():
        raise Refused("Give today or a later day.", code="day_past", field="starts_on")
    with log.atomic():
        change = _write(recipient, Kind.REMOVED, on_day, words, by, None)
        listmail.fan_out(change, ListMail.About.ANNOUNCED)
    return change


def withdraw(change: ListChange, *, by: User) -> None:
    """Drop a change before it comes into force; those who were told are told that too. Open objections are settled by it.

    Raises Refused: "not_allowed", "in_force", "list_conflict".
    """
    _may(by)
    now = timezone.now()
    with log.atomic():
        rows = ListChange.objects.filter(pk=change.pk, state=State.ANNOUNCED, starts_on__gt=timezone.localdate())
        if not rows.exclude(kind=Kind.FIRST).update(state=State.WITHDRAWN, withdrawn_at=now):
            raise Refused("This change is in force, or was withdrawn already.", code="list_conflict")
        change.refresh_from_db()
        # What is still unsent need not go out any more.
        unsent = ListMail.objects.filter(change=change, about=ListMail.About.ANNOUNCED, sent_at=None, lease_until=None)
        unsent.update(state=ListMail.State.WAIVED, park_reason="")
        listmail.fan_out(change, ListMail.About.WITHDRAWN)
        outcome = {"outcome": ClientAnswer.Outcome.CHANGE_DROPPED, "settled_on": timezone.localdate()}
        ClientAnswer.objects.filter(change=change, answer=ClientAnswer.Answer.OBJECTS, outcome="").update(**outcome)
        log.record("subprocessor.withdrawn", actor=actors.staff(by.pk), noun=change, number=change.number)


def _write(
    recipient: Recipient, kind: str, starts_on: date, words: str, by: User, objections_until: date | None
) -> ListChange:
    _may(by)
    if len(words) > LONGEST_WORDS:
        raise Refused(f"At most {LONGEST_WORDS} characters.", code="too_long", field="words")
    row = Recipient.objects.select_for_update().get(pk=recipient.pk)
    if row.role not in LISTED:
        raise Refused("Only processors and sub-processors stand on the list.", code="not_listed")
    _fits(row, kind, starts_on)
    # Two announcements at once get two numbers: the newest row is locked, and the number is unique.
    newest = ListChange.objects.select_for_update().order_by("-number").first()
    change = ListChange.objects.create(
        number=newest.number + 1 if newest else 1, kind=kind, recipient=row, name=row.name, service=row.kind,
        countries=countries(row), starts_on=starts_on, objections_until=objections_until, words=words.strip(),
        announced_at=timezone.now(), announced_by=by,
    )  # fmt: skip
    facts: dict[str, Any] = {"number": change.number, "recipient": row.key, "kind": kind, "starts_on": starts_on}
    log.record("subprocessor.announced", actor=actors.staff(by.pk), noun=change, **facts)
    return change


def _fits(recipient: Recipient, kind: str, starts_on: date) -> None:
    last = announced().filter(recipient=recipient).first()
    there = last is not None and last.kind != Kind.REMOVED
    if kind == Kind.REMOVED and not there:
        raise Refused("It does not stand on the list.", code="list_conflict")
    if kind != Kind.REMOVED and there:
        raise Refused("It stands on the list, or is announced, already.", code="list_conflict")
    if last is not None and starts_on <= last.starts_on:
        words = f"Change {last.number} comes into force on {last.starts_on.isoformat()}: give a later day."
        raise Refused(words, code="day_before", field="starts_on")


def countries(recipient: Recipient) -> list[str]:
    """Where a recipient has our data: its own country first."""
    others = [one.country for one in recipient.transfers.all() if one.ended_on is None]
    return list(dict.fromkeys(one for one in (recipient.country, *others) if one))


def works(recipient: Recipient, day: date) -> bool:
    """Whether it stands on the list on that day, and nothing is announced about it."""
    last = announced().filter(recipient=recipient).first()
    return last is not None and last.kind != Kind.REMOVED and last.starts_on <= day


def free(recipient: Recipient) -> bool:
    """Whether it may be announced: it does not stand on the list, and will not."""
    last = announced().filter(recipient=recipient).first()
    return recipient.role in LISTED and (last is None or last.kind == Kind.REMOVED)


def unlisted(day: date) -> "QuerySet[Recipient]":
    """Active sub-processors that do not stand on the list on that day: they may not work yet, or not any more."""
    there = [entry.change.recipient_id for entry in on(day)]
    return Recipient.objects.filter(active=True, role=Recipient.Role.SUB_PROCESSOR).exclude(pk__in=there)


def started_in_spite(day: date) -> list[ListChange]:
    """Additions in force against an open objection, or without the word of a client that has to agree to each."""
    objected = ClientAnswer.objects.filter(answer=ClientAnswer.Answer.OBJECTS, outcome="", client__active=True)
    agreed = ClientAnswer.objects.filter(answer=ClientAnswer.Answer.AGREES)
    asked = Client.objects.filter(active=True, authorisation=Client.Authorisation.SPECIFIC)
    found = []
    against = set(objected.values_list("change", flat=True))
    wanting, words = set(asked.values_list("pk", flat=True)), set(agreed.values_list("change", "client"))
    settled = set(ClientAnswer.objects.exclude(outcome="").values_list("change", "client"))
    told = set(ListMail.objects.exclude(client=None).values_list("change", "client"))
    for one in announced().filter(kind=Kind.ADDED, starts_on__lte=day):
        open_for = {
            pk for pk in wanting if (one.pk, pk) in told and (one.pk, pk) not in words and (one.pk, pk) not in settled
        }
        if one.pk in against or open_for:
            found.append(one)
    return found


def told_too_late(since: datetime) -> int:
    """Clients that heard of an addition later than their days before its start, or not at all, among those since a moment."""
    late = 0
    rows = ListMail.objects.filter(
        about=ListMail.About.ANNOUNCED, change__kind=Kind.ADDED, change__announced_at__gt=since
    )
    rows = rows.exclude(client=None).exclude(change__state=State.WITHDRAWN).select_related("change", "client")
    today = timezone.localdate()
    for one in rows.iterator():
        days = one.client.notice_days if one.client and one.client.notice_days else settings.SUBPROCESSOR_NOTICE_DAYS
        by = one.change.starts_on - timedelta(days=days) if one.change else today
        heard = timezone.localdate(one.sent_at) if one.sent_at else None
        late += heard > by if heard else (one.state != ListMail.State.WAIVED and today > by)
    return late


def _may(by: User) -> None:
    if not by.has_perm(MAY):
        raise Refused("Your role may not announce sub-processors. Ask your privacy officer.", code="not_allowed")


def numbers(changes: Iterable[ListChange]) -> str:
    """Some numbers of changes, for a sentence."""
    return ", ".join(str(one.number) for one in changes)
