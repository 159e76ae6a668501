"""The filters of the queue. Each is one condition that an index of the open requests serves; none costs a query per row."""

from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.contrib.auth.models import User
from django.db import connection
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone

import law
from audit import awhile
from audit.accountable import colleague
from requests_app import deadlines, risk, stationery, watching
from requests_app.admin import searching
from requests_app.models import Letter, Request, State

Rows = QuerySet[Request]
# Whoever says one of these wants to see closed requests, too.
WIDE = ("waits", "q", searching.PARAMETER, "subject__in", "outcome__exact")
KEPT_SECONDS = 300


def wide(request: HttpRequest) -> bool:
    """Whether the list holds closed requests beside the open ones."""
    given = request.GET
    if given.get("waits", "all") != "all":
        return False
    return any(given.get(name) for name in WIDE) or given.get("state__exact") == State.CLOSED


class Waiting(admin.SimpleListFilter):
    """By whom it waits for. Without a choice: what is open, unless something was searched for."""

    title = "waits for"
    parameter_name = "waits"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [
            ("me", "Me"), ("nobody", "No owner yet"), ("review", "A review"), ("second", "A second person"),
            ("approval", "My approval"), ("attention", "Attention"), ("managers", "The managers"),
            ("raised", "The officers: a colleague raised it"), ("named", "Me: a note names me"),
            ("watched", "Others, and I watch"),
            ("all", "Everything, closed too"),
        ]  # fmt: skip

    def choices(self, changelist: Any) -> Any:
        found = list(super().choices(changelist))
        found[0]["display"] = "Anything open"
        found[0]["query_string"] = changelist.get_query_string({self.parameter_name: "open"})
        found[0]["selected"] = self.value() in (None, "open")
        return found

    def queryset(self, request: HttpRequest, rows: Rows) -> Rows:
        chosen = self.value() or ""
        if wide(request) and chosen not in CONDITIONS:
            return rows
        condition = CONDITIONS.get(chosen)
        narrowed = rows if chosen in CLOSED_TOO else rows.exclude(state=State.CLOSED)
        return narrowed.filter(condition(request)) if condition else narrowed


CLOSED_TOO = ("attention", "named", "watched")
CONDITIONS: dict[str, Any] = {
    "named": lambda request: Q(pk__in=watching.unread(colleague(request)).values("pk")),
    "watched": lambda request: Q(pk__in=watching.watched(colleague(request)).values("pk")),
    "me": lambda request: Q(owner=request.user.pk),
    "nobody": lambda request: Q(owner=None),
    "review": lambda request: Q(state=State.IN_REVIEW, proposed_by=None),
    "second": lambda request: Q(state=State.IN_REVIEW, proposed_by__isnull=False),
    "approval": lambda request: Q(state=State.IN_REVIEW, proposed_by__isnull=False) & ~Q(proposed_by=request.user.pk),
    "attention": lambda request: ~Q(attention=""),
    "managers": lambda request: deadlines.raised(),
    "raised": lambda request: Q(raised_at__isnull=False),
}


class _OfOpen(admin.SimpleListFilter):
    """A condition on open requests."""

    def queryset(self, request: HttpRequest, rows: Rows) -> Rows:
        condition = self.condition(self.value() or "")
        return rows.filter(condition).exclude(state=State.CLOSED) if condition is not None else rows

    def condition(self, chosen: str) -> Q | None:
        raise NotImplementedError


class Due(_OfOpen):
    """By how near the deadline is."""

    title = "due within"
    parameter_name = "due"
    DAYS = {"today": 1, "three": 3, "week": 7, "fortnight": 14, "month": 30}

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [
            ("overdue", "Overdue"), ("today", "24 hours"), ("three", "3 days"), ("week", "7 days"),
            ("fortnight", "14 days"), ("month", "30 days"), ("later", "More than 7 days"), ("never", "No deadline"),
        ]  # fmt: skip

    def condition(self, chosen: str) -> Q | None:
        now = timezone.now()
        if chosen in self.DAYS:
            return Q(due_at__gt=now, due_at__lte=now + timedelta(days=self.DAYS[chosen]))
        week = now + timedelta(days=7)
        return {"overdue": Q(due_at__lte=now), "later": Q(due_at__gt=week), "never": Q(due_at=None)}.get(chosen)


