"""Doors for workers: packs of evidence, reports that come by mail, and withdrawals that go on to recipients."""

from uuid import UUID

from celery import shared_task
from django.utils import timezone

from audit.bell import ring
from audit.sweeps import once_per_slot
from privacyops import onward
from privacyops.packs import building
from privacyops.reports import mailing


@shared_task
def build_pack(pack_id: str) -> None:
    """Build one pack."""
    building.build(UUID(pack_id))


@shared_task
@once_per_slot("desk.sweep_packs", 5)
def sweep_packs() -> int:
    """Find packs to build, and destroy those whose day has come."""
    now = timezone.now()
    ids = building.waiting(now)
    for pack_id in ids:
        ring(build_pack, pack_id)
    return len(ids) + building.destroy_expired(now)


@shared_task
def send_report(mail_id: str) -> None:
    """Send one report's mail."""
    mailing.send(int(mail_id))


@shared_task
@once_per_slot("desk.sweep_reports", 60)
def sweep_reports() -> int:
    """Queue the reports that are due, and send what is queued."""
    now = timezone.now()
    made, ids = mailing.queue_due(now), mailing.waiting(now)
    for mail_id in ids:
        ring(send_report, mail_id)
    return made + len(ids)


@shared_task
@once_per_slot("desk.sweep_onward", 5)
def sweep_onward() -> int:
    """Tell recipients of withdrawn consents."""
    return onward.sweep(timezone.now())
