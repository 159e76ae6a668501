"""The kind `portal`: our own tables as a system of the engine. Its collections are the stores of `retention.house`.

It works in the portal's own database, in the very transaction in which the engine writes its receipt: a case is cleared and
receipted, or neither.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Min, Model, QuerySet

from connectors.kinds.base import Column, Found, Key, Mask, Permanent, Spare, register
from connectors.models import Batch, Connection
from inventory.dating import Counted
from inventory.graph import CollectionSpec
from retention import house
from retention.house import Store

AT_ONCE = 500


@register(house.KIND)
def open_portal(connection: Connection, batch: Batch | None = None) -> "Portal":
    """The kind behind the portal itself."""
    return Portal()


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), ZoneInfo(settings.ESTABLISHMENT_TIME_ZONE))


def _day(moment: datetime) -> date:
    return moment.astimezone(ZoneInfo(settings.ESTABLISHMENT_TIME_ZONE)).date()


class Portal:
    """See `connectors.kinds.base.Kind`. Nobody is searched here: a store is cleared by date and not by person."""

    chunk_rows = AT_ONCE

    def store(self, spec: CollectionSpec) -> Store:
        """The store behind a collection. Raises Permanent when no room registers it."""
        found = house.store(spec.name)
        if found is None:
            raise Permanent(
                "schema", f"{spec.place} is nothing that the portal keeps. Mend the description, then retry."
            )
        return found

    def due(self, spec: CollectionSpec, before: date) -> "QuerySet[Model]":
        """Rows that are past a day, held ones too."""
        one = self.store(spec)
        return one.rows().filter(**{f"{one.dated_by}__lt": _midnight(before)})

    def check(self) -> str:
        """A sentence for the desk."""
        return f"This portal itself; {len(house.stores())} stores."

    def columns(self, spec: CollectionSpec) -> dict[str, Column]:
        """The key and the date."""
        one = self.store(spec)
        return {name: Column(name, False, name == "id", name == "id") for name in ("id", one.dated_by)}

    def keyed(self, spec: CollectionSpec) -> bool:
        """Ids of ours are unique."""
        return spec.primary_key == ("id",)

    def find(self, spec: CollectionSpec, field: str, values: Sequence[Any], *, folded: bool) -> Iterator[Found]:
        """Nobody is found here by what identifies them: people's requests are on the desk."""
        yield from ()

    def find_together(
        self, spec: CollectionSpec, fields: Sequence[str], rows: Sequence[Sequence[Any]]
    ) -> Iterator[Found]:
        """See `find`."""
        yield from ()

    def find_before(self, spec: CollectionSpec, field: str, before: date) -> Iterator[Found]:
        """What is over for so long, without what a legal hold keeps."""
        one = self.store(spec)
        rows = self.due(spec, before)
        free = rows.exclude(pk__in=one.held(rows).values("pk")).order_by("pk").values_list("pk", one.dated_by)
        for pk, moment in free.iterator(chunk_size=AT_ONCE):
            yield Found((str(pk),), _day(moment), {})

    def due_among(self, spec: CollectionSpec, keys: Sequence[Key]) -> list[Key]:
        """Those of these rows that are over for so long and not held."""
        assert spec.due is not None
        one = self.store(spec)
        rows = self.due(spec, spec.due.before).filter(pk__in=[key for (key,) in keys])
        held = set(one.held(rows).values_list("pk", flat=True))
        return [(str(pk),) for pk in rows.values_list("pk", flat=True) if pk not in held]

    def count_due(self, spec: CollectionSpec, days: Sequence[date]) -> Counted:
        """How many rows are past each of these days, held ones too."""
        one = self.store(spec)
        rows = one.rows()
        oldest = rows.aggregate(oldest=Min(one.dated_by))["oldest"]
        past = tuple(self.due(spec, day).count() for day in days)
        return Counted(past, 0, rows.count(), _day(oldest) if oldest else None)

    def count_held(self, spec: CollectionSpec) -> int:
        """How many rows that are past their date a legal hold keeps."""
        assert spec.due is not None
        return self.store(spec).held(self.due(spec, spec.due.before)).count()

    def values(self, spec: CollectionSpec, field: str, keys: Sequence[Key]) -> list[Any]:
        """The distinct values of a field in these rows."""
        return list(dict.fromkeys(row[field] for row in self.read(spec, [field], keys)))

    def read(self, spec: CollectionSpec, fields: Iterable[str], keys: Sequence[Key]) -> list[dict[str, Any]]:
        """Key and date of these rows; cleared ones are left out."""
        one, names = self.store(spec), list(fields)
        rows = one.rows().filter(pk__in=[key for (key,) in keys]).order_by("pk").values_list("pk", one.dated_by)
        found = [{"id": str(pk), one.dated_by: moment} for pk, moment in rows]
        return [{name: row.get(name) for name in names} for row in found]

    @contextmanager
    def looking(self) -> Iterator["PortalChanging"]:
        """Counts only."""
        yield PortalChanging(self)

    @contextmanager
    def changing(self) -> Iterator["PortalChanging"]:
        """In the engine's own transaction."""
        yield PortalChanging(self)


class PortalChanging:
    """See `connectors.kinds.base.Changing`."""

    def __init__(self, kind: Portal) -> None:
        self.kind = kind

    def delete(self, spec: CollectionSpec, keys: Sequence[Key], spare: Spare) -> int:
        """Clear these rows of everything personal, but held ones and such as are not over any more; how many."""
        return self.kind.store(spec).clear([str(key) for (key,) in self.kind.due_among(spec, keys)])

    def update(self, spec: CollectionSpec, keys: Sequence[Key], masks: Mapping[str, Mask], spare: Spare) -> int:
        """Never: what the portal keeps is cleared or stays."""
        raise Permanent("schema", f"{spec.place} is cleared and not masked. Choose to delete in the schedule.")

    def count(self, spec: CollectionSpec, keys: Sequence[Key], spare: Spare) -> int:
        """How many of these rows are not cleared."""
        return self.kind.store(spec).rows().filter(pk__in=[key for (key,) in keys]).count()

    def count_due(self, spec: CollectionSpec, keys: Sequence[Key], spare: Spare) -> int:
        """How many of these rows should be cleared and are not."""
        return len(self.kind.due_among(spec, keys))

    def count_unlike(self, spec: CollectionSpec, keys: Sequence[Key], masks: Mapping[str, Mask], spare: Spare) -> int:
        """How many of these rows are not cleared."""
        return self.count(spec, keys, spare)
