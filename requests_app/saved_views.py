"""Views of the queue that colleagues keep: filters under a name, their own or shared, and the one that the queue opens with.

A view belongs to whoever kept it: nobody else renames, shares or removes it. It holds filters only; what was searched for may
name a person and is never kept.
"""

from collections.abc import Mapping
from urllib.parse import urlencode

from django.contrib.auth.models import User
from django.db import IntegrityError
from django.db.models import Q, QuerySet

from audit import actor as actors
from audit import log
from audit.refusal import Refused
from requests_app import policy
from requests_app.models import FirstView, SavedView

# Parameters of the queue's address that say nothing about a person.
FILTERS = (
    "waits", "due", "risk", "owner", "state__exact", "right__exact", "law", "region", "channel__exact", "outcome__exact",
    "asked_by__exact", "authority__exact", "o",
)  # fmt: skip
MOST = 40
NOT_YOURS = "This view belongs to a colleague. Keep one of your own, or ask them."


def visible(user: User) -> "QuerySet[SavedView]":
    """A colleague's own views, and what colleagues who still work here share."""
    return SavedView.objects.filter(Q(owner=user.pk) | Q(shared=True, owner__is_active=True)).select_related("owner")


def address(view: SavedView) -> str:
    """What stands after the question mark."""
    return urlencode(sorted(view.filters.items()))


def filters_of(given: Mapping[str, str]) -> dict[str, str]:
    """Of an address of the queue, what a view may keep."""
    return {name: str(given[name])[:60] for name in FILTERS if given.get(name)}


def first(user: User) -> SavedView | None:
    """The view that this colleague's queue opens with, while they may see it."""
    chosen = FirstView.objects.filter(user=user.pk).values("view")
    return visible(user).filter(pk__in=chosen).first()


def keep(*, by: User, name: str, given: Mapping[str, str], shared: bool = False) -> SavedView:
    """Keep these filters under a name; one of the same name of theirs is replaced. Raises Refused."""
    words = " ".join(name.split())
    if not words or len(words) > 60 or not policy.printable(words):
        raise Refused("Give the view a name of at most 60 characters.", code="name_missing", field="name")
    filters = filters_of(given)
    if not filters:
        raise Refused("Choose a filter first. What was searched for is not kept.", code="no_filters", field="name")
    with log.atomic():
        if SavedView.objects.filter(owner=by.pk).exclude(name=words).count() >= MOST:
            raise Refused(f"You have {MOST} views already. Remove one first.", code="too_many")
        try:
            view, _ = SavedView.objects.update_or_create(
                owner=by, name=words, defaults={"filters": filters, "shared": shared}
            )
        except IntegrityError as error:  # kept twice in the same moment
            raise Refused("A view of this name has just been kept.", code="state_conflict") from error
        _record("view.kept", view, by)
    return view


def share(view: SavedView, *, by: User, shared: bool) -> SavedView:
    """Show it to the team, or to its owner only again. Raises Refused."""
    _mine(view, by)
    with log.atomic():
        SavedView.objects.filter(pk=view.pk).update(shared=shared)
        if not shared:
            FirstView.objects.filter(view=view.pk).exclude(user=by.pk).delete()
        _record("view.shared" if shared else "view.unshared", view, by)
    return SavedView.objects.get(pk=view.pk)


def remove(view: SavedView, *, by: User) -> None:
    """Remove it; queues that opened with it open with everything open again. Raises Refused."""
    _mine(view, by)
    with log.atomic():
        _record("view.removed", view, by)
        view.delete()


def open_with(view: SavedView | None, *, by: User) -> None:
    """Let this colleague's queue open with a view, or with everything open. Raises Refused for one that they may not see."""
    if view is not None and not visible(by).filter(pk=view.pk).exists():
        raise Refused(NOT_YOURS, code="not_allowed")
    with log.atomic():
        if view is not None:
            FirstView.objects.update_or_create(user=by, defaults={"view": view})
            _record("view.opened_with", view, by)
            return
        for old in FirstView.objects.filter(user=by.pk):
            log.record("view.opened_plain", actor=actors.staff(by.pk), noun=old)
            old.delete()


def _mine(view: SavedView, by: User) -> None:
    if view.owner_id != by.pk:
        raise Refused(NOT_YOURS, code="not_allowed")


def _record(name: str, view: SavedView, by: User) -> None:
    log.record(name, actor=actors.staff(by.pk), noun=view)
