"""Taking a reference out of the inventory: the one row of it that colleagues may remove, and the removal is an event."""

from audit import log
from audit.actor import Actor
from inventory.models import Reference


def remove(reference: Reference, *, actor: Actor) -> None:
    """Remove a reference; rows are no longer found by it. One of a key of several columns takes the others with it: what is
    left of such a key would lead to rows of other people.
    """
    with log.atomic():
        rows = [reference]
        if reference.group:
            rows = list(
                Reference.objects.select_related("field").filter(
                    field__collection=reference.field.collection_id,
                    target__collection=reference.target.collection_id,
                    group=reference.group,
                )
            )
        for one in rows:
            log.record("inventory.reference_removed", actor=actor, noun=one.field, target=one.target_id)
            one.delete()
