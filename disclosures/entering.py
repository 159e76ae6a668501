"""A colleague enters a disclosure by hand, and says why it was not recorded by a program."""

from collections.abc import Iterable
from datetime import datetime

from django.contrib.auth.models import User

from audit import actor as actors
from audit import clients, log, once
from audit.refusal import Refused
from disclosures import keyholders, ledger
from disclosures.models import Disclosure, Recipient
from inventory.models import Purpose
from subjects import registry


def enter(
    kind: str,
    value: str,
    recipient: Recipient,
    *,
    categories: Iterable[str],
    purpose: Purpose | None,
    occasion: str,
    disclosed_at: datetime,
    reason: str,
    nonce: str,
    by: User,
) -> Disclosure:
    """Enter one disclosure about whoever has this identifier; the same form twice is one entry.

    Raises Refused as `ledger.record` does, and "not_allowed", "reason_missing", "form_broken", and for an identifier that is
    none or that two people share.
    """
    if not by.has_perm("disclosures.add_disclosure"):
        raise Refused("Your role may not enter disclosures. Ask your privacy officer.", code="not_allowed")
    if reason not in Disclosure.Reason.values:
        raise Refused("Say why this is entered by hand.", code="reason_missing", field="reason")
    if not once.KEY.match(nonce):
        raise Refused("Open this form again: part of it is missing.", code="form_broken")
    actor = actors.staff(by.pk)
    with log.atomic():
        return ledger.record(
            registry.find_or_make(kind, value, actor=actor),
            recipient,
            categories=categories,
            purpose=purpose,
            occasion=occasion,
            disclosed_at=disclosed_at,
            actor=actor,
            client=clients.keyholder(keyholders.DESK),
            idempotency_key=nonce,
            source=Disclosure.Source.HAND,
            reason=reason,
        )
