"""Your privacy choices: every way to say no in one place, and the form that limits sensitive data."""

from dataclasses import replace

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods, require_safe

from requests_app import appearance
from requests_app.forms import OptOutForm
from requests_app.intake import Submission
from requests_app.views import asking, visitor

# The right of Cal. Civ. Code 1798.121; its page and its link are there once a plan carries it out.
LIMIT = "limit_sensitive"


class LimitForm(OptOutForm):
    """Limit the use of sensitive data: an address and where its person lives. No name, no proof."""

    def submission(self) -> Submission:
        return replace(super().submission(), right=LIMIT)


@require_safe
def privacy_choices(request: HttpRequest) -> HttpResponse:
    """The page behind "Your Privacy Choices" (11 CCR 7015)."""
    return visitor.page(request, "privacy_choices")


@require_http_methods(["GET", "HEAD", "POST"])
def limit(request: HttpRequest) -> HttpResponse:
    """The form of its own that California asks for; 404 where the company does not offer the right."""
    if LIMIT not in appearance.current().offered:
        raise Http404
    if request.method == "POST":
        return asking.receive(request, LimitForm(request.POST), "limit")
    return asking.show(request, LimitForm(), "limit")
