"""The choices of a signed-in person: one Yes or No for each purpose that may be refused."""

from dataclasses import dataclass
from datetime import datetime

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from audit import actor as actors
from consent import choices as consents
from consent import notices
from consent.models import Choice
from inventory.models import Purpose
from requests_app.models import PersonSession
from requests_app.views import visitor
from requests_app.views.visitor import signed_in


@dataclass(frozen=True)
class Line:
    """One purpose with what holds for this person today: their choice, or what holds without one."""

    purpose: Purpose
    granted: bool
    chosen_at: datetime | None


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def choices(request: HttpRequest, session: PersonSession) -> HttpResponse:
    """Shows each purpose with what a No means before it is chosen; saves what was changed, and only that."""
    purposes = list(Purpose.objects.all())
    lines = _lines(session, [purpose for purpose in purposes if consents.refusable(purpose)])
    if request.method == "POST":
        changed = _save(request, session, lines)
        messages.success(
            request,
            ngettext("Saved: %(n)d choice.", "Saved: %(n)d choices.", changed) % {"n": changed}
            if changed
            else _("Nothing was changed."),
        )
        return visitor.to("choices")
    required = [purpose for purpose in purposes if not consents.refusable(purpose)]
    return visitor.page(request, "choices", {"optional": lines, "required": required})


def _lines(session: PersonSession, refusable: list[Purpose]) -> list[Line]:
    current = consents.current(session.subject)
    found = []
    for purpose in refusable:
        choice: Choice | None = current.get(purpose.key)
        # Consent counts only once it is given; what rests on another basis goes on until the person objects.
        granted = choice.granted if choice else purpose.lawful_basis != Purpose.Basis.CONSENT
        found.append(Line(purpose, granted, choice.chosen_at if choice else None))
    return found


def _save(request: HttpRequest, session: PersonSession, lines: list[Line]) -> int:
    notice = notices.current()
    changed = 0
    for line in lines:
        answer = {"yes": True, "no": False}.get(request.POST.get(line.purpose.key, ""))
        if answer is not None and answer != line.granted:
            consents.record(
                session.subject,
                line.purpose,
                answer,
                source=Choice.Source.PORTAL,
                actor=actors.person(session.subject_id),
                notice=notice,
            )
            changed += 1
    return changed
