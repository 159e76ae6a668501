"""Reading a version before it is approved, saying what it names, and the drift of what is in force."""

from typing import Any

from django.contrib import messages
from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.utils import timezone

from audit.accountable import colleague
from audit.refusal import Refused
from consent import drifting, naming, notices, reviewing
from consent.models import NoticeVersion
from privacyops.noticeboard import table
from requests_app import differences, prose


def drift(site: AdminSite, request: HttpRequest) -> HttpResponse:
    """Every difference between the notices in force and what we have. POST: a draft that mends those of one notice."""
    _may_look(request)
    may_write = colleague(request).has_perm("consent.change_noticeversion")
    if request.method == "POST":
        if not may_write:
            raise PermissionDenied
        return _mended(request)
    found = drifting.read(timezone.now())
    labels = naming.labels()
    drafts: dict[tuple[str, str], NoticeVersion] = {}
    for one in NoticeVersion.objects.filter(published_at=None).order_by("number"):
        drafts[one.key, one.language] = one
    context = {
        **site.each_context(request),
        "title": "Notice drift",
        "found": [
            (version, [(labels[line.kind], line) for line in lines], drafts.get((version.key, version.language)))
            for version, lines in found
        ],
        "count": sum(len(lines) for _, lines in found),
        "may_write": may_write,
    }
    return TemplateResponse(request, "admin/notices/drift.html", context)


def _mended(request: HttpRequest) -> HttpResponse:
    """A draft after the version in force, or the one that there is, with everything named that is missing."""
    by = colleague(request)
    version = get_object_or_404(NoticeVersion, pk=_number(request.POST.get("version", "")))
    waiting = NoticeVersion.objects.filter(
        key=version.key, language=version.language, regions=version.regions, published_at=None
    )
    have = naming.things()
    try:
        row = waiting.order_by("-number").first() or notices.draft(
            by=by, key=version.key, language=version.language, regions=version.regions, title=version.title,
            body=version.body, short=version.short, effective_on=timezone.localdate(), names=version.names,
        )  # fmt: skip
        notices.edit(row, by=by, names=naming.ordered(naming.add_missing(row, have)))
    except Refused as error:
        messages.error(request, error.message)
        return redirect("admin:notice_drift")
    messages.success(
        request, "This draft names everything now. Write it into the wording, or use blocks such as [[retention]]."
    )
    return redirect("admin:notice_names", row.pk)


def read(site: AdminSite, request: HttpRequest, pk: int) -> HttpResponse:
    """The wording as it will stand, what changed, what it names; and the reviewer's decision."""
    _may_look(request)
    version = get_object_or_404(NoticeVersion.objects.select_related("written_by", "edited_by", "approved_by"), pk=pk)
    by, status, typed = colleague(request), 200, ""
    if request.method == "POST":
        typed = request.POST.get("words", "")
        try:
            messages.success(request, _decide(request, version, typed))
            return redirect("admin:consent_noticeversion_change", pk)
        except Refused as error:
            messages.error(request, error.message)
            status = 422
            version.refresh_from_db()
    last = _before(version)
    body = naming.written(version)
    changes = differences.between(naming.written(last), body) if last else []
    labels, drifts = naming.labels(), naming.drift(version, naming.things())
    context = {
        **site.each_context(request),
        "title": f"Read: {version}", "version": version, "wording": prose.html(body), "short": prose.html(version.short),
        "last": last, "stretches": differences.folded(changes), "counts": differences.count(changes),
        "drift": [(labels[line.kind], line) for line in drifts], "typed": typed,
        "waits": version.published_at is None and version.proposed_at is not None and version.approved_at is None,
        "may_decide": by.has_perm("consent.approve_noticeversion"),
        "own": by.pk in {*version.hands, version.written_by_id, version.edited_by_id},
    }  # fmt: skip
    return TemplateResponse(request, "admin/notices/read.html", context, status=status)


def _decide(request: HttpRequest, version: NoticeVersion, words: str) -> str:
    by = colleague(request)
    if request.POST.get("do") == "approve":
        reviewing.approve(version, by=by, digest=request.POST.get("digest", ""))
        return "Approved. It can be published now."
    reviewing.give_back(version, by=by, words=words)
    return "Returned, with your words."


def names(site: AdminSite, request: HttpRequest, pk: int) -> HttpResponse:
    """What a version names: each thing that we have, ticked or not, with the words that the notice uses."""
    _may_look(request)
    version = get_object_or_404(NoticeVersion, pk=pk)
    by, have = colleague(request), naming.things()
    may_write = version.published_at is None and by.has_perm("consent.change_noticeversion")
    if request.method == "POST":
        if not may_write:
            raise PermissionDenied
        chosen = (
            naming.add_missing(version, have) if request.POST.get("do") == "all" else table.read(request.POST, have)
        )
        try:
            version = notices.edit(version, by=by, names=naming.ordered(chosen))
        except Refused as error:
            messages.error(request, error.message)
            return redirect("admin:notice_names", pk)
        messages.success(request, f"Saved: the notice names {len(chosen)} things.")
        return redirect("admin:notice_names", pk)
    context = {
        **site.each_context(request),
        "title": f"What {version} names", "version": version, "may_write": may_write,
        "kinds": table.rows(version, have), "drift": len(naming.drift(version, have)),
    }  # fmt: skip
    return TemplateResponse(request, "admin/notices/names.html", context)


def _before(version: NoticeVersion) -> NoticeVersion | None:
    rows = NoticeVersion.objects.filter(
        key=version.key, language=version.language, published_at__isnull=False, number__lt=version.number
    ).order_by("-number")
    return rows.filter(regions=version.regions).first() or rows.first()


def _may_look(request: HttpRequest) -> None:
    if not colleague(request).has_perm("consent.view_noticeversion"):
        raise PermissionDenied


def _number(text: str) -> Any:
    return int(text) if text.isdecimal() and len(text) < 12 else 0
