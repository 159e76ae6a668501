"""The desk's page of packs: order one, see how far it is, fetch it."""

from datetime import date
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.admin import AdminSite
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse

from audit import typed
from audit.accountable import colleague
from audit.refusal import Refused
from privacyops.packs import building, content
from requests_app.models import Pack, Request

SHOWN = 50


def packs(site: AdminSite, request: HttpRequest) -> HttpResponse:
    """The newest packs, and the form; a POST orders one. `request` in it is a case's id, else `first` and `last` are days."""
    _may(request)
    given: dict[str, Any] = {}
    case: Request | None = None
    if request.method == "POST":
        given = {name: request.POST.get(name, "").strip() for name in ("request", "first", "last", "clear", "reason")}
        try:
            case = _case(given["request"])
            _ask(case, colleague(request), given)
            messages.success(request, "Ordered. A worker builds it; it stands below as soon as it is ready.")
            return redirect("admin:packs")
        except Refused as refused:
            messages.error(request, refused.message)
    rows = list(Pack.objects.select_related("request", "asked_by")[:SHOWN])
    context = {
        **site.each_context(request), "title": "Packs of evidence", "rows": rows, "given": given, "case": case,
        "may_clear": colleague(request).has_perm(building.REVEAL), "most": building.MOST_CASES,
        "days": building.PACK_DAYS, "building": any(one.state == Pack.State.OPEN for one in rows),
    }  # fmt: skip
    return TemplateResponse(request, "admin/packs/packs.html", context, status=422 if given else 200)


def fetch(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """The ZIP. A POST, for it is counted and an event."""
    _may(request)
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    pack = get_object_or_404(Pack.objects.select_related("request"), pk=pk)
    try:
        pieces = building.fetch(pack, by=colleague(request))
    except Refused as refused:
        messages.error(request, refused.message)
        return redirect("admin:packs")
    answer = StreamingHttpResponse(pieces, content_type="application/zip")
    answer["Content-Disposition"] = f'attachment; filename="{content.name(pack)}.zip"'
    answer["Content-Length"] = str(pack.size)
    answer["Cache-Control"] = "no-store"
    return answer


def _case(text: str) -> Request | None:
    if not text:
        return None
    key = typed.key(text)
    if key is None:
        raise Refused("There is no such case.", code="case_unknown", field="request")
    return get_object_or_404(Request, pk=key)


def _ask(case: Request | None, by: User, given: dict[str, Any]) -> None:
    about: dict[str, Any] = {"by": by, "clear": given["clear"] == "on", "reason": given["reason"]}
    if case is not None:
        building.ask(request=case, **about)
    else:
        building.ask(first=_day(given["first"]), last=_day(given["last"]), **about)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _may(request: HttpRequest) -> None:
    if not colleague(request).has_perm(building.MAKE):
        raise PermissionDenied
