"""The one way in for a request: web form, API, mail, phone, post, in person.

Whoever submits gets the same answer whether or not we know the person. The request is stored with its laws, clocks, plan and
acknowledgement in one transaction; everything else is found by the sweep.
"""

import hashlib
import hmac
import json
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext

import law
from audit import actor as actors
from audit import log
from audit.actor import Actor
from audit.failpoints import failpoint
from audit.refusal import Refused
from inventory.models import Field
from requests_app import (
    askers,
    clocks,
    laws,
    letters,
    locks,
    narrowing,
    plans,
    playing,
    policy,
    proof,
    stationery,
    workflow,
)
from requests_app.models import Agent, Asker, Clock, Letter, Proof, Request, State
from requests_app.proving import stopping
from subjects import identifiers, registry
from subjects.models import DataSubject, Identifier


@dataclass(frozen=True)
class Submission:
    """What a person or a colleague filled in.

    `changes` is for corrections: attribute and new value. `asker` is who asks, where that is not the person. Only
    colleagues and API clients give further identifiers by kind, data categories that the request is limited to, and masks as
    `connectors.scope.narrowed` takes them. `post`: the postal address of somebody without e-mail; only colleagues give it.
    """

    right: str
    email: str
    name: str
    residence: str
    details: str = ""
    changes: dict[str, str] = field(default_factory=dict)
    identifiers: dict[str, str] = field(default_factory=dict)
    categories: tuple[str, ...] = ()
    masks: dict[str, dict[str, Any]] = field(default_factory=dict)
    relation: str = ""
    asker: askers.Given | None = None
    channel: str = "web"
    language: str = "en"
    nonce: str | None = None
    received_at: datetime | None = None
    post: str = ""


def submit(submission: Submission, *, now: datetime, actor: Actor | None = None, agent: Agent | None = None) -> Request:
    """Store one request and return it; the same nonce returns the same request.

    `actor` is the colleague or API client that entered it, None for the person; `agent` the one that this client is.
    Raises Refused with the field at fault, and (code "idempotency_conflict") for a nonce that came with other content:
    whoever got the first request for an answer would believe that the second was taken.
    """
    clean = _validated(submission, now)
    known = _by_nonce(submission)
    if known is not None:
        return known
    try:
        with log.atomic():
            stored = _store(submission, clean, now, actor, agent)
            failpoint("intake.before_commit")
    except IntegrityError:
        known = _by_nonce(submission)  # the same form arrived twice at once; the other one won
        if known is None:
            raise
        return known
    failpoint("intake.after_commit")
    return stored


def correctable() -> list[str]:
    """The attributes that a correction may name: those that the inventory's fields bear."""
    rows = Field.objects.exclude(attribute="").order_by("attribute").values_list("attribute", flat=True)
    return list(rows.distinct())


def _by_nonce(submission: Submission) -> Request | None:
    found = Request.objects.filter(nonce=submission.nonce).first() if submission.nonce else None
    if found is not None and found.content_digest not in ("", _digest(submission)):
        raise Refused(
            gettext("This was sent before with other content, under the same key. Send a new key with new content."),
            code="idempotency_conflict",
        )
    return found


def _digest(submission: Submission) -> str:
    """A keyed digest of what was asked, by which a repeat is told from another request."""
    content = asdict(submission) | {"nonce": None, "channel": None}
    for name in ("relation", "asker", "post"):  # left out where they say nothing, as before there were any
        if not content[name]:
            del content[name]
    text = json.dumps(content, sort_keys=True, default=str)
    return hmac.new(settings.INDEX_KEY.encode(), b"privacyops intake v1 " + text.encode(), hashlib.sha256).hexdigest()


def _store(
    submission: Submission, clean: dict[str, Any], now: datetime, actor: Actor | None, agent: Agent | None
) -> Request:
    plan = plans.PLANS[submission.right]
    subject, identifier = _subject(submission, actor)
    request = _row(submission, clean, plan, subject, identifier, now)
    themself = submission.asker is None
    who = actor or (actors.person(subject.pk) if themself else actors.worker("requests.intake"))
    log.record(
        "request.received",
        actor=who,
        noun=request,
        subject_id=subject.pk,
        right=request.right,
        channel=request.channel,
        residence=request.residence,
        laws=[row["statute"] for row in request.laws],
    )
    asker = None
    if submission.asker is not None:
        asker = askers.store(request, submission.asker, clean["standing"], agent, actor=who)
    clocks.start(request, actor=who)
    _acknowledge(request, identifier, plan, now, who)
    if asker is not None and agent is None:  # an agent that sends through the API has its answer there
        askers.acknowledge(asker, now, actor=who)
    stopping.tell(request, now=now, actor=who)
    workflow.nudge(request)
    return request


