"""People, purposes and API clients of these tests."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from threading import Barrier
from typing import Any

from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.utils import timezone

from audit import actor, clients
from consent import launching, naming, notices, reviewing, terms
from consent.models import Launch, NoticeVersion
from inventory.models import Purpose
from subjects import registry
from subjects.models import DataSubject

CLERK = actor.worker("test")
ADA = {"kind": "email", "value": "Ada@Example.org"}


def ada() -> DataSubject:
    return registry.find_or_make("email", "ada@example.org", actor=CLERK)


def purpose(key: str = "news", **more: Any) -> Purpose:
    values = {"name": key.title(), "description": "Why.", "lawful_basis": "consent"} | more
    return Purpose.objects.create(key=key, **values)


def live_purpose(key: str = "news", **more: Any) -> Purpose:
    """A purpose of which people were told."""
    made = purpose(key, **more)
    go_live()
    return made


def go_live() -> None:
    """People were told of every purpose that there is."""
    now, ground = timezone.now() - timedelta(days=1), Launch.Ground.BEFORE
    for one in Purpose.objects.filter(launches=None):
        Launch.objects.create(
            purpose=one, terms=terms.of(one), regions=launching.EVERYWHERE, asked_at=now, live_at=now, ground=ground
        )
    launching.forget()


def colleague(name: str, *permissions: str) -> User:
    """A member of staff with these permissions."""
    user = User.objects.create_user(name, is_staff=True)
    codenames = [one.split(".")[-1] for one in permissions]
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    return User.objects.get(pk=user.pk)


class Caller:
    """A program with an API key."""

    def __init__(self, *scopes: str, name: str = "website") -> None:
        self.client, self.key = clients.create(name, list(scopes), actor=CLERK)
        self.browser = Client(raise_request_exception=False)

    def post(self, path: str, body: Any, *, key: str | None = "new", **headers: str) -> Any:
        """Call with a key of its own, the one given, or none at all (None)."""
        known = {"Authorization": f"Bearer {self.key}"} | headers
        if key is not None:
            known["Idempotency-Key"] = str(uuid.uuid4()) if key == "new" else key
        return self.browser.post(path, body, content_type="application/json", headers=known)

    def get(self, path: str) -> Any:
        """Read with the key."""
        return self.browser.get(path, headers={"Authorization": f"Bearer {self.key}"})


def at_once(verb: Any, times: int = 2) -> list[Any]:
    """What `verb` returned or raised, called by so many threads at the same moment."""
    start = Barrier(times)

    def one(turn: int) -> Any:
        try:
            start.wait(10)
            return verb(turn)
        except Exception as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(one, range(times)))


WRITES = (
    "add_noticeversion",
    "change_noticeversion",
    "publish_noticeversion",
    "approve_noticeversion",
    "run_announcement",
)


def officer(name: str) -> User:
    """Somebody who may write, approve and publish notices, and tell people; made at first use."""
    known = User.objects.filter(username=name).first()
    return known or colleague(name, *WRITES)


def draft(body: str = "We keep little.", *, by: User | None = None, **more: Any) -> NoticeVersion:
    """A draft that Maya wrote."""
    values = {"title": "Privacy notice", "body": body, "effective_on": date(2026, 1, 1)} | more
    return notices.draft(by=by or officer("maya"), **values)


def through(version: NoticeVersion, *, publish: bool = True) -> NoticeVersion:
    """A draft proposed by Maya, approved by Noor, and published by her too."""
    reviewing.propose(version, by=officer("maya"))
    reviewing.approve(version, by=officer("noor"))
    return notices.publish(version, by=officer("noor")) if publish else version


def published(body: str = "We keep little.", **more: Any) -> NoticeVersion:
    """A version before the public, as two people put it there."""
    return through(draft(body, **more))


def earlier(*, at: datetime, **more: Any) -> NoticeVersion:
    """A version that was published at another moment: written as it stands, for a published row cannot be moved."""
    values = {"number": 1, "title": "Privacy notice", "body": "We keep little.", "effective_on": at.date()} | more
    digest = notices.digest(values["title"], values["body"])
    return NoticeVersion.objects.create(**{"digest": digest, "published_at": at} | values)


def naming_purposes(*purposes: Purpose) -> dict[str, Any]:
    """Values of a draft that names these purposes on their present terms."""
    words = "We use data for: " + ", ".join(one.name for one in purposes) + "."
    return {"body": words, "names": [naming.entry("purposes", one.key, one.name, terms.of(one)) for one in purposes]}
