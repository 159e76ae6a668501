"""The page on which a recipient confirms. GET shows one button and changes nothing, for mail scanners open links too."""

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from disclosures import notices


@require_http_methods(["GET", "HEAD", "POST"])
def acknowledge(request: HttpRequest, token: str) -> HttpResponse:
    """Shows what was asked of the recipient, without a word about the person; POST confirms."""
    notice = notices.by_token(token)
    if notice is None:
        raise Http404
    if request.method == "POST":
        notices.acknowledge(token, now=timezone.now())
        response: HttpResponse = HttpResponseRedirect(request.path)
        response.status_code = 303
    else:
        response = render(request, "disclosures/ack.html", {"notice": notice})
    # Never the path with its token. Not "no-referrer": the form would arrive with `Origin: null` and be refused.
    response["Referrer-Policy"] = "strict-origin"
    return response
