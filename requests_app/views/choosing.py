"""The preference centre: a Yes or No for each purpose that may be refused, what was chosen before, all of it taken back.

Signed in at the privacy centre, or in a frame of the company's own site (`embedded`): there its signed token says who it is,
and a ticket that we sign stands for it while the frame is open, for browsers keep cookies from frames of other sites.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.signing import BadSignature, TimestampSigner
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from audit import actor as actors
from audit import log
from audit.refusal import Refused
from consent import choices as consents
from consent import launching, notices
from consent.models import Choice
from inventory import phrases
from inventory.models import Purpose
from requests_app import gpc, limits
from requests_app.models import PersonSession
from requests_app.proving import hosting
from requests_app.steady import steady
from requests_app.views import embedding, visitor
from requests_app.views.visitor import signed_in
from subjects.models import DataSubject

# How long a frame may stay open before the person has to come from the site again.
TICKET_SECONDS = 1800
MOST_SHOWN = 200


@dataclass(frozen=True)
class Line:
    """One purpose in the words of this page, with what holds for this person today: their choice, or what holds without one."""

    purpose: Purpose
    words: phrases.PurposeWords
    granted: bool
    choice: Choice | None

    @property
    def chosen_at(self) -> datetime | None:
        """When the person chose; None where nobody did."""
        return self.choice.chosen_at if self.choice else None

    @property
    def ends_at(self) -> datetime | None:
        """When a Yes ends by itself."""
        return self.choice.expires_at if self.choice and self.granted else None

    @property
    def shown(self) -> str:
        """What stands before the person about it, as it goes on record with their choice."""
        said = [self.words.name, self.words.description]
        if self.words.consequence:
            said.append(f"{_('If you say no:')} {self.words.consequence}")
        if self.purpose.sale_or_sharing:
            said.append(_("This counts as selling or sharing under the law of some US states."))
        return "\n".join([*said, f"{_('Yes')} | {_('No')}"])


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def choices(request: HttpRequest, session: PersonSession) -> HttpResponse:
    """Shows each purpose with what a No means before it is chosen; saves what was changed, and only that."""
    context = _page(request, session.subject)
    if request.method == "POST":
        changed = _save(request, session.subject, context["optional"])
        messages.success(request, _said(changed))
        return visitor.to("choices")
    return visitor.page(request, "choices", context)


@require_POST
@signed_in
def withdraw(request: HttpRequest, session: PersonSession) -> HttpResponse:
    """No to everything that may be refused, in one step."""
    changed = _refuse_all(session.subject)
    messages.success(request, _said(changed))
    return visitor.to("choices")


@require_safe
@signed_in
def history(request: HttpRequest, session: PersonSession) -> HttpResponse:
    """What this person chose, the newest first, each with its receipt."""
    rows = Choice.objects.filter(subject=session.subject).select_related("purpose")
    found = list(rows[: MOST_SHOWN + 1])
    lines = [(one, phrases.purpose(one.purpose), _door(one)) for one in found[:MOST_SHOWN]]
    return visitor.page(request, "choices_history", {"lines": lines, "more": len(found) > MOST_SHOWN})


@require_http_methods(["GET", "HEAD", "POST"])
@embedding.framed
def embedded(request: HttpRequest) -> HttpResponse:
    """The same page in a frame of the company's site, whose form posts a signed token into it (docs/proof.md)."""
    if request.method != "POST" or not settings.HOST_TOKEN_KEYS:
        return visitor.page(request, "choices_gone", status=403 if request.method == "POST" else 200)
    wait = limits.by_network(request)
    if wait is not None:
        return visitor.page(request, "choices_gone", {"wait": wait}, status=429)
    subject = _framed(request)
    if subject is None:
        return visitor.page(request, "choices_gone", status=403)
    changed = None
    if "ticket" in request.POST:
        lines = _page(request, subject)["optional"]
        changed = _refuse_all(subject) if request.POST.get("go") == "withdraw" else _save(request, subject, lines)
    elif gpc.signalled(request):
        gpc.honour(PersonSession(subject=subject, created_at=timezone.now()))
    context = _page(request, subject) | {"ticket": _signer().sign(str(subject.pk))}
    return visitor.page(request, "choices", context | ({} if changed is None else {"saved": _said(changed)}))


