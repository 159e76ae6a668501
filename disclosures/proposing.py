"""Proposals of aggregate releases: written, with rows and parameters, adopted by a colleague where a program made them."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.contrib.auth.models import User

from audit import actor as actors
from audit import log, once
from audit.actor import Actor
from audit.bell import ring
from audit.models import ApiClient
from audit.refusal import Refused
from connectors import tabular
from disclosures import portions, releasing
from disclosures.bells import judge_release
from disclosures.models import Recipient, ReleaseProposal
from disclosures.releases import columns, parameters, suggesting
from disclosures.releases.parameters import Odd
from inventory.models import Collection, Dataset, Purpose

PROPOSE = "disclosures.propose_release"
LONGEST_TITLE = 120
MOST_BYTES = 20 * 1024 * 1024
State = ReleaseProposal.State


def propose(
    *,
    title: str,
    kind: str,
    dataset: Dataset,
    purpose: Purpose,
    recipients: Sequence[Recipient],
    public: bool,
    content: Iterable[bytes] | None,
    collection: Collection | None = None,
    by: User | None = None,
    client: ApiClient | None = None,
    asked: Mapping[str, Any] | None = None,
    idempotency_key: str = "",
    call: Mapping[str, Any] | None = None,
) -> ReleaseProposal:
    """A proposal with its rows: those of a file (`content`, a stream of bytes) or of a collection. Without parameters
    (`asked`) it is a draft, whose columns somebody has to choose. Raises Refused.
    """
    if by is not None and not by.has_perm(PROPOSE):
        raise Refused("Your role may not propose releases. Ask your privacy officer.", code="not_allowed")
    _check(title, kind, dataset, recipients, public, collection, content)
    actor = _actor(by, client)
    digest = _digest(call)
    with log.atomic():
        row: ReleaseProposal
        row, made = once.create(
            ReleaseProposal, client=client, key=idempotency_key, same={"content_digest": digest}, title=title.strip(),
            kind=kind, dataset=dataset, purpose=purpose, public=public, collection=collection, proposed_by=by,
        )  # fmt: skip
        if not made:
            return row
        row.recipients.set(recipients)
        log.record("release.proposed", actor=actor, noun=row, dataset=dataset.key, kind=kind, public=public)
        row.columns = _columns(row, content)
        row.save(update_fields=["columns"])
        if asked is not None:
            _put(row, asked, actor)
    return row


def choose(proposal: ReleaseProposal, asked: Mapping[str, Any], *, by: User) -> None:
    """Put a draft, or one that the gate refused, to the gate with these parameters. Raises Refused."""
    if not by.has_perm(PROPOSE):
        raise Refused("Your role may not propose releases. Ask your privacy officer.", code="not_allowed")
    with log.atomic():
        row = ReleaseProposal.objects.select_for_update().get(pk=proposal.pk)
        if row.state not in (State.DRAFT, State.REFUSED, State.PARKED):
            raise Refused("The columns of this proposal cannot be chosen any more.", code="state")
        _put(row, asked, actors.staff(by.pk))


def adopt(proposal: ReleaseProposal, *, by: User) -> None:
    """Answer for what a program proposed: without a person who proposes, there are no two who let it leave. Raises Refused."""
    with log.atomic():
        mine = ReleaseProposal.objects.filter(pk=proposal.pk, proposed_by=None, state__in=releasing.OPEN_STATES)
        if not by.has_perm(PROPOSE) or not mine.update(proposed_by=by):
            raise Refused("Somebody answers for this proposal already, or your role may not.", code="state")
        log.record("release.adopted", actor=actors.staff(by.pk), noun=proposal)


def _put(row: ReleaseProposal, asked: Mapping[str, Any], actor: Actor) -> None:
    given = {**asked, "kind": row.kind}
    if not _storable(given):
        raise Refused("The parameters hold a character that no database takes.", code="parameters", field="parameters")
    try:
        wanted = parameters.read(given)
    except Odd as odd:
        raise Refused(str(odd), code="parameters", field=odd.name) from None
    known = {one["name"] for one in row.columns or ()}
    missing = [name for name in wanted.names if name not in known]
    if missing:
        raise Refused(f"There is no column {missing[0]}.", code="column_unknown", field="columns")
    releasing.move(row, State.OPEN, parameters=given, attempts=0, next_try_at=None, park_reason="")
    log.record("release.asked", actor=actor, noun=row, columns=len(wanted.columns))
    ring(judge_release, row.pk)


def _storable(given: Mapping[str, Any]) -> bool:
    """Whether every database takes this as JSON."""
    try:
        text = json.dumps(given, ensure_ascii=False, allow_nan=False)
        return "\\u0000" not in text and bool(text.encode())
    except ValueError:  # not a number, or half of a character
        return False


def _check(
    title: str, kind: str, dataset: Dataset, recipients: Sequence[Recipient], public: bool,
    collection: Collection | None, content: object,
) -> None:  # fmt: skip
    if not 3 <= len(title.strip()) <= LONGEST_TITLE or "@" in title or not title.isprintable():
        raise Refused("Give it a title of 3 to 120 characters, without personal data.", code="title", field="title")
    if kind not in ReleaseProposal.Kind.values:
        raise Refused("Choose what kind of release it is.", code="kind", field="kind")
    if not public and not recipients:
        raise Refused(
            "Say who gets it: name recipients, or say that everybody may.", code="recipients", field="recipients"
        )
    if any(not one.active for one in recipients):
        raise Refused("One of these recipients is switched off.", code="recipients", field="recipients")
    if (collection is None) == (content is None):
        raise Refused("Hand in a file, or choose a collection of the inventory.", code="source", field="file")
    if collection is not None:
        if collection.dataset_id != dataset.pk:
            raise Refused("This collection is of another dataset.", code="collection", field="collection")
        tabular.readable((dataset.key, collection.name))


def _columns(row: ReleaseProposal, content: Iterable[bytes] | None) -> list[dict[str, Any]]:
    """What was seen of each column, with what we suggest. A collection is described, not read: that is the worker's."""
    if content is None:
        assert row.collection is not None
        return [
            suggesting.described(one.name, one.data_type, bool(one.primary_key or one.identity))
            for one in row.collection.fields.order_by("pk")
        ]
    try:
        portions.keep(row, portions.Part.SOURCE, _limited(content))
        seen, count = columns.profile(portions.rows(row))
    except ValueError as error:
        raise Refused(str(error), code="file", field="file") from None
    if not count:
        raise Refused("The file has a header and no rows.", code="file", field="file")
    return [suggesting.suggest(one, row.kind) for one in seen]


def _limited(content: Iterable[bytes]) -> Iterable[bytes]:
    size = 0
    for piece in content:
        size += len(piece)
        if size > MOST_BYTES:
            raise Refused(
                f"More than {MOST_BYTES // 1024 // 1024} MB. Read it from a collection, or leave out columns.",
                code="file_size", field="file",
            )  # fmt: skip
        yield piece


def _actor(by: User | None, client: ApiClient | None) -> Actor:
    if by is not None:
        return actors.staff(by.pk)
    assert client is not None
    return actors.client(client.pk)


def _digest(call: Mapping[str, Any] | None) -> str:
    if call is None:
        return ""
    return hashlib.sha256(json.dumps(call, sort_keys=True, default=str).encode()).hexdigest()
