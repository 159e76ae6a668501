"""Work that concerns one purpose: of what a search found, only the collections that serve it are acted on."""

from collections.abc import Collection

from django.db.models import Q

from audit import log
from audit.actor import Actor
from audit.refusal import Refused
from connectors.models import Authorisation, Batch, Finding
from inventory.graph import Name


def only(batch: Batch, names: Collection[Name], *, ground: str, actor: Actor) -> int:
    """Act on these collections and keep the rest on a ground; how many findings are kept. Raises Refused once work was
    authorised.
    """
    wanted = Q(pk=None)
    for dataset, collection in names:
        wanted |= Q(dataset=dataset, collection=collection)
    with log.atomic():
        Batch.objects.select_for_update().get(pk=batch.pk)
        if Authorisation.objects.filter(batch=batch).exists():
            raise Refused("Work on these rows was authorised already.", code="decided_conflict")
        rest = Finding.objects.filter(batch=batch, decision=Finding.Decision.INCLUDE).exclude(wanted)
        count = rest.update(decision=Finding.Decision.KEEP, ground=ground)
        if count:
            log.record(
                "batch.narrowed", actor=actor, noun=batch, subject_id=batch.subject_id, kept=count, ground=ground
            )
    return count
