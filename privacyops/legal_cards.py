"""What waits about authorities and transactions, for the home of the desk."""

from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone

from disclosures.demands import gags, reads
from disclosures.models import PersonNotice
from disclosures.transactions import moving, room

DEMANDS, DEALS = "disclosures_legaldemand", "disclosures_transaction"
Queue = tuple[str, str, str, str, dict[str, str], Any]


def queues(user: User) -> tuple[Queue, ...]:
    """Label, screen, permission, tone, filters and rows of each queue."""
    today = timezone.localdate()
    return (
        ("Legal demands overdue", DEMANDS, "disclosures.view_legaldemand", "late", {"waits": "overdue"},
         reads.overdue(today)),
        ("Legal demands due in 3 days", DEMANDS, "disclosures.view_legaldemand", "soon", {"waits": "soon"},
         reads.due_soon(today)),
        ("Legal demands to approve", DEMANDS, "disclosures.approve_legaldemand", "now", {"waits": "approval"},
         reads.to_approve(user)),
        ("Objections to legal demands", DEMANDS, "disclosures.approve_legaldemand", "now", {"waits": "objected"},
         reads.objected()),
        ("Gags to ask about", DEMANDS, "disclosures.change_legaldemand", "soon", {"waits": "gag"},
         gags.to_review(today)),
        ("People not told", "disclosures_personnotice", "disclosures.retry_personnotice", "soon",
         {"state__exact": "parked"}, PersonNotice.objects.filter(state=PersonNotice.State.PARKED)),
        ("Closings to approve", DEALS, "disclosures.approve_transaction", "now", {"waits": "approval"},
         moving.to_approve(user)),
        ("Closings to propose", DEALS, "disclosures.change_transaction", "soon", {"waits": "proposal"},
         moving.ripe(today)),
        ("Closings to finish", DEALS, "disclosures.change_transaction", "soon", {"waits": "closing"},
         moving.running()),
        ("Data rooms to decide", "disclosures_roomitem", "disclosures.approve_transaction", "now",
         {"waits": "decision"}, room.waiting().exclude(asked_by=user.pk)),
    )  # fmt: skip
