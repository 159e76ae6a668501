"""Finding or making many people at once: a fixed number of queries, however many there are."""

import hashlib
import uuid
from collections.abc import Collection, Mapping

from django.utils import timezone

from audit import log, rows
from audit.actor import Actor
from subjects import identifiers, registry, vault
from subjects.models import DataSubject, Identifier

# Kind and blind index: what an identifier is found by.
Index = tuple[str, str]
AT_ONCE = 500


def index(kind: str, value: str) -> Index:
    """What an identifier is found by. Raises Refused for a malformed one, KeyError for an unknown kind."""
    return kind, vault.blind_index(kind, identifiers.normalise(kind, value))


def known(wanted: Collection[Index]) -> dict[Index, list[uuid.UUID]]:
    """The people with each of these identifiers, as `registry.known` finds them; more than one where they share it."""
    found: dict[Index, list[uuid.UUID]] = {}
    indexes = sorted({one for _, one in wanted})
    for start in range(0, len(indexes), AT_ONCE):
        part = indexes[start : start + AT_ONCE]
        mine = Identifier.objects.filter(blind_index__in=part, claimed=False, subject__merged_into=None)
        for kind, one, subject in mine.order_by("created_at").values_list("kind", "blind_index", "subject_id"):
            found.setdefault((kind, one), []).append(subject)
    return {key: people for key, people in found.items() if key in wanted}


def find_or_make(values: Mapping[Index, str], *, actor: Actor) -> dict[Index, list[uuid.UUID]]:
    """The same, where whoever is missing is made; `values`: as they were written. One event tells of all that were made."""
    with log.atomic():
        found = known(values.keys())
        if len(found) < len(values):
            registry.one_maker()
            found |= known(values.keys() - found.keys())
        missing = {key: uuid.uuid4() for key in values if key not in found}
        if missing:
            _make(missing, values, actor)
    return found | {key: [pk] for key, pk in missing.items()}


def _make(missing: Mapping[Index, uuid.UUID], values: Mapping[Index, str], actor: Actor) -> None:
    now = timezone.now()
    rows.insert(DataSubject, ("id", "created_at"), [(pk, now) for pk in missing.values()])
    named = [
        (uuid.uuid4(), pk, kind, values[kind, one].strip(), one, False, now) for (kind, one), pk in missing.items()
    ]
    rows.insert(Identifier, ("id", "subject_id", "kind", "value", "blind_index", "claimed", "created_at"), named)
    # An id is no name: the digest of all shows later that none was added or taken away.
    digest = hashlib.sha256("".join(sorted(str(pk) for pk in missing.values())).encode()).hexdigest()
    noun = DataSubject(pk=next(iter(missing.values())))
    log.record("subjects.made", actor=actor, noun=noun, count=len(missing), digest=digest)
