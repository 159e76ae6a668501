"""The facts that letters and packages are made of, in words for the person. Reads only.

Nothing of the person stands in them but the name in the salutation, and that only once they proved their mailbox.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Q, UUIDField, prefetch_related_objects
from django.template import Context, engines
from django.utils.formats import date_format
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext, pgettext

from audit.kept import Here, Kept
from connectors.models import Finding
from consent import choices
from disclosures import ledger, passing, received
from disclosures.models import Notice
from inventory import phrases
from inventory.models import Collection, DataCategory, Dataset
from inventory.models import Field as Column
from requests_app import laws, plans, policy, results, stationery
from requests_app.delivery.tables import plain as jsonable
from requests_app.models import Clock, Request, Right
from retention import remaining
from subjects.models import Identifier

SOURCES = {
    Dataset.Source.DIRECT: "from you",
    Dataset.Source.AUTOMATIC: "collected automatically while you used our service",
    Dataset.Source.OUTSIDE: "from an outside source",
    Dataset.Source.INFERRED: "inferred by us from other data",
}


def facts(request: Request, summary: results.Summary | None = None) -> dict[str, Any]:
    """What every letter may say about a request, in the language that is spoken just now; `summary`, where it is known."""
    clock = _due(request)
    return said(request) | {
        "hello": salutation(request),
        "due_on": day(clock.due_on) if clock else "",
        "due_law": laws.cited(laws.short(clock.statute), clock.cite) if clock else "",
        "summary": summary or results.summary(request),
        "told": told(request),
        # Asked for by one letter only, so worked out where it is written.
        "backups_until": SimpleLazyObject(lambda: backups_until(request)),
    }


def backups_until(request: Request) -> str:
    """The day by which the last backup with what was erased is gone, or nothing where the register knows of none."""
    last = remaining.latest(remaining.of_erasure(request.reference))
    return day(last) if last else ""


def said(request: Request) -> dict[str, Any]:
    """The part of it that stands in the request itself and in its laws: no query, so that samples can be made of it."""
    earlier = request.follows
    return {
        "company": settings.COMPANY_NAME,
        "company_email": settings.COMPANY_EMAIL,
        "company_address": settings.COMPANY_ADDRESS,
        "site": settings.SITE_URL,
        "my_page": f"{settings.SITE_URL}/my/{request.pk}/",
        "sign_in_page": f"{settings.SITE_URL}/signin/",
        "reference": request.reference,
        "right": gettext(str(Right(request.right).label)),
        "plan": plans.thaw(request.plan),
        "by_post": request.identifier is not None and request.identifier.kind == Identifier.Kind.POST,
        "request": request,
        "received_on": day(request.received_at),
        "extension_law": laws.extension_law(request),
        "remedies": laws.remedies(request),
        "denial": laws.denial(request),
        "denial_note": request.denial_note,
        "earlier_denial": laws.denial(earlier) if earlier is not None else {"sentence": "", "cite": ""},
        "parcel_days": settings.PARCEL_DAYS,
        "parcel_downloads": settings.PARCEL_DOWNLOADS,
        "unproved_days": settings.UNPROVED_DAYS,
        "own_words": "",
    }


def salutation(request: Request) -> str:
    """Hello, with the name once the mailbox is proved: before that, a stranger may have typed it."""
    return salute(name(request))


def salute(name: str) -> str:
    """The same for a name, in the language that is spoken just now."""
    return policy.salutation(name, gettext("Hello"), pgettext("end of a salutation", ","))


_names = Kept(
    lambda: Identifier.objects.filter(subject=Here("subject", UUIDField()), kind=Identifier.Kind.NAME).order_by(
        "-created_at"
    )[:1]
)
_answers = Kept(
    lambda: Clock.objects.filter(request=Here("request", UUIDField()), kind="respond", met_at=None).order_by("due_at")[
        :1
    ]
)


def name(request: Request) -> str:
    """The person's name once the mailbox is proved, else nothing."""
    if request.proved_at is None:
        return ""
    found = _names.one(subject=request.subject_id)
    return found.value if found else ""


def day(at: Any) -> str:
    """A day in the company's time zone, as the language that is spoken just now writes it: 23 November 2026."""
    local = at.astimezone(ZoneInfo(settings.ESTABLISHMENT_TIME_ZONE)) if hasattr(at, "astimezone") else at
    return date_format(local, stationery.day_format())


def due_on(request: Request) -> str:
    """The day by which we answer, or nothing when no clock runs."""
    clock = _due(request)
    return day(clock.due_on) if clock else ""


def _due(request: Request) -> Clock | None:
    """The clock that sets that day."""
    return _answers.one(request=request.pk)


