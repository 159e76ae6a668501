"""The contract's world worked by hand: what a colleague finds in a cabinet, and signs for."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils import timezone

from connectors.kinds import base
from connectors.kinds.hand import Hand, place
from connectors.models import Authorisation, Batch, Connection, HandTask, WorkOrder
from inventory.graph import CollectionSpec
from inventory.models import System
from tests.connectors.contract import ROWS, Row, World, by_key

COLLEAGUE = "what a colleague does is known when they sign, and not before"


class ByHand(World):
    """The colleague is these methods: they look what is in the cabinet, and do what they are asked."""

    name = "hand"
    lacks = {
        "composite": "the number of an item is its only key",
        "together": "nobody is asked for pairs of values",
        "before": "nobody counts paper every night",
        "values": "a colleague is only asked for what is known",
        "columns": "paper takes anything",
        "many": "more than MOST_VALUES values are too many to look for by hand",
        "counting": COLLEAGUE,
        "compute": COLLEAGUE,
        "token": COLLEAGUE,
        "spare": "no retention run reaches it",
        "credentials": "there are none",
        "read_only": COLLEAGUE,
        "missing": "an empty drawer is an answer",
        "away": "it waits for its colleague, and that is told as waiting",
    }

    def fill(self, rows: Mapping[str, Sequence[Row]]) -> None:
        self.system = System.objects.create(key="s", name="S")
        self.connection = Connection.objects.create(system=self.system, kind="hand", address="-")
        self.batch = Batch.objects.create(reason="request", origin="PR-TEST")
        self.cabinet = {name: {row.get("id"): row for row in some} for name, some in rows.items()}
        self.order: WorkOrder | None = None
        self.wave = 0

    def asked(self, spec: CollectionSpec, field: str, values: Sequence[Any], *, folded: bool) -> None:
        def form(value: Any) -> str:
            return str(value).lower() if folded else str(value)

        asked = [str(one) for one in values]
        HandTask.objects.filter(order__operation="find").delete()
        look_for = [{"dataset": spec.dataset, "collection": spec.name, "field": field, "values": asked}]
        task = self.task("find", details={"look_for": look_for})
        for key, row in self.cabinet[spec.name].items():
            if row[field] is not None and form(row[field]) in {form(one) for one in asked}:
                task.items.create(number=key, dataset=spec.dataset, collection=spec.name, content=row)

    def answered(self, spec: CollectionSpec, keys: Sequence[base.Key]) -> None:
        leave = Authorisation.objects.create(
            batch=self.batch, operation="suppress", basis="opt_out", approved_at=timezone.now(), fingerprint="-"
        )
        codes = {place(spec.dataset, spec.name, key[0]): "done" for key in keys}
        self.order = self.task("suppress", leave, answer={"codes": codes}).order

    def task(self, operation: str, leave: Authorisation | None = None, **facts: Any) -> HandTask:
        self.wave += 1
        order = WorkOrder.objects.create(
            batch=self.batch, system=self.system, operation=operation, authorisation=leave, wave=self.wave
        )
        return HandTask.objects.create(order=order, due_on=timezone.localdate(), state="done", **facts)

    def kind(self) -> base.Kind:
        kind = base.open_kind(self.connection, self.batch)
        assert isinstance(kind, Hand)
        kind.order = self.order
        return kind

    def rows(self, name: str) -> list[Row]:
        """What is in the cabinet, and of it, in our copy, what a colleague handed in."""
        tasks = HandTask.objects.filter(order__batch=self.batch, order__operation="find")
        ours = {one.number: one.content for task in tasks for one in task.items.filter(collection=name)}
        some = {row["id"]: row for row in ROWS[name]} | ours
        return by_key(name, [row for row in some.values() if row])


WORLDS = [ByHand]
