"""The home of the desk: what waits for this colleague's role, what is due first, and whether anything moves at all.

What a page costs must not follow the number of requests: cards count open requests only (three in a hundred, by an index that
holds no others), charts read counted days.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.models import User
from django.db.models import Count, Max, Q
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils import timezone

from audit import awhile
from audit.accountable import colleague
from audit.models import SweepRun
from connectors import holds
from connectors.handdesk import visible
from connectors.models import Proposal, Survey, WorkOrder
from consent import cookies, launching, reviewing
from consent.models import Drift
from disclosures import answers, clients, errands, listmail, policies, recipients, sites
from disclosures.models import Errand, Notice
from privacyops import legal_cards
from privacyops.trends import trends
from requests_app import deadlines, limits, reads, referrals, watching
from requests_app.badges import badge
from requests_app.models import CheckResult, InboundMail, Letter, Request, State
from retention import nights, versions
from retention.models import Revival, Run

SILENT_AFTER = timedelta(minutes=5)
DRIFT, PROOF = "notice_drift", "retention_proof"
RAISED, RAISED_SECONDS = {"waits": "managers"}, 60


@dataclass(frozen=True)
class Card:
    """A number on the home page, with the queue behind it. `tone` is late, soon, now or calm."""

    label: str
    count: int
    url: str
    tone: str

    @property
    def key(self) -> str:
        """By which a page that stands open finds its number again."""
        return self.label.lower().replace(",", "").replace(" ", "-")


def _link(name: str, **filters: str) -> str:
    if not name:
        return reverse("admin:assurance")
    if name == DRIFT:
        return reverse("admin:notice_drift")
    if name == PROOF:
        return reverse("admin:retention_proof")
    return f"{reverse(f'admin:{name}_changelist')}?{urlencode(filters)}"


def cards(user: User, now: datetime) -> list[Card]:
    """What waits for this colleague's role: two queries for requests, one for each other queue."""
    found = _requests(user, now) if user.has_perm("requests_app.view_request") else []
    return found + [
        Card(label, _raised() if filters == RAISED else rows.order_by().count(), _link(name, **filters), tone)
        for label, name, permission, tone, filters, rows in _others(user)
        if user.has_perm(permission)
    ]


def _others(user: User) -> tuple[tuple[str, str, str, str, dict[str, str], Any], ...]:
    """Every other queue: label, screen, permission, tone, filters, rows."""
    return (
        ("Raised to managers", "requests_app_request", "requests_app.manage_deadlines", "late", RAISED,
         deadlines.escalated()),
        ("Parked work", "connectors_workorder", "connectors.view_workorder", "soon", {"state__exact": "parked"},
         WorkOrder.objects.filter(state=WorkOrder.State.PARKED)),
        ("Work by hand", "connectors_handtask", "connectors.view_handtask", "now", {"waits": "open"},
         visible(user).waiting()),
        ("Overdue by hand", "connectors_handtask", "connectors.view_handtask", "late", {"waits": "overdue"},
         visible(user).overdue(timezone.localdate())),
        ("Letters to post", "requests_app_letter", "requests_app.change_request", "now", {"state__exact": "to_post"},
         Letter.objects.filter(state=Letter.State.TO_POST)),
        ("Mail to look at", "requests_app_inboundmail", "requests_app.view_inboundmail", "now",
         {"state__in": "draft,parked"}, InboundMail.objects.filter(state__in=("draft", "parked"))),
        ("Referrals to see to", "requests_app_referral", "requests_app.view_referral", "soon", {"waits": "us"},
         referrals.stuck()),
        *_telling(),
        *_notices(user), *_sharing(),
        *legal_cards.queues(user),
        ("Sites to review", "disclosures_externalsite", "disclosures.change_externalsite", "soon",
         {"review": "overdue"}, sites.overdue(timezone.localdate())),
        ("Cookies to register", "consent_seencookie", "consent.decide_seencookie", "soon", {"state__exact": "open"},
         cookies.unregistered()),
        *_retention(user),
        ("Drift to decide", "connectors_proposal", "connectors.decide_proposal", "now", {"state__exact": "open"},
         Proposal.objects.filter(state=Proposal.State.OPEN)),
        ("Systems not seen", "connectors_survey", "connectors.decide_proposal", "soon", {"state__exact": "failed"},
         Survey.objects.broken()),
        ("Failing checks", "", "audit.view_event", "late", {}, CheckResult.objects.filter(ok=False)),
        ("Holds to look at again", "connectors_legalhold", "connectors.release_legalhold", "soon", {"stands": "review"},
         holds.to_review(timezone.localdate())),
        ("Releases of holds to decide", "connectors_legalhold", "connectors.release_legalhold", "now",
         {"stands": "asked"}, holds.to_release().exclude(release_asked_by=user.pk)),
        ("Legal holds", "connectors_legalhold", "connectors.view_legalhold", "calm", {"stands": "active"},
         holds.active()),
    )  # fmt: skip


