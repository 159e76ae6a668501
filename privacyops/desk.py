"""The staff desk: the admin site, its navigation and its home."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import Count, F, Max, Q
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.templatetags.static import static
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from unfold.sites import UnfoldAdminSite

from audit import assurance, log
from audit.accountable import colleague
from audit.models import SweepRun
from connectors.models import HandTask, LegalHold, Proposal, Survey, WorkOrder
from disclosures import sites
from disclosures.models import Notice
from privacyops.data_map.page import data_map
from privacyops.describing import describing
from privacyops.lawbook import lawbook
from privacyops.letterbook import letterbook
from privacyops.record.page import record
from privacyops.reports.page import reports, yearly
from requests_app import deadlines, limits, referrals
from requests_app.badges import badge
from requests_app.models import InboundMail, Request, State
from retention.models import Run

QUEUE = "admin:requests_app_request"
SILENT_AFTER = timedelta(minutes=5)


@dataclass(frozen=True)
class Card:
    """A number on the home page, with the queue behind it. `tone` is late, soon, now or calm."""

    label: str
    count: int
    url: str
    tone: str


class Desk(UnfoldAdminSite):
    """Django's admin with our theme. Sign-in limits come from axes."""

    index_title = "What needs me now"

    def get_urls(self) -> list[URLPattern]:
        own = [
            path("assurance/", self.admin_view(self.assurance), name="assurance"),
            path("law/", self.admin_view(self.law), name="law"),
            path("letters/", self.admin_view(self.letters), name="letters"),
            path("record/", self.admin_view(self.record), name="record"),
            path("reports/", self.admin_view(self.reports), name="reports"),
            path("reports/california/", self.admin_view(self.california), name="california"),
            path("data-map/", self.admin_view(self.data_map), name="data_map"),
            path("descriptions/", self.admin_view(self.descriptions), name="descriptions"),
        ]
        urls: list[URLPattern] = [*own, *super().get_urls()]
        return urls

    def law(self, request: HttpRequest) -> HttpResponse:
        """Rights and dates for a place, and the age of the statute files."""
        return lawbook(self, request)

    def letters(self, request: HttpRequest) -> HttpResponse:
        """What our letters say under each law and in each language, from invented data."""
        return letterbook(self, request)

    def record(self, request: HttpRequest) -> HttpResponse:
        """The record of processing activities."""
        return record(self, request)

    def reports(self, request: HttpRequest) -> HttpResponse:
        """A period in numbers."""
        return reports(self, request)

    def california(self, request: HttpRequest) -> HttpResponse:
        """The figures that California wants published each year."""
        return yearly(self, request)

    def data_map(self, request: HttpRequest) -> HttpResponse:
        """Systems, what they hold, and how one person's rows are found in them."""
        return data_map(self, request)

    def descriptions(self, request: HttpRequest) -> HttpResponse:
        """The inventory out as files, and descriptions in."""
        return describing(self, request)

    def assurance(self, request: HttpRequest) -> HttpResponse:
        """Run every assurance check, and walk the event chain."""
        if not colleague(request).has_perm("audit.view_event"):
            raise PermissionDenied
        results = [(one, one.run()) for one in assurance.checks()]
        faults = list(log.faults())[:20]
        context = {**self.each_context(request), "title": "Assurance checks", "results": results, "faults": faults}
        return TemplateResponse(request, "admin/assurance.html", context)


def _link(name: str, **filters: str) -> str:
    return f"{reverse(f'admin:{name}_changelist')}?{urlencode(filters)}"


