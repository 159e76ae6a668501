"""Taking a reference out of the inventory: the one row of it that colleagues may remove, and the removal is an event."""

from audit import log
from audit.actor import Actor
from inventory.models import Reference


def remove(reference: Reference, *, actor: Actor) -> None:
    """Remove a reference; rows are no longer found by it."""
    with log.atomic():
        field = reference.field
        log.record("inventory.reference_removed", actor=actor, noun=field, target=reference.target_id)
        reference.delete()
