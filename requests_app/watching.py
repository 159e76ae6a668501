"""Who wants to hear of a case: watchers, and colleagues named in a note. Both are told on the desk and in the daily mail."""

import re
from datetime import datetime

from django.contrib.auth.models import User
from django.db.models import Exists, OuterRef, Q, QuerySet

from audit import actor as actors
from audit import log
from audit.refusal import Refused
from requests_app.models import Mention, Note, Request, State, Watcher

VIEW = "requests_app.view_request"
BACKEND = "django.contrib.auth.backends.ModelBackend"
# Not within an address: ada@example.org names nobody.
NAMED = re.compile(r"(?<![\w.+@-])@([A-Za-z0-9_][\w.+-]*)")
MOST = 20


def watch(request: Request, *, by: User) -> None:
    """Hear of this case from now on. Twice is once. Raises Refused without the permission, or when it is closed."""
    if not by.has_perm(VIEW):
        raise Refused("Your role may not see requests.", code="not_allowed")
    if request.state == State.CLOSED:
        raise Refused("This request is closed; nothing more will happen.", code="illegal_move")
    with log.atomic():
        _, made = Watcher.objects.get_or_create(request=request, person=by)
        if made:
            _record("request.watched", request, by)


def unwatch(request: Request, *, by: User) -> None:
    """Hear of it no more."""
    with log.atomic():
        count, _ = Watcher.objects.filter(request=request, person=by).delete()
        if count:
            _record("request.unwatched", request, by)


def named(text: str) -> list[User]:
    """The colleagues that a note names by @, once each. Raises Refused for a name that is no colleague's who may see cases."""
    names = list(dict.fromkeys(one.rstrip(".-+").lower() for one in NAMED.findall(text)))[: MOST + 1]
    if not names:
        return []
    if len(names) > MOST:
        raise Refused(f"A note can name {MOST} colleagues at most.", code="mention_many", field="text")
    wanted = Q(pk__in=())
    for one in names:
        wanted |= Q(username__iexact=one)
    found = list(User.objects.with_perm(VIEW, backend=BACKEND).filter(wanted, is_staff=True).distinct())
    missing = set(names) - {one.get_username().lower() for one in found}
    if missing:
        who = ", ".join(f"@{one}" for one in names if one in missing)
        raise Refused(
            f"Nobody who may see this case is called {who}. Write the name with which they sign in, or leave out the @.",
            code="mention_unknown", field="text",
        )  # fmt: skip
    return found


def mention(note: Note, people: list[User], *, by: User) -> None:
    """Tell colleagues that a note names them, in the caller's transaction. Who names themself is not told."""
    rows = [Mention(note=note, person=one) for one in people if one.pk != by.pk]
    if rows:
        Mention.objects.bulk_create(rows, ignore_conflicts=True)
        _record("note.mentioned", note.request, by, note=note.pk, people=[one.person_id for one in rows])


def read(request: Request, *, by: User, now: datetime) -> int:
    """They have read every note of this case that names them; how many."""
    with log.atomic():
        count = Mention.objects.filter(note__request=request, person=by, read_at=None).update(read_at=now)
        if count:
            _record("note.read", request, by, count=count)
    return count


def unread(user: User) -> "QuerySet[Request]":
    """Requests with a note that names this colleague and that they have not read."""
    notes = Mention.objects.filter(note__request=OuterRef("pk"), person=user.pk, read_at=None)
    return Request.objects.filter(Exists(notes))


def watched(user: User, *, closed: bool = False) -> "QuerySet[Request]":
    """Open requests that this colleague watches; `closed`: those that have ended, too."""
    rows = Request.objects.filter(Exists(Watcher.objects.filter(request=OuterRef("pk"), person=user.pk)))
    return rows if closed else rows.exclude(state=State.CLOSED)


def _record(name: str, request: Request, by: User, **facts: object) -> None:
    log.record(name, actor=actors.staff(by.pk), noun=request, subject_id=request.subject_id, **facts)
