"""The ledger: who got which data of whom, when and why. Entries are appended, never changed."""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from audit import actor as actors
from audit import log, once
from audit.actor import Actor
from audit.models import ApiClient
from audit.refusal import Refused
from disclosures import flows, standing
from disclosures.models import Disclosure, Recipient
from inventory.models import DataCategory, Purpose
from subjects import registry
from subjects.models import DataSubject

# Clocks of clients differ a little from ours.
AHEAD = timedelta(minutes=5)
LONGEST_OCCASION = 120


def record(
    subject: DataSubject,
    recipient: Recipient,
    *,
    categories: Iterable[str],
    purpose: Purpose | None,
    occasion: str,
    disclosed_at: datetime,
    actor: Actor,
    client: ApiClient | None = None,
    idempotency_key: str = "",
    source: str = Disclosure.Source.API,
    reason: str = "",
) -> Disclosure:
    """Enter one disclosure. The same client and key again gives the same row, also when both arrive at once.

    `reason`: why it is entered by hand. Raises Refused: "no_category", "unknown_category", "occasion_personal",
    "disclosed_in_future", "idempotency_conflict".
    """
    keys, now = sorted(set(categories)), timezone.now()
    check(keys, occasion, set(DataCategory.objects.filter(key__in=keys).values_list("key", flat=True)))
    check_moment(disclosed_at, now)
    same = {"subject": subject, "recipient": recipient, "categories": keys, "disclosed_at": disclosed_at}
    rest = {"purpose": purpose, "occasion": occasion, "source": source, "reason": reason, "recorded_at": now}
    with log.atomic():
        entry, made = once.create(Disclosure, client=client, key=idempotency_key, same=same, **rest)
        if made:
            why = purpose.key if purpose else ""
            flows.note((recipient.pk, flows.month(disclosed_at), one, why) for one in keys)
            facts = {"recipient": recipient.key, "categories": keys, "purpose": why or None}
            facts |= {"reason": reason} if reason else {}
            log.record("disclosure.recorded", actor=actor, noun=entry, subject_id=subject.pk, **facts)
    return entry


def record_for(
    kind: str,
    value: str,
    recipient_key: str,
    *,
    categories: Iterable[str],
    purpose_key: str,
    occasion: str,
    disclosed_at: datetime,
    client: ApiClient,
    idempotency_key: str,
) -> Disclosure:
    """`record` for an API client, who names person, recipient and purpose by identifier and keys.

    Raises Refused like `record`, and "unknown_recipient", "unknown_purpose".
    """
    recipient = Recipient.objects.filter(key=recipient_key).first()
    if recipient is None:
        raise Refused("There is no recipient with this key.", code="unknown_recipient", field="recipient")
    purpose = Purpose.objects.filter(key=purpose_key).first() if purpose_key else None
    if purpose_key and purpose is None:
        raise Refused("There is no purpose with this key.", code="unknown_purpose", field="purpose")
    actor = actors.client(client.pk)
    with log.atomic():
        return record(
            registry.find_or_make(kind, value, actor=actor),
            recipient,
            categories=categories,
            purpose=purpose,
            occasion=occasion,
            disclosed_at=disclosed_at,
            actor=actor,
            client=client,
            idempotency_key=idempotency_key,
        )


def people(subject: DataSubject) -> "QuerySet[DataSubject]":
    """The person, and those who turned out to be the same one: their entries stay under the id they were made for."""
    return DataSubject.objects.filter(Q(pk=subject.pk) | Q(merged_into=subject))


def of(subject: DataSubject) -> "QuerySet[Disclosure]":
    """This person's entries that hold, newest first, with recipient and purpose. One query."""
    rows = Disclosure.objects.sound().filter(subject__in=people(subject).values("pk"))
    return rows.select_related("recipient", "purpose").order_by("-disclosed_at", "-pk")


def recipients_of(subject: DataSubject, categories: Collection[str]) -> list[Recipient]:
    """Who holds data of this person, by name. One query.

    Everybody with an entry of this person that holds (also when we no longer work with them: they still have it); those who got
    some of `categories` by a standing disclosure that covers this person, also an ended one; and the active ones who are marked
    as getting some of them of everyone. A category covers those below it: `contact` covers `contact.email`.
    """
    mine = Disclosure.objects.sound().filter(subject__in=people(subject).values("pk"), recipient=OuterRef("pk"))
    got = Q(Exists(mine))
    if categories:
        overlap = DataCategory.objects.filter(_overlap(categories))
        got |= Q(Exists(overlap.filter(recipients=OuterRef("pk"))), active=True, receives_everyone=True)
        begun = standing.covering(people(subject).values("pk")).filter(since_on__lte=timezone.localdate())
        got |= Q(Exists(begun.filter(recipient=OuterRef("pk"), categories__in=overlap)))
    return list(Recipient.objects.filter(got).order_by("name"))


def _overlap(categories: Iterable[str]) -> Q:
    """Categories that cover one of `categories` or lie below one, by whole dotted segments."""
    above: set[str] = set()
    below = Q(pk__in=())
    for one in set(categories):
        parts = one.split(".")
        above.update(".".join(parts[:length]) for length in range(1, len(parts) + 1))
        below |= Q(key__startswith=f"{one}.")
    return Q(key__in=above) | below


def check(keys: Collection[str], occasion: str, known: Collection[str]) -> None:
    """Raises Refused unless there are categories, all of them `known`, and the occasion may be kept."""
    if not keys:
        raise Refused("Name at least one category of data.", code="no_category", field="categories")
    if any(one not in known for one in keys):
        raise Refused("One of these categories is not in the inventory.", code="unknown_category", field="categories")
    if len(occasion) > LONGEST_OCCASION or "@" in occasion:
        raise Refused(
            f"Describe the occasion in at most {LONGEST_OCCASION} characters, without addresses or names.",
            code="occasion_personal",
            field="occasion",
        )


def check_moment(disclosed_at: datetime, now: datetime) -> None:
    """Raises Refused for a moment that lies in the future."""
    if disclosed_at > now + AHEAD:
        raise Refused(
            "The moment of the disclosure lies in the future.", code="disclosed_in_future", field="disclosed_at"
        )
