"""Parts of a replay: entries of the sealed list whose work is the same go together; what they hold is read when needed."""

import base64
import hashlib
import json
import struct
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from connectors.models import Chunk
from connectors.replaying import Again, Place
from retention import redoing, sealed, sealkeys
from retention.models import Replay, ReplayPart, SealedEntry
from retention.sealing import DIGEST, root, row_digest

Kind = SealedEntry.Kind
# People in one batch: what is searched by goes into memory, and a chunk's read-back asks for all of them.
MOST_PEOPLE = 500
TURNS = {Kind.SUPPRESS: 100_000, Kind.RESTRICT: 100_000, Kind.ERASE: 200_000, Kind.ANONYMISE: 200_000,
         Kind.RETENTION: 300_000, Kind.OWN: 400_000}  # fmt: skip
SAME = ("operation", "categories", "masks", "kept", "acts", "only")


def parts(replay: Replay, entries: Iterable[SealedEntry]) -> list[ReplayPart]:
    """The parts of a replay. What a newer choice has overtaken, or what cannot be read any more, is a part that is left out."""
    made = list[ReplayPart]()
    groups: dict[tuple[str, str], list[SealedEntry]] = defaultdict(list)
    corrections: dict[str, int] = defaultdict(int)
    seen = set[str]()
    for entry in entries:
        if root(entry) in seen:  # done again by an earlier replay: once is enough
            continue
        seen.add(root(entry))
        if not replay.system:
            groups[entry.kind, ""].append(entry)
            continue
        try:
            payload = sealed.payload(entry)
        except sealkeys.Destroyed:
            made.append(_part(replay, [entry], 0, skipped="Its key was destroyed, because no backup was left."))
            continue
        if redoing.overtaken(entry.origin):
            made.append(_part(replay, [entry], 0, skipped="The person chose otherwise since."))
        elif entry.kind == Kind.CORRECT:  # the newest of one person comes last
            person = ",".join(payload["people"]) or entry.source
            made.append(_part(replay, [entry], corrections[person]))
            corrections[person] += 1
        elif entry.kind == Kind.RETENTION:
            made.append(_part(replay, [entry], TURNS[Kind.RETENTION]))
        else:
            same = json.dumps([payload.get(name) for name in SAME], sort_keys=True)
            groups[entry.kind, same].append(entry)
    for (kind, _), found in groups.items():
        for some in _some(found):
            made.append(_part(replay, some, TURNS.get(Kind(kind), 0)))
    return made


def _some(entries: list[SealedEntry]) -> Iterator[list[SealedEntry]]:
    for place in range(0, len(entries), MOST_PEOPLE):
        yield entries[place : place + MOST_PEOPLE]


def _part(replay: Replay, entries: list[SealedEntry], turn: int, skipped: str = "") -> ReplayPart:
    return ReplayPart(
        replay=replay, turn=turn, kind=entries[0].kind, numbers=[one.number for one in entries],
        digest=hashlib.sha256("".join(one.mac for one in entries).encode()).hexdigest(), note=skipped,
        state=ReplayPart.State.SKIPPED if skipped else ReplayPart.State.OPEN,
    )  # fmt: skip


def payloads(part: ReplayPart) -> list[dict[str, Any]]:
    """What the entries of a part hold; those whose key is gone are left out."""
    found = []
    for entry in SealedEntry.objects.filter(number__in=part.numbers).order_by("number"):
        try:
            found.append(sealed.payload(entry))
        except sealkeys.Destroyed:
            continue
    return found


def again(part: ReplayPart) -> Again | None:
    """The work of a part, for all its people; None when nothing of it can be read any more."""
    found = payloads(part)
    if not found:
        return None
    first = found[0]
    identities, links = defaultdict[str, list[str]](list), defaultdict[str, list[str]](list)
    for one in found:
        for kind, values in one.get("identities", {}).items():
            identities[kind] += values
        led = [one.get("links", {}), one.get("own_links", {}) if part.replay.partial else {}]
        for place, values in (pair for some in led for pair in some.items()):
            links[place] += values
    return Again(
        operation=first["operation"], identities=identities, links=links, categories=first.get("categories", ()),
        masks=first.get("masks", {}), kept={_place(one): one[4] for one in first["kept"]},
        acts={_place(one): one[4] for one in first["acts"]}, changes=first.get("changes", {}),
        only=[(one[0], one[1]) for one in first.get("only", ())], criteria=first.get("criteria", {}),
    )  # fmt: skip


def _place(row: list[Any]) -> Place:
    return str(row[0]), str(row[1]), str(row[2]), bool(row[3])


def operation(part: ReplayPart) -> str:
    """What the orders of a part do."""
    if part.kind != Kind.RETENTION:
        return part.kind
    assert part.batch is not None
    return str(part.batch.authorisations.values_list("operation", flat=True).first())


def strangers(part: ReplayPart) -> int:
    """Of a run by date: rows that the search found and that were not among those erased then. A row that was dated anew after
    the backup has its old date again in the restored copy, and nobody approved that it goes.
    """
    if part.kind != Kind.RETENTION or part.batch is None:
        return 0
    found = payloads(part)
    if not found:
        return 0
    packed = base64.b64decode(found[0]["digests"])
    known = set(struct.unpack(f">{len(packed) // DIGEST}Q", packed))
    secret = bytes.fromhex(found[0]["secret"])
    strange = total = 0
    for chunk in Chunk.objects.filter(finding__batch=part.batch).iterator(chunk_size=20):
        for key in chunk.keys or ():
            total += 1
            strange += int.from_bytes(row_digest(secret, key)) not in known
    if found[0]["whole"]:
        return strange
    return max(0, total - int(found[0]["rows"]))  # too many to be listed: counted only
