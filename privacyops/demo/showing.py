"""What the desk shows of Hireline from the first minute: a legal hold about payments only, a case that was raised to the
privacy officers, and a pack of evidence ready to fetch. Each written once.
"""

from datetime import timedelta

from django.contrib.auth.models import User
from django.utils import timezone

from audit.actor import Actor
from audit.bell import silence
from connectors import holds
from connectors.models import LegalHold
from inventory.models import DataCategory
from privacyops.packs import building
from requests_app import raising
from requests_app.models import Pack, Raising, Request
from subjects import registry

HELD = "person7@mail.example"
MATTER, ABOUT = "Small claim 2026-11", "A customer says that a payment was taken twice."
RAISED = "The agent says that they will complain. Please look at what we wrote to them."


def load(actor: Actor, author: User) -> None:
    """The hold, the raised case and its pack. `author` may place holds, raise cases and make packs."""
    if not LegalHold.objects.exists():
        held = registry.find_or_make("email", HELD, actor=actor)
        review_on = timezone.localdate() + timedelta(days=holds.REVIEW_DAYS)
        payments = DataCategory.objects.filter(key="financial")
        holds.place(
            held, matter=MATTER, reason=ABOUT, scope="What they paid and when", review_on=review_on, by=author,
            categories=payments,
        )  # fmt: skip
    case = Request.objects.filter(asked_by=Request.AskedBy.AGENT).order_by("received_at").first()
    if case is None:
        return
    if not Raising.objects.exists() and case.state != "closed":
        raising.raise_up(case, by=author, reason=RAISED)
    if not Pack.objects.exists():
        with silence():  # no worker runs yet while the demo is made
            pack = building.ask(by=author, request=case)
        building.build(pack.pk)
