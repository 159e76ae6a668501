"""Archives and backups: looked at in their stores, ended when their date is over, verified by a person.

Nothing is deleted before a colleague has looked at the list and verified the entry: a wrong folder would lose other files.
A copy is ended row first: the row says "being deleted" before the store is told, and "gone" after it was. Killed in between,
the next look does it again: deleting what is gone is no error.
"""

import logging
from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from audit import actor as actors
from audit import log
from audit.actor import Actor
from audit.failpoints import failpoint
from audit.refusal import Refused
from connectors import stores
from retention import remaining
from retention.models import CopySet, StoredCopy

logger = logging.getLogger(__name__)
KEEPER = actors.worker("retention.copies")
Expiry, State = CopySet.Expiry, StoredCopy.State
# A store's own rule runs once a day, and a job of theirs may be late by as much.
SLACK = timedelta(days=2)
LOOK_EVERY = timedelta(hours=1)
AT_ONCE = 500
AT_A_TIME = 20  # stores that one sweep looks into
STILL = remaining.STILL


# ---------------------------------------------------------------- what people do


def verify(copy_set: CopySet, *, by: User) -> None:
    """Note that a colleague made sure: copies are where the register says, and gone when it says."""
    if not by.has_perm("retention.verify_copyset"):
        raise Refused("Your role may not verify archives and backups. Ask your administrator.", code="not_allowed")
    with log.atomic():
        CopySet.objects.filter(pk=copy_set.pk).update(verified_at=timezone.now(), verified_by=by)
        log.record("copies.verified", actor=actors.staff(by.pk), noun=copy_set, copy_set=copy_set.key)


def look_now(copy_set: CopySet, *, by: User) -> str:
    """Look into the store now; what was found, in words."""
    if not by.has_perm("retention.verify_copyset"):
        raise Refused("Your role may not look into stores of backups. Ask your administrator.", code="not_allowed")
    if not copy_set.address:
        raise Refused("The register has no address of this store.", code="no_address", field="address")
    return look(copy_set, timezone.now(), actor=actors.staff(by.pk))


# ---------------------------------------------------------------- what the sweep does


def sweep(now: datetime) -> int:
    """Look into each store that was not looked into for an hour, end what is past its date, destroy keys that nothing needs."""
    waiting = CopySet.objects.filter(Q(looked_at=None) | Q(looked_at__lte=now - LOOK_EVERY))
    rows = waiting.order_by(F("looked_at").asc(nulls_first=True), "pk")
    count = 0
    # The address is encrypted, so whether there is one shows only here.
    for one in [row for row in rows if row.address][:AT_A_TIME]:
        look(one, now, actor=KEEPER)
        count += 1
    return count + remaining.destroy_keys(now)


def look(copy_set: CopySet, now: datetime, *, actor: Actor) -> str:
    """Look into one store: list it, end what is past its date where that is ours to do, see to the rule; in words."""
    try:
        store = stores.open_store(copy_set.address)
        listed = _list(copy_set, store, now)
        words, sound = _judge(copy_set, store, now, listed, actor)
    except stores.Temporary as error:
        words, sound = f"The store did not answer ({error.code}). It is tried again.", False
    except stores.Permanent as error:
        words, sound = error.sentence, False
    with log.atomic():
        CopySet.objects.filter(pk=copy_set.pk).update(looked_at=now, finding=words[:300], sound=sound)
        log.record("copies.looked", actor=actor, noun=copy_set, copy_set=copy_set.key, sound=sound)
    return words


def _list(copy_set: CopySet, store: stores.Store, now: datetime) -> dict[tuple[str, datetime], stores.Item]:
    """Bring the rows to what lies there; the items by name and moment."""
    found = dict[tuple[str, datetime], stores.Item]()
    limit = timedelta(days=copy_set.kept_days)
    known = {(one.name, one.taken_at) for one in StoredCopy.objects.filter(copy_set=copy_set).only("name", "taken_at")}
    fresh = list[StoredCopy]()
    for item in store.items(copy_set.pattern):
        place = (_name(item), item.taken_at)
        found[place] = item
        if place not in known:
            fresh.append(StoredCopy(
                copy_set=copy_set, name=place[0], taken_at=item.taken_at, expires_at=item.taken_at + limit, size=item.size,
                seen_at=now,
            ))  # fmt: skip
    StoredCopy.objects.bulk_create(fresh, batch_size=AT_ONCE, ignore_conflicts=True)
    rows = StoredCopy.objects.filter(copy_set=copy_set, state__in=STILL)
    gone = [one.pk for one in rows if (one.name, one.taken_at) not in found]
    for start in range(0, len(gone), AT_ONCE):
        StoredCopy.objects.filter(pk__in=gone[start : start + AT_ONCE]).update(state=State.GONE, gone_at=now)
    for one in rows:  # the register says another limit by now
        if one.expires_at != one.taken_at + limit:
            StoredCopy.objects.filter(pk=one.pk).update(expires_at=one.taken_at + limit)
    return found


