"""The order in which verbs lock rows, so that they never wait for each other in a circle.

Request, then person, then any other row, and last the event chain (`log.record`). So a verb locks its request before its
first event, and the person before anything that is counted per person. NO KEY UPDATE lets rows that refer to a locked one
be inserted meanwhile. On SQLite the writer is alone anyway (IMMEDIATE transactions).
"""

from functools import cache
from uuid import UUID

from audit.kept import Here, Kept
from requests_app.models import Request
from subjects.models import DataSubject


def request(pk: UUID, *joined: str) -> Request:
    """The request as it is now, locked until the caller's transaction ends; with what it refers to by `joined`, not locked."""
    found = _requests(joined).one(pk=pk)
    if found is None:
        raise Request.DoesNotExist("Request matching query does not exist.")
    return found


@cache
def _requests(joined: tuple[str, ...]) -> Kept[Request]:
    rows = Request.objects.select_for_update(of=("self",), no_key=True).filter(pk=Here("pk", Request._meta.pk))
    return Kept(lambda: rows.select_related(*joined) if joined else rows)


def person(pk: UUID) -> DataSubject:
    """The person, locked until the caller's transaction ends."""
    return DataSubject.objects.select_for_update(no_key=True).get(pk=pk)
