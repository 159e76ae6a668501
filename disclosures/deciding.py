"""What a colleague decides of a notice: send it again, note what was heard, give it up with a reason, or record that telling is
impossible or a disproportionate effort.

The last is an exception of the law, for what it names and for nothing else: GDPR Art. 19 (rectification, erasure, restriction)
and CCPA s. 1798.105(c)(1) with 11 CCR 7022(b)(3) (deletion), which asks for facts and not for the words of the law alone. An
opt-out has no such exception (11 CCR 7026(f)), nor has a withdrawn consent (GDPR Art. 7(3)). The person is shown the ground in
our words when they look who was told.
"""

from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone
from django.utils.translation import gettext_lazy

from audit import actor as actors
from audit import log
from audit.bell import ring
from audit.refusal import Refused
from disclosures import acknowledging
from disclosures.bells import send_notice
from disclosures.models import Errand, Notice

State, Kind = Notice.State, Notice.Kind
WAIVE_REASONS = {
    "told_otherwise": "The recipient was told another way",
    "recipient_gone": "The recipient no longer exists",
    "never_had_it": "The recipient never had this person's data",
    "other": "Another reason",
}
GROUNDS = {
    "impossible": gettext_lazy("Telling them is impossible"),
    "disproportionate": gettext_lazy("Telling them would be a disproportionate effort"),
}
EXCUSABLE = (Kind.ERASURE, Kind.CORRECTION, Kind.RESTRICTION)
# A ground is worth what its words are: a word or two say nothing that a person could check.
SHORTEST_WORDS, LONGEST_WORDS = 40, 1000


def retry(notice: Notice, *, by: User) -> None:
    """Send a parked notice again; its days are counted anew, for a person has mended what was wrong."""
    changes: dict[str, Any] = {
        "state": State.QUEUED, "attempts": 0, "next_try_at": None, "queued_at": timezone.now(), "reminded_at": None,
    }  # fmt: skip
    with log.atomic():
        _decide(notice, by, "retry_notice", **changes)
        acknowledging.note("recipient.notice_retried", notice, actors.staff(by.pk))
        ring(send_notice, notice.pk)


def waive(notice: Notice, *, by: User, reason_code: str = "other") -> None:
    """Give a parked notice up. `reason_code` is one of WAIVE_REASONS."""
    if reason_code not in WAIVE_REASONS:
        raise Refused("Pick a reason from the list.", code="waive_reason", field="reason_code")
    given: dict[str, Any] = {"ground": reason_code, "given_up_by": by, "given_up_at": timezone.now()}
    with log.atomic():
        _decide(notice, by, "waive_notice", state=State.WAIVED, **given)
        acknowledging.note("recipient.notice_waived", notice, actors.staff(by.pk), reason=reason_code)


def heard(notice: Notice, *, by: User, answer: str, words: str = "") -> None:
    """Note what the recipient answered by phone or in its own mail, while it was told and has not confirmed. Raises Refused."""
    _may(by, "retry_notice")
    told = Notice.objects.filter(pk=notice.pk, state__in=(State.SENT, State.PARKED), sent_at__isnull=False)
    if not told.exists():
        raise Refused("Nothing is awaited from the recipient here.", code="state_conflict")
    acknowledging.settle(notice, answer, words=words, actor=actors.staff(by.pk), now=timezone.now())


def excuse(notice: Notice, *, by: User, ground: str, words: str) -> None:
    """Record that telling this recipient is impossible or a disproportionate effort, in words that the person is shown.

    Raises Refused: for a kind without such an exception, without a ground or enough words, after it was told.
    """
    if notice.kind not in EXCUSABLE:
        raise Refused(
            "The law knows this exception for erasure, correction and restriction only. Tell the recipient another way.",
            code="no_exception",
        )
    if ground not in GROUNDS:
        raise Refused("Pick a ground from the list.", code="ground_unknown", field="ground")
    words = " ".join(words.split())
    if not SHORTEST_WORDS <= len(words) <= LONGEST_WORDS:
        raise Refused(
            f"Say why in {SHORTEST_WORDS} to {LONGEST_WORDS} characters: the person reads it.", code="words_few",
            field="words",
        )  # fmt: skip
    given: dict[str, Any] = {"ground": ground, "ground_words": words, "given_up_by": by, "given_up_at": timezone.now()}
    states = (State.QUEUED, State.HANDED, State.PARKED)
    with log.atomic():
        _decide(notice, by, "excuse_notice", states, state=State.EXCUSED, **given)
        Errand.objects.filter(notice=notice.pk, state=Errand.State.OPEN).update(state=Errand.State.CANCELLED)
        acknowledging.note("recipient.notice_excused", notice, actors.staff(by.pk), ground=ground)


def _decide(
    notice: Notice, by: User, permission: str, states: tuple[str, ...] = (State.PARKED,), **changes: Any
) -> None:
    _may(by, permission)
    # Whoever is sending it this moment loses the row.
    own = Notice.objects.filter(pk=notice.pk, state__in=states)
    if not own.update(park_reason="", lease_until=None, fence=acknowledging.NEXT, **changes):
        raise Refused("This notice does not wait for a person any more.", code="state_conflict")


def _may(by: User, permission: str) -> None:
    if not by.has_perm(f"disclosures.{permission}"):
        raise Refused("Your role may not do this. Ask your privacy officer.", code="not_allowed")