def _row(
    submission: Submission,
    clean: dict[str, Any],
    plan: plans.Plan,
    subject: DataSubject,
    identifier: Identifier,
    now: datetime,
) -> Request:
    received_at = submission.received_at or now
    statutes = laws.frozen(submission.residence, submission.right, received_at, submission.relation)
    book = playing.applying(submission.right, statutes)
    limit = list(book.categories) if book is not None and not submission.categories else []
    by_staff = clean["standing"] is not None and clean["standing"].gate == Asker.Gate.STAFF
    return Request.objects.create(
        reference=_free_reference(),
        right=submission.right,
        subject=subject,
        identifier=identifier,
        channel=submission.channel,
        residence=submission.residence,
        language=stationery.known(submission.language),
        received_at=received_at,
        nonce=submission.nonce or None,
        content_digest=_digest(submission),
        details=clean["details"],
        changes=clean["changes"],
        categories=list(submission.categories) or limit,
        masks=submission.masks or playing.masks(book),
        relation=submission.relation,
        asked_by=submission.asker.kind if submission.asker else Request.AskedBy.SELF,
        authority=Request.Authority.AWAITING if by_staff else Request.Authority.NONE,
        laws=statutes,
        plan=plan.frozen(),
        playbook=playing.frozen(book, limited=bool(limit)),
    )


def _acknowledge(request: Request, identifier: Identifier, plan: plans.Plan, now: datetime, who: Actor) -> None:
    """One letter that says what arrived, with the link in it when proof is needed; none to a mailbox that had enough."""
    if letters.limited(identifier, now):
        log.record("proof.limited", actor=who, noun=request, subject_id=request.subject_id, purpose=Proof.Purpose.OPEN)
        return
    context: dict[str, Any] = {"link": ""}
    if identifier.kind != Identifier.Kind.POST and plan.needs_proof and request.authority == Request.Authority.NONE:
        # A code opens a session in the browser that asked: never in that of somebody who asks for the person.
        holder = proof.receipt_holder(request.reference) if request.asked_by == Request.AskedBy.SELF else ""
        context = proof.attempt(request, Proof.Purpose.OPEN, identifier=identifier, now=now, holder=holder).words()
        log.record("proof.sent", actor=who, noun=request, subject_id=request.subject_id, purpose=Proof.Purpose.OPEN)
    # It does not expire with its link: the receipt is owed in any case, and a new link can be asked for.
    kind = "acknowledgement" if request.asked_by == Request.AskedBy.SELF else "asked_for_you"
    letters.queue(request, kind, dedupe=kind, context=context, actor=who, identifier=identifier)


def acknowledge_owed(now: datetime) -> int:
    """Confirm the receipts that a law wants confirmed and that were held back, for a mailbox had enough letters; how many.

    Taken in any order, some at a time, so that many for one full mailbox hold up nobody.
    """
    who, written = actors.worker("requests.intake"), 0
    clocks_on = Clock.objects.filter(request=OuterRef("pk"), kind=Clock.Kind.ACKNOWLEDGE, met_at=None)
    confirmed = Letter.objects.filter(request=OuterRef("pk"), kind__in=policy.CONFIRMS)
    owed = Request.objects.filter(Exists(clocks_on), ~Exists(confirmed), follows=None).exclude(state=State.CLOSED)
    for key in owed.order_by("?").values_list("pk", flat=True)[:100]:
        with log.atomic():
            request = locks.request(key)
            locks.person(request.subject_id)
            identifier = letters.address(request)
            if request.state == State.CLOSED or letters.limited(identifier, now):
                continue
            _acknowledge(request, identifier, plans.thaw(request.plan), now, who)
            written += 1
    return written


def _subject(submission: Submission, actor: Actor | None) -> tuple[DataSubject, Identifier]:
    who = actor or actors.worker("requests.intake")
    # Nobody is found by a postal address, which a household shares, nor by a number that was told by phone.
    found = registry.find_or_make("email", submission.email, actor=who) if submission.email else None
    subject = found or registry.newcomer(actor=who)
    locks.person(subject.pk)  # so that the limit of letters to one mailbox holds for forms that arrive at once
    postal = (
        registry.add(subject, "post", submission.post, claimed=True, actor=who) if submission.post.strip() else None
    )
    identifier = registry.add(subject, "email", submission.email, actor=who) if submission.email else postal
    assert identifier is not None  # _validated
    for kind, value in submission.identifiers.items():
        registry.add(subject, kind, value, claimed=True, actor=who)
    if submission.name.strip():
        registry.add(subject, "name", submission.name, actor=who)
    return subject, identifier


