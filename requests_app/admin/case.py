"""The case page and its buttons. Every button is a POST that calls one verb; a refusal comes back in words on the same page."""

from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.admin import AdminSite
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.http import require_POST

from audit import actor as actors
from audit import typed
from audit.accountable import Input, colleague, read
from audit.refusal import Refused
from connectors import holds, settling
from connectors.admin import WAIVE_REASONS
from connectors.models import Finding, WorkOrder
from inventory.models import DataCategory, System
from requests_app import (
    absences,
    acts,
    appeals,
    assignment,
    authority,
    delivery,
    halting,
    laws,
    letters,
    meanwhile,
    progress,
    proof,
    raising,
    reads,
    review,
)
from requests_app.admin import sections
from requests_app.admin.referring import VERBS
from requests_app.models import Letter, Parcel, Referral, Request, State
from requests_app.proving import papers, stopping
from subjects import registry

TEMPLATE = "admin/requests_app/request/case.html"
Fields = dict[str, str]
# Inputs that take a colleague's own words.
WORDS = ("note", "question", "answer", "words", "text", "reason")

BUTTONS: dict[str, Callable[[Request, User, Fields], str]] = {
    "propose": lambda one, by, given: _said(review.propose(one, by=by, fingerprint=given.get("fingerprint", ""))),
    "approve": lambda one, by, given: _said(review.approve(one, by=by, fingerprint=given.get("fingerprint", ""))),
    "send_back": lambda one, by, given: _said(review.send_back(one, by=by, reason_code=given.get("reason_code", ""))),
    "collect_again": lambda one, by, given: _said(review.collect_again(one, by=by)),
    "deny": lambda one, by, given: _said(
        review.deny(one, by=by, ground=given.get("ground", ""), note=given.get("note", ""))
    ),
    "accept_authority": lambda one, by, given: _told(
        authority.accept(one, by=by, reason=given.get("reason", "")), "Accepted. The search begins."
    ),
    "refuse_authority": lambda one, by, given: _told(
        authority.refuse(one, by=by, reason=given.get("reason", "")), "Refused. Both are told."
    ),
    "vouch": lambda one, by, given: _told(
        proof.vouch(one, by=by, method=given.get("method", ""), also=_checked(one, given), now=timezone.now()),
        "Proved; the search begins.",
    ),
    "ask_paper": lambda one, by, given: _told(
        papers.ask(one, by=by, reason=given.get("reason", ""), now=timezone.now()), "Asked, by letter."
    ),
    "accept_paper": lambda one, by, given: _decided(one, by, True),
    "refuse_paper": lambda one, by, given: _decided(one, by, False),
    "resume": lambda one, by, given: _told(
        stopping.clear(one, by=by, reason=given.get("reason", "")), "It goes on; what was found is searched anew."
    ),
    "hold": lambda one, by, given: _held(one, by, given),
    "halt": lambda one, by, given: halting.stop(one, by=by),
    "go_on": lambda one, by, given: halting.go_on(one, by=by),
    "assign": lambda one, by, given: _assigned(one, by, given.get("to", "")),
    "take": lambda one, by, given: _taken(review.take(one, by=by)),
    "ask": lambda one, by, given: _told(
        acts.ask(one, by=by, reason=given.get("reason", ""), question=given.get("question", "")),
        "Asked. The answer comes to this page; the clocks that may wait stand still.",
    ),
    "answered": lambda one, by, given: _told(
        acts.answer(one, actor=actors.staff(by.pk), words=given.get("answer", "")),
        "The answer is kept; the clocks go on.",
    ),
    "extend": lambda one, by, given: _told(
        acts.extend(one, by=by, reason=given.get("reason", ""), note=given.get("note", "")),
        "Extended. The person is told by letter.",
    ),
    "raise": lambda one, by, given: _told(
        raising.raise_up(one, by=by, reason=given.get("reason", "")), "Raised. It stands before the privacy officers."
    ),
    "lower": lambda one, by, given: _told(raising.lower(one, by=by), "Lowered."),
    "residence": lambda one, by, given: _told(
        acts.correct_residence(one, by=by, residence=given.get("residence", "")),
        "Corrected; the dates were counted anew.",
    ),
    "grant": lambda one, by, given: _told(
        appeals.decide(one, by=by, granted=True, note=given.get("note", "")), "Granted. The case is open again."
    ),
    "refuse": lambda one, by, given: _told(
        appeals.decide(one, by=by, granted=False, note=given.get("note", "")), "Refused. The person is told why."
    ),
    "enter_appeal": lambda one, by, given: _told(
        appeals.enter(one, by=by, right="appeal", channel=given.get("channel", ""), words=given.get("words", "")),
        "Entered. The appeal has a case of its own, under Connected.",
    ),
    "enter_complaint": lambda one, by, given: _told(
        appeals.enter(one, by=by, right="complaint", channel=given.get("channel", ""), words=given.get("words", "")),
        "Entered. The complaint has a case of its own, under Connected.",
    ),
    "reply": lambda one, by, given: _told(appeals.answer(one, by=by, note=given.get("note", "")), "Answered."),
}