def _telling() -> tuple[tuple[str, str, str, str, dict[str, str], Any], ...]:
    """What waits about telling recipients."""
    """Recipients who wait to be told."""
    return (
        ("Recipients not told", "disclosures_notice", "disclosures.view_notice", "soon", {"state__exact": "parked"},
         Notice.objects.filter(state=Notice.State.PARKED)),
        ("Recipients to tell by hand", "disclosures_errand", "disclosures.sign_errand", "now", {"waits": "us"},
         Errand.objects.filter(state=Errand.State.OPEN, theirs=False)),
        ("Overdue notices by hand", "disclosures_errand", "disclosures.sign_errand", "late", {"waits": "overdue"},
         errands.overdue(timezone.now())),
    )  # fmt: skip


def _sharing() -> tuple[tuple[str, str, str, str, dict[str, str], Any], ...]:
    """What waits about recipients, clients and sites."""
    today = timezone.localdate()
    return (
        ("Recipients to review", "disclosures_recipient", recipients.MAY, "soon", {"review": "overdue"},
         recipients.overdue(today)),
        ("Contracts that end", "disclosures_recipient", recipients.MAY, "soon", {"review": "ending"},
         recipients.ending(today)),
        ("Clients not told", "disclosures_listmail", listmail.MAY, "late", {"state__exact": "parked"}, listmail.parked()),
        ("Objections to decide", "disclosures_clientanswer", answers.MAY, "now", {"waits": "us"}, answers.unsettled()),
        ("Instructions to see to", "disclosures_instruction", clients.MAY_SETTLE, "late", {"waits": "us"},
         clients.overdue(today)),
        ("Policies that changed", "disclosures_externalsite", "disclosures.change_externalsite", "now",
         {"policy": "trouble"}, policies.trouble()),
    )  # fmt: skip


def _retention(user: User) -> tuple[tuple[str, str, str, str, dict[str, str], Any], ...]:
    """What waits about how long things are kept."""
    return (
        ("Retention to approve", "retention_run", "retention.view_run", "now", {"state__exact": "proposed"},
         Run.objects.filter(state=Run.State.PROPOSED)),
        ("Rows past their date", PROOF, "retention.view_schedule", "late", {}, nights.not_zero()),
        ("Schedules to approve", "retention_scheduleversion", "retention.approve_scheduleversion", "now",
         {"stands": "proposed"}, versions.to_approve(user)),
        ("Erased and back again", "retention_revival", "retention.settle_revival", "late", {"state__exact": "open"},
         Revival.objects.filter(state=Revival.State.OPEN)),
    )  # fmt: skip


