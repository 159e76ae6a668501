"""Whose a row is that names people itself: the link by which it was found, and whether another link names somebody else.

A people link may be one column of a key of several (tenant and sender). Then the whole key is compared: number 1 of one tenant
is not number 1 of another.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

from connectors.kinds import base
from connectors.sharing import Forms, form
from inventory.graph import CollectionSpec, Entry

Rows = Iterable[Sequence[Any]]


class Owners:
    """The people links of one collection, with this person's own values of them. `own` gives those of an entry."""

    def __init__(self, spec: CollectionSpec, entries: Sequence[Entry], own: Callable[[Entry], Rows]) -> None:
        self.people, self._plain = spec.people, spec
        naming = {link: [one for one in entries if link in one.fields] for link in self.people}
        beside = dict.fromkeys(name for each in naming.values() for one in each for name in one.fields)
        # What the kinds read: the other columns of such a key come along with each row.
        self.spec = replace(spec, beside=tuple(one for one in beside if one not in self.people))
        self._naming = {link: len(each) for link, each in naming.items()}
        self._own: dict[str, list[tuple[tuple[str, ...], set[Forms]]]] = {
            link: [(one.fields, {self._forms(one.fields, row) for row in own(one)}) for one in each]
            for link, each in naming.items()
        }

    @property
    def sure(self) -> bool:
        """Whether each link could be compared with something of this person's."""
        return all(any(values for _, values in each) for each in self._own.values())

    def via(self, entry: Entry) -> str:
        """The link that an entry finds rows by: of a key of several columns the one that names people; if several do, the one
        that tells the entry from the others.
        """
        named = [one for one in entry.fields if one in self.people]
        return min(named, key=lambda one: self._naming[one]) if named else entry.field

    def another(self, row: base.Found, via: str) -> bool:
        """Whether a people link of the row other than `via` names somebody else."""
        return any(
            row.people[link] is not None
            and not any(self._forms(fields, [row.people[name] for name in fields]) in values for fields, values in each)
            for link, each in self._own.items()
            if link != via
        )

    def _forms(self, fields: Sequence[str], values: Sequence[Any]) -> Forms:
        return tuple(self._form(name, value) for name, value in zip(fields, values, strict=True))

    def _form(self, name: str, value: Any) -> str | None:
        if value is not None and folded(self._plain, name):
            return str(value).strip().lower()
        return form(value)


def folded(spec: CollectionSpec, name: str) -> bool:
    """Whether a field holds e-mail addresses, which are the same in any case."""
    return spec.field(name).folded