def _free_reference() -> str:
    while True:
        reference = policy.reference()
        if not Request.objects.filter(reference=reference).exists():
            return reference


def _validated(submission: Submission, now: datetime) -> dict[str, Any]:
    """The cleaned free fields. Raises Refused that names the first field at fault."""
    if submission.right not in plans.OFFERED:
        raise Refused(gettext("Choose what you would like us to do."), code="right_unknown", field="right")
    _reached(submission)
    _text(submission.name, "name", policy.LONGEST_NAME, lines=False)
    if not laws.known(submission.residence):
        raise Refused(gettext("Choose where you live from the list."), code="residence_unknown", field="residence")
    if submission.channel not in Request.Channel.values:
        raise Refused("Choose how the request arrived.", code="channel_unknown", field="channel")
    if len(submission.nonce or "") > 64:
        raise Refused(gettext("This form is out of date. Load the page again."), code="nonce_long", field="nonce")
    _limits(submission)
    details = _text(submission.details, "details", policy.LONGEST_DETAILS, lines=True)
    _received(submission, now)
    return {"details": details, "changes": _changes(submission), "standing": _standing(submission, now)}


def _reached(submission: Submission) -> None:
    """An e-mail address, or where a colleague writes down what came another way, a postal one."""
    elsewhere = submission.channel in (Request.Channel.PHONE, Request.Channel.POST, Request.Channel.PERSON)
    if submission.email or not elsewhere:
        identifiers.email(submission.email)
    elif not submission.post.strip():
        words = "Write down an e-mail address or a postal address: the answer has to reach the person."
        raise Refused(words, code="email_shape", field="email")
    elif submission.asker is not None:
        words = "Somebody asks for this person: write down the person's own e-mail, so that they hear of it."
        raise Refused(words, code="email_needed", field="email")
    if submission.post.strip():
        identifiers.normalise("post", submission.post)


def _standing(submission: Submission, now: datetime) -> law.Standing | None:
    """What must happen first where somebody else asks; None where the person does."""
    if submission.relation not in Request.Relation.values:
        raise Refused("Choose how the person knows us.", code="relation_unknown", field="relation")
    if submission.asker is None:
        return None
    return askers.checked(
        submission.asker,
        right=submission.right,
        residence=submission.residence,
        relation=submission.relation,
        person=submission.email,
        at=submission.received_at or now,
    )


def _limits(submission: Submission) -> None:
    """What only colleagues and programs give: identifiers, categories and masks that exist."""
    narrowing.check(submission.identifiers, submission.categories, submission.masks)
    for kind, value in submission.identifiers.items():
        identifiers.normalise(kind, value)


def _received(submission: Submission, now: datetime) -> None:
    at = submission.received_at
    if at is None:
        return
    if at > now:
        raise Refused("The day of receipt cannot be in the future.", code="received_future", field="received_at")
    if at < now - timedelta(days=policy.OLDEST_RECEIPT_DAYS):
        raise Refused("This day of receipt is too long ago. Check the year.", code="received_old", field="received_at")


def _changes(submission: Submission) -> dict[str, str]:
    if not plans.PLANS[submission.right].asks_changes:
        return {}
    changes = {key: value.strip() for key, value in submission.changes.items() if value.strip()}
    if not changes:
        raise Refused(gettext("Say what should be corrected, and to what."), code="changes_missing", field="changes")
    for key, value in changes.items():
        if key not in correctable():
            raise Refused(
                gettext("This cannot be corrected here. Describe it under details."), code="attribute", field="changes"
            )
        _text(value, "changes", policy.LONGEST_VALUE, lines=False)
    return changes


def _text(value: str, name: str, longest: int, *, lines: bool) -> str:
    text = value.strip()
    if len(text) > longest:
        raise Refused(
            gettext("Please keep this under %(most)s characters.") % {"most": longest}, code=f"{name}_long", field=name
        )
    if not policy.printable(text, lines=lines):
        raise Refused(
            gettext("This holds characters that we cannot store. Please write it by hand."),
            code=f"{name}_characters",
            field=name,
        )
    return text
