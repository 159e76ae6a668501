"""The desk's pages that take the ledger out: the account of disclosures, California's lists, third parties by name."""

from collections.abc import Iterable
from datetime import date
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone

from audit import actor as actors
from audit import log, sheet
from audit.accountable import ReadOnly, colleague
from audit.refusal import Refused
from disclosures import accounting
from disclosures import california as lists
from disclosures import third_parties as parties
from disclosures.models import Disclosure
from subjects.models import DataSubject

TAKE = "disclosures.export_disclosure"
TEMPLATES = "admin/disclosures/disclosure"


def account(screen: ReadOnly, request: HttpRequest) -> Any:
    """The form; a POST streams the file, for it is an event."""
    _may(request)
    given = {name: request.POST.get(name, "").strip() for name in ("first", "last", "person", "form")}
    trouble = ""
    if request.method == "POST":
        try:
            wanted = accounting.Wanted(
                _day(given["first"], "first"), _day(given["last"], "last"), _subject(given["person"]), given["form"]
            )
            pieces = accounting.take(wanted, by=colleague(request))
        except Refused as error:
            trouble = error.message
        else:
            answer = StreamingHttpResponse(pieces, content_type=accounting.FORMATS[wanted.form])
            answer["Content-Disposition"] = f'attachment; filename="disclosures.{wanted.form}"'
            answer["Cache-Control"] = "no-store"
            return answer
    else:
        given |= {"person": request.GET.get("person", "")[:36], "form": "csv"}
    context = {**screen.admin_site.each_context(request), "title": "Account of disclosures", "given": given,
               "trouble": trouble}  # fmt: skip
    return TemplateResponse(request, f"{TEMPLATES}/account.html", context, status=422 if trouble else 200)


def california(screen: ReadOnly, request: HttpRequest) -> HttpResponse:
    """The lists as a page; `as=csv`: as a file."""
    if not colleague(request).has_perm("disclosures.view_disclosure"):
        raise PermissionDenied
    found = lists.lists(timezone.localdate())
    if request.GET.get("as") == "csv":
        return _csv(f"ccpa-1798-130-{found.last}", lists.HEAD, lists.table(found))
    shown = [(lists.WORDS[way], lines, lists.NOTHING[way]) for way, lines in found.lines.items()]
    context = {**screen.admin_site.each_context(request), "title": "Sold, shared and disclosed in twelve months",
               "found": found, "shown": shown}  # fmt: skip
    return TemplateResponse(request, f"{TEMPLATES}/california.html", context)


def third_parties(screen: ReadOnly, request: HttpRequest) -> HttpResponse:
    """The list of one person, or of anybody; a POST takes it out as CSV, which is an event for a person."""
    _may(request)
    post = request.method == "POST"
    person = (request.POST if post else request.GET).get("person", "").strip()
    trouble, subject = "", None
    try:
        subject = _subject(person)
    except Refused as error:
        trouble = error.message
    found = [] if trouble else parties.of(subject) if subject else parties.of_anybody()
    if post and not trouble:
        with log.atomic():
            log.record(
                "disclosures.exported", actor=actors.staff(colleague(request).pk), noun=subject or Disclosure(),
                subject_id=subject.pk if subject else None, form="third_parties",
            )  # fmt: skip
        return _csv("third-parties", parties.HEAD, parties.table(found))
    context = {**screen.admin_site.each_context(request), "title": "Third parties by name", "found": found,
               "person": person, "subject": subject, "trouble": trouble}  # fmt: skip
    return TemplateResponse(request, f"{TEMPLATES}/third_parties.html", context, status=422 if trouble else 200)


def _may(request: HttpRequest) -> None:
    if not colleague(request).has_perm(TAKE):
        raise PermissionDenied


def _day(text: str, field: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise Refused("Write the day as 2026-05-01.", code="day_wrong", field=field) from error


def _subject(text: str) -> DataSubject | None:
    """The person of an id. Raises Refused for none."""
    if not text:
        return None
    try:
        found = DataSubject.objects.filter(pk=UUID(text)).first()
    except ValueError:
        found = None
    if found is None:
        raise Refused("There is nobody with this id. Copy it whole from the person's page.", code="unknown_person")
    return found


def _csv(name: str, head: Iterable[str], rows: list[list[str]]) -> HttpResponse:
    text = "\ufeff" + sheet.lines([list(head), *rows])
    answer = HttpResponse(text, content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return answer
