"""The letters of a case before they go and after: a preview, and each as a PDF. Samples of all: `privacyops.letterbook`."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext

from audit import actor, log
from requests_app import laws, letters, policy, stationery
from requests_app.admin.case import may_see
from requests_app.admin.looks import Looks, may_reveal
from requests_app.models import Clock, Letter, Request
from requests_app.policy import LINK
from requests_app.views import paper

PERSONS_LINK = "https://…"


class Sheets(Looks):
    """The letters of one case."""

    def preview(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Any letter of this case as it would go out now, but for the name and the link. Keeps nothing."""
        may_see(request)
        case = get_object_or_404(Request.objects.select_related("follows", "duplicate_of"), pk=pk)
        given, offered = request.POST, _offered(case)
        kind = given.get("kind") or offered[0].code
        if kind not in {one.code for one in offered}:
            raise Http404
        sheet = letters.preview(case, kind, _context(case, kind, given), given.get("language", ""))
        if given.get("as") == "pdf":
            return paper.answer(sheet, reference=case.reference, residence=case.residence, on=laws.today(), kind=kind)
        return self._page(
            request, "preview", pk, title=f"{case.reference}: see a letter before it goes", sheet=sheet, given=given,
            kind=kind, offered=offered, case=case, languages=stationery.LANGUAGES, may_words=_takes_words(kind),
            grounds=[(one.code, f"{one.sentence} ({one.cite})") for one in laws.grounds(case)] if kind == "denied" else [],
            reasons=laws.extension_reasons(case) if kind == "extended" else {},
        )  # fmt: skip

    def letter_pdf(self, request: HttpRequest, pk: UUID, letter_id: UUID) -> HttpResponse:
        """A letter as it went out, on paper; the links that are only the person's are left out."""
        user = may_reveal(request)
        letter = get_object_or_404(Letter.objects.select_related("request", "identifier"), pk=letter_id, request=pk)
        case = letter.request
        with log.atomic():
            log.record(
                "letter.printed", actor=actor.staff(user.pk), noun=case, subject_id=case.subject_id, letter=letter.pk
            )
        sheet = stationery.Sheet(
            letter.subject_line, LINK.sub(r"\1…", letter.body), letter.language, letter.statute, letter.template_version
        )
        return paper.answer(
            sheet, reference=case.reference, residence=case.residence, on=letter.sent_at or letter.queued_at,
            kind=letter.kind, name=letters.addressee(letter),
        )  # fmt: skip


def _offered(case: Request) -> list[stationery.Kind]:
    """The letters that a case of this right can bring forth."""
    extends = bool(laws.extension_reasons(case))
    fitting = [one for one in stationery.KINDS.values() if case.right in one.rights]
    return [one for one in fitting if extends or not one.needs_extension]


def _context(case: Request, kind: str, given: Any) -> dict[str, Any]:
    """What a verb would hand over, from what was typed; the ground and the words of a denial are set in memory only."""
    words = str(given.get("words", "")).strip() or "[your words]"
    connected = case.follows or case.duplicate_of
    context: dict[str, Any] = {
        "question": words, "note": words, "link": PERSONS_LINK, "link_minutes": 60, "reason": "",
        "earlier": connected.reference if connected else "PR-…",
        "code": "[a code]", "code_minutes": policy.CODE_MINUTES, "days": policy.PAPER_DAYS, "stop_days": policy.STOP_DAYS,
        "stop_link": "[a link that stops it]", "hours": settings.ERASURE_COOLING_OFF_HOURS,
        "client": "[the client]", "system": "[their system]", "person": "[the person's address]", "answer_by": laws.today(),
    }  # fmt: skip
    with stationery.speaking(given.get("language") or case.language):
        context["hello"] = policy.salutation("", gettext("Hello"))
    if kind == "denied":
        codes = [one.code for one in laws.grounds(case)]
        chosen = given.get("ground") or case.denial_ground
        case.denial_ground = chosen if chosen in codes else next(iter(codes), "")
        case.denial_note = words  # never the stored ones: they are for those who may reveal
    if kind == "extended":
        reasons = laws.extension_reasons(case)
        context["reason"] = reasons.get(given.get("reason", ""), next(iter(reasons.values())))
        running = case.clocks.filter(kind=Clock.Kind.RESPOND, met_at=None)
        context["due_on"] = min((one.extended_on or one.due_on for one in running), default="")
    return context


def _takes_words(kind: str) -> bool:
    return bool({"words", "note", "question"} & set(stationery.KINDS[kind].pieces))
