"""People, purposes and API clients of these tests."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client

from audit import actor, clients
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