def _name(item: stores.Item) -> str:
    return f"{item.name}@{item.version}"[:400] if item.version else item.name[:400]


def _judge(
    copy_set: CopySet, store: stores.Store, now: datetime, listed: dict[tuple[str, datetime], stores.Item], actor: Actor
) -> tuple[str, bool]:
    """End, set the rule or only look; (in words, whether all is as the register says)."""
    words = list[str]()
    if copy_set.expiry == Expiry.OURS and copy_set.verified_at is None:
        due = StoredCopy.objects.filter(copy_set=copy_set, state__in=STILL, expires_at__lte=now).count()
        words.append(f"{due} are past their date. They are deleted once a colleague has verified this entry.")
    elif copy_set.expiry == Expiry.OURS:
        ended, locked = _end(copy_set, store, now, listed, actor)
        words += [f"{ended} past their date were deleted."] if ended else []
        words += [f"{locked} past their date are locked and stay until the lock ends."] if locked else []
    elif copy_set.expiry == Expiry.LIFECYCLE:
        words += _rule(copy_set, store, actor)
    still = StoredCopy.objects.filter(copy_set=copy_set, state__in=STILL)
    late = still.filter(expires_at__lt=now - (timedelta(0) if copy_set.expiry == Expiry.OURS else SLACK)).count()
    words.insert(0, f"{still.count()} copies are there.")
    if late and copy_set.expiry != Expiry.OURS:
        words.append(f"{late} are past their date and still there.")
    return " ".join(words), not late


def _end(
    copy_set: CopySet, store: stores.Store, now: datetime, listed: dict[tuple[str, datetime], stores.Item], actor: Actor
) -> tuple[int, int]:
    """Delete what is past its date; (deleted, locked)."""
    due = StoredCopy.objects.filter(copy_set=copy_set, state__in=STILL, expires_at__lte=now)
    due = due.filter(Q(locked_until=None) | Q(locked_until__lte=now))
    ended = locked = 0
    for row in list(due.order_by("taken_at")):
        item = listed.get((row.name, row.taken_at))
        StoredCopy.objects.filter(pk=row.pk).update(state=State.ENDING)
        failpoint("copies.before_delete")
        if copy_set.immutable_days and row.taken_at + timedelta(days=copy_set.immutable_days) > now:
            until = row.taken_at + timedelta(days=copy_set.immutable_days)
            StoredCopy.objects.filter(pk=row.pk).update(state=State.LOCKED, locked_until=until)
            locked += 1
            continue
        try:
            if item is not None:
                store.delete(item)
        except stores.Locked as error:
            StoredCopy.objects.filter(pk=row.pk).update(state=State.LOCKED, locked_until=error.until)
            locked += 1
            continue
        except stores.Temporary as error:
            if error.code != "changed":
                raise
            continue  # another file has its name: it is listed by itself the next time
        failpoint("copies.after_delete")
        StoredCopy.objects.filter(pk=row.pk).update(state=State.GONE, gone_at=timezone.now(), ended_by_us=True)
        ended += 1
    if ended:
        with log.atomic():
            log.record("copies.ended", actor=actor, noun=copy_set, copy_set=copy_set.key, copies=ended, locked=locked)
    return ended, locked


def _rule(copy_set: CopySet, store: stores.Store, actor: Actor) -> list[str]:
    """Verify the store's own rule, and set it where it is missing or longer."""
    rule = store.rule()
    if rule is not None and rule.days is not None and rule.days <= copy_set.kept_days and rule.old_versions_days:
        return [f"The store ends them after {rule.days} days."]
    store.set_rule(copy_set.kept_days)
    with log.atomic():
        log.record("copies.rule_set", actor=actor, noun=copy_set, copy_set=copy_set.key, days=copy_set.kept_days)
    rule = store.rule()  # read back: a store may take a call and forget it
    if rule is None or rule.days is None or rule.days > copy_set.kept_days:
        raise stores.Permanent(
            "schema", "The store did not keep the lifecycle rule. Ask its owner, or let us end the copies."
        )
    return [f"The store was told to end them after {copy_set.kept_days} days."]


def overdue(now: datetime) -> "QuerySet[StoredCopy]":
    """Copies that are past their date and still there, locked ones aside."""
    rows = StoredCopy.objects.filter(state__in=(State.THERE, State.ENDING), expires_at__lt=now - SLACK)
    return rows.select_related("copy_set")