def _framed(request: HttpRequest) -> DataSubject | None:
    """Whose frame it is: by our ticket, which only a page of ours may send, or by a token of the host site."""
    ticket = request.POST.get("ticket")
    try:
        if ticket is None:
            with steady():
                return hosting.recognise(request.POST.get("token", ""), now=timezone.now())
        if not embedding.ours(request):
            return None
        return DataSubject.objects.filter(pk=_signer().unsign(ticket, max_age=TICKET_SECONDS)).first()
    except (Refused, BadSignature):
        return None


def _signer() -> TimestampSigner:
    return TimestampSigner(salt="portal.choices")


def _page(request: HttpRequest, subject: DataSubject) -> dict[str, Any]:
    purposes, current = _purposes(), consents.current(subject)
    optional = [_line(one, current) for one in purposes if consents.refusable(one)]
    required = [phrases.purpose(one) for one in purposes if not consents.refusable(one)]
    sold = [line for line in optional if line.purpose.sale_or_sharing]
    honoured = gpc.signalled(request) and bool(sold) and not any(line.granted for line in sold)
    return {
        "optional": optional,
        "required": required,
        "honoured": honoured,
        "all_off": not any(one.granted for one in optional),
    }


def _purposes() -> list[Purpose]:
    """The purposes that people were told of: nothing is done for others, so there is nothing to choose."""
    return [one for one in Purpose.objects.all() if launching.live_anywhere(one)]


def _line(purpose: Purpose, current: dict[str, Choice]) -> Line:
    choice = current.get(purpose.key)
    if choice and choice.granted and choice.expires_at and choice.expires_at <= timezone.now():
        choice = None  # a Yes that has ended is none
    # Consent counts only once it is given; what rests on another basis goes on until the person objects.
    granted = choice.granted if choice else purpose.lawful_basis != Purpose.Basis.CONSENT
    return Line(purpose, phrases.purpose(purpose), granted, choice)


def _save(request: HttpRequest, subject: DataSubject, lines: list[Line]) -> int:
    answers = [(line, {"yes": True, "no": False}.get(request.POST.get(line.purpose.key, ""))) for line in lines]
    return _record(subject, [(line, said) for line, said in answers if said is not None and said != line.granted])


def _refuse_all(subject: DataSubject) -> int:
    current = consents.current(subject)
    lines = [_line(one, current) for one in _purposes() if consents.refusable(one)]
    return _record(subject, [(line, False) for line in lines if line.granted])


def _record(subject: DataSubject, answers: list[tuple[Line, bool]]) -> int:
    notice, language = notices.current(), get_language() or settings.LANGUAGE_CODE
    with log.atomic():
        for line, said in answers:
            consents.record(
                subject, line.purpose, said, source=Choice.Source.PORTAL, actor=actors.person(subject.pk), notice=notice,
                how=consents.How(words=line.shown, language=language),
            )  # fmt: skip
    return len(answers)


def _said(changed: int) -> str:
    if not changed:
        return _("Nothing was changed.")
    return ngettext("Saved: %(n)d choice.", "Saved: %(n)d choices.", changed) % {"n": changed}


def _door(choice: Choice) -> str:
    """Through which door a choice came, in words for the person."""
    if choice.act == Choice.Act.SIGNAL:
        return _("By the opt-out signal of your browser")
    return {
        Choice.Source.PORTAL: _("On these pages"), Choice.Source.BANNER: _("In the banner of a site"),
        Choice.Source.API: _("In our service"), Choice.Source.REQUEST: _("By a request"),
        Choice.Source.STAFF: _("Told to our team"), Choice.Source.IMPORT: _("In an earlier system of ours"),
    }[Choice.Source(choice.source)]  # fmt: skip
