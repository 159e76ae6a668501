"""Looks at what is personal on a case: identifiers, rows, letters. Each is asked for by itself, and is an event."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse

from audit import actor, log
from audit.refusal import Refused
from connectors import reading
from connectors.kinds import base
from connectors.models import Finding, Redaction
from connectors.searching import Searcher
from inventory.graph import CollectionSpec
from requests_app import redactions
from requests_app.admin.case import CasePages, may_see
from requests_app.delivery.tables import shown
from requests_app.models import Letter, Request
from requests_app.policy import LINK
from subjects import registry
from subjects.models import Identifier

ROWS = 20
SAID = {Redaction.Action.REDACT: "hidden", Redaction.Action.REVEAL: "shown"}


class Looks(CasePages):
    """The pages behind the permission to reveal."""

    def reveal(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """The case page with the person's identifiers and words in clear, for a reason: on this answer only."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        user = may_reveal(request)
        case = get_object_or_404(Request.objects.select_related("subject"), pk=pk)
        try:
            found = registry.reveal(case.subject, actor=actor.staff(user.pk), reason=request.POST.get("reason", ""))
        except Refused as refused:
            messages.error(request, refused.message)
            return self.show(request, pk, status=422)
        kinds = dict(Identifier.Kind.choices)
        clear = [(kinds[kind], value) for kind, values in found.items() for value in values]
        return self.show(request, pk, clear=clear, revealed=True)

    def rows(self, request: HttpRequest, pk: UUID, finding_id: int) -> HttpResponse:
        """Rows of a finding, some at a time; in review, single items can be hidden from the package or shown in it."""
        user = may_reveal(request)
        finding = get_object_or_404(
            Finding.objects.select_related("batch", "system"), pk=finding_id, batch__requests=pk
        )
        case = get_object_or_404(Request, pk=pk)
        start = _start(request, finding)
        chosen, status = request.POST.get("choice", ""), 200
        if request.method == "POST":
            try:
                _decide(request, case, finding, start, chosen, user)
                return redirect(f"{request.path}?start={start}")
            except Refused as refused:
                messages.error(request, refused.message)
                status = 422
        trouble, spec, rows = "", None, list[reading.Item]()
        try:
            spec, rows = reading.items(finding, start, ROWS)
        except base.Permanent as error:
            trouble = error.sentence
        except base.Temporary:
            trouble = "The system does not answer just now. Try again in a minute."
        _looked(user, case, collection=f"{finding.dataset}.{finding.collection}", start=start, rows=len(rows))
        heads, table = _table(spec, rows, start)
        return self._page(
            request, "rows", pk, status=status, title=finding.title, finding=finding, heads=heads, table=table,
            trouble=trouble, may_decide=redactions.may(case, finding, user), choices=redactions.choices(), chosen=chosen,
            ticked=set(request.POST.getlist("item")), start=start, first=start + 1, last=start + len(rows),
            before=max(0, start - ROWS) if start else None, after=start + ROWS if start + ROWS < finding.rows else None,
        )  # fmt: skip

    def letter(self, request: HttpRequest, pk: UUID, letter_id: UUID) -> HttpResponse:
        """A letter as it went out, but for the links that are only the person's."""
        user = may_reveal(request)
        letter = get_object_or_404(Letter.objects.select_related("request"), pk=letter_id, request=pk)
        _looked(user, letter.request, letter=letter.pk)
        body = LINK.sub(r"\1…", letter.body)
        return self._page(request, "letter", pk, title=letter.subject_line, letter=letter, body=body)

    def _page(self, request: HttpRequest, name: str, pk: UUID, *, status: int = 200, **context: Any) -> HttpResponse:
        template = f"admin/requests_app/request/{name}.html"
        context = {**self.site.each_context(request), **context, "pk": pk}
        return TemplateResponse(request, template, context, status=status)


@dataclass(frozen=True)
class Cell:
    """One item as the page shows it."""

    key: str
    label: str
    value: str
    decided: str


def _table(spec: CollectionSpec | None, rows: list[reading.Item], start: int) -> tuple[list[str], list[list[Cell]]]:
    """(headings, cells by row)."""
    titles = {one.name: one.title or one.name for one in spec.fields} if spec else {}
    heads = [titles[name] for name in rows[0].row] if rows else []
    words = {str(action): f"{said} by a colleague" for action, said in SAID.items()}
    table = [
        [
            Cell(
                f"{one.mark}:{name}",
                f"row {number}, {titles[name]}",
                shown(value),
                words.get(one.decided.get(name, ""), ""),
            )
            for name, value in one.row.items()
        ]
        for number, one in enumerate(rows, start + 1)
    ]
    return heads, table


def _start(request: HttpRequest, finding: Finding) -> int:
    given = request.POST.get("start") or request.GET.get("start") or "0"
    start = int(given) if given.isascii() and given.isdigit() and len(given) < 10 else 0
    return start if start < finding.rows else 0


def _decide(request: HttpRequest, case: Request, finding: Finding, start: int, choice: str, user: User) -> None:
    spec = Searcher(finding.batch).spec((finding.dataset, finding.collection))
    items = [(row, field) for row, _, field in (one.partition(":") for one in request.POST.getlist("item"))]
    count = redactions.decide(case, finding, spec, items, choice=choice, by=user)
    messages.success(request, f"{count} item{'' if count == 1 else 's'} decided.")


def may_reveal(request: HttpRequest) -> User:
    """The colleague, if their role may see what is personal on a case. Raises PermissionDenied."""
    user = may_see(request)
    if not user.has_perm("subjects.reveal_datasubject"):
        raise PermissionDenied
    return user


def _looked(user: User, case: Request, **facts: object) -> None:
    with log.atomic():
        log.record("desk.viewed", actor=actor.staff(user.pk), noun=case, subject_id=case.subject_id, **facts)
