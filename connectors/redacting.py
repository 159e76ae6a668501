"""Single items of a package that a colleague hides from it, or another person's that they show, each with a reason.

A word holds for one field of one row of one request, also when the request is searched again. What was shown is only shown
in the search in which somebody looked at it: by the next one another person's words may stand there.
"""

import hashlib
import hmac
import json
import re
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import Count, Q
from django.utils import timezone

from audit import actor as actors
from audit import log
from audit.refusal import Refused
from connectors.models import Authorisation, Batch, Finding, Redaction
from inventory.graph import CollectionSpec

HIDDEN = "[hidden]"
MARK = re.compile(r"[0-9a-f]{64}")
REDACT, REVEAL = Redaction.Action.REDACT, Redaction.Action.REVEAL
# Why, as the person reads it after "because".
REASONS = {
    REDACT: {
        "rights_of_others": "it is about another person",
        "confidential_source": "it was given to us in confidence",
        "trade_secret": "it is a trade secret",
        "legal_privilege": "it is confidential advice of lawyers",
        "security": "showing it would endanger our systems or other people",
    },
    REVEAL: {
        "agreed": "the other person agreed",
        "known_already": "the person knows it already, from their own correspondence for example",
        "weighed": "weighed against the other person's rights, showing it is reasonable",
    },
}
Verdicts = dict[tuple[str, str], str]  # (mark of the row, field) -> "redact" or "reveal"
LOCKED = "Work on these rows was authorised already; collect again to decide anew."


def mark(dataset: str, collection: str, key: Sequence[Any]) -> str:
    """The keyed digest by which a row is remembered: without our key nobody can try rows against it."""
    secret = hashlib.sha256(b"privacyops redaction v1" + settings.INDEX_KEY.encode()).digest()
    text = json.dumps([dataset, collection, list(key)], default=str)
    return hmac.new(secret, text.encode(), hashlib.sha256).hexdigest()


def verdicts(batch: Batch) -> dict[tuple[str, str], Verdicts]:
    """The words in force for the rows of a batch, by (dataset, collection). One query."""
    rows = Redaction.objects.filter(~Q(action=REVEAL) | Q(at__gte=batch.created_at), origin=batch.origin)
    found = dict[tuple[str, str], Verdicts]()
    for dataset, collection, row, field, action in rows.values_list("dataset", "collection", "row", "field", "action"):
        found.setdefault((dataset, collection), {})[row, field] = action
    return found


def decide(finding: Finding, spec: CollectionSpec, row: str, field: str, *, action: str, reason: str, by: User) -> None:
    """Hide one item of a package, or show another person's; an earlier word about it falls. `row`: its mark.

    Raises Refused for an unknown field or reason, and once the work was authorised.
    """
    if action not in REASONS or reason not in REASONS[Redaction.Action(action)]:
        raise Refused("Choose why this item is hidden or shown.", code="reason_unknown", field="reason")
    if not any(one.name == field and one.category for one in spec.fields):
        raise Refused("This field is not in the package. Look at the rows again.", code="field_unknown", field="field")
    if not MARK.fullmatch(row):
        raise Refused("This row is not there. Look at the rows again.", code="row_unknown", field="row")
    with log.atomic():
        _unlocked(finding)
        Redaction.objects.update_or_create(
            origin=finding.batch.origin, dataset=finding.dataset, collection=finding.collection,
            row=row, field=field,
            defaults={"action": action, "reason": reason, "by": by, "at": timezone.now()},
        )  # fmt: skip
        _record("item.decided", finding, by, field=field, action=action, reason=reason)


def take_back(finding: Finding, row: str, field: str, *, by: User) -> None:
    """Leave an item to the rule again. Raises Refused once the work was authorised."""
    with log.atomic():
        _unlocked(finding)
        gone, _ = _rows(finding.batch, finding).filter(row=row, field=field).delete()
        if gone:
            _record("item.taken_back", finding, by, field=field)


def hidden(batch: Batch) -> dict[tuple[str, str], dict[str, int]]:
    """How many items are hidden, by (dataset, collection) and reason. One query."""
    rows = Redaction.objects.filter(origin=batch.origin, action=REDACT).order_by()
    found = dict[tuple[str, str], dict[str, int]]()
    for one in rows.values("dataset", "collection", "reason").annotate(items=Count("pk")):
        found.setdefault((one["dataset"], one["collection"]), {})[one["reason"]] = one["items"]
    return found


def _rows(batch: Batch, finding: Finding) -> Any:
    return Redaction.objects.filter(origin=batch.origin, dataset=finding.dataset, collection=finding.collection)


def _unlocked(finding: Finding) -> None:
    Batch.objects.select_for_update().get(pk=finding.batch_id)
    if Authorisation.objects.filter(batch=finding.batch_id).exists():
        raise Refused(LOCKED, code="decided_conflict")


def _record(name: str, finding: Finding, by: User, **facts: object) -> None:
    log.record(
        name, actor=actors.staff(by.pk), noun=finding.batch, subject_id=finding.batch.subject_id,
        collection=f"{finding.dataset}.{finding.collection}", **facts,
    )  # fmt: skip
