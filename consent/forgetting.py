"""A person is forgotten, and the proof stays: that somebody said Yes or No, to what and under which words.

A choice holds no personal data but the subject's id, which leads to nobody once the identifiers are gone. What may still lead
to somebody is emptied: evidence, the caller's own key, and the keyed hash of their devices.

So nobody is forgotten whose choice may still be asked for. A No holds until they choose otherwise: whoever forgets who said it
cannot keep it. A Yes that ended is needed as proof for as long as somebody may claim that it never was (CHOICE_PROOF_MONTHS).
"""

import uuid
from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db.models import Q

from audit import log
from audit.actor import Actor
from consent import standing
from consent.models import Choice, Device, PendingChoice
from law.calendars import add_months
from subjects.models import DataSubject


def needed(subjects: Collection[UUID], now: datetime) -> bool:
    """Whether a choice of these people, who are one, holds or may have to be proved; also one that they made for somebody else.
    Reads the choices themselves, and when in doubt says yes.
    """
    if Choice.objects.filter(guardian__in=subjects).exists():
        return True
    if PendingChoice.objects.filter(subject__in=subjects, choice=None, ends_at__gt=now).exists():
        return True
    newest: dict[int, Choice] = {}
    for one in Choice.objects.filter(Q(subject__in=subjects) | Q(device__subject__in=subjects)).defer("evidence"):
        known = newest.get(one.purpose_id)
        if known is None or standing.order(known) < standing.order(one):
            newest[one.purpose_id] = one
    return any(not _over(one, now) for one in newest.values())


def _over(choice: Choice, now: datetime) -> bool:
    """Whether a choice, the newest of its purpose, neither holds nor has to be proved any more."""
    if not choice.granted or choice.expires_at is None:
        return False
    return add_months(choice.expires_at.date(), settings.CHOICE_PROOF_MONTHS) < now.date()


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
