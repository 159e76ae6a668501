"""The strip of views above the queue, and the buttons that keep, share, choose and remove one."""

from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode

from django.contrib import messages
from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from audit.refusal import Refused
from requests_app import saved_views
from requests_app.admin.case import may_see
from requests_app.models import SavedView

QUEUE = "admin:requests_app_request_changelist"
# Views that everybody has: (name, filters, the card of the home page with their number).
GIVEN: tuple[tuple[str, dict[str, str], str], ...] = (
    ("Anything open", {"waits": "open"}, ""),
    ("Mine", {"waits": "me"}, "mine"),
    ("Overdue", {"due": "overdue"}, "overdue"),
    ("Due within 7 days", {"due": "week"}, "due-within-7-days"),
    ("To review", {"waits": "review"}, "to-review"),
    ("To approve", {"waits": "approval"}, "to-approve"),
    ("No owner yet", {"waits": "nobody"}, "new-no-owner-yet"),
    ("Raised", {"waits": "raised"}, "raised-by-colleagues"),
)


@dataclass(frozen=True)
class Tab:
    """One view in the strip; `view` is empty for those that everybody has, whose number the page's script fetches by `key`."""

    name: str
    url: str
    here: bool
    view: SavedView | None = None
    mine: bool = False
    first: bool = False
    key: str = ""


def strip(request: HttpRequest, user: User) -> dict[str, object]:
    """The views of this colleague, in two queries, and which of them is shown."""
    base, now = reverse(QUEUE), saved_views.filters_of(request.GET)
    searched = any(request.GET.get(name) for name in ("q", "found", "subject__in"))
    here = {} if searched else now or {"waits": "open"}
    start = saved_views.first(user)
    tabs = [
        Tab(name, f"{base}?{urlencode(filters)}", filters == here, key=key)
        for name, filters, key in GIVEN
        if key != "to-approve" or user.has_perm("requests_app.approve_request")
    ]
    tabs += [
        Tab(
            one.name, f"{base}?{saved_views.address(one)}", one.filters == here, one, one.owner_id == user.pk,
            start is not None and start.pk == one.pk,
        )
        for one in saved_views.visible(user)
    ]  # fmt: skip
    current = next((tab for tab in tabs if tab.here and tab.view is not None), None)
    may_keep = bool(now) and not searched and not any(tab.here for tab in tabs)
    return {"tabs": tabs, "current": current, "may_keep": may_keep, "start": start, "filters": request.GET.urlencode()}


def press(request: HttpRequest) -> HttpResponse:
    """Keep a view, or a button on one; then the queue again."""
    answer: HttpResponse = require_POST(_press)(request)
    return answer


def _press(request: HttpRequest) -> HttpResponse:
    user, given = may_see(request), request.POST
    try:
        address = _do(user, given.get("button", ""), {name: str(value) for name, value in given.items()}, request)
    except Refused as error:
        messages.error(request, error.message)
        address = _kept(given.get("filters", ""))
    return redirect(f"{reverse(QUEUE)}{'?' if address else ''}{address}")


def _do(user: User, button: str, given: dict[str, str], request: HttpRequest) -> str:
    """Call the verb; what then stands after the question mark."""
    if button == "keep":
        filters = dict(parse_qsl(given.get("filters", "")))
        view = saved_views.keep(by=user, name=given.get("name", ""), given=filters, shared=bool(given.get("shared")))
        messages.success(request, f"Kept as “{view.name}”.")
        return saved_views.address(view)
    if button == "plain":
        saved_views.open_with(None, by=user)
        messages.success(request, "Your queue opens with everything that is open.")
        return _kept(given.get("filters", ""))
    number = given.get("view", "")
    if not (number.isascii() and number.isdigit() and len(number) < 19):
        raise Http404
    view = get_object_or_404(saved_views.visible(user), pk=int(number))
    if button == "first":
        saved_views.open_with(view, by=user)
        messages.success(request, f"Your queue opens with “{view.name}”.")
    elif button in ("share", "unshare"):
        saved_views.share(view, by=user, shared=button == "share")
        messages.success(request, "The team sees it." if button == "share" else "Only you see it.")
    elif button == "remove":
        saved_views.remove(view, by=user)
        messages.success(request, "Removed.")
        return "waits=open"
    else:
        raise Http404
    return saved_views.address(view)


def _kept(text: str) -> str:
    return urlencode(saved_views.filters_of(dict(parse_qsl(text))))
