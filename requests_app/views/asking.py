"""The forms by which a request comes in. A known and an unknown address get the same answer, at the same pace."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from audit.refusal import Refused
from requests_app import flood, guards, intake, limits, plans
from requests_app.forms import OptOutForm, Ticketed, attribute_label
from requests_app.models import Request
from requests_app.proving import facts
from requests_app.questions import REVIEW, STEPS, AskForm
from requests_app.steady import steady
from requests_app.views import visitor

# How long the page with the reference can be loaded again.
RECEIPT_SECONDS = 1800
RECEIPT = "receipt"


@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: HttpRequest) -> HttpResponse:
    """The form for any right, a step at a time; `?right=` chooses one beforehand. Without a step it is sent as a whole."""
    if request.method == "POST":
        step, go = request.POST.get("step", ""), request.POST.get("go", "")
        if step not in STEPS or (step == REVIEW and go == "send"):
            return receive(request, AskForm(request.POST, sending=True), "ask")
        form = AskForm(request.POST)
        return show(request, form, "ask", status=200 if form.turn(step, go) else 422)
    right = request.GET.get("right", "")
    return show(request, AskForm(initial={"right": right if right in plans.OFFERED else ""}), "ask")


@require_http_methods(["GET", "HEAD", "POST"])
def do_not_sell(request: HttpRequest) -> HttpResponse:
    """The opt-out by itself: the least that can be asked."""
    if request.method == "POST":
        return receive(request, OptOutForm(request.POST), "do_not_sell")
    return show(request, OptOutForm(), "do_not_sell")


@require_safe
def received(request: HttpRequest) -> HttpResponse:
    """The reference, from a signed cookie that only this page gets; nothing of it stands in the address."""
    reference, right, asked_by, waits = receipt(request)
    context = {"reference": reference, "right": right, "asked_by": asked_by, "waits": waits}
    asked = [(one, attribute_label(one)) for one in facts.asked(right)] if right else []
    return visitor.page(request, "received", context | {"facts": asked})


def receipt(request: HttpRequest) -> tuple[str, str, str, str]:
    """Reference, right, who asked and whose turn it is, of what this browser sent a short while ago; else nothing."""
    text = request.get_signed_cookie(RECEIPT, default="", salt="portal.receipt", max_age=RECEIPT_SECONDS) or ""
    reference, right, asked_by, waits = (*text.split(" "), "", "", "", "")[:4]
    return reference, right, asked_by, waits


def show(request: HttpRequest, form: Ticketed, template: str, *, status: int = 200, trouble: str = "") -> HttpResponse:
    """A form with all that was typed, and what is to be mended on top and beside each field."""
    form.settle()
    context: dict[str, Any] = {"form": form, "problems": list(form.problems()), "trouble": trouble}
    context["work"] = flood.asks(request)
    return visitor.page(request, template, context, status=status)


def slow_down(request: HttpRequest, form: Ticketed, template: str, wait: int) -> HttpResponse:
    """429, with the form and all that was typed."""
    response = show(request, form, template, status=429, trouble=too_often(wait))
    response["Retry-After"] = str(wait)
    return response


def hold_on(request: HttpRequest, form: Ticketed, template: str, held: flood.Held) -> HttpResponse:
    """429 in a flood, with the form and all that was typed, and what to do."""
    response = show(request, form, template, status=429, trouble=held.sentence)
    response["Retry-After"] = str(held.seconds)
    return response


def too_often(wait: int) -> str:
    """How long to wait, in words."""
    minutes = max(1, -(-wait // 60))
    return ngettext(
        "That was too often. Please wait a minute and send it again.",
        "That was too often. Please wait %(minutes)d minutes and send it again.",
        minutes,
    ) % {"minutes": minutes}


def _waits(got: Request) -> str:
    """Whose turn it is: the person's, ours (to look at an authority), or nobody's."""
    if got.authority == Request.Authority.AWAITING:
        return "staff"
    return "person" if guards.needs_proof(got) else "nobody"


def receive(request: HttpRequest, form: AskForm | OptOutForm, template: str) -> HttpResponse:
    """One form that was sent: to the domain, or back with what is to be mended."""
    wait = limits.by_network(request)
    if wait:
        return slow_down(request, form, template, wait)
    if not form.is_valid():
        return show(request, form, template, status=422)
    mailboxes = [form.cleaned_data[name] for name in ("email", "asker_email") if form.cleaned_data.get(name)]
    wait = max((limits.by_mailbox(one) or 0 for one in mailboxes), default=0)
    if wait:
        return slow_down(request, form, template, wait)
    held = flood.holds(request, form)
    if held:
        return hold_on(request, form, template, held)
    with steady():
        try:
            got = intake.submit(form.submission(), now=timezone.now())
        except Refused as refused:
            form.refuse(refused)
            return show(request, form, template, status=422)
    response = visitor.to("received")
    response.set_signed_cookie(
        RECEIPT,
        f"{got.reference} {got.right} {got.asked_by} {_waits(got)}",
        salt="portal.receipt",
        max_age=RECEIPT_SECONDS,
        path=response.url,
        secure=settings.HTTPS,
        httponly=True,
        samesite="Lax",
    )
    return response
