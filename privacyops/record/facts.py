"""Reads what the record says, in a fixed number of queries; a gap is a sentence with the row where it is mended."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from django.conf import settings
from django.db.models import Prefetch, Q
from django.urls import reverse
from django.utils import timezone

from connectors.scope import covers
from disclosures import listing, recipients
from disclosures.models import Recipient
from inventory.models import Collection, Dataset, Field, Purpose, System
from law.places import is_eea
from retention import scopes
from retention.models import Schedule


@dataclass(frozen=True)
class Gap:
    """What the record cannot say yet. `place`: noun and key, for programs; `link`: where it is mended on the desk."""

    words: str
    place: str
    link: str = ""


@dataclass(frozen=True)
class Category:
    """A category of personal data."""

    key: str
    name: str
    sensitive: bool


@dataclass(frozen=True)
class Receiver:
    """A recipient to whom categories of the activity are disclosed (art. 30(1)(d) and (e))."""

    name: str
    role: str
    kind: str
    country: str
    third_country: bool
    safeguard: str


@dataclass(frozen=True)
class Limit:
    """How long rows of one collection are kept (art. 30(1)(f))."""

    collection: str
    words: str


@dataclass
class Activity:
    """One processing activity of ours as controller (art. 30(1))."""

    key: str
    name: str
    description: str
    lawful_basis: str
    data_subjects: str
    measures: str
    categories: list[Category] = field(default_factory=list)
    systems: list[str] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)
    recipients: list[Receiver] = field(default_factory=list)
    limits: list[Limit] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)


@dataclass
class Mandate:
    """What we process for one client (art. 30(2))."""

    client: str
    contact: str
    systems: list[str] = field(default_factory=list)
    processing: list[str] = field(default_factory=list)
    categories: list[Category] = field(default_factory=list)
    sub_processors: list[Receiver] = field(default_factory=list)
    measures: str = ""
    gaps: list[Gap] = field(default_factory=list)


@dataclass(frozen=True)
class Record:
    """The whole record."""

    controller: str
    address: str
    email: str
    officer: str
    representative: str
    activities: list[Activity]
    mandates: list[Mandate]
    gaps: list[Gap]

    @property
    def open(self) -> int:
        """How many gaps there are in all."""
        each = [*(one.gaps for one in self.activities), *(one.gaps for one in self.mandates)]
        return len(self.gaps) + sum(map(len, each))


def read() -> Record:
    """The record as it stands now."""
    receivers = list(
        Recipient.objects.filter(active=True).prefetch_related("categories", "grants", "transfers").order_by("name")
    )
    activities = [_activity(one, receivers) for one in _purposes()]
    return Record(
        controller=settings.COMPANY_NAME,
        address=settings.COMPANY_ADDRESS,
        email=settings.COMPANY_EMAIL,
        officer=settings.COMPANY_OFFICER,
        representative=settings.COMPANY_REPRESENTATIVE,
        activities=activities,
        mandates=_mandates(receivers),
        gaps=[*_company(), *_purposeless()],
    )


def _purposes() -> Iterable[Purpose]:
    rows = Collection.objects.filter(dataset__system__role=System.Role.CONTROLLER, skip=False)
    rows = rows.select_related("dataset__system").order_by("dataset__key", "name")
    inner = rows.prefetch_related(
        Prefetch("fields", Field.objects.exclude(category=None).select_related("category")),
        Prefetch("schedules", Schedule.objects.filter(active=True).exclude(pk__in=scopes.overruled())),
    )
    return Purpose.objects.order_by("name").prefetch_related(Prefetch("collections", inner))


def _activity(purpose: Purpose, receivers: list[Recipient]) -> Activity:
    collections = list(purpose.collections.all())
    made = Activity(
        key=purpose.key, name=purpose.name, description=purpose.description,
        lawful_basis=purpose.get_lawful_basis_display(), data_subjects=purpose.data_subjects, measures=purpose.measures,
        categories=_categories(collections),
        systems=sorted({one.dataset.system.name for one in collections}),
        sources=sorted({_source(one.dataset) for one in collections}),
    )  # fmt: skip
    made.recipients = _receivers(receivers, made.categories, purpose)
    for one in collections:
        words = _limit(one, purpose)
        if words:
            made.limits.append(Limit(one.title, words))
        elif one.fields.all():
            made.gaps.append(
                _gap(f"No time limit for “{one.title}”: add a retention schedule, or say until when.", one)
            )
    if not collections:
        made.gaps.append(_gap("No collection serves this purpose: say which does, or remove the purpose.", purpose))
    if not purpose.data_subjects:
        made.gaps.append(_gap("Whose data it is (categories of data subjects) is not said.", purpose))
    if not purpose.measures:
        made.gaps.append(_gap("The security measures are not described.", purpose))
    named = {one.name for one in made.recipients}
    for to in receivers:
        if to.name in named:
            made.gaps += [_gap(words, to) for words in _unsafe(to)]
    return made


def _categories(collections: Iterable[Collection]) -> list[Category]:
    found = {one.category for row in collections for one in row.fields.all() if one.category}
    return [Category(one.key, one.name, one.sensitive) for one in sorted(found, key=lambda one: one.key)]


def _source(dataset: Dataset) -> str:
    words = dataset.get_source_display()
    return f"{words} ({dataset.source_detail})" if dataset.source_detail else words


def _unsafe(one: Recipient) -> list[str]:
    """Why transfers to a recipient do not stand; words of its own count where nothing else is on file."""
    if one.transfer_basis and not one.transfers.all():
        return []
    found = recipients.transfer_gaps(one, timezone.localdate())
    return [f"{one.name} is in a third country ({one.country}). {gap.words}" for gap in found]


def _receivers(
    receivers: list[Recipient], categories: list[Category], purpose: Purpose | None = None
) -> list[Receiver]:
    """Who gets some of these categories; where it is said what for, only for this purpose."""
    found = []
    for one in receivers:
        theirs = {row.pk: row.key for row in one.categories.all()}
        said = list(one.grants.all()) if purpose is not None else []
        if said and purpose is not None:
            theirs = {
                pk: theirs[pk] for row in said if row.purpose_id == purpose.pk and (pk := row.category_id) in theirs
            }
        if any(covers(key, mine.key) or covers(mine.key, key) for key in theirs.values() for mine in categories):
            third = bool(one.country) and not is_eea(one.country)
            found.append(Receiver(one.name, one.get_role_display(), one.kind, one.country, third, one.basis))
    return found


def _limit(collection: Collection, purpose: Purpose) -> str:
    rows = [one for one in collection.schedules.all() if one.purpose_id in (None, purpose.pk)]
    words = [f"{one.kept_for} ({one.reason})" for one in rows]
    if collection.keep_until:
        words.append(f"until {collection.keep_until}")
    return "; ".join(words)


def _mandates(receivers: list[Recipient]) -> list[Mandate]:
    systems = System.objects.filter(role=System.Role.PROCESSOR).order_by("client", "name")
    fields = Prefetch("fields", Field.objects.exclude(category=None).select_related("category"))
    inner = Collection.objects.filter(skip=False).prefetch_related(fields, "purposes")
    found: dict[str, Mandate] = {}
    for system in systems.prefetch_related(Prefetch("datasets__collections", inner)):
        one = found.setdefault(system.client, Mandate(system.client, system.client_contact))
        collections = [row for dataset in system.datasets.all() for row in dataset.collections.all()]
        one.systems.append(system.name)
        one.processing += [row.title for row in collections if row.title not in one.processing]
        one.categories = sorted({*one.categories, *_categories(collections)}, key=lambda row: row.key)
        measures = {row.measures for item in collections for row in item.purposes.all() if row.measures}
        one.measures = "\n".join(sorted({*filter(None, one.measures.split("\n")), *measures}))
        one.contact = one.contact or system.client_contact
        if not system.client_contact:
            one.gaps.append(_gap(f"{system.name} has no contact of its client.", system))
        if not collections:
            one.gaps.append(_gap(f"What {system.name} holds is not described.", system))
        elif not measures:
            one.gaps.append(_gap(f"No purpose with security measures is named for {system.name}.", system))
    processors = [one for one in receivers if one.role in listing.LISTED]
    for one in found.values():
        one.sub_processors = _receivers(processors, one.categories)
    return list(found.values())


def _company() -> list[Gap]:
    return [
        Gap(f"{words}: set {name}.", f"setting:{name}")
        for name, words in (
            ("COMPANY_ADDRESS", "The controller's address is not known"),
            ("COMPANY_EMAIL", "The controller's mailbox is not known"),
            ("COMPANY_OFFICER", "No data protection officer is named (“none” if there is none)"),
        )
        if not getattr(settings, name)
    ]


def _purposeless() -> list[Gap]:
    rows = Collection.objects.filter(Q(fields__category__isnull=False), purposes=None, skip=False)
    rows = rows.filter(dataset__system__role=System.Role.CONTROLLER).select_related("dataset").distinct()
    return [_gap(f"“{one.title}” holds personal data and serves no purpose.", one) for one in rows]


def _gap(words: str, row: Purpose | Collection | Recipient | System) -> Gap:
    meta = row._meta
    key = row.name if isinstance(row, Collection) else row.key
    place = f"{row.dataset.key}.{key}" if isinstance(row, Collection) else key
    link = reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=(row.pk,))
    return Gap(words, f"{meta.model_name}:{place}", link)
