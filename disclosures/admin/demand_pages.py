"""Two pages beside the register: is this file what we gave, and the transparency report."""

import re

from django.conf import settings
from django.contrib import messages
from django.contrib.admin import AdminSite
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone

from disclosures.demands import sealing, transparency

DIGEST = re.compile(r"^[0-9a-f]{64}$")


def verify(site: AdminSite, request: HttpRequest) -> HttpResponse:
    """A file, or its digest, against the register of what left. A POST, for a file does not go into an address."""
    digest, typed, found, status = "", "", [], 200
    if request.method == "POST":
        file, typed = request.FILES.get("file"), request.POST.get("digest", "").strip().lower()
        digest = sealing.digest_of(file) if file is not None else typed
        if DIGEST.match(digest):
            found = sealing.known(digest)
        else:
            messages.error(request, "Choose a file, or write its SHA-256: 64 letters a to f and digits.")
            digest, status = "", 422
    context = {**site.each_context(request), "title": "Is this file what we gave?", "digest": digest, "typed": typed,
               "found": found}  # fmt: skip
    answer = TemplateResponse(request, "admin/disclosures/verify.html", context, status=status)
    answer["Cache-Control"] = "no-store"
    return answer


def transparent(site: AdminSite, request: HttpRequest) -> HttpResponse:
    """The report of a period; `as` is csv (exact) or public (as published)."""
    offered = transparency.periods(timezone.localdate(), finished=False)
    period = transparency.chosen(request.GET.get("period", ""), offered)
    if period is None:
        raise Http404
    report = transparency.read(period)
    ranges = transparency.bands(report)
    if wanted := request.GET.get("as"):
        if wanted not in ("csv", "public"):
            raise Http404
        public = wanted == "public"
        shown = transparency.published(report) if public else report
        return csv_of(shown, ranges if public else None)
    context = {**site.each_context(request), "title": "Transparency report", "report": report, "bands": ranges,
               "periods": offered, "columns": transparency.COLUMNS,
               "published": settings.TRANSPARENCY_PAGE}  # fmt: skip
    return TemplateResponse(request, "admin/disclosures/transparency.html", context)


def csv_of(report: transparency.Report, ranges: transparency.Bands | None) -> HttpResponse:
    """The download of a report."""
    answer = HttpResponse(transparency.as_csv(report, ranges), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="legal-demands-{report.period.key}.csv"'
    return answer
