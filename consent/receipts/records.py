"""Consent records and receipts after ISO/IEC TS 27560:2023, as JSON-LD on terms of the W3C Data Privacy Vocabulary 2.3.

Which field of the standard is which term follows the DPV group's guide (https://w3id.org/dpv/guides/consent-27560). A receipt
is a copy of one or more records: ids, purposes, words and times, and nothing that says who the person is but their id with us.
The @context stands in it, so that it can be read without asking anybody.
"""

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

from django.conf import settings
from django.utils import timezone

from consent.models import Choice
from consent.receipts import signing
from inventory.models import DataCategory, Purpose

# Of this module's output. Raised with every change of what stands in a receipt; old ones stay valid as they are.
EXPORTER = "PrivacyOps receipts 1.1"
SCHEMAS = Path(__file__).resolve().parent.parent / "schemas"
PROFILE = "https://w3id.org/dpv/schema/dpv-27560#"
MEDIA = "application/ld+json"
DPV = "https://w3id.org/dpv#"

BASES = {
    Purpose.Basis.CONSENT: "Consent", Purpose.Basis.CONTRACT: "ContractPerformance",
    Purpose.Basis.LEGAL: "LegalObligation", Purpose.Basis.VITAL: "VitalInterest", Purpose.Basis.PUBLIC: "PublicInterest",
    Purpose.Basis.LEGITIMATE: "LegitimateInterest",
}  # fmt: skip
# What a choice about a purpose that rests on consent is called, by its act; a signal says No.
CONSENTED = {
    Choice.Act.GIVEN: "ConsentGiven", Choice.Act.REFUSED: "ConsentRefused", Choice.Act.WITHDRAWN: "ConsentWithdrawn",
    Choice.Act.OBJECTED: "ConsentRefused", Choice.Act.SIGNAL: "ConsentRefused",
}  # fmt: skip
# On another basis there is no consent that could be refused: the person objects, or does not.
OBJECTED, NOT_OBJECTED = "LegitimateInterestObjected", "LegitimateInterestNotObjected"
METHODS = {
    Choice.Source.PORTAL: "The person's own page in the privacy centre", Choice.Source.BANNER: "The banner of a site",
    Choice.Source.API: "A system of the company, by API", Choice.Source.REQUEST: "An opt-out request",
    Choice.Source.STAFF: "Entered by staff", Choice.Source.IMPORT: "Brought in from an earlier system",
}  # fmt: skip


def receipt(chosen: Iterable[Choice], *, now: datetime | None = None) -> dict[str, Any]:
    """A signed receipt of these choices, of one person or device. Three queries, however many they are.

    Raises ValueError for none, and for choices of two people.
    """
    rows = list(Choice.objects.filter(pk__in=[one.pk for one in chosen]).select_related("purpose", "notice", "wording"))
    if not rows or len({one.subject_id or one.device_id for one in rows}) != 1:
        raise ValueError("a receipt is about the choices of one person")
    rows.sort(key=lambda one: (one.purpose.key, one.chosen_at, str(one.pk)))
    categories = _categories(rows)
    moment = now or timezone.now()
    holder = rows[0].subject_id or rows[0].device_id
    name = uuid5(holder, f"{_time(moment)} {' '.join(str(one.pk) for one in rows)}") if holder else rows[0].pk
    return signing.signed({
        "@context": context(),
        "id": f"urn:uuid:{name}",
        "type": "dpv:ConsentReceipt",
        "identifier": str(name),
        "conformsTo": f"{PROFILE}receipt-record",
        "created": _time(moment),
        "creator": EXPORTER,
        "record": [_record(one, categories.get(one.purpose_id, [])) for one in rows],
    })  # fmt: skip


def of_holder(holder: UUID, only: UUID | None = None) -> list[Choice]:
    """Every choice of a person, the newest first, or the one of this id. What is another person's is not there."""
    rows = Choice.objects.filter(subject_id=holder).select_related("purpose", "notice")
    return list(rows if only is None else rows.filter(pk=only))


@cache
def context() -> dict[str, Any]:
    """The @context of our receipts: which short name is which term."""
    found: dict[str, Any] = json.loads((SCHEMAS / "receipt-context-1.json").read_text())
    return found


def pretty(made: dict[str, Any]) -> bytes:
    """The receipt as a file that people can read too. Spaces and order do not matter to its signature."""
    return (json.dumps(made, indent=2, ensure_ascii=False) + "\n").encode()


def file_name(made: dict[str, Any]) -> str:
    """receipt-2026-11-27-1a2b3c4d.jsonld: the day and a part of its id, no name."""
    return f"receipt-{made['created'][:10]}-{made['identifier'][:8]}.jsonld"