def _decided(request: Request, by: User, accepted: bool) -> str:
    found = papers.open_one(request)
    if found is None:
        raise Refused(papers.GONE, code="state_conflict")
    papers.decide(found, by=by, accepted=accepted, now=timezone.now())
    return "Accepted, and destroyed." if accepted else "Refused, and destroyed."


def _held(request: Request, by: User, given: Fields) -> str:
    if not by.has_perm("connectors.place_legalhold"):
        raise Refused("Your role may not place legal holds. Ask your privacy officer or legal.", code="not_allowed")
    try:
        day = date.fromisoformat(given.get("review_on", ""))
    except ValueError:
        raise Refused("Write the day as 2027-03-31.", code="review_day", field="review_on") from None
    placed = holds.place(
        request.subject, matter=given.get("matter", ""), reason=given.get("reason", ""), review_on=day, by=by,
        systems=_chosen(System, given.get("system", ""), "system"),
        categories=_chosen(DataCategory, given.get("category", ""), "category"),
    )  # fmt: skip
    return f"The hold is placed. It covers {holds.covers(placed)}; nothing of that is erased while it lasts."


def _chosen(rows: type[System] | type[DataCategory], key: str, field: str) -> list[Any]:
    """What was chosen in a list; an unknown key is refused, so that it is never taken for everything."""
    found = list(rows.objects.filter(key=key)) if key else []
    if key and not found:
        raise Refused("Choose one of the list.", code="choice_unknown", field=field)
    return found


def _said(request: Request) -> str:
    if request.state == "in_review" and request.proposed_by_id:
        return "Proposed. A second person has to approve it."
    return f"Done. The request is now: {request.get_state_display().lower()}."


def _told(done: object, words: str) -> str:
    return words


def _checked(request: Request, given: Fields) -> dict[str, str]:
    """What a colleague compared besides the address; ticked by kind."""
    return {kind: value for kind, value in proof.claimed(request).items() if given.get(f"checked_{kind}")}


def _taken(request: Request) -> str:
    return f"{request.reference} is yours now."


def _assigned(request: Request, by: User, key: str) -> str:
    to = User.objects.filter(pk=typed.number(key)).first()
    if to is None:
        raise Refused("Choose a colleague.", code="missing", field="to")
    assignment.assign(request, to=to, by=by, today=laws.today())
    return f"{absences.name(to)} looks after {request.reference} now."


