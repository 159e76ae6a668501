"""When a purpose goes live: after a notice named it on its present terms, and the people concerned were told.

What goes wrong if this is wrong: data is used for something that nobody was told of (promise P8). So:
1. `live` compares the terms that the purpose has now with those that went live. A changed purpose is not live, whoever changed
   it and by whatever way, until a notice names it as it is.
2. The sweep (`settle`) makes a row for each new or changed purpose, and lets it go live where the notice in force names it and
   it is the first notice, or everybody was told, or the notice period passed.
3. A colleague who had no hand in it may confirm that only the wording was mended: the terms go live without a new notice.
"""

import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from audit import actor as actors
from audit import awhile, log
from audit.actor import Actor
from audit.refusal import Refused
from consent import choices, naming, notices, regions, terms
from consent.models import Announcement, Launch, NoticeVersion
from inventory.models import Purpose

SWEEP = actors.worker("consent.launching")
EVERYWHERE = "*"  # a launch that does not hang on a notice
KEPT_SECONDS = 10
MINE_SECONDS = 2.0
CACHE = "purposes-live"
Ground = Launch.Ground
_mine: "tuple[float, Table] | None" = None


@dataclass(frozen=True)
class Table:
    """What is live, small enough to be kept: the lists of places of the notices in force, and for each purpose and terms since
    when it is live for which list.
    """

    variants: tuple[str, ...]
    since: dict[tuple[int, str], dict[str, datetime]]


def live(purpose: Purpose, region: str = "", at: datetime | None = None) -> bool:
    """Whether the purpose, as it is now, may be used for people of `region` at `at` (now by default).

    Reads a table that is kept for some seconds: usually no query at all, else two.
    """
    since = _since(purpose, region)
    return since is not None and since <= (at or timezone.now())


def live_anywhere(purpose: Purpose) -> bool:
    """Whether people of at least one place were told of the purpose as it is now."""
    return live(purpose) or any(live(purpose, place) for place in places())


def is_live(purpose_id: int, digest: str, region: str, at: datetime) -> bool:
    """`live`, for whoever has the digest of the terms at hand and not the purpose."""
    since = _in(_table(), (purpose_id, digest), region)
    return since is not None and since <= at


def live_since(purpose: Purpose, region: str = "") -> datetime | None:
    """Since when the purpose is live on its present terms; None: it is not. A Yes from before spoke of other terms."""
    return _since(purpose, region)


def places() -> tuple[str, ...]:
    """One place of each list of places that a notice in force is for."""
    return tuple(one.partition(",")[0] for one in _table().variants)


def why_not(purpose: Purpose, region: str = "") -> str:
    """Why it is not live, in words for a colleague or a program; "" if it is."""
    if live(purpose, region):
        return ""
    before = Launch.objects.filter(purpose=purpose, live_at__isnull=False).exclude(terms=terms.of(purpose)).exists()
    what = "was changed" if before else "is new"
    version = notices.current(naming.MAIN, settings.PUBLIC_LANGUAGE, region=region) or notices.current(region=region)
    if version is None:
        return f"“{purpose.name}” {what}, and no privacy notice is in force that could name it."
    if not _names(version, purpose):
        return f"“{purpose.name}” {what}, and the notice in force does not name it as it is now."
    period = settings.NOTICE_PERIOD_DAYS
    return f"“{purpose.name}” {what}. The notice names it; people are told first, or {period} days pass after its publication."


def control(purpose: Purpose, region: str = "") -> str:
    """What a person must be given there: "opt_in", "opt_out" or "none"."""
    return regions.control(
        purpose.lawful_basis, refusable=choices.refusable(purpose), sale=purpose.sale_or_sharing, region=region
    )


def settle(now: datetime, *, actor: Actor = SWEEP) -> int:
    """Make the missing launches, and let those go live whose time has come; how many rows were written. Safe to repeat."""
    written = 0
    purposes = list(Purpose.objects.order_by("pk"))
    known: dict[tuple[int, str], list[Launch]] = {}
    for row in Launch.objects.all():
        known.setdefault((row.purpose_id, row.terms), []).append(row)
    versions = list(notices.effective(now).filter(key=naming.MAIN).order_by("effective_on", "number"))
    told, places = _told(versions, now), {one.regions for one in versions}
    for one in purposes:
        rows = known.get((one.pk, terms.of(one)), [])
        if any(row.regions == EVERYWHERE and row.live_at for row in rows):
            continue
        open_to = {row.regions for row in rows if row.live_at}
        found = {place: by for place, by in _named(one, versions, told).items() if place not in open_to}
        for place, (version, ground) in found.items():
            written += _go(one, place, version, ground, now, actor)
        if not rows and not found:
            ask(one, actor=actor, at=now)
            written += 1
        if places and "" not in places and places == open_to | set(found):
            Launch.objects.filter(purpose=one, terms=terms.of(one), regions="", live_at=None).delete()
    return written


def ask(purpose: Purpose, *, actor: Actor, by: User | None = None, at: datetime | None = None) -> Launch:
    """Note that the purpose, on its present terms, waits to go live."""
    with log.atomic():
        row, made = Launch.objects.get_or_create(
            purpose=purpose, terms=terms.of(purpose), regions="",
            defaults={"asked_at": at or timezone.now(), "asked_by": by, "said": terms.said(purpose)},
        )  # fmt: skip
        if made:
            log.record("purpose.launch_asked", actor=actor, noun=purpose, purpose=purpose.key)
            forget()
    return row


