"""The public list of sub-processors: who they are now, who comes, every change; and hearing of changes by mail."""

from datetime import date

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from disclosures import listing, subscriptions
from disclosures.models import ListChange
from law.places import PLACES
from requests_app import flood, limits
from requests_app.forms import EmailForm
from requests_app.views import asking, visitor

MOST_CHANGES = 200
FORM = "subprocessors"


@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest) -> HttpResponse:
    """The list as it is today, what is announced, and what changed. POST: an address asks to hear of changes."""
    if not settings.SUBPROCESSORS_PUBLIC:
        raise Http404
    if request.method != "POST":
        return _show(request, EmailForm())
    form = EmailForm(request.POST)
    wait = limits.by_network(request)
    if not wait and form.is_valid():
        wait = limits.by_mailbox(form.cleaned_data["email"])
    if wait:
        answer = _show(request, form, status=429, trouble=asking.too_often(wait))
        answer["Retry-After"] = str(wait)
        return answer
    if not form.is_valid():
        return _show(request, form, status=422)
    held = flood.holds(request, form)
    if held:
        answer = _show(request, form, status=429, trouble=held.sentence)
        answer["Retry-After"] = str(held.seconds)
        return answer
    subscriptions.subscribe(
        form.cleaned_data["email"], language=get_language() or settings.PUBLIC_LANGUAGE, now=timezone.now()
    )
    return visitor.to("subprocessors_asked")


def _show(request: HttpRequest, form: EmailForm, *, status: int = 200, trouble: str = "") -> HttpResponse:
    form.settle()
    today = timezone.localdate()
    changes = list(listing.announced()[:MOST_CHANGES])
    context = {
        "form": form, "problems": list(form.problems()), "trouble": trouble, "work": flood.asks(request),
        "rows": [(entry, places_of(entry.change)) for entry in listing.on(today)],
        "coming": [(one, places_of(one)) for one in listing.coming(today)],
        "changes": [(one, _what(one, today)) for one in changes],
        "version": max((one.number for one in changes if one.starts_on <= today), default=0),
        "days": settings.SUBPROCESSOR_NOTICE_DAYS,
    }  # fmt: skip
    return visitor.page(request, FORM, context, status=status)


def places_of(one: ListChange) -> str:
    """Where data is, in the words of the page."""
    known = {**PLACES, "US": "United States"}
    return ", ".join(_(known[code]) if code in known else code for code in one.countries)


def _what(one: ListChange, today: date) -> str:
    if one.kind == ListChange.Kind.REMOVED:
        return _("removed") if one.starts_on <= today else _("will be removed")
    if one.kind == ListChange.Kind.FIRST:
        return _("on the list from the beginning")
    return _("added") if one.starts_on <= today else _("will be added")


@require_safe
def asked(request: HttpRequest) -> HttpResponse:
    """Says the same to every address."""
    if not settings.SUBPROCESSORS_PUBLIC:
        raise Http404
    return visitor.page(request, "subprocessors_asked")


@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    """GET shows one button and begins nothing, for mail scanners open links too; POST begins the subscription."""
    row = subscriptions.by_token(token, "confirm")
    if row is None:
        raise Http404
    now = timezone.now()
    done = row.state == row.State.ACTIVE
    if request.method == "POST":
        done = subscriptions.confirm(row, now=now)
    usable = done or subscriptions.usable(row, now)
    answer = visitor.page(
        request, "subprocessors_confirm", {"done": done, "usable": usable}, status=200 if usable else 410
    )
    answer["Referrer-Policy"] = "strict-origin"  # never the path with its token
    return answer


@csrf_exempt  # mail programs press it for the reader (RFC 8058); the token is the permission, and ending twice is once
@require_http_methods(["GET", "HEAD", "POST"])
def stop(request: HttpRequest, token: str) -> HttpResponse:
    """GET shows one button and ends nothing; POST ends the subscription and forgets the address."""
    row = subscriptions.by_token(token, "stop")
    if row is None:
        raise Http404
    if request.method == "POST":
        subscriptions.stop(row, now=timezone.now())
        row.refresh_from_db()
    answer = visitor.page(request, "subprocessors_stop", {"done": row.state == row.State.ENDED})
    answer["Referrer-Policy"] = "strict-origin"
    return answer
