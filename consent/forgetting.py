"""A person is forgotten, and the proof stays: that somebody said Yes or No, to what and under which words.

A choice holds no personal data but the subject's id, which leads to nobody once the identifiers are gone. What may still lead
to somebody is emptied: evidence, the caller's own key, and the keyed hash of their devices.
"""

import uuid

from audit import log
from audit.actor import Actor
from consent.models import Choice, Device, PendingChoice
from subjects.models import DataSubject


def forget(subject: DataSubject, *, actor: Actor) -> int:
    """Empty this person's choices of what leads to them; how many. Safe to repeat. The triggers let nothing else be changed."""
    with log.atomic():
        count = Choice.objects.filter(subject=subject).update(evidence={}, idempotency_key="")
        count += Choice.objects.filter(subject=None, device__subject=subject).update(evidence={}, idempotency_key="")
        for device in Device.objects.filter(subject=subject).exclude(digest__startswith="forgotten:"):
            Device.objects.filter(pk=device.pk).update(digest=f"forgotten:{uuid.uuid4()}")
        PendingChoice.objects.filter(subject=subject, choice=None).delete()
        log.record("choices.forgotten", actor=actor, noun=subject, subject_id=subject.pk, choices=count)
    return count
