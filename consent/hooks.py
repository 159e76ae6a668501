"""Telling subscribers that a choice changed (webhooks). The row is the message, written in the choice's transaction; it is sent
afterwards, signed as Standard Webhooks says (standardwebhooks.com), through the guard that keeps outgoing HTTP off our network.

A message names nobody: ids of ours, and for each identifier its HMAC-SHA256 under the subscriber's own secret, by which the
subscriber finds the person among its own and nobody else learns anything.
"""

import hashlib
import hmac
import json
import logging
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import Q
from django.utils import timezone

from audit import actor as actors
from audit import leases, log, rows
from audit.actor import Actor
from audit.bell import ring
from audit.failpoints import failpoint
from audit.models import ApiClient
from audit.refusal import Refused
from connectors import webhooks
from consent import bells
from consent.models import Choice, Delivery, Subscription
from inventory.models import Purpose
from subjects import identifiers
from subjects.models import Identifier

logger = logging.getLogger(__name__)
SENDER = actors.worker("consent.hooks")
State = Delivery.State
DAYS = 3
COLUMNS = ("id", "subscription_id", "choice_id", "kind", "state", "park_reason", "queued_at", "attempts", "fence")
RINGS = 20  # the sweep finds the rest of a batch


# ---------------------------------------------------------------- who listens


def subscribe(
    client: ApiClient, address: str, purposes: Iterable[Purpose], *, actor: Actor
) -> tuple[Subscription, str]:
    """A new subscription and its secret, which is shown this once. Raises Refused for an address that we do not call."""
    webhooks.check_address(address)
    shown = webhooks.new_secret()
    with log.atomic():
        made = Subscription.objects.create(client=client, address=address, secret=shown)
        made.purposes.set(purposes)
        log.record("hook.subscribed", actor=actor, noun=made, client=client.pk)
    return made, shown


def switch(subscription: Subscription, *, active: bool, actor: Actor) -> None:
    """Let a subscriber be told, or not."""
    with log.atomic():
        Subscription.objects.filter(pk=subscription.pk).update(active=active)
        log.record("hook.switched", actor=actor, noun=subscription, active=active)


# ---------------------------------------------------------------- what they are told


def queue(choices: Iterable[Choice], kind: str = Delivery.Kind.CHANGED) -> int:
    """A row for each choice and subscriber that listens to its purpose, in the caller's transaction; how many."""
    given = list(choices)
    if not given:
        return 0
    listening = Subscription.objects.filter(active=True, client__active=True).values_list("pk", "purposes")
    told: dict[int, set[int]] = {}
    for pk, purpose in listening:
        told.setdefault(pk, set()).update([purpose] if purpose else [])
    now = timezone.now()
    made = [
        Delivery(subscription_id=pk, choice=one, kind=kind, queued_at=now)
        for one in given
        for pk, purposes in told.items()
        if not purposes or one.purpose_id in purposes
    ]
    values = [tuple(getattr(one, name) for name in COLUMNS) for one in made]
    rows.insert(Delivery, COLUMNS, values, "ON CONFLICT DO NOTHING")
    for one in made[:RINGS]:
        ring(bells.send_hook, one.pk)
    return len(made)


def waiting(now: datetime) -> list[UUID]:
    """Messages that can be sent now, the oldest first."""
    found = Delivery.objects.filter(leases.free(now), state=State.QUEUED, subscription__active=True)
    return list(found.order_by("queued_at").values_list("pk", flat=True)[:200])


def message(delivery: Delivery) -> bytes:
    """The body: the same for every try."""
    choice = delivery.choice
    people = Identifier.objects.filter(subject=choice.subject_id, claimed=False).exclude(kind__in=("name", "post"))
    known = [{"kind": one.kind, "hmac": _named(one, delivery.subscription)} for one in people.order_by("created_at")]
    data = {
        "choice": str(choice.pk), "subject": str(choice.subject_id or ""), "device": str(choice.device_id or ""),
        "identifiers": known, "purpose": choice.purpose.key, "granted": choice.granted, "act": choice.act,
        "chosen_at": choice.chosen_at.isoformat(),
        "expires_at": choice.expires_at.isoformat() if choice.expires_at else None,
    }  # fmt: skip
    told = {"type": f"choice.{delivery.kind}", "timestamp": delivery.queued_at.isoformat(), "data": data}
    return json.dumps(told, separators=(",", ":")).encode()


def _named(identifier: Identifier, subscription: Subscription) -> str:
    text = f"{identifier.kind}:{identifiers.normalise(identifier.kind, identifier.value)}"
    return hmac.new(webhooks.key(subscription.secret), text.encode(), hashlib.sha256).hexdigest()


# ---------------------------------------------------------------- sending


def send(delivery_id: UUID) -> None:
    """Send one message, unless another worker has it or it is settled."""
    now = timezone.now()
    queued = Delivery.objects.filter(state=State.QUEUED, subscription__active=True)
    found = leases.claim(queued.select_related("subscription", "choice__purpose"), delivery_id, now)
    if found is None:
        return
    try:
        _send(found, now)
    except leases.Fenced:
        logger.info("webhook %s was settled by somebody else meanwhile", found.pk)


def _send(delivery: Delivery, now: datetime) -> None:
    body = message(delivery)
    signed = webhooks.headers(str(delivery.pk), body, now, delivery.subscription.secret)
    failpoint("hook.before_send")
    answer = webhooks.post(delivery.subscription.address, signed, body, now)
    failpoint("hook.after_send")
    if answer.sentence:
        _park(delivery, answer.sentence)
    elif answer.status is None:
        _later(delivery, now, answer.code)
    elif 200 <= answer.status < 300:
        leases.release(Delivery, delivery.pk, delivery.fence, state=State.SENT, sent_at=timezone.now())
    elif answer.status == 410:  # Standard Webhooks: gone for good
        switch(delivery.subscription, active=False, actor=SENDER)
        _park(delivery, "The subscriber answered that it is gone (410), so it is switched off.")
    else:
        _later(delivery, now, answer.code, answer.wait)


def _later(delivery: Delivery, now: datetime, code: str, wait: timedelta | None = None) -> None:
    logger.warning("webhook %s was not taken: %s", delivery.pk, code)
    if now - delivery.queued_at > timedelta(days=DAYS) and delivery.attempts >= settings.MOST_ATTEMPTS:
        _park(delivery, f"The subscriber did not take this for {DAYS} days ({code}). Ask who runs it, then send again.")
        return
    leases.release(Delivery, delivery.pk, delivery.fence, later=now + webhooks.pause(delivery.attempts, wait))


def _park(delivery: Delivery, reason: str) -> None:
    with log.atomic():
        leases.release(Delivery, delivery.pk, delivery.fence, state=State.PARKED, park_reason=reason[:300])
        log.record("hook.parked", actor=SENDER, noun=delivery, subject_id=delivery.choice.subject_id)


def retry(delivery: Delivery, *, by: User) -> None:
    """Send a parked message again. Raises Refused."""
    if not by.has_perm("consent.retry_delivery"):
        raise Refused("Your role may not do this. Ask your privacy officer.", code="not_allowed")
    again: dict[str, Any] = {"state": State.QUEUED, "attempts": 0, "next_try_at": None, "park_reason": ""}
    with log.atomic():
        if not Delivery.objects.filter(Q(pk=delivery.pk), state=State.PARKED).update(queued_at=timezone.now(), **again):
            raise Refused("This message does not wait for a person any more.", code="state_conflict")
        log.record("hook.retried", actor=actors.staff(by.pk), noun=delivery, subject_id=delivery.choice.subject_id)
        ring(bells.send_hook, delivery.pk)