def cards(user: User, now: datetime) -> list[Card]:
    """What waits for this colleague's role: one query for requests, one for each other queue."""
    found = _requests(user, now) if user.has_perm("requests_app.view_request") else []
    others: tuple[tuple[str, str, str, str, dict[str, str], Any], ...] = (
        ("Raised to managers", "requests_app_request", "requests_app.manage_deadlines", "late", {"waits": "managers"},
         deadlines.escalated()),
        ("Parked work", "connectors_workorder", "connectors.view_workorder", "soon", {"state__exact": "parked"},
         WorkOrder.objects.filter(state=WorkOrder.State.PARKED)),
        ("Work by hand", "connectors_handtask", "connectors.view_handtask", "now", {"waits": "open"},
         HandTask.objects.waiting()),
        ("Overdue by hand", "connectors_handtask", "connectors.view_handtask", "late", {"waits": "overdue"},
         HandTask.objects.overdue(timezone.localdate())),
        ("Mail to look at", "requests_app_inboundmail", "requests_app.view_inboundmail", "now",
         {"state__in": "draft,parked"}, InboundMail.objects.filter(state__in=("draft", "parked"))),
        ("Referrals to see to", "requests_app_referral", "requests_app.view_referral", "soon", {"waits": "us"},
         referrals.stuck()),
        ("Recipients not told", "disclosures_notice", "disclosures.view_notice", "soon", {"state__exact": "parked"},
         Notice.objects.filter(state=Notice.State.PARKED)),
        ("Sites to review", "disclosures_externalsite", "disclosures.change_externalsite", "soon",
         {"review": "overdue"}, sites.overdue(timezone.localdate())),
        ("Retention to approve", "retention_run", "retention.view_run", "now", {"state__exact": "proposed"},
         Run.objects.filter(state=Run.State.PROPOSED)),
        ("Drift to decide", "connectors_proposal", "connectors.decide_proposal", "now", {"state__exact": "open"},
         Proposal.objects.filter(state=Proposal.State.OPEN)),
        ("Systems not seen", "connectors_survey", "connectors.decide_proposal", "soon", {"state__exact": "failed"},
         Survey.objects.broken()),
        ("Legal holds", "connectors_legalhold", "connectors.view_legalhold", "calm", {"released_at__isempty": "1"},
         LegalHold.objects.filter(released_at=None)),
    )  # fmt: skip
    return found + [
        Card(label, rows.count(), _link(name, **filters), tone)
        for label, name, permission, tone, filters, rows in others
        if user.has_perm(permission)
    ]


def _requests(user: User, now: datetime) -> list[Card]:
    week, still_open = now + timedelta(days=7), ~Q(state=State.CLOSED)
    queue = "requests_app_request"
    rows: tuple[tuple[str, str, dict[str, str], Q], ...] = (
        ("Overdue", "late", {"due": "overdue"}, still_open & Q(due_at__lte=now)),
        ("Due within 7 days", "soon", {"due": "week"}, still_open & Q(due_at__gt=now, due_at__lte=week)),
        ("To review", "now", {"waits": "review"}, Q(state=State.IN_REVIEW, proposed_by=None)),
        ("Waiting for a second person", "now", {"waits": "second"}, Q(state=State.IN_REVIEW) & ~Q(proposed_by=None)),
        ("Need attention", "soon", {"waits": "attention"}, ~Q(attention="")),
        ("Mine", "now", {"waits": "me"}, still_open & Q(owner=user.pk)),
        ("Waiting for proof", "calm", {"state__exact": "verifying"}, Q(state=State.VERIFYING)),
    )
    counts = Request.objects.aggregate(**{f"n{at}": Count("pk", filter=row[3]) for at, row in enumerate(rows)})
    return [Card(label, counts[f"n{at}"], _link(queue, **filters), tone)
            for at, (label, tone, filters, _) in enumerate(rows)]  # fmt: skip


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """The home page: cards, the requests that are due first, and whether the scheduler is alive."""
    user, now = colleague(request), timezone.now()
    last = SweepRun.objects.aggregate(last=Max("started_at"))["last"]
    context |= {"cards": cards(user, now), "silent": last is None or last < now - SILENT_AFTER, "last_sweep": last}
    context["flood"] = limits.flood()
    if user.has_perm("requests_app.view_request"):
        nearest = Request.objects.exclude(state=State.CLOSED).select_related("owner")
        nearest = nearest.order_by(F("due_at").asc(nulls_last=True), "received_at")[:10]
        context |= {"may_queue": True, "nearest": [(one, badge(one.due_at, now)) for one in nearest]}
    return context


