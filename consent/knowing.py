"""What is known of how people want to be told: their language and where they live. Rooms above register; here it is asked."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from uuid import UUID

from consent.models import Choice


@dataclass(frozen=True)
class Known:
    """A language and a place (DE, US-CA); "" where nobody knows."""

    language: str = ""
    place: str = ""


Reader = Callable[[list[UUID]], dict[UUID, Known]]
_readers: list[Reader] = []


def reader(read: Reader) -> Reader:
    """Register who knows something of people."""
    _readers.append(read)
    return read


def of(subjects: Iterable[UUID]) -> dict[UUID, Known]:
    """What is known of each of these people: of the first reader that knows, our own choices last. Few queries for all."""
    ids = list(subjects)
    found: dict[UUID, Known] = {}
    for read in [*_readers, _by_choices]:
        for one, known in read(ids).items():
            before = found.get(one, Known())
            found[one] = Known(before.language or known.language, before.place or known.place)
    return found


def _by_choices(ids: list[UUID]) -> dict[UUID, Known]:
    rows = Choice.objects.filter(subject__in=ids).exclude(language="", region="").order_by("chosen_at")
    found: dict[UUID, Known] = {}
    for subject, language, region in rows.values_list("subject", "language", "region"):
        before = found.get(subject, Known())
        found[subject] = Known(language or before.language, region or before.place)
    return found
