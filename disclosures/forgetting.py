"""A person is forgotten, and the account stays: that somebody's data went to whom, when and why.

An entry holds no personal data but the subject's id, which leads to nobody once the identifiers are gone. The caller's own key,
which may lead to somebody, is emptied.
"""

from audit import log
from audit.actor import Actor
from disclosures.models import Disclosure
from subjects.models import DataSubject


def forget(subject: DataSubject, *, actor: Actor) -> int:
    """Empty this person's entries of what leads to them; how many. Safe to repeat. The triggers let nothing else be changed."""
    with log.atomic():
        count = Disclosure.objects.filter(subject=subject).exclude(idempotency_key="").update(idempotency_key="")
        log.record("disclosures.forgotten", actor=actor, noun=subject, subject_id=subject.pk, disclosures=count)
    return count