def confirm_same(launch: Launch, *, by: User) -> Launch:
    """Say that a changed purpose means what it meant: only its wording was mended. It is live at once, everywhere.

    Raises Refused for a new purpose, for one whose basis, sale or need changed, for who changed it, and without the permission.
    """
    if not by.has_perm("consent.confirm_launch"):
        raise Refused("Your role may not confirm this. Ask your privacy officer.", code="not_allowed")
    purpose = launch.purpose
    if launch.live_at or launch.terms != terms.of(purpose):
        raise Refused("This launch does not wait any more.", code="state_conflict")
    if launch.asked_by_id is None or launch.asked_by_id == by.pk:
        raise Refused("Whoever changed the purpose may not confirm this, and it must be known who did.",
                      code="second_person_needed")  # fmt: skip
    before = Launch.objects.filter(purpose=purpose, live_at__isnull=False).exclude(terms=launch.terms)
    last = before.order_by("-live_at").first()
    if last is None:
        raise Refused("A new purpose goes live by a notice, not by a click.", code="new_purpose")
    if any(last.said.get(name) != launch.said.get(name) for name in ("lawful_basis", "required", "sale_or_sharing")):
        raise Refused("More than its wording changed, so people have to be told first.", code="terms_changed")
    with log.atomic():
        _go(purpose, EVERYWHERE, None, Ground.SAME, timezone.now(), actors.staff(by.pk))
    return Launch.objects.get(purpose=purpose, terms=launch.terms, regions=EVERYWHERE)


def waiting() -> "QuerySet[Launch]":
    """Launches that wait."""
    return Launch.objects.filter(live_at=None)


def forget() -> None:
    """What is kept is read anew from the end of this transaction on."""
    transaction.on_commit(_drop)
    _drop()


def _drop() -> None:
    global _mine
    _mine = None
    awhile.drop(CACHE)


def _since(purpose: Purpose, region: str) -> datetime | None:
    return _in(_table(), (purpose.pk, terms.of(purpose)), region)


def _in(table: Table, which: tuple[int, str], region: str) -> datetime | None:
    rows = table.since.get(which, {})
    if EVERYWHERE in rows:
        return rows[EVERYWHERE]
    variant = regions.best(table.variants, region)
    return None if variant is None else rows.get(variant)


def _table() -> Table:
    """The table as this process keeps it for MINE_SECONDS: a page of many purposes asks the cache once, and not for each."""
    global _mine
    if _mine is None or _mine[0] < time.monotonic():
        _mine = (time.monotonic() + MINE_SECONDS, awhile.kept(CACHE, KEPT_SECONDS, _read))
    return _mine[1]


def _read() -> Table:
    since: dict[tuple[int, str], dict[str, datetime]] = {}
    for row in Launch.objects.filter(live_at__isnull=False).only("purpose_id", "terms", "regions", "live_at"):
        since.setdefault((row.purpose_id, row.terms), {})[row.regions] = row.live_at  # type: ignore[assignment]
    places = notices.effective(timezone.now()).filter(key=naming.MAIN).order_by()
    return Table(tuple(places.values_list("regions", flat=True).distinct()), since)


def _named(
    purpose: Purpose, versions: list[NoticeVersion], told: dict[int, str]
) -> dict[str, tuple[NoticeVersion, str]]:
    """For each list of places where the notice in force names the purpose: the version by which people know, and the ground."""
    found: dict[str, tuple[NoticeVersion, str]] = {}
    for place in {one.regions for one in versions}:
        here = [one for one in versions if one.regions == place]
        newest = [one for one in here if one.number == here[-1].number]
        if not all(_names(one, purpose) for one in newest):
            continue
        known = next((one for one in here if one.number in told and _names(one, purpose)), None)
        if known is not None:
            found[place] = (known, told[known.number])
    return found


def _told(versions: list[NoticeVersion], now: datetime) -> dict[int, str]:
    """The numbers that people know of, and why they do."""
    if not versions:
        return {}
    done = set(
        Announcement.objects.filter(version__key=naming.MAIN, state=Announcement.State.DONE)
        .values_list("version__number", flat=True)
    )  # fmt: skip
    since = now - timedelta(days=settings.NOTICE_PERIOD_DAYS)
    first = min(
        NoticeVersion.objects.filter(key=naming.MAIN, published_at__isnull=False).values_list("number", flat=True)
    )
    found: dict[int, str] = {}
    for one in versions:
        if one.number == first:
            found[one.number] = Ground.FIRST
        elif one.number in done:
            found[one.number] = Ground.TOLD
        elif one.published_at is not None and one.published_at <= since:
            found[one.number] = Ground.PERIOD
    return found


def _names(version: NoticeVersion, purpose: Purpose) -> bool:
    mine: Any = terms.of(purpose)
    return any(
        one["kind"] == "purposes" and one["key"] == purpose.key and one.get("says") == mine for one in version.names
    )


def _go(purpose: Purpose, place: str, version: NoticeVersion | None, ground: str, now: datetime, actor: Actor) -> int:
    """Let it go live for these places, once."""
    with log.atomic():
        values: dict[str, Any] = {"version": version, "ground": ground, "live_at": now}
        row, made = Launch.objects.get_or_create(
            purpose=purpose, terms=terms.of(purpose), regions=place,
            defaults={"asked_at": now, "said": terms.said(purpose), **values},
        )  # fmt: skip
        if not made and not Launch.objects.filter(pk=row.pk, live_at=None).update(**values):
            return 0
        if place == EVERYWHERE:  # what waited waits no more
            Launch.objects.filter(purpose=purpose, terms=row.terms, regions="", live_at=None).delete()
        facts: dict[str, Any] = {
            "purpose": purpose.key,
            "ground": str(ground),
            "regions": place.replace(",", "+").replace("*", "all"),
        }
        number = version.number if version else None
        log.record("purpose.launched", actor=actor, noun=purpose, notice=number, **facts)
        forget()
    return 1
