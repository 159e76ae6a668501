"""Versions of the privacy notice: drafted, published once, and from then on never changed.

A choice points at the version that the person saw, so the wording must stay what it was: the verbs refuse to edit a published
version, a trigger of the database refuses it too, and the digest shows a change that went round both. Between draft and
publication stands a second person: see `reviewing`.
"""

import hashlib
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import Case, IntegerField, Max, Q, QuerySet, Value, When
from django.db.models.functions import Concat
from django.utils import timezone

from audit import actor as actors
from audit import log
from audit.refusal import Refused
from consent import naming, regions
from consent.models import NoticeVersion

EDITABLE = {"title", "body", "short", "summary", "effective_on", "regions", "names"}


def digest(title: str, body: str) -> str:
    """SHA-256 of the wording, shown with it, so that a printed copy can be compared."""
    return hashlib.sha256(f"{title}\n\n{body}".encode()).hexdigest()


def current(
    key: str = "privacy", language: str = "en", *, region: str = "", at: datetime | None = None
) -> NoticeVersion | None:
    """The version in force at `at` (now by default) for people of `region`: published and effective; the most specific region,
    then the newest. One query.
    """
    return shown(key, (language,), region=region, at=at)


def shown(
    key: str, languages: tuple[str, ...], *, region: str = "", at: datetime | None = None
) -> NoticeVersion | None:
    """The version in force in the first of these languages that has one. One query."""
    rows = effective(at or timezone.now()).filter(key=key, language__in=languages)
    rows = rows.annotate(tongue=_rank("language", languages), fits=Concat(Value(","), "regions", Value(",")))
    wide = regions.widening(region)
    near_by = [When(fits__contains=f",{one},", then=Value(rank)) for rank, one in enumerate(wide)]
    near = Case(*near_by, When(regions="", then=Value(len(wide))), default=Value(-1), output_field=IntegerField())
    return rows.annotate(near=near).filter(near__gte=0).order_by("tongue", "near", "-effective_on", "-number").first()


def effective(at: datetime) -> "QuerySet[NoticeVersion]":
    """Every version that was published and had come into effect by then."""
    day = at.astimezone(ZoneInfo(settings.ESTABLISHMENT_TIME_ZONE)).date()
    return NoticeVersion.objects.filter(published_at__lte=at, effective_on__lte=day)


def in_force(at: datetime, key: str = "") -> list[NoticeVersion]:
    """What is in force then: for each notice, language and list of places the newest version. Two queries."""
    rows = effective(at).filter(**({"key": key} if key else {})).order_by("effective_on", "number")
    newest = {row[:3]: row[3] for row in rows.values_list("key", "language", "regions", "pk")}
    return list(NoticeVersion.objects.filter(pk__in=newest.values()))


def holds(version: NoticeVersion) -> bool:
    """Whether this version is in force now."""
    return version.pk in {one.pk for one in in_force(timezone.now(), version.key)}


def draft(
    *, title: str, body: str, effective_on: date, by: User, key: str = "privacy", language: str = "en", **more: Any
) -> NoticeVersion:
    """A new version that nobody sees yet. In a language that the newest version lacks it is that version's translation, with
    its number; else it has the next one. `more`: other values of EDITABLE.
    """
    may(by, "add")
    if not more.keys() <= EDITABLE:
        raise ValueError(f"a draft has {sorted(EDITABLE)}")
    more["regions"] = _places(more.get("regions", ""))
    with log.atomic():
        version = NoticeVersion.objects.create(
            key=key, language=language, number=_number(key, language, more["regions"]), title=title, body=body,
            effective_on=effective_on, digest=digest(title, body), written_by=by, edited_by=by, hands=[by.pk], **more,
        )  # fmt: skip
        note("notice.drafted", version, by)
    return version


def edit(version: NoticeVersion, *, by: User, **changes: Any) -> NoticeVersion:
    """Change a draft. What was proposed or approved is a plain draft again: nobody approved the new words.

    Raises Refused once it is published.
    """
    may(by, "change")
    if not changes.keys() <= EDITABLE:
        raise ValueError(f"of a draft only {sorted(EDITABLE)} can be edited")
    if "regions" in changes:
        changes["regions"] = _places(changes["regions"])
    with log.atomic():
        row = unpublished(version)
        back = {"proposed_at": None, "approved_by": None, "approved_at": None}
        more = {"edited_by": by, "hands": sorted({*row.hands, by.pk})}
        for name, value in (changes | back | more).items():
            setattr(row, name, value)
        row.digest = digest(row.title, row.body)
        row.save(update_fields=[*changes, *back, *more, "digest"])
        note("notice.edited", row, by)
    return row


