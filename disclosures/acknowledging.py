"""A recipient answers: done, nothing here, or cannot. By a link whose token is derived from the notice's id and stored nowhere,
by a signed call, or by a colleague who heard it.
"""

from datetime import datetime
from typing import Any

from django.db.models import DateTimeField, F, Value
from django.db.models.functions import Coalesce
from django.utils.translation import gettext

from audit import actor as actors
from audit import log
from audit.actor import Actor
from audit.refusal import Refused
from disclosures import links
from disclosures.models import Errand, Notice

RECIPIENT = actors.worker("disclosures.acknowledging")
# Whoever is sending a notice this moment loses its row.
NEXT = F("fence") + 1
LINK = "disclosures.acknowledge"
LONGEST_WORDS, LONGEST_NAME = 2000, 120
CANNOT = (
    "The recipient says that it cannot do it. Read its words, ask it, then send again, give up or record the ground."
)


def token(notice: Notice) -> str:
    """The last part of the recipient's link."""
    return links.token(notice.pk, LINK)


def by_token(text: str) -> Notice | None:
    """The notice behind a link, or None."""
    key = links.opened(text, LINK)
    return Notice.objects.select_related("recipient__channel").filter(pk=key).first() if key else None


def acknowledge(
    text: str, *, now: datetime, answer: str = Notice.Answer.DONE, words: str = "", name: str = ""
) -> Notice:
    """Note what the recipient answered by its link; twice is once. Raises Refused for a link that is not ours.

    Whatever state the notice is in: a mail that arrived although we could not mark it sent is confirmed all the same.
    `name`: who signed at the recipient, as typed, where it is asked for.
    """
    notice = by_token(text)
    if notice is None:
        raise Refused("This link is not complete. Copy it whole from our mail.", code="unknown_token")
    settle(notice, answer, words=words, name=name, actor=RECIPIENT, now=now)
    notice.refresh_from_db()
    return notice


def settle(notice: Notice, answer: str, *, words: str = "", name: str = "", actor: Actor, now: datetime) -> bool:
    """Note an answer of the recipient, whoever brought it; whether it was new. Raises Refused for one that is none.

    That they did it, or have nothing of the person, ends the notice. That they cannot is for a colleague to look at.
    """
    words, name = words.strip()[:LONGEST_WORDS], name.strip()[:LONGEST_NAME]
    if answer not in Notice.Answer.values:
        raise Refused(gettext("Choose one of the answers."), code="choice_unknown", field="answer")
    if answer == Notice.Answer.CANNOT and not words:
        raise Refused(gettext("Please say why you cannot do it."), code="words_missing", field="words")
    done: dict[str, Any] = {
        "lease_until": None,
        "next_try_at": None,
        # Whoever is sending it this moment loses the row: an answer says more than "sent".
        "fence": NEXT,
        "answer": answer,
        "answer_words": words,
    }
    rows = Notice.objects.filter(pk=notice.pk, acknowledged_at=None)
    if answer == Notice.Answer.CANNOT:
        rows = rows.exclude(state__in=(Notice.State.WAIVED, Notice.State.EXCUSED))
        # They got it, or they could not answer.
        done |= {
            "state": Notice.State.PARKED,
            "park_reason": CANNOT,
            "sent_at": Coalesce("sent_at", Value(now, DateTimeField())),
        }
    else:
        done |= {"state": Notice.State.ACKNOWLEDGED, "acknowledged_at": now, "park_reason": ""}
    with log.atomic():
        changed = rows.update(**done)
        if changed:
            signed = {"state": Errand.State.DONE, "signed_at": now, "signed_name": name}
            Errand.objects.filter(notice=notice.pk, state=Errand.State.OPEN).update(**signed)
            event = "recipient.cannot" if answer == Notice.Answer.CANNOT else "recipient.acknowledged"
            note(event, notice, actor, answer=answer)
    return bool(changed)


def note(event: str, notice: Notice, actor: Actor, **facts: Any) -> None:
    """Record an event about a notice, in the caller's transaction."""
    what = {"recipient": notice.recipient.key, "kind": notice.kind, "origin": notice.origin}
    log.record(event, actor=actor, noun=notice, subject_id=notice.subject_id, **what, **facts)
