"""The page on which a person confirms a Yes. GET shows one button and changes nothing, for mail scanners open links too."""

from datetime import datetime

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from audit.refusal import Refused
from consent import doubly


@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    """Shows what the Yes is to, in the words of then; POST lets it count."""
    row = doubly.by_token(token)
    if row is None:
        raise Http404
    now = timezone.now()
    if request.method == "POST":
        try:
            doubly.confirm(token, now=now)
        except Refused:  # it lapsed: the page says so
            return _page(request, row, now, 422)
        response: HttpResponse = HttpResponseRedirect(request.path)
        response.status_code = 303
    else:
        response = _page(request, row, now, 200)
    # Never the path with its token. Not "no-referrer": the form would arrive with `Origin: null` and be refused.
    response["Referrer-Policy"] = "strict-origin"
    return response


def _page(request: HttpRequest, row: doubly.PendingChoice, now: datetime, status: int) -> HttpResponse:
    context = {"row": row, "confirmed": row.state == doubly.State.CONFIRMED, "usable": doubly.usable(row, now)}
    return render(request, "consent/confirm.html", context, status=status)