def publish(version: NoticeVersion, *, by: User, without: bool = False) -> NoticeVersion:
    """Put an approved version before the public, together with its other languages: wording, digest and moment are fixed.

    `version` itself is brought up to date too. Raises Refused without approval, for whoever had a hand in one of them, and
    while another language of it is not approved, unless they go `without` those.
    """
    may(by, "publish")
    with log.atomic():
        row = unpublished(version)
        others = NoticeVersion.objects.select_for_update().filter(key=row.key, number=row.number, published_at=None)
        group = [row, *others.exclude(pk=row.pk).order_by("language")]
        late = [one.language for one in group[1:] if one.approved_at is None]
        if late and not without:
            raise Refused(
                f"Not approved yet: {', '.join(late)}. Have these languages approved, or publish without them.",
                code="languages_missing",
            )
        number, now = _overtaken(row), timezone.now()
        if number != row.number:
            NoticeVersion.objects.filter(pk__in=[one.pk for one in group]).update(number=number)
        for one in group:
            if one.approved_at is not None or one.pk == row.pk:
                one.number = number
                _publish(one, by, now)
    version.refresh_from_db()
    return version


def _publish(row: NoticeVersion, by: User, now: datetime) -> None:
    ready(row)
    if row.approved_at is None:
        raise Refused("A second person has to approve this version first.", code="not_approved")
    not_their_own(row, by)
    row.body = naming.written(row)
    row.digest, row.published_at, row.published_by = digest(row.title, row.body), now, by
    row.save(update_fields=["body", "digest", "published_at", "published_by"])
    note("notice.published", row, by)


def missing_languages(version: NoticeVersion) -> list[str]:
    """Languages of the public pages in which this number is not published: who speaks them sees an older version, or another
    language.
    """
    rows = NoticeVersion.objects.filter(key=version.key, number=version.number, published_at__isnull=False)
    there = set(rows.values_list("language", flat=True))
    return [code for code, _ in settings.LANGUAGES if code not in there]


def unpublished(version: NoticeVersion) -> NoticeVersion:
    """The version as it is now, locked, if it is not published. Raises Refused."""
    row = NoticeVersion.objects.select_for_update().get(pk=version.pk)
    if row.published_at is not None:
        raise Refused(
            "This version is published, so its wording stays as it is. Draft a new version.", code="published_conflict"
        )
    return row


def ready(row: NoticeVersion) -> None:
    """Raises Refused where there is no wording, or the wording does not say what it declares to name."""
    if not row.title.strip() or not row.body.strip():
        raise Refused("Write the notice before you publish it.", code="empty_notice", field="body")
    unsaid = naming.unsaid(row)
    if unsaid:
        raise Refused(
            f"The wording does not say: {'; '.join(unsaid[:5])}. Say it, or take it off the list of what the notice names.",
            code="unsaid", field="body",
        )  # fmt: skip


def not_their_own(row: NoticeVersion, by: User) -> None:
    """Raises Refused for whoever wrote or edited this version."""
    if by.pk in {*row.hands, row.written_by_id, row.edited_by_id}:
        raise Refused("You had a hand in this version, so another person has to do this.", code="second_person_needed")


def may(by: User, *what: str) -> None:
    """Raises Refused unless they may do one of these, or publish."""
    if not any(by.has_perm(f"consent.{one}_noticeversion") for one in (*what, "publish")):
        raise Refused("Your role may not write or publish notices. Ask your privacy officer.", code="not_allowed")


def note(event: str, version: NoticeVersion, by: User, **more: Any) -> None:
    """Record what was done to a version."""
    facts: dict[str, Any] = {
        "key": version.key,
        "number": version.number,
        "language": version.language,
        "digest": version.digest,
    }
    log.record(event, actor=actors.staff(by.pk), noun=version, **facts | more)


def _places(text: str) -> str:
    try:
        return regions.read(text)
    except ValueError as error:
        raise Refused(
            f"“{error}” is no place. Use codes such as EU, DE, US or US-CA, with commas between.",
            code="place_unknown", field="regions",
        ) from error  # fmt: skip


def _number(key: str, language: str, places: str) -> int:
    rows = NoticeVersion.objects.filter(key=key)
    last: int = rows.aggregate(last=Max("number"))["last"] or 0
    newest = dict(rows.filter(number=last).values_list("language", "regions"))
    fits = newest and language not in newest and set(newest.values()) == {places}
    return last if fits else last + 1


def _overtaken(row: NoticeVersion) -> int:
    """The number to publish under: a higher one where a later number was published first."""
    rows = NoticeVersion.objects.filter(key=row.key)
    published = rows.filter(published_at__isnull=False)
    highest = published.aggregate(last=Max("number"))["last"] or 0
    if row.number > highest or published.filter(number=row.number).exists():
        return row.number
    return int(rows.aggregate(last=Max("number"))["last"]) + 1


def _rank(field: str, wanted: tuple[str, ...]) -> Case:
    ranks = [When(Q(**{field: one}), then=Value(rank)) for rank, one in enumerate(wanted)]
    return Case(*ranks, default=Value(len(wanted)), output_field=IntegerField())
