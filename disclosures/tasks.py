"""Doors for workers: ids in, one verb called."""

from uuid import UUID

from celery import shared_task
from django.utils import timezone

from audit.bell import goes_on, ring
from audit.sweeps import once_per_slot
from disclosures import (
    chasing,
    errands,
    listmail,
    notices,
    passing,
    persons,
    policies,
    releasing,
    reviewmail,
    subscriptions,
)
from disclosures.demands import gags, sealing
from disclosures.transactions import closing, moving


@shared_task
@goes_on
def send_notice(notice_id: str) -> None:
    """Send one notice to a recipient."""
    notices.send(UUID(notice_id))


@shared_task
def remind_notice(notice_id: str) -> None:
    """Remind one recipient."""
    chasing.remind(UUID(notice_id))


@shared_task
def judge_release(proposal_id: str) -> None:
    """Judge one proposal of an aggregate release."""
    releasing.judge(UUID(proposal_id))


@shared_task
@once_per_slot("disclosures.sweep_releases", 5)
def sweep_releases() -> int:
    """Ring for every proposal that waits for the gate, and give up those whose time is over."""
    now = timezone.now()
    ids = releasing.waiting(now)
    for proposal_id in ids:
        ring(judge_release, proposal_id)
    return len(ids) + releasing.lapse_old(now)


@shared_task
@once_per_slot("disclosures.sweep_notices", 5)
def sweep_notices() -> int:
    """Ring for every notice whose turn has come."""
    ids = notices.waiting(timezone.now())
    for notice_id in ids:
        ring(send_notice, notice_id)
    return len(ids)


@shared_task
@goes_on
def send_list_mail(mail_id: str) -> None:
    """Send one mail about sub-processors."""
    listmail.send(UUID(mail_id))


@shared_task
@once_per_slot("disclosures.sweep_list_mails", 5)
def sweep_list_mails() -> int:
    """Ring for every mail about sub-processors whose turn has come."""
    ids = listmail.waiting(timezone.now())
    for mail_id in ids:
        ring(send_list_mail, mail_id)
    return len(ids)


@shared_task
def send_person_notice(notice_id: str) -> None:
    """Send one notice to a person."""
    persons.send(int(notice_id))


@shared_task
@once_per_slot("disclosures.sweep_person_notices", 5)
def sweep_person_notices() -> int:
    """Ring for every notice to a person whose turn has come."""
    ids = persons.waiting(timezone.now())
    for notice_id in ids:
        ring(send_person_notice, notice_id)
    return len(ids)


@shared_task
def send_review_mail(mail_id: str) -> None:
    """Send one mail about reviews that are due."""
    reviewmail.send(UUID(mail_id))


@shared_task
@once_per_slot("disclosures.sweep_reviews", 60)
def sweep_reviews() -> int:
    """Write this week's mails about due reviews, find those that can be sent, and forget who never confirmed."""
    now = timezone.now()
    made, ids = reviewmail.open_due(now) + subscriptions.prune(now), reviewmail.waiting(now)
    for mail_id in ids:
        ring(send_review_mail, mail_id)
    return made + len(ids)


@shared_task
@goes_on
def look_at_policy(watch_id: str) -> None:
    """Look at the privacy policy of one external site."""
    policies.look(int(watch_id))


@shared_task
@once_per_slot("disclosures.sweep_policies", 60)
def sweep_policies() -> int:
    """Make the watches that are missing, and ring for those whose time has come."""
    now = timezone.now()
    made, ids = policies.open_due(now), policies.waiting(now)
    for watch_id in ids:
        ring(look_at_policy, watch_id)
    return made + len(ids)


@shared_task
@once_per_slot("disclosures.sweep_passed", 300)
def sweep_passed() -> int:
    """Enter what our own work passed on."""
    return sum(passing.enter(one) for one in passing.waiting())


@shared_task
@once_per_slot("disclosures.sweep_silent", 60)
def sweep_silent() -> int:
    """Remind who does not confirm, ask a colleague about who still does not, and note errands that are overdue."""
    now = timezone.now()
    ids = chasing.to_remind(now)
    for notice_id in ids:
        ring(remind_notice, notice_id)
    return len(ids) + chasing.escalate(now) + errands.sweep(now)


@shared_task
@once_per_slot("disclosures.sweep_gags", 60)
def sweep_gags() -> int:
    """Tell people of demands whose gag has ended."""
    return sum(gags.settle(one) for one in gags.to_tell(timezone.localdate())[:100])


@shared_task
@once_per_slot("disclosures.sweep_copies", 3600)
def sweep_copies() -> int:
    """Destroy sealed copies whose time is over, and what a crash left."""
    now = timezone.now()
    return sealing.destroy_old(now) + sealing.tidy(now)


@shared_task
def close_transaction(transaction_id: str) -> None:
    """Enter people of a closing in the ledger, and close it once it is complete."""
    if closing.run(UUID(transaction_id)):
        ring(close_transaction, transaction_id)


@shared_task
@once_per_slot("disclosures.sweep_closings", 15)
def sweep_closings() -> int:
    """Ring for every closing that is not finished."""
    ids = list(moving.running().values_list("pk", flat=True)[:100])
    for pk in ids:
        ring(close_transaction, pk)
    return len(ids)
