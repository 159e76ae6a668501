"""Who acts: a member of staff, a person through the portal, an API client, or a worker."""

from dataclasses import dataclass
from typing import Literal
from uuid import UUID


@dataclass(frozen=True)
class Actor:
    """`kind` and `id` only; a name or an address never stands in an event."""

    kind: Literal["staff", "person", "client", "worker"]
    id: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.id}"


def staff(user_id: int) -> Actor:
    """The member of staff with this primary key."""
    return Actor("staff", str(user_id))


def person(subject_id: UUID) -> Actor:
    """The data subject with this id, acting through the portal."""
    return Actor("person", str(subject_id))


def client(client_id: int) -> Actor:
    """The API client with this primary key."""
    return Actor("client", str(client_id))


def worker(name: str) -> Actor:
    """A sweep or a task, by its dotted name."""
    return Actor("worker", name)
