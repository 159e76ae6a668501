"""The cookies that the company's sites use, as its register says."""

from dataclasses import dataclass
from itertools import groupby

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from consent import choices as consents
from consent import cookies
from consent.models import Cookie, Site
from inventory import phrases
from inventory.models import Purpose
from requests_app.views import visitor


@dataclass(frozen=True)
class Group:
    """One purpose in the words of the page's language, with its cookies."""

    name: str
    description: str
    needed: bool
    rows: list[tuple[Cookie, str]]


@require_safe
def sites(request: HttpRequest) -> HttpResponse:
    """The sites that have a register; with one only, that one's."""
    found = list(Site.objects.filter(active=True))
    if len(found) == 1:
        return visitor.to("cookies_of", found[0].key)
    return visitor.page(request, "cookies", {"sites": found})


@require_safe
def site(request: HttpRequest, key: str) -> HttpResponse:
    """The register of one site, purpose by purpose: whose, for how long, first or third party."""
    found = Site.objects.filter(key=key, active=True).first()
    if found is None:
        raise Http404
    rows = list(cookies.of(found))
    groups = [_group(purpose, list(several)) for purpose, several in groupby(rows, lambda one: one.purpose)]
    groups.sort(key=lambda one: (not one.needed, one.name))
    return visitor.page(request, "cookies_of", {"site": found, "groups": groups})


def _group(purpose: Purpose, rows: list[Cookie]) -> Group:
    text = phrases.purpose(purpose)
    needed = not consents.refusable(purpose)
    return Group(text.name, text.description, needed, [(one, kept(one.days)) for one in rows])


def kept(days: int) -> str:
    """For how long, in words: whole years and months where it is some, else days."""
    if not days:
        return _("Until you close the browser")
    if days % 365 == 0:
        return ngettext("%(n)d year", "%(n)d years", days // 365) % {"n": days // 365}
    if days % 30 == 0:
        return ngettext("%(n)d month", "%(n)d months", days // 30) % {"n": days // 30}
    return ngettext("%(n)d day", "%(n)d days", days) % {"n": days}
