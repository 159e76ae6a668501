"""A page of the demo company's own site, with the banner on it and two scripts that wait for it. In the demo only."""

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from consent.banner import regimes

# What would come from somebody else's server: each leaves a cookie and says on the page that it ran.
SCRIPTS = {
    "page": 'document.cookie = "hl_session=1; path=/demo-site/";',
    "improvement": 'document.cookie = "hl_stats=1; path=/demo-site/; max-age=31536000";',
    "advertising": 'document.cookie = "adstream_uid=1; path=/demo-site/; max-age=7776000";',
}
SAYS = 'document.getElementById("ran-{name}").textContent = "runs";'


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """The page; `?region=US-CA` stands for a visitor from there."""
    _demo()
    region = regimes.region(request.GET.get("region", "")[:12]) or "DE"
    return render(request, "demo/site.html", {"region": region, "regions": ("DE", "US-CA", "AU")})


@require_safe
def script(request: HttpRequest, name: str) -> HttpResponse:
    """One of its scripts."""
    _demo()
    if name not in SCRIPTS:
        raise Http404
    text = SCRIPTS[name] + ("" if name == "page" else SAYS.format(name=name))
    return HttpResponse(text, content_type="text/javascript; charset=utf-8")


def _demo() -> None:
    if not settings.DEMO:
        raise Http404