class CasePages:
    """The views of one admin site; permission to see a case is the model's view permission."""

    def __init__(self, site: AdminSite) -> None:
        self.site = site

    def show(
        self, request: HttpRequest, pk: UUID, *, status: int = 200, given: Fields | None = None, **more: Any
    ) -> HttpResponse:
        """The page; `given` is what was typed into the form that was refused, by its hidden field `form`."""
        user, seen = may_see(request), meanwhile.newest()
        try:
            case = reads.case(pk)
        except Request.DoesNotExist as error:
            raise Http404 from error
        follows = case.request.state != State.CLOSED and not given and "revealed" not in more
        context = {
            **self.site.each_context(request),
            **sections.context(case, user, timezone.now(), given or {}),
            "title": case.request.reference,
            "seen": seen,
            "waive_reasons": WAIVE_REASONS,
            "reveal_reasons": registry.REASONS,
            "may_reveal": user.has_perm("subjects.reveal_datasubject"),
            "paper": papers.open_one(case.request) if case.request.proved_at is None else None,
            "may_pack": user.has_perm("requests_app.make_pack"),
            "may_note": user.has_perm("requests_app.add_note"),
            "may_decide": user.has_perm("requests_app.decide_request"),
            "may_work": user.has_perm("requests_app.change_request"),
            "may_take": user.has_perm("requests_app.approve_request"),
            "may_retry": user.has_perm("connectors.retry_workorder"),
            "may_waive": user.has_perm("connectors.waive_workorder"),
            "raised": raising.open_one(case.request),
            "progress": progress.of(pk, timezone.now()) if follows else None,
            **more,
        }
        told = {one.id: one.left for one in context["progress"].lines} if follows else {}
        for order in case.orders:
            order.left = told.get(str(order.pk), "")  # type: ignore[attr-defined]
        context["typed_lost"] = bool(context.get("typed")) and _lost(context, given or {})
        return TemplateResponse(request, TEMPLATE, context, status=status)

    def press(self, request: HttpRequest, pk: UUID, name: str) -> HttpResponse:
        """A button of the table of moves."""
        if name not in BUTTONS:
            raise Http404
        return self._call(request, pk, lambda case, by, given: BUTTONS[name](case, by, given))

    def finding(self, request: HttpRequest, pk: UUID, finding_id: int) -> HttpResponse:
        """Decide about one finding: an action for an erasure, or keep on a ground of this law, or include again."""

        def decide(case: Request, by: User, given: Fields) -> str:
            one = get_object_or_404(Finding, pk=finding_id, batch=case.batch_id)
            asked = read(sections.decision_inputs(case, one), given)
            if asked["ground"]:
                review.decide_finding(
                    case, one, by=by, decision="keep", ground=asked["ground"], note=given.get("note", "").strip()
                )
                return f"{one.title}: kept."
            review.decide_finding(case, one, by=by, decision="include")
            if asked["action"]:
                review.act_on_finding(case, one, by=by, action=asked["action"])
            return f"{one.title}: decided."

        return self._call(request, pk, decide)

    def order(self, request: HttpRequest, pk: UUID, order_id: UUID, verb: str) -> HttpResponse:
        """Retry a parked order, or give it up."""

        def settle(case: Request, by: User, given: Fields) -> str:
            order = get_object_or_404(WorkOrder, pk=order_id, batch=case.batch_id)
            needed = {"retry": "connectors.retry_workorder", "waive": "connectors.waive_workorder"}.get(verb)
            if needed is None or not by.has_perm(needed):
                raise PermissionDenied
            if verb == "retry":
                settling.retry(order, by=by)
                return "The order is open again; a worker takes it within seconds."
            reason = read([Input("reason_code", "Reason", WAIVE_REASONS)], given)["reason_code"]
            settling.waive(order, reason_code=reason, by=by)
            return "The order is given up; the closing letter will say so."

        return self._call(request, pk, settle)

    def letter_again(self, request: HttpRequest, pk: UUID, letter_id: UUID) -> HttpResponse:
        """Send a parked letter again."""

        def again(case: Request, by: User, given: Fields) -> str:
            letters.retry(get_object_or_404(Letter, pk=letter_id, request=case.pk), by=by)
            return "The letter goes out again within seconds."

        return self._call(request, pk, again)

    def parcel_again(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Build a parked package again."""

        def again(case: Request, by: User, given: Fields) -> str:
            delivery.retry(get_object_or_404(Parcel, request=case.pk), by=by)
            return "The package is built again."

        return self._call(request, pk, again)

    def referral(self, request: HttpRequest, pk: UUID, referral_id: UUID, verb: str) -> HttpResponse:
        """A button of a referral to a client."""

        def call(case: Request, by: User, given: Fields) -> str:
            found = next((one for one in VERBS if one.name == verb), None)
            if found is None:
                raise Http404
            if not by.has_perm(found.permission):
                raise PermissionDenied
            one = get_object_or_404(Referral, pk=referral_id, request=case.pk)
            return found.run(one, by, read(found.inputs, given))

        return self._call(request, pk, call)

    def paper(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """The document that the person sent: once, to be seen and not to be kept; a second look is refused."""
        answer: HttpResponse = require_POST(self._paper)(request, pk)
        return answer

    def _paper(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        user = may_see(request)
        case = get_object_or_404(Request, pk=pk)
        found = papers.open_one(case)
        try:
            if found is None:
                raise Refused(papers.GONE, code="state_conflict")
            data = papers.look(found, by=user, now=timezone.now())
        except Refused as error:
            messages.error(request, error.message)
            return self.show(request, pk, status=409)
        # Never inline: no program of the browser opens it as a page of ours.
        response = HttpResponse(data, content_type=papers.MEDIA[found.kind])
        response["Content-Disposition"] = f'attachment; filename="{case.reference}.{found.kind}"'
        response["Cache-Control"] = "no-store"
        response["X-Content-Type-Options"] = "nosniff"
        return response

    def note(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Write a note for colleagues."""

        def write(case: Request, by: User, given: Fields) -> str:
            if not by.has_perm("requests_app.add_note"):
                raise PermissionDenied
            review.note(case, by=by, text=given.get("text", ""))
            return "Note kept."

        return self._call(request, pk, write)

    def _call(self, request: HttpRequest, pk: UUID, verb: Callable[[Request, User, Fields], str]) -> HttpResponse:
        answer: HttpResponse = require_POST(self._post)(request, pk, verb)
        return answer

    def _post(self, request: HttpRequest, pk: UUID, verb: Callable[[Request, User, Fields], str]) -> HttpResponse:
        user = may_see(request)
        case = get_object_or_404(Request.objects.select_related("batch", "subject"), pk=pk)
        given = {name: str(value) for name, value in request.POST.items() if name != "csrfmiddlewaretoken"}
        try:
            with meanwhile.undisturbed(case, given.get("seen", ""), user):
                said = verb(case, user, given)
        except Refused as error:
            messages.error(request, error.message)
            changed = error.code == meanwhile.CHANGED
            return self.show(request, pk, status=409 if changed else 422, given=given, typed=_typed(given))
        messages.success(request, said)
        return redirect("admin:requests_app_request_change", pk)


def _typed(given: Fields) -> list[str]:
    """Words of a form that was refused: they stand on the page even where its button is gone."""
    return [given[name] for name in WORDS if " " in given.get(name, "").strip()]


def _lost(context: dict[str, Any], given: Fields) -> bool:
    """Whether the form that was refused is not on the page as it is now."""
    form = given.get("form", "")
    shown = [*context["actions"], *context["rows"]]
    return (form in BUTTONS or form.startswith("finding-")) and not any(one.open for one in shown)


def may_see(request: HttpRequest) -> User:
    """The colleague, if their role may see cases at all. Raises PermissionDenied."""
    user = colleague(request)
    if not user.has_perm("requests_app.view_request"):
        raise PermissionDenied
    return user
