"""What goes into the sealed list: derived from orders of the engine that are done, and from what other rooms register.

The order and its receipts are the source; an entry is made by the next sweep, and at the latest when a replay is asked for.
What a replay redid is sealed again, entry by entry: a backup taken between a restore and its replay holds it once more.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.db.models import Exists, Max, OuterRef, TextField, Value
from django.db.models.functions import Cast, Concat, Replace
from django.utils import timezone

from connectors import replaying
from connectors.models import Batch, Chunk, Finding, Receipt, WorkOrder
from connectors.scope import NOT_ASKED
from inventory import mapping
from inventory.graph import CollectionSpec
from retention import redoing, sealed, sealkeys
from retention.models import ReplayPart, SealedEntry

Operation, Kind = WorkOrder.Operation, SealedEntry.Kind
SEALABLE = (Operation.ERASE, Operation.ANONYMISE, Operation.CORRECT, Operation.SUPPRESS, Operation.RESTRICT)
ERASING = (Operation.ERASE, Operation.ANONYMISE)
SETTLED = (WorkOrder.State.DONE, WorkOrder.State.WAIVED)
SLACK = timedelta(hours=1)
MOST_LINKS = 20_000
MOST_DIGESTS, DIGEST = 200_000, 8
AT_ONCE = 200
AGAIN = "again:"


def sweep() -> int:
    """Seal what was done since the last time; how many entries. Takes over from the file what a restored database lacks."""
    with sealed.locked():
        sealed.reconcile()
        count = sealed.append(deeds(AT_ONCE)) + _redone()
        for source in redoing.sources.values():
            count += sealed.append(
                {"kind": source.kind, "system": "", "origin": one.origin, "source": one.source, "done_at": one.done_at,
                 "payload": one.payload} for one in source.found(AT_ONCE)
            )  # fmt: skip
    return count


def complete() -> int:
    """Seal until nothing is left; how many entries."""
    total = 0
    while count := sweep():
        total += count
    return total


def _redone() -> int:
    """Seal again what parts of replays changed."""
    count = 0
    parts = ReplayPart.objects.filter(state=ReplayPart.State.DONE, changed__gt=0, sealed=False).exclude(
        replay__system=""
    )
    for part in parts.order_by("pk")[:AT_ONCE]:
        count += sealed.append(_again(part))
        ReplayPart.objects.filter(pk=part.pk).update(sealed=True)
    return count


def _again(part: ReplayPart) -> Iterator[dict[str, Any]]:
    for entry in SealedEntry.objects.filter(number__in=part.numbers).order_by("number"):
        try:
            payload = sealed.payload(entry)
        except sealkeys.Destroyed:
            continue
        yield {
            "kind": entry.kind, "system": entry.system, "origin": entry.origin, "done_at": timezone.now(), "payload": payload,
            "source": f"{AGAIN}{root(entry)}:{part.pk}",
        }  # fmt: skip


def root(entry: SealedEntry) -> str:
    """What an entry was derived from at first, however often it was redone."""
    return entry.source.removeprefix(AGAIN).rpartition(":")[0] if entry.source.startswith(AGAIN) else entry.source


def deeds(most: int) -> Iterator[dict[str, Any]]:
    """The next orders to be sealed."""
    for order in pending(most):
        batch = order.batch
        yield {
            "kind": Kind.RETENTION if batch.criteria else Kind(order.operation),
            "system": order.system.key,
            "origin": batch.origin,
            "source": f"order:{order.pk.hex}",
            "done_at": order.finished_at,
            "payload": _of_dates(order) if batch.criteria else _of_people(order),
        }


def pending(most: int) -> list[WorkOrder]:
    """Orders that changed something and have no entry yet, the oldest first."""
    touched = Exists(Receipt.objects.filter(order=OuterRef("pk")))
    text = TextField()
    digits = Replace(Cast("pk", text), Value("-", text), Value("", text), output_field=text)
    source = Concat(Value("order:", text), digits, output_field=text)
    rows = WorkOrder.objects.filter(operation__in=SEALABLE, state__in=SETTLED, finished_at__isnull=False)
    rows = rows.exclude(batch__reason=Batch.Reason.REPLAY)
    newest = SealedEntry.objects.filter(source__startswith="order:").aggregate(at=Max("done_at"))["at"]
    if newest is not None:  # they are sealed in the order in which they ended: no need to look at those of last year
        rows = rows.filter(finished_at__gte=newest - SLACK)
    rows = rows.annotate(source_name=source).filter(touched)
    rows = rows.exclude(Exists(SealedEntry.objects.filter(source=OuterRef("source_name"))))
    return list(rows.select_related("batch", "system", "authorisation").order_by("finished_at", "pk")[:most])


def _of_people(order: WorkOrder) -> dict[str, Any]:
    """The people of an order, and what was decided about them."""
    batch, leave = order.batch, order.authorisation
    assert leave is not None
    links, whole = replaying.links_into(batch, order.system.key, MOST_LINKS)
    identities = {kind: values for kind, values in batch.identities.items() if values}
    found: dict[str, Any] = {
        "operation": order.operation,
        "people": [str(batch.subject_id)] if batch.subject_id else [],
        "identities": identities,
        "links": links,
        "own_links": replaying.links_into(batch, order.system.key, MOST_LINKS, own=True)[0],
        "whole": whole,
        "categories": batch.categories,
        "masks": batch.masks,
        **_decided(batch),
    }
    if order.operation not in ERASING:
        found["only"] = _included(batch)
        found["changes"] = leave.changes
    return found


def _of_dates(order: WorkOrder) -> dict[str, Any]:
    """The cut-off of a run, and keyed digests of the rows that went: enough to know them again, and not to name them."""
    batch = order.batch
    secret = hashlib.sha256(b"privacyops sealed rows v1" + order.pk.bytes).digest()
    digests, whole = bytearray(), True
    for chunk in Chunk.objects.filter(receipts__order=order).order_by("pk").iterator(chunk_size=20):
        if len(digests) >= MOST_DIGESTS * DIGEST:
            whole = False
            break
        for key in chunk.keys or ():
            digests += row_digest(secret, key)
    return {
        "operation": order.operation, "criteria": batch.criteria, "people": [], "rows": order.rows_done,
        "secret": secret.hex(), "digests": base64.b64encode(bytes(digests)).decode(), "whole": whole, **_decided(batch),
    }  # fmt: skip


def row_digest(secret: bytes, key: Any) -> bytes:
    """Eight bytes by which the key of a row is known again."""
    return hmac.new(secret, json.dumps(list(key), default=str).encode(), hashlib.sha256).digest()[:DIGEST]


def _decided(batch: Batch) -> dict[str, Any]:
    """What was decided otherwise than the description says: rows kept on a ground, and other actions."""
    graph = mapping.graph()
    kept, acts = [], []
    for one in batch.findings.order_by("dataset", "collection", "via", "shared"):
        place = [one.dataset, one.collection, one.via, one.shared]
        spec = graph.collections.get((one.dataset, one.collection))
        if one.decision == Finding.Decision.KEEP and one.ground != NOT_ASKED:
            kept.append([*place, one.ground])
        elif spec is not None and one.action != _described(spec, one):
            acts.append([*place, one.action])
    return {"kept": kept, "acts": acts}


def _described(spec: CollectionSpec, finding: Finding) -> str:
    action = spec.erase_shared if finding.shared else spec.erase
    if finding.shared and action == "mask" and not any(one.person == finding.via for one in spec.fields):
        return "keep"
    return action


def _included(batch: Batch) -> list[list[str]]:
    rows = batch.findings.filter(decision=Finding.Decision.INCLUDE, rows__gt=0)
    return sorted({(one.dataset, one.collection): [one.dataset, one.collection] for one in rows}.values())
