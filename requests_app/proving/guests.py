"""Who comes with the word of another site that the company runs or trusts: a session here, and the proof of their requests.

The word is about one e-mail address, and covers that address only: requests that were made with it and wait for proof, and what
is found by it. A claim that the address is somebody's is never enough by itself: the other site must have checked it.
"""

import hashlib
from datetime import datetime

from audit import actor as actors
from audit import log
from audit.refusal import Refused
from requests_app import guards, locks, proof
from requests_app.models import Request, SpentToken, State
from subjects import registry
from subjects.models import DataSubject

REFUSED = (
    "This sign-in did not work. Go back to the page that you came from and try again, or ask for a link by e-mail."
)


def welcome(
    email: str, *, source: str, token_id: str, until: datetime, fresh: bool, now: datetime, account_id: str = ""
) -> str:
    """A session for the person of a checked address; the value of its cookie. A token opens one session and no second.

    `source` is also the way of proof ("host", "openid"); `account_id`: their number with the company, by which it is searched,
    too. Raises Refused for a token that was used, and for an address that two people share.
    """
    who = actors.worker(f"requests.{source}")
    with log.atomic():
        _spend(source, token_id, until)
        subject = registry.find_or_make("email", email, actor=who)
        covered = [registry.add(subject, "email", email, actor=who)]
        if account_id:
            covered.append(registry.add(subject, "account_id", account_id, claimed=True, actor=who))
        waiting = Request.objects.filter(
            subject=subject, identifier=covered[0], proved_at=None, state__in=(State.RECEIVED, State.VERIFYING)
        )
        for pk in waiting.order_by("received_at").values_list("pk", flat=True):
            request = locks.request(pk)
            if guards.needs_proof(request):
                proof.accept(request, covered, channel=source, now=now, actor=actors.person(subject.pk))
        log.record("session.opened", actor=actors.person(subject.pk), noun=subject, subject_id=subject.pk, by=source)
        return proof.open_session(subject, now=now, fresh=fresh)


def recognised(email: str, *, source: str, token_id: str, until: datetime) -> DataSubject:
    """The person of a checked address, without a session. Raises Refused as `welcome` does."""
    with log.atomic():
        _spend(source, token_id, until)
        return registry.find_or_make("email", email, actor=actors.worker(f"requests.{source}"))


def _spend(source: str, token_id: str, until: datetime) -> None:
    mark = hashlib.sha256(f"{source}\x00{token_id}".encode()).hexdigest()
    _row, made = SpentToken.objects.get_or_create(token_hash=mark, defaults={"source": source, "expires_at": until})
    if not made:
        raise Refused(REFUSED, code="token_used")
