"""The forms by which a request comes in. A known and an unknown address get the same answer, at the same pace."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from audit.refusal import Refused
from requests_app import intake, limits, plans
from requests_app.forms import AskForm, OptOutForm, Ticketed, attribute_label
from requests_app.proving import facts
from requests_app.steady import steady
from requests_app.views import visitor

# How long the page with the reference can be loaded again.
RECEIPT_SECONDS = 1800
RECEIPT = "receipt"


@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: HttpRequest) -> HttpResponse:
    """The form for any right; `?right=` chooses one beforehand."""
    if request.method == "POST":
        return _receive(request, AskForm(request.POST), "ask")
    right = request.GET.get("right", "")
    return show(request, AskForm(initial={"right": right if right in plans.OFFERED else ""}), "ask")


@require_http_methods(["GET", "HEAD", "POST"])
def do_not_sell(request: HttpRequest) -> HttpResponse:
    """The opt-out by itself: the least that can be asked."""
    if request.method == "POST":
        return _receive(request, OptOutForm(request.POST), "do_not_sell")
    return show(request, OptOutForm(), "do_not_sell")


@require_safe
def received(request: HttpRequest) -> HttpResponse:
    """The reference, from a signed cookie that only this page gets; nothing of it stands in the address."""
    reference, right = receipt(request)
    asked = [(one, attribute_label(one)) for one in facts.asked(right)] if right else []
    return visitor.page(request, "received", {"reference": reference, "right": right, "facts": asked})


def receipt(request: HttpRequest) -> tuple[str, str]:
    """Reference and right of the request that this browser sent a short while ago, or nothing twice."""
    text = request.get_signed_cookie(RECEIPT, default="", salt="portal.receipt", max_age=RECEIPT_SECONDS) or ""
    reference, _, right = text.partition(" ")
    return reference, right


def show(request: HttpRequest, form: Ticketed, template: str, *, status: int = 200, trouble: str = "") -> HttpResponse:
    """A form with all that was typed, and what is to be mended on top and beside each field."""
    context: dict[str, Any] = {"form": form, "problems": list(form.problems()), "trouble": trouble}
    return visitor.page(request, template, context, status=status)


def slow_down(request: HttpRequest, form: Ticketed, template: str, wait: int) -> HttpResponse:
    """429, with the form and all that was typed."""
    response = show(request, form, template, status=429, trouble=too_often(wait))
    response["Retry-After"] = str(wait)
    return response


def too_often(wait: int) -> str:
    """How long to wait, in words."""
    minutes = max(1, -(-wait // 60))
    return ngettext(
        "That was too often. Please wait a minute and send it again.",
        "That was too often. Please wait %(minutes)d minutes and send it again.",
        minutes,
    ) % {"minutes": minutes}


def _receive(request: HttpRequest, form: AskForm | OptOutForm, template: str) -> HttpResponse:
    wait = limits.by_network(request)
    if wait:
        return slow_down(request, form, template, wait)
    if not form.is_valid():
        return show(request, form, template, status=422)
    wait = limits.by_mailbox(form.cleaned_data["email"])
    if wait:
        return slow_down(request, form, template, wait)
    with steady():
        try:
            got = intake.submit(form.submission(), now=timezone.now())
        except Refused as refused:
            form.refuse(refused)
            return show(request, form, template, status=422)
    response = visitor.to("received")
    response.set_signed_cookie(
        RECEIPT,
        f"{got.reference} {got.right}",
        salt="portal.receipt",
        max_age=RECEIPT_SECONDS,
        path=response.url,
        secure=settings.HTTPS,
        httponly=True,
        samesite="Lax",
    )
    return response