def _notices(user: User) -> tuple[tuple[str, str, str, str, dict[str, str], Any], ...]:
    """What waits about privacy notices."""
    return (
        ("Notices to approve", "consent_noticeversion", "consent.approve_noticeversion", "now", {"stands": "proposed"},
         reviewing.to_approve(user)),
        ("Notices to read again", "consent_noticeversion", "consent.approve_noticeversion", "soon",
         {"stands": "review"}, reviewing.due(timezone.now())),
        ("Notice drift", DRIFT, "consent.view_noticeversion", "soon", {}, Drift.objects.all()),
        ("Purposes to launch", "consent_launch", "consent.confirm_launch", "soon", {"live_at__isempty": "1"},
         launching.waiting()),
    )  # fmt: skip


def _raised() -> int:
    """Counted once a minute for all: the sweep that raises anything runs no more often, and it looks at every open clock."""
    return awhile.kept("raised-to-managers", RAISED_SECONDS, lambda: deadlines.escalated().order_by().count())


def _requests(user: User, now: datetime) -> list[Card]:
    """Of the open requests, all counted in one go; what needs attention may be closed, and has an index of its own."""
    week, queue = now + timedelta(days=7), "requests_app_request"
    second = Q(state=State.IN_REVIEW, proposed_by__isnull=False)
    rows: list[tuple[str, str, dict[str, str], Q]] = [
        ("Overdue", "late", {"due": "overdue"}, Q(due_at__lte=now)),
        ("Due within 7 days", "soon", {"due": "week"}, Q(due_at__gt=now, due_at__lte=week)),
        ("Mine", "now", {"waits": "me"}, Q(owner=user.pk)),
        ("New, no owner yet", "now", {"waits": "nobody"}, Q(owner=None)),
        ("To review", "now", {"waits": "review"}, Q(state=State.IN_REVIEW, proposed_by=None)),
        ("Waiting for a second person", "now", {"waits": "second"}, second),
        ("Appeals", "now", {"right__exact": "appeal", "waits": "open"}, Q(right="appeal")),
        ("Waiting for proof", "calm", {"state__exact": "verifying"}, Q(state=State.VERIFYING)),
    ]
    if user.has_perm("requests_app.approve_request"):
        rows.insert(5, ("To approve", "now", {"waits": "approval"}, second & ~Q(proposed_by=user.pk)))
    still = reads.open_requests().order_by()
    counts = still.aggregate(**{f"n{at}": Count("state", filter=row[3]) for at, row in enumerate(rows)})
    found = [Card(label, counts[f"n{at}"], _link(queue, **filters), tone)
             for at, (label, tone, filters, _) in enumerate(rows)]  # fmt: skip
    attention = Request.objects.exclude(attention="").order_by().count()
    raised = reads.open_requests().filter(raised_at__isnull=False).order_by().count()
    found.append(Card("Raised by colleagues", raised, _link(queue, waits="raised"), "late"))
    named = watching.unread(user).count()
    mine = [Card("Notes that name you", named, _link(queue, waits="named"), "now")] if named else []
    return [*mine, *found, Card("Need attention", attention, _link(queue, waits="attention"), "soon")]


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """The home page: cards, the requests that are due first, and whether the scheduler is alive."""
    user, now = colleague(request), timezone.now()
    last = SweepRun.objects.aggregate(last=Max("started_at"))["last"]
    context |= {"cards": cards(user, now), "silent": last is None or last < now - SILENT_AFTER, "last_sweep": last}
    context["flood"] = limits.flood()
    if user.has_perm("requests_app.view_request"):
        nearest = reads.open_requests().select_related("owner")[:10]
        context |= {"may_queue": True, "trends": trends(now)}
        context |= {"nearest": [(one, badge(one.due_at, now)) for one in nearest]}
    return context


def counts(request: HttpRequest) -> HttpResponse:
    """The numbers of the cards as JSON, for a page that stands open. A page without script shows what it was drawn with."""
    found = {one.key: one.count for one in cards(colleague(request), timezone.now())}
    answer = JsonResponse({"counts": found, "at": timezone.localtime().strftime("%H:%M")})
    answer["Cache-Control"] = "no-store"
    return answer
