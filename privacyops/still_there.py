"""The desk's page on what still exists where: for one erasure, and for every system that is searched."""

from datetime import timedelta

from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone

from audit.accountable import colleague
from connectors.models import Connection
from retention import copies, remaining
from retention.models import CopySet


def still_there(site: AdminSite, request: HttpRequest) -> HttpResponse:
    """Backups and archives made before the erasure of a request or a run (`reference`); without one, what an erasure of today
    would leave behind.
    """
    if not colleague(request).has_perm("retention.view_copyset"):
        raise PermissionDenied
    reference = request.GET.get("reference", "").strip()[:64]
    now = timezone.now()
    systems = set(Connection.objects.filter(active=True).values_list("system__key", flat=True))
    if reference:
        erased = remaining.erased_in(reference)
        lines = remaining.of_erasure(reference)
    else:
        erased = dict.fromkeys(systems, now) | {"": now}
        lines = remaining.still(erased)
    last = remaining.latest(lines)
    context = {
        **site.each_context(request),
        "title": "What still exists",
        "reference": reference,
        "found": bool(erased),
        "lines": remaining.facts(lines),
        "last": last,
        "days": (last - now + timedelta(hours=12)).days if last else 0,
        "silent": remaining.unregistered(set(erased) if reference else systems),
        "late": list(copies.overdue(now)[:50]),
        "unsound": list(CopySet.objects.filter(sound=False).select_related("system")),
    }
    return TemplateResponse(request, "admin/still_there.html", context)