GROUPS: tuple[tuple[str, tuple[tuple[str, str, str, str], ...]], ...] = (
    ("Work", (
        ("Requests", "inbox", "requests_app_request", "requests_app.view_request"),
        ("Parked and other work", "construction", "connectors_workorder", "connectors.view_workorder"),
        ("Work by hand", "back_hand", "connectors_handtask", "connectors.view_handtask"),
        ("Referrals", "forward_to_inbox", "requests_app_referral", "requests_app.view_referral"),
        ("Mail", "mark_email_unread", "requests_app_inboundmail", "requests_app.view_inboundmail"),
        ("Letters", "mail", "requests_app_letter", "requests_app.view_letter"),
        ("Retention runs", "auto_delete", "retention_run", "retention.view_run"),
    )),
    ("People", (
        ("Legal holds", "gavel", "connectors_legalhold", "connectors.view_legalhold"),
        ("Agents", "support_agent", "requests_app_agent", "requests_app.view_agent"),
        ("Data subjects", "person", "subjects_datasubject", "subjects.view_datasubject"),
    )),
    ("Inventory", (
        ("Systems", "dns", "inventory_system", "inventory.view_system"),
        ("Datasets", "folder_open", "inventory_dataset", "inventory.view_dataset"),
        ("Collections", "table", "inventory_collection", "inventory.view_collection"),
        ("Fields", "view_column", "inventory_field", "inventory.view_field"),
        ("References", "conversion_path", "inventory_reference", "inventory.view_reference"),
        ("Purposes", "flag", "inventory_purpose", "inventory.view_purpose"),
        ("Categories", "label", "inventory_datacategory", "inventory.view_datacategory"),
        ("Proposals", "difference", "connectors_proposal", "connectors.view_proposal"),
        ("Surveys", "travel_explore", "connectors_survey", "connectors.view_survey"),
        ("Retention schedules", "event_repeat", "retention_schedule", "retention.view_schedule"),
    )),
    ("Sharing and consent", (
        ("Recipients", "share", "disclosures_recipient", "disclosures.view_recipient"),
        ("Disclosures", "list_alt", "disclosures_disclosure", "disclosures.view_disclosure"),
        ("Notices to recipients", "outgoing_mail", "disclosures_notice", "disclosures.view_notice"),
        ("Privacy notices", "article", "consent_noticeversion", "consent.view_noticeversion"),
        ("External sites", "open_in_new", "disclosures_externalsite", "disclosures.view_externalsite"),
        ("People's choices", "toggle_on", "consent_choice", "consent.view_choice"),
    )),
    ("Accountability", (
        ("Events", "history", "audit_event", "audit.view_event"),
        ("Scheduler", "schedule", "audit_sweeprun", "audit.view_sweeprun"),
    )),
    ("Settings", (
        ("Look of the pages", "palette", "requests_app_appearance", "requests_app.view_appearance"),
        ("Warning steps", "notifications", "requests_app_warningstep", "requests_app.view_warningstep"),
        ("Own targets", "target", "requests_app_owntarget", "requests_app.view_owntarget"),
        ("Days off", "event_busy", "requests_app_dayoff", "requests_app.view_dayoff"),
        ("Connections", "cable", "connectors_connection", "connectors.view_connection"),
        ("API clients", "key", "audit_apiclient", "audit.view_apiclient"),
        ("Colleagues", "group", "auth_user", "auth.view_user"),
        ("Roles", "badge", "auth_group", "auth.view_group"),
        ("Failed sign-ins", "lock", "axes_accessattempt", "axes.view_accessattempt"),
    )),
)  # fmt: skip


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """The sidebar: what this colleague's role may open."""
    found: list[dict[str, Any]] = []
    for title, rows in GROUPS:
        items = [
            {"title": label, "icon": icon, "link": reverse(f"admin:{name}_changelist")}
            for label, icon, name, permission in rows
            if request.user.has_perm(permission)
        ]
        if title == "Work" and request.user.has_perm("requests_app.view_request"):
            if any(request.user.has_perm(f"requests_app.{one}") for one in ("change_request", "decide_request")):
                items.insert(1, {"title": "New request", "icon": "add_call", "link": reverse(f"{QUEUE}_new")})
                items.insert(2, {"title": "Many at once", "icon": "upload", "link": reverse(f"{QUEUE}_bulk")})
            items.append({"title": "Letter samples", "icon": "drafts", "link": reverse("admin:letters")})
            items.append({"title": "Law", "icon": "balance", "link": reverse("admin:law")})
            items.append({"title": "Reports", "icon": "monitoring", "link": reverse("admin:reports")})
        if title == "Inventory" and request.user.has_perm("inventory.view_purpose"):
            items.append({"title": "Record of processing", "icon": "list_alt", "link": reverse("admin:record")})
            items.append({"title": "Data map", "icon": "hub", "link": reverse("admin:data_map")})
        if title == "Inventory" and request.user.has_perm("inventory.view_collection"):
            items.append({"title": "Import and export", "icon": "swap_vert", "link": reverse("admin:descriptions")})
        if title == "Accountability" and request.user.has_perm("audit.view_event"):
            items.append({"title": "Assurance checks", "icon": "verified", "link": reverse("admin:assurance")})
        if items:
            found.append({"title": title, "separator": bool(found), "items": items})
    return found


def stylesheet(request: HttpRequest) -> str:
    """Our additions to the theme."""
    return static("desk.css")


def icon(request: HttpRequest) -> str:
    """The mark in the browser's tab."""
    return static("icon.svg")
