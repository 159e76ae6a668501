"""Doors for workers: find ids, call one verb."""

from uuid import UUID

from celery import shared_task
from django.utils import timezone

from audit import actor as actors
from audit.bell import goes_on, ring
from audit.sweeps import once_per_slot
from requests_app import (
    acts,
    assignment,
    automatic,
    bulk,
    deadlines,
    delivery,
    digests,
    figures,
    inbox,
    intake,
    laws,
    letters,
    promises,
    proof,
    reads,
    referrals,
    uploads,
    workflow,
)
from requests_app.proving import facts, held, papers


@shared_task
@goes_on
def advance_request(request_id: str) -> None:
    """Move one request as far as conditions allow."""
    workflow.advance(UUID(request_id))


@shared_task
@goes_on
def advance_batch(batch_id: str) -> None:
    """Move on the request whose work in other systems is settled, if it is a request's."""
    for pk in reads.of_batch(UUID(batch_id)):
        workflow.advance(pk)


@shared_task
@goes_on
def send_letter(letter_id: str) -> None:
    """Send one letter."""
    letters.send(UUID(letter_id))


@shared_task
@goes_on
def build_parcel(parcel_id: str) -> None:
    """Build one package."""
    delivery.build(UUID(parcel_id))


@shared_task
def process_upload(upload_id: str) -> None:
    """Make requests of the lines of one upload."""
    bulk.process(UUID(upload_id))


@shared_task
@once_per_slot("requests.sweep_bulk", 15)
def sweep_bulk() -> int:
    """Find uploads with lines that wait."""
    return _ring_each(process_upload, bulk.unfinished())


@shared_task
@once_per_slot("requests.sweep_requests", 3)
def sweep_requests() -> int:
    """Find requests that can move on."""
    return _ring_each(advance_request, reads.can_move(timezone.now()))


@shared_task
@once_per_slot("requests.sweep_letters", 3)
def sweep_letters() -> int:
    """Find letters that can be sent."""
    return _ring_each(send_letter, letters.waiting(timezone.now()))


@shared_task
@once_per_slot("requests.sweep_parcels", 3)
def sweep_parcels() -> int:
    """Find packages to build, and destroy those whose day has come."""
    now = timezone.now()
    return _ring_each(build_parcel, delivery.waiting(now)) + delivery.destroy_expired(now) + delivery.tidy_folder(now)


@shared_task
@once_per_slot("requests.sweep_files", 60)
def sweep_files() -> int:
    """Destroy files whose case ended long ago, and what a crash left behind; forget decided mails."""
    now = timezone.now()
    return uploads.destroy_old(now) + inbox.forget(now) + uploads.tidy(now)


@shared_task
@once_per_slot("requests.poll_mailbox", 30)
def poll_mailbox() -> int:
    """Take the mail that arrived."""
    return inbox.poll()


@shared_task
def settle_mail(mail_id: str) -> None:
    """Say what one mail is."""
    inbox.settle(UUID(mail_id))


@shared_task
@once_per_slot("requests.sweep_mails", 5)
def sweep_mails() -> int:
    """Find mails that nobody looked into yet."""
    return _ring_each(settle_mail, inbox.waiting(timezone.now()))


@shared_task
@once_per_slot("requests.sweep_clocks", 60)
def sweep_clocks() -> int:
    """Warn of deadlines and of open questions, confirm what is owed, close what nobody proved, forget what has died."""
    now, who = timezone.now(), actors.worker("requests.clocks")
    changed = deadlines.sweep(now, actor=who) + acts.remind(now, actor=who)
    changed += intake.acknowledge_owed(now)
    return changed + workflow.close_unproved(now) + proof.forget_old(now) + papers.expire(now) + facts.sweep(now)


@shared_task
@once_per_slot("requests.sweep_contacts", 15)
def sweep_contacts() -> int:
    """Tell the mailboxes of a person that only the company's systems know."""
    return held.sweep(timezone.now())


@shared_task
@once_per_slot("requests.sweep_owners", 5)
def sweep_owners() -> int:
    """Give requests without an owner to whom the rules say."""
    return assignment.sweep(laws.today())


@shared_task
@once_per_slot("requests.sweep_playbooks", 5)
def sweep_playbooks() -> int:
    """Approve what playbooks approve by themselves."""
    return automatic.sweep()


@shared_task
def send_digest(digest_id: str) -> None:
    """Send one daily mail."""
    digests.send(UUID(digest_id))


@shared_task
@once_per_slot("requests.sweep_digests", 60)
def sweep_digests() -> int:
    """Write today's mails to colleagues, and find those that can be sent."""
    now = timezone.now()
    return digests.open_due(now) + _ring_each(send_digest, digests.waiting(now))


@shared_task
@once_per_slot("requests.sweep_referrals", 15)
def sweep_referrals() -> int:
    """Refer requests to the clients that decide, follow the letters to them, and forget what tasks by hand were about."""
    now, who = timezone.now(), actors.worker("requests.referrals")
    return referrals.sweep(now, actor=who) + referrals.forget_tasks(now)


@shared_task
@once_per_slot("requests.count_days", 300)
def count_days() -> int:
    """Count the days whose figures the charts show."""
    return figures.sweep(timezone.now())


@shared_task
@once_per_slot("requests.run_checks", 3600)
def run_checks() -> int:
    """Run the assurance checks, so that a failing one is seen without being asked for."""
    return promises.check_all(timezone.now())


def _ring_each(task: object, ids: list[UUID]) -> int:
    for one in ids:
        ring(task, one)  # type: ignore[arg-type]
    return len(ids)
