"""Deleting, masking and reading back in an HTTP system, row by row.

There are no transactions: each row stands for itself. A chunk that was cut short has no receipt and is done again, and a row
that is as wanted already is left alone.
"""

import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

from django.conf import settings

from connectors.kinds.base import Key, Mask, Spare
from connectors.kinds.http_calls import NOTHING, Calls
from connectors.kinds.http_spec import Endpoint
from connectors.kinds.http_values import changed, changes, filled, meant, path, query, same
from inventory.graph import CollectionSpec

Row = Mapping[str, Any]


class Reading(Protocol):
    """The kind, as far as a change needs it."""

    calls: Calls
    batch_id: str

    def endpoint(self, spec: CollectionSpec, name: str) -> Endpoint: ...

    def rows(self, spec: CollectionSpec, keys: Sequence[Key]) -> Iterator[tuple[Key, Row]]: ...

    def held(self, spec: CollectionSpec, row: Row, field: str) -> Any: ...


class HttpChanging:
    """See `connectors.kinds.base.Changing`."""

    def __init__(self, kind: Reading) -> None:
        self.kind = kind

    def delete(self, spec: CollectionSpec, keys: Sequence[Key], spare: Spare) -> int:
        """Delete these rows but the spared ones; how many went."""
        endpoint = self.kind.endpoint(spec, "delete")
        return sum(self._write(endpoint, spec, key, row, {}) for key, row in self._there(spec, keys, spare))

    def update(self, spec: CollectionSpec, keys: Sequence[Key], masks: Mapping[str, Mask], spare: Spare) -> int:
        """Bring these rows into the wanted state, sending only what is not in it; how many were not."""
        endpoint = self.kind.endpoint(spec, "update")
        return sum(
            self._write(endpoint, spec, key, row, new)
            for key, row in self._there(spec, keys, spare)
            if (new := self._unlike(spec, key, row, masks))
        )

    def count(self, spec: CollectionSpec, keys: Sequence[Key], spare: Spare) -> int:
        """How many of these rows are there, the spared ones aside."""
        return sum(1 for _ in self._there(spec, keys, spare))

    def count_unlike(self, spec: CollectionSpec, keys: Sequence[Key], masks: Mapping[str, Mask], spare: Spare) -> int:
        """How many of these rows are not in the wanted state, the spared ones aside."""
        return sum(1 for key, row in self._there(spec, keys, spare) if self._unlike(spec, key, row, masks))

    def _there(self, spec: CollectionSpec, keys: Sequence[Key], spare: Spare) -> Iterator[tuple[Key, Row]]:
        folded = {name: spec.field(name).folded for name in spare}
        spared = {name: {meant(one, folded[name]) for one in values} - {None} for name, values in spare.items()}
        for key, row in self.kind.rows(spec, keys):
            if not any(meant(self.kind.held(spec, row, name), folded[name]) in some for name, some in spared.items()):
                yield key, row

    def _write(self, endpoint: Endpoint, spec: CollectionSpec, key: Key, row: Row, new: Mapping[str, Any]) -> bool:
        """One call that changes one row; whether the row was there."""
        values = dict(zip(spec.primary_key, key, strict=True))
        values |= {"changes": changes(row, new, endpoint.changes), "row": changed(row, new)}
        asked = query(filled(endpoint.query, values), endpoint.join, endpoint.place)
        url = self.kind.calls.to.base + path(endpoint.path, values, endpoint.place) + (asked and f"?{asked}")
        body = None if endpoint.body is None else filled(endpoint.body, values)
        once = self._once(endpoint, spec, key, new)
        return self.kind.calls.ask(endpoint, url, body, gone=True, once=once).value is not NOTHING

    def _once(self, endpoint: Endpoint, spec: CollectionSpec, key: Key, new: Mapping[str, Any]) -> str:
        """The idempotency key: the same for the same change of the same row in the same batch, whoever repeats it; keyed,
        so that nobody can try out values.
        """
        facts = [self.kind.batch_id, endpoint.place, spec.dataset, spec.name, list(key), dict(new)]
        secret = hashlib.sha256(b"privacyops idempotency v1" + settings.INDEX_KEY.encode()).digest()
        return hmac.new(secret, json.dumps(facts, sort_keys=True, default=str).encode(), hashlib.sha256).hexdigest()

    def _unlike(self, spec: CollectionSpec, key: Key, row: Row, masks: Mapping[str, Mask]) -> dict[str, Any]:
        """What the masked fields of a row shall hold and do not."""
        found = {}
        for name, mask in masks.items():
            now = self.kind.held(spec, row, name)
            wanted = mask.wanted(key, now)
            if not same(wanted, now):
                found[name] = wanted
        return found