def categories(request: Request) -> set[str]:
    """The categories of data that recipients are told about: of what was erased or corrected; for an opt-out, all."""
    plan = plans.thaw(request.plan)
    if plan.operation == "suppress":
        return set(DataCategory.objects.values_list("key", flat=True))
    rows = Column.objects.exclude(category=None)
    if plan.operation == "correct":
        rows = rows.filter(attribute__in=list(request.changes))
    else:
        rows = rows.filter(_of({(one.dataset, one.collection) for one in _findings(request) if one.action != "keep"}))
    return set(rows.values_list("category__key", flat=True))


def collections(keys: Iterable[tuple[str, str]]) -> "list[Collection]":
    """The inventory's rows for these (dataset, collection) pairs, with fields, purposes and source."""
    wanted = set(keys)
    rows = Collection.objects.filter(dataset__key__in={one for one, _ in wanted}).select_related("dataset__system")
    rows = rows.prefetch_related("purposes", "fields__category", "schedules")
    return [row for row in rows if (row.dataset.key, row.name) in wanted]


def source(dataset: Dataset) -> str:
    """Where the data of a dataset comes from."""
    words = gettext(SOURCES[Dataset.Source(dataset.source)])
    return f"{words} ({phrases.said(dataset.source_detail)})" if dataset.source_detail else words


def told(request: Request) -> list[str]:
    """The recipients that were told, by name."""
    if not plans.thaw(request.plan).recipients:
        return []
    rows = Notice.objects.filter(origin=request.reference, state__in=("sent", "acknowledged"))
    return sorted(rows.values_list("recipient__name", flat=True))


def plain(template: str, context: dict[str, Any]) -> str:
    """A text template, rendered without HTML escapes."""
    engine = engines["django"].engine  # type: ignore[attr-defined]
    return stationery.tidy(engine.get_template(template).render(Context(context, autoescape=False)))


def own_record(request: Request, known_facts: Mapping[str, Any]) -> dict[str, str]:
    """What this privacy centre itself holds about the person, as JSON texts by file name, with facts of `overview`."""
    requests = [
        {
            "reference": one.reference,
            "right": one.right,
            "received_at": one.received_at,
            "state": one.state,
            "outcome": one.outcome,
            "details": one.details,
            "changes": one.changes,
        }
        for one in Request.objects.filter(subject=request.subject_id).order_by("received_at")
    ]
    known = [
        {"kind": one.kind, "value": one.value, "proved_at": one.proved_at}
        for one in Identifier.objects.filter(subject=request.subject_id).order_by("created_at")
    ]
    picked = [
        {"purpose": one.purpose.key, "granted": one.granted, "chosen_at": one.chosen_at}
        for one in sorted(known_facts["choices"], key=lambda one: one.purpose.key)
    ]
    # The newest; data/disclosures.json has all of them, however many.
    given = [
        {
            "recipient": one.recipient.name,
            "categories": one.categories,
            "occasion": one.occasion,
            "at": one.disclosed_at,
        }
        for one, _, _ in known_facts["disclosures"]
    ]
    record = {"requests": requests, "identifiers": known, "choices": picked, "disclosures": given}
    return {"privacy_centre": json.dumps(jsonable(record), ensure_ascii=False, indent=1)}


def overview(request: Request) -> dict[str, Any]:
    """What the package's first page says beside its parts."""
    found = _findings(request, None)
    kept = [one for one in found if one.decision == Finding.Decision.KEEP]
    shown = {(one.dataset, one.collection) for one in found if one.decision == Finding.Decision.INCLUDE}
    newest = received.page(request.subject, limit=policy.PAGE_ROWS)
    names = dict(DataCategory.objects.values_list("key", "name"))
    receivers = ledger.recipients_of(request.subject, _shown_categories(shown))
    prefetch_related_objects(receivers, "transfers")
    return {
        "recipients": receivers,
        "disclosures": [
            (one, passing.occasion(one), [phrases.said(names.get(key, key)) for key in one.categories])
            for one in newest.entries
        ],
        "more_disclosures": newest.next is not None,
        "standing": [
            (one, [phrases.said(each.name) for each in one.categories])
            for one in received.standing_of(request.subject, searched=True)
        ],
        "third_parties": laws.third_parties(request),
        "choices": sorted(choices.current(request.subject).values(), key=lambda one: phrases.said(one.purpose.name)),
        "withheld": [(phrases.said(one.title), results.ground(request, one.ground)) for one in kept],
    }


def _shown_categories(keys: set[tuple[str, str]]) -> set[str]:
    rows = Column.objects.filter(_of(keys)).exclude(category=None)
    return set(rows.values_list("category__key", flat=True))


def _of(keys: set[tuple[str, str]]) -> Q:
    wanted = Q(pk__in=())
    for dataset, name in keys:
        wanted |= Q(collection__dataset__key=dataset, collection__name=name)
    return wanted


def _findings(request: Request, decision: str | None = Finding.Decision.INCLUDE) -> list[Finding]:
    """The findings with rows; `decision` None: whatever was decided about them."""
    if request.batch_id is None:
        return []
    rows = Finding.objects.filter(batch=request.batch_id, rows__gt=0)
    return list(rows if decision is None else rows.filter(decision=decision))
