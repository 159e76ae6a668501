"""Who wants to hear of changes of sub-processors: asked twice before the first mail, and gone with one press.

Tokens are derived from the row's id under SECRET_KEY, one for each use, and stored nowhere. Whoever subscribes reads the same
answer whether their address is known or not.
"""

from datetime import datetime, timedelta

from django.conf import settings

from audit import actor as actors
from audit import log
from audit.bell import ring
from disclosures import links
from disclosures.bells import send_list_mail
from disclosures.models import ListMail, Subscriber
from subjects import identifiers, vault

READER = actors.worker("disclosures.subscriptions")
CONFIRM_DAYS = 7
# Whoever presses the button again gets no second mail for so long.
AGAIN = timedelta(hours=1)
State = Subscriber.State


def token(row: Subscriber, use: str) -> str:
    """The last part of a link, for this use ("confirm", "stop")."""
    return links.token(row.pk, f"disclosures.subscriptions.{use}")


def by_token(text: str, use: str) -> Subscriber | None:
    """The subscriber behind a link, or None."""
    key = links.opened(text, f"disclosures.subscriptions.{use}")
    return Subscriber.objects.filter(pk=key).first() if key else None


def subscribe(address: str, *, language: str, now: datetime) -> None:
    """Ask an address to confirm, by mail. Raises Refused for what is no address; says nothing else to anybody."""
    normal = identifiers.email(address)
    index = vault.blind_index("list-subscriber", normal)
    spoken = language if language in dict(settings.LANGUAGES) else settings.PUBLIC_LANGUAGE
    with log.atomic():
        row, made = Subscriber.objects.get_or_create(
            blind_index=index, defaults={"email": address.strip(), "language": spoken, "asked_at": now}
        )
        mailed = ListMail.objects.filter(subscriber=row, about=ListMail.About.CONFIRM, queued_at__gt=now - AGAIN)
        if row.state != State.ASKED or mailed.exists():
            return
        if made:
            log.record("subprocessor.subscription_asked", actor=READER, noun=row)
        else:
            Subscriber.objects.filter(pk=row.pk).update(asked_at=now, language=spoken)
        mail = ListMail.objects.create(subscriber=row, about=ListMail.About.CONFIRM)
        ring(send_list_mail, mail.pk)


def usable(row: Subscriber, now: datetime) -> bool:
    """Whether its link to confirm still counts."""
    return row.state == State.ASKED and row.asked_at > now - timedelta(days=CONFIRM_DAYS)


def confirm(row: Subscriber, *, now: datetime) -> bool:
    """Let the subscription begin; twice is once. False for a link that has lapsed."""
    with log.atomic():
        fresh = Subscriber.objects.select_for_update().get(pk=row.pk)
        if fresh.state == State.ACTIVE:
            return True
        if not usable(fresh, now):
            return False
        fresh.state, fresh.confirmed_at = State.ACTIVE, now
        fresh.save(update_fields=["state", "confirmed_at"])
        log.record("subprocessor.subscribed", actor=READER, noun=fresh)
    return True


def stop(row: Subscriber, *, now: datetime) -> None:
    """End it and forget the address; twice is once."""
    gone = {"state": State.ENDED, "ended_at": now, "email": "", "blind_index": None}
    with log.atomic():
        if Subscriber.objects.filter(pk=row.pk).exclude(state=State.ENDED).update(**gone):
            log.record("subprocessor.unsubscribed", actor=READER, noun=row)


def prune(now: datetime) -> int:
    """Forget addresses that were never confirmed; how many."""
    old = Subscriber.objects.filter(state=State.ASKED, asked_at__lt=now - timedelta(days=CONFIRM_DAYS))
    return old.update(state=State.ENDED, ended_at=now, email="", blind_index=None)
