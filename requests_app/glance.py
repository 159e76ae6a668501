"""What a person sees of their own requests: named reads for the portal's pages, and nothing of anybody else's."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.utils import timezone

import law
from requests_app import appeals, laws, moves, plans, proof, reads, retold
from requests_app.models import Clock, Outcome, Parcel, Pause, PersonSession, Proof, Request, State
from subjects.models import DataSubject

CARRIED_OUT = (Outcome.FULFILLED, Outcome.PARTLY, Outcome.REFERRED)


@dataclass(frozen=True)
class Step:
    """One step of the way, and whether it is done, now, or ahead."""

    code: str
    place: str


@dataclass(frozen=True)
class Glance:
    """One request as its person sees it. `answer` is the strictest clock for the answer, if a law set one."""

    request: Request
    answer: Clock | None

    @property
    def steps(self) -> list[Step]:
        """The way of this request; one that waits for its person is already at that step."""
        state = State.VERIFYING if self.waits else self.request.state
        return steps(plans.thaw(self.request.plan), state, self.request.outcome)

    @property
    def cite(self) -> str:
        """The law behind the day of the answer, as people quote it: GDPR, art. 12(3)."""
        if self.answer is None:
            return ""
        try:
            return laws.cited(law.statute(self.answer.statute).short_name, self.answer.cite)
        except KeyError:  # a statute of an older release: the clock still knows its section
            return self.answer.cite

    @property
    def counted(self) -> list[str]:
        """How the day of the answer was counted, a sentence each."""
        return retold.steps(list(self.answer.steps)) if self.answer else []

    @property
    def waits(self) -> bool:
        """Whether nothing goes on until the person confirms."""
        early = self.request.state in (State.RECEIVED, State.VERIFYING)
        late = self.request.state == State.CLOSED and self.request.outcome == Outcome.UNVERIFIED
        theirs = self.request.authority == Request.Authority.NONE  # else it waits for us
        unproved = self.request.proved_at is None and plans.thaw(self.request.plan).needs_proof
        return (early or late) and theirs and unproved

    @property
    def question(self) -> Pause | None:
        """What we asked and wait for, if anything."""
        if self.request.state == State.CLOSED:
            return None
        return next((one for one in self.request.pauses.all() if one.answered_at is None), None)

    @property
    def closed(self) -> bool:
        """Whether nothing more happens, from either side; a package to fetch counts as open."""
        return self.request.state == State.CLOSED and self.package is None and not self.waits

    @property
    def package(self) -> "Package | None":
        """The package, while there is one to fetch."""
        return package(self.request, timezone.now())

    @property
    def may_appeal(self) -> bool:
        """Whether a law gives an appeal against this answer today, and none is open."""
        return appeals.may_appeal(self.request, self.request.followed_by.all(), timezone.now())

    @property
    def may_complain(self) -> bool:
        """Whether a law of the place gives a complaint to us a clock, and none is open."""
        return appeals.may_complain(self.request, self.request.followed_by.all(), timezone.now())

    @property
    def may_withdraw(self) -> bool:
        """Whether it is worth offering; the verb has the last word."""
        return self.request.state not in (State.NOTIFYING, State.CLOSED)


@dataclass(frozen=True)
class Package:
    """A package that can be fetched, and how often still."""

    parcel: Parcel
    left: int


def steps(plan: plans.Plan, state: str, outcome: str) -> list[Step]:
    """The way of a request under `plan`; nothing for one that ended before it was carried out."""
    skipped = {
        code
        for code, skip in (
            (moves.VERIFYING, not plan.needs_proof),
            (moves.IN_REVIEW, not plan.review),
            (moves.NOTIFYING, not plan.recipients),
            (moves.COLLECTING, not plan.find),
            (moves.DELIVERING, not plan.find),
        )
        if skip
    }
    way = [code for code in moves.STATES if code not in skipped or code == state]
    if state == State.CLOSED:
        return [Step(code, "done") for code in way] if outcome in CARRIED_OUT else []
    at = way.index(state)
    return [Step(code, "done" if n < at else "now" if n == at else "ahead") for n, code in enumerate(way)]


def of(subject: DataSubject) -> list[Glance]:
    """All requests of one person, the newest first."""
    return [_glance(one) for one in reads.of_person(subject)]


def one(session: PersonSession, request_id: UUID) -> Glance | None:
    """One request, if it is this person's; None for anybody else's, as for one that never was."""
    request = reads.for_person(session, request_id)
    return None if request is None else _glance(request)


def package(request: Request, now: datetime) -> Package | None:
    """The package of a request, while there is one to fetch."""
    parcel: Parcel | None = getattr(request, "parcel", None)
    if parcel is None or parcel.state != Parcel.State.READY or parcel.expires_at is None or parcel.expires_at <= now:
        return None
    return Package(parcel, max(0, settings.PARCEL_DOWNLOADS - parcel.downloads))


def link_works(token: str, now: datetime) -> bool:
    """Whether a mailed link could still be used. Changes nothing: mail scanners look too."""
    rows = Proof.objects.filter(token_hash=proof.hashed(token), used_at=None, expires_at__gt=now)
    return rows.exclude(purpose=Proof.Purpose.STOP).exists()


def _glance(request: Request) -> Glance:
    answers = [clock for clock in request.clocks.all() if clock.kind == Clock.Kind.RESPOND]
    return Glance(request, next(iter(sorted(answers, key=lambda clock: clock.due_at)), None))
