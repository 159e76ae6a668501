"""Pages of retention on the desk: what is past its date, the library, what a change would do, and our own house."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.contrib import messages
from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.utils import timezone

from audit.accountable import colleague
from audit.refusal import Refused
from privacyops import charts
from retention import house as stores
from retention import library, nights, runs, scopes, simulation
from retention.models import Night, Schedule, ScheduleVersion

SHOWN_DAYS = 30


@dataclass(frozen=True)
class Line:
    """A schedule with its last count, its series as a picture, and why it does not hold, if so."""

    schedule: Schedule
    last: Night | None
    chart: charts.Chart
    overruled: str = ""

    @property
    def tone(self) -> str:
        """The colour of its last count."""
        if self.overruled or not self.schedule.active:
            return "none"
        if self.last is None:
            return "soon"
        return "late" if self.last.fault or self.last.unexplained else "soon" if self.last.waiting else "ok"

    @property
    def words(self) -> str:
        """Its last count in words."""
        if not self.schedule.active:
            return "Switched off"
        if self.overruled:
            return "Overruled"
        if self.last is None:
            return "Not counted yet"
        if self.last.fault:
            return "Could not be counted"
        return "Nothing past its date" if not self.last.past else f"{self.last.past:,} past their date"

    @property
    def reasons(self) -> list[str]:
        """What explains the rows that are past their date."""
        one = self.last
        if one is None or one.fault:
            return [one.fault] if one else []
        parts = (
            (one.unexplained, "without an explanation"), (one.waiting, "wait for an approval"), (one.in_grace, "in a run"),
            (one.held, "under a legal hold"), (one.treated, "masked by an earlier run"),
        )  # fmt: skip
        found = [f"{many:,} {words}" for many, words in parts if many]
        return found + ([f"{one.undated:,} undated, which never go"] if one.undated else [])


def may(request: HttpRequest, permission: str = "retention.view_schedule") -> None:
    """Raises PermissionDenied."""
    if not colleague(request).has_perm(permission):
        raise PermissionDenied


def proof(site: AdminSite, request: HttpRequest) -> HttpResponse:
    """Every schedule with its series. Four queries, however many schedules there are."""
    may(request)
    rows = list(Schedule.objects.select_related("collection__dataset__system", "version").order_by("-active", "key"))
    series, lost = nights.series(rows, SHOWN_DAYS), scopes.overruled()
    lines = [
        Line(one, series[one.pk][-1] if series[one.pk] else None, _chart(one, series[one.pk]),
             lost[one.pk].why if one.pk in lost else "")
        for one in rows
    ]  # fmt: skip
    conflicts = [one for one in lines if one.overruled]
    context = {**site.each_context(request), "title": "Past their date", "lines": lines, "conflicts": conflicts,
               "lost": [lost[one.schedule.pk] for one in conflicts], "days": SHOWN_DAYS}  # fmt: skip
    return TemplateResponse(request, "admin/retention/proof.html", context)


def _chart(schedule: Schedule, found: list[Night]) -> charts.Chart:
    points: list[tuple[str, float | None]] = [
        (f"{one.day.day} {one.day:%b}", None if one.fault else float(one.open)) for one in found
    ]
    return charts.line(schedule.title, "Night of", "Rows past their date", points)


def nights_csv(request: HttpRequest) -> StreamingHttpResponse:
    """All counts of all nights as CSV."""
    may(request)
    lines: Iterable[str] = nights.as_csv(Night.objects.all())
    answer = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="past-their-date-{timezone.localdate()}.csv"'
    return answer


def library_page(site: AdminSite, request: HttpRequest) -> HttpResponse:
    """Common schedules with their sources, by place; whoever may write schedules starts a draft from one."""
    may(request)
    wanted = request.GET.get("where", "")
    known = library.entries()
    places = sorted({(one.place, one.where) for one in known})
    used = set(Schedule.objects.exclude(library="").values_list("library", flat=True))
    shown = [one for one in known if not wanted or one.where == wanted]
    context = {**site.each_context(request), "title": "Common schedules", "entries": shown, "places": places,
               "wanted": wanted, "used": used, "may_write": colleague(request).has_perm("retention.add_schedule")}  # fmt: skip
    return TemplateResponse(request, "admin/retention/library.html", context)


def ahead(site: AdminSite, request: HttpRequest, pk: int) -> HttpResponse:
    """What a version would do: counted now, in the systems themselves."""
    may(request)
    rows = ScheduleVersion.objects.select_related("schedule__collection__dataset", "collection__dataset")
    version = get_object_or_404(rows, pk=pk)
    today: date = runs.today(timezone.now())
    seen = simulation.ahead(version, today)
    compared = bool(seen.months) and seen.months[0].now is not None
    chart = charts.bars(
        "Rows past their date, if nothing were erased", "On", ("In force", "This version") if compared else ("This version",),
        [(f"{one.day:%b %y}", (one.now or 0, one.then) if compared else (one.then,)) for one in seen.months],
    )  # fmt: skip
    context: dict[str, Any] = {**site.each_context(request), "title": f"What version {version.number} would do"}
    context |= {"version": version, "seen": seen, "chart": chart, "compared": compared}
    return TemplateResponse(request, "admin/retention/ahead.html", context)


@dataclass(frozen=True)
class Kept:
    """One store of ours: its schedule, and its last count."""

    store: stores.Store
    schedule: Schedule | None
    last: Night | None


def house(site: AdminSite, request: HttpRequest) -> HttpResponse:
    """How long the portal keeps its own things; the button drafts schedules for what has none."""
    may(request)
    if request.method == "POST":
        try:
            made = stores.describe(by=colleague(request))
            words = (
                f"{len(made)} drafted. They hold once somebody else approves them." if made else "All has a schedule."
            )
            messages.success(request, words)
        except Refused as error:
            messages.error(request, error.message)
        return redirect("admin:retention_house")
    known = {one.key: one for one in Schedule.objects.filter(collection__dataset__key=stores.DATASET)}
    counted = {one.schedule_id: one for one in nights.latest()}
    rows = []
    for one in stores.stores():
        found = known.get(f"portal-{one.key}")
        rows.append(Kept(one, found, counted.get(found.pk) if found else None))
    now = timezone.now()
    context = {**site.each_context(request), "title": "Our own house", "stores": rows,
               "purges": [(one, one.after(), one.late(now)) for one in stores.purges()],
               "missing": any(one.schedule is None for one in rows),
               "may_write": colleague(request).has_perm("retention.change_schedule")}  # fmt: skip
    return TemplateResponse(request, "admin/retention/house.html", context)