def _record(choice: Choice, categories: Sequence[DataCategory]) -> dict[str, Any]:
    holder = choice.subject_id or choice.device_id
    return {
        "id": f"urn:uuid:{choice.pk}", "type": "dpv:ConsentRecord", "identifier": str(choice.pk),
        "conformsTo": f"{PROFILE}record",
        "dataSubject": {"id": f"urn:uuid:{holder}", "type": "dpv:DataSubject"},
        "controller": {"id": settings.SITE_URL + "/", "type": "dpv:DataController", "name": settings.COMPANY_NAME,
                       "address": settings.COMPANY_ADDRESS, "email": settings.COMPANY_EMAIL},
        "jurisdiction": choice.region or "unknown",
        "process": _process(choice.purpose, categories) | _named(choice),
        "control": {"type": ["dpv:ProvideConsent", "dpv:WithdrawConsent"],
                    "exercisedAt": settings.SITE_URL + "/choices/"},
        **_notice(choice),
        **_status(choice),
    }  # fmt: skip


def _process(purpose: Purpose, categories: Sequence[DataCategory]) -> dict[str, Any]:
    about: dict[str, Any] = {
        "type": "dpv:Process",
        "purpose": {"type": "dpv:Purpose", "identifier": purpose.key, "title": purpose.name,
                    "description": purpose.description},
        "legalBasis": f"{DPV}{BASES[Purpose.Basis(purpose.lawful_basis)]}",
        "personalData": [{"type": "dpv:PersonalData", "identifier": one.key, "title": one.name} for one in categories]
        or [{"type": "dpv:PersonalData", "identifier": "see-notice", "title": "As the notice names it"}],
    }  # fmt: skip
    if purpose.consequence:
        about["consequence"] = {"type": "dpv:Consequence", "description": purpose.consequence}
    return about


def _named(choice: Choice) -> dict[str, Any]:
    """Recipients and how long things are kept, in the words of the notice version that was shown; empty without one.

    A version never changes, so a receipt made years later says what was said then, and not who gets data today.
    """
    names = choice.notice.names if choice.notice else []
    recipients = [
        {"type": "dpv:Recipient", "identifier": one["key"], "title": one["words"]}
        for one in names
        if one["kind"] == "recipients"
    ]
    kept = [
        {"type": "dpv:StorageDuration", "identifier": one["key"], "description": one["words"]}
        for one in names if one["kind"] == "retention"
    ]  # fmt: skip
    return ({"recipient": recipients} if recipients else {}) | ({"storage": kept} if kept else {})


def _notice(choice: Choice) -> dict[str, Any]:
    found: dict[str, Any] = {"type": "dpv:ConsentNotice", "language": choice.language or "und"}
    if choice.notice:
        suffix = "" if choice.notice.language == settings.LANGUAGE_CODE else f"?language={choice.notice.language}"
        found |= {
            "id": f"{settings.SITE_URL}/notice/{choice.notice.number}/{suffix}", "title": choice.notice.title,
            "version": choice.notice.number, "sha256": choice.notice.digest, "date": choice.notice.effective_on.isoformat(),
            "language": choice.notice.language,
        }  # fmt: skip
    if choice.wording:
        found["text"] = choice.wording.text
    return {"notice": found}


def _status(choice: Choice) -> dict[str, Any]:
    """On consent: dpv:hasConsentStatus. On another basis: dpv:hasStatus, for calling it consent would be wrong."""
    said: dict[str, Any] = {
        "indicatedBy": f"{DPV}{'GuardianOfDataSubject' if choice.guardian_id else 'DataSubject'}",
        "indicatedAt": _time(choice.chosen_at),
        "method": METHODS[Choice.Source(choice.source)]
        + (", by a signal (Global Privacy Control)" if choice.act == Choice.Act.SIGNAL else ""),
    }
    if choice.granted and choice.expires_at:
        said["validUntil"] = _time(choice.expires_at)
    if choice.purpose.lawful_basis == Purpose.Basis.CONSENT:
        kinds = [f"dpv:{CONSENTED[Choice.Act(choice.act)]}"]
        return {"consentStatus": {"type": kinds + (["dpv:ExpressedConsent"] if choice.granted else [])} | said}
    return {"status": {"type": f"dpv:{NOT_OBJECTED if choice.granted else OBJECTED}"} | said}


def _categories(rows: Sequence[Choice]) -> dict[int, list[DataCategory]]:
    """What each purpose uses, as the inventory knows it."""
    found: dict[int, list[DataCategory]] = {}
    pairs = (
        Purpose.objects.filter(pk__in={one.purpose_id for one in rows})
        .exclude(collections__fields__category=None)
        .values_list("pk", "collections__fields__category")
        .distinct()
    )
    wanted = list(pairs)
    known = DataCategory.objects.in_bulk({category for _, category in wanted})
    for purpose, category in wanted:
        found.setdefault(purpose, []).append(known[category])
    return {purpose: sorted(several, key=lambda one: one.key) for purpose, several in found.items()}


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