class Risk(_OfOpen):
    """By what may go wrong: see `risk`."""

    title = "risk"
    parameter_name = "risk"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return risk.CHOICES

    def condition(self, chosen: str) -> Q | None:
        return risk.where(chosen, timezone.now()) if chosen in dict(risk.CHOICES) else None


class Owner(admin.SimpleListFilter):
    """By the colleague who looks after it."""

    title = "owner"
    parameter_name = "owner"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        people = User.objects.filter(is_staff=True, is_active=True, groups__isnull=False).distinct()
        return [(str(one.pk), one.get_full_name() or one.get_username()) for one in people.order_by("username")[:100]]

    def queryset(self, request: HttpRequest, rows: Rows) -> Rows:
        chosen = self.value() or ""
        return rows.filter(owner=int(chosen)) if chosen.isascii() and chosen.isdigit() and len(chosen) < 10 else rows


class Law(admin.SimpleListFilter):
    """By a law that a request stands under."""

    title = "law"
    parameter_name = "law"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        known = law.statutes()
        return [(code, known[code].short_name) for code in occurring()[0] if code in known]

    def queryset(self, request: HttpRequest, rows: Rows) -> Rows:
        chosen = self.value()
        if not chosen or chosen not in law.statutes():
            return rows
        if connection.vendor == "postgresql":
            return rows.filter(laws__contains=[{"statute": chosen}])
        condition = Q()
        for place in range(4):  # a request never stands under more
            condition |= Q(**{f"laws__{place}__statute": chosen})
        return rows.filter(condition)


class Region(admin.SimpleListFilter):
    """By where the person lives."""

    title = "region"
    parameter_name = "region"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        names = dict(law.residences())
        places = sorted((names.get(code, code), code) for code in occurring()[1])
        states = [("US", "USA: any state")] if any(code.startswith("US-") for _, code in places) else []
        return states + [(code, name) for name, code in places]

    def queryset(self, request: HttpRequest, rows: Rows) -> Rows:
        chosen = self.value()
        if not chosen:
            return rows
        return rows.filter(residence__startswith="US-") if chosen == "US" else rows.filter(residence=chosen)


class Found(admin.SimpleListFilter):
    """What was searched for as text: shown as a filter, so that it can be taken away again."""

    title = "words"
    parameter_name = searching.PARAMETER

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        key = request.GET.get(searching.PARAMETER, "")
        words = searching.words(request, key)
        return [(key, words)] if words else []

    def queryset(self, request: HttpRequest, rows: Rows) -> Rows:
        words = searching.words(request, self.value() or "")
        return rows.filter(searching.holding(words)) if words else rows


class LetterKind(admin.SimpleListFilter):
    """Which letter, in words."""

    title = "letter"
    parameter_name = "letter"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(code, Letter(kind=code).named) for code in stationery.KINDS]

    def queryset(self, request: HttpRequest, rows: Any) -> Any:
        return rows.filter(kind=self.value()) if self.value() in stationery.KINDS else rows


def occurring() -> tuple[list[str], list[str]]:
    """Laws and places that open requests stand under; looked up at most every five minutes."""
    return awhile.kept("queue-choices", KEPT_SECONDS, _occurring)


def _occurring() -> tuple[list[str], list[str]]:
    still = Request.objects.exclude(state=State.CLOSED).order_by()
    laws = {code for row in still.values_list("laws", flat=True).distinct()[:500] for code in _codes(row)}
    return sorted(laws), sorted(still.values_list("residence", flat=True).distinct()[:300])


def _codes(laws: Any) -> list[str]:
    return [row["statute"] for row in laws]
