"""The desk's page of the record, and its downloads."""

from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone

from audit.accountable import colleague
from privacyops.record import document, facts, workbook

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def record(site: AdminSite, request: HttpRequest) -> HttpResponse:
    """The record as it stands now; `as=xlsx` or `as=json` downloads it."""
    if not colleague(request).has_perm("inventory.view_purpose"):
        raise PermissionDenied
    now = facts.read()
    if wanted := request.GET.get("as"):
        return _download(wanted, now)
    context = {**site.each_context(request), "title": "Record of processing", "record": now}
    return TemplateResponse(request, "admin/record.html", context)


def _download(wanted: str, now: facts.Record) -> HttpResponse:
    if wanted == "xlsx":
        answer = HttpResponse(workbook.workbook(now), content_type=XLSX)
    elif wanted == "json":
        answer = HttpResponse(document.text(now), content_type="application/json")
    else:
        raise Http404
    name = f"record-of-processing-{timezone.localdate().isoformat()}.{wanted}"
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer
