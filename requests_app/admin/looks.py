"""Looks at what is personal on a case: identifiers, rows, letters. Each is asked for by itself, and is an event."""

import re
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse

from audit import actor, log
from connectors import reading
from connectors.kinds import base
from connectors.models import Finding
from requests_app.admin.case import CasePages, may_see
from requests_app.models import Letter, Request
from subjects import registry
from subjects.models import Identifier

ROWS = 3
# A link in a letter is its owner's proof. A colleague who could follow it would be that person.
LINK = re.compile(r"(/(?:proof|ack)/)[A-Za-z0-9_\-]+")


class Looks(CasePages):
    """The pages behind the permission to reveal."""

    def reveal(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """The case page with the person's identifiers and words in clear: on this answer only, never in a message."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        user = may_reveal(request)
        case = get_object_or_404(Request.objects.select_related("subject"), pk=pk)
        found = registry.reveal(case.subject, actor=actor.staff(user.pk))
        kinds = dict(Identifier.Kind.choices)
        clear = [(kinds[kind], value) for kind, values in found.items() for value in values]
        return self.show(request, pk, clear=clear, revealed=True)

    def sample(self, request: HttpRequest, pk: UUID, finding_id: int) -> HttpResponse:
        """The first rows of a finding."""
        user = may_reveal(request)
        finding = get_object_or_404(
            Finding.objects.select_related("batch", "system"), pk=finding_id, batch__requests=pk
        )
        case = get_object_or_404(Request, pk=pk)
        _looked(user, case, collection=f"{finding.dataset}.{finding.collection}", rows=ROWS)
        trouble, rows = "", list[dict[str, Any]]()
        try:
            rows = reading.sample(finding, ROWS)
        except base.Permanent as error:
            trouble = error.sentence
        except base.Temporary:
            trouble = "The system does not answer just now. Try again in a minute."
        names = list(rows[0]) if rows else []
        return self._page(request, "sample", pk, title=finding.title, finding=finding, rows=rows, names=names,
                          trouble=trouble)  # fmt: skip

    def letter(self, request: HttpRequest, pk: UUID, letter_id: UUID) -> HttpResponse:
        """A letter as it went out, but for the links that are only the person's."""
        user = may_reveal(request)
        letter = get_object_or_404(Letter.objects.select_related("request"), pk=letter_id, request=pk)
        _looked(user, letter.request, letter=letter.pk)
        body = LINK.sub(r"\1…", letter.body)
        return self._page(request, "letter", pk, title=letter.subject_line, letter=letter, body=body)

    def _page(self, request: HttpRequest, name: str, pk: UUID, **context: Any) -> HttpResponse:
        template = f"admin/requests_app/request/{name}.html"
        return TemplateResponse(request, template, {**self.site.each_context(request), **context, "pk": pk})


def may_reveal(request: HttpRequest) -> User:
    """The colleague, if their role may see what is personal on a case. Raises PermissionDenied."""
    user = may_see(request)
    if not user.has_perm("subjects.reveal_datasubject"):
        raise PermissionDenied
    return user


def _looked(user: User, case: Request, **facts: object) -> None:
    with log.atomic():
        log.record("desk.viewed", actor=actor.staff(user.pk), noun=case, subject_id=case.subject_id, **facts)
