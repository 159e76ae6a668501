"""The desk's pages of the reports, and their downloads."""

import json
from dataclasses import asdict
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone

from audit.accountable import colleague
from privacyops.reports import california, facts, numbers, periods, sheets

CALIFORNIA_ZONE = ZoneInfo("America/Los_Angeles")
FIRST_YEAR = 2020  # the California Consumer Privacy Act took effect


def reports(site: AdminSite, request: HttpRequest) -> HttpResponse:
    """A period in numbers; `from` and `to` choose it, `as` is csv or pdf."""
    _may(request)
    now, zone = timezone.now(), ZoneInfo(settings.ESTABLISHMENT_TIME_ZONE)
    typed = {name: request.GET.get(name, "") for name in ("from", "to")}
    trouble = ""
    try:
        period = periods.chosen(typed["from"], typed["to"], today=now.astimezone(zone).date(), zone=zone)
    except periods.BadPeriod as error:
        trouble = str(error)
        period = periods.chosen("", "", today=now.astimezone(zone).date(), zone=zone)
    report = facts.read(period, now=now)
    tables = sheets.of_report(report)
    if (wanted := request.GET.get("as")) and not trouble:
        days = f"{period.first} to {period.last}"
        return _download(wanted, f"requests-{period.first}-{period.last}", "Requests", days, tables)
    chart = numbers.bars([(f"{month:%Y-%m}", came) for month, came, _ in report.months])
    shown = {"report": report, "tables": tables, "chart": chart, "typed": typed, "trouble": trouble}
    context = {**site.each_context(request), "title": "Reports", **shown}
    return TemplateResponse(request, "admin/reports/reports.html", context, status=422 if trouble else 200)


def yearly(site: AdminSite, request: HttpRequest) -> HttpResponse:
    """California's figures of a calendar year; `year`, `who` (everybody), `as` is csv, pdf or json."""
    _may(request)
    last = timezone.now().astimezone(CALIFORNIA_ZONE).year
    year = _year(request.GET.get("year", ""), last)
    everybody = request.GET.get("who") == "everybody"
    period = periods.Period(date(year, 1, 1), date(year, 12, 31), CALIFORNIA_ZONE)
    kinds = california.metrics(period, everybody=everybody)
    tables = sheets.of_metrics(kinds)
    whose = "everybody" if everybody else "residents of California"
    if wanted := request.GET.get("as"):
        if wanted == "json":
            return _json(year, whose, kinds)
        return _download(wanted, f"ccpa-7102-{year}", f"Requests of {year}", f"11 CCR § 7102, {whose}", tables)
    years = range(last, FIRST_YEAR - 1, -1)
    context = {**site.each_context(request), "title": "Yearly figures for California", "tables": tables, "year": year,
               "years": years, "everybody": everybody, "publish_by": california.publish_by(year)}  # fmt: skip
    return TemplateResponse(request, "admin/reports/california.html", context)


def _may(request: HttpRequest) -> None:
    if not colleague(request).has_perm("requests_app.view_request"):
        raise PermissionDenied


def _year(text: str, last: int) -> int:
    if not text:
        return last - 1
    if not (text.isascii() and text.isdigit() and FIRST_YEAR <= int(text[:5]) <= last):
        raise Http404
    return int(text)


def _json(year: int, whose: str, kinds: list[california.Kind]) -> HttpResponse:
    document: dict[str, Any] = {"regulation": "11 CCR § 7102(a)", "year": year, "counted": whose,
                                "requests": [asdict(one) for one in kinds]}  # fmt: skip
    answer = HttpResponse(json.dumps(document, indent=2, ensure_ascii=False), content_type="application/json")
    answer["Content-Disposition"] = f'attachment; filename="ccpa-7102-{year}.json"'
    return answer


def _download(wanted: str, name: str, title: str, subtitle: str, tables: list[sheets.Table]) -> HttpResponse:
    if wanted == "csv":
        answer = HttpResponse(sheets.as_csv(tables), content_type="text/csv; charset=utf-8")
    elif wanted == "pdf":
        answer = HttpResponse(sheets.as_pdf(title, subtitle, tables), content_type="application/pdf")
    else:
        raise Http404
    answer["Content-Disposition"] = f'attachment; filename="{name}.{wanted}"'
    return answer
