"""The notices: in force, each version by its number, what changed between two of them, the short notice, and who saw a change.

`for=` chooses another notice than the privacy notice (candidates ...), `region=` the place whose people it is for, `language=`
another language than the page's.
"""

import re
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import get_language, get_language_info
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from audit import actor as actors
from consent import notices, regions, telling
from consent.models import NoticeVersion, Told
from consent.naming import MAIN
from law.places import PLACES
from requests_app import differences, leaving, prose, shortly
from requests_app.models import PersonSession
from requests_app.views import visitor
from requests_app.views.embedding import framed
from requests_app.views.visitor import signed_in

SLUG = re.compile(r"^[-a-zA-Z0-9_]{1,40}$")


@require_safe
def notice(request: HttpRequest) -> HttpResponse:
    """The wording in force, in the visitor's language if there is one."""
    wanted, key, region = _wanted(request), _key(request), _region(request)
    current = notices.shown(key, shortly.fallbacks(wanted), region=region)
    if current is None:
        more = {"wanted": wanted, "in_force": True, "canonical": ""}
        return visitor.page(request, "notice", {"variants": _variants(key, wanted), **more, "for_key": _tail(for_=key)})
    canonical = _absolute(reverse("portal:notice"), language=current.language, for_=key)
    more = {"canonical": canonical, "in_force": True, "wanted": wanted, "variants": _variants(key, current.language)}
    return _show(request, current, more)


@require_safe
def version(request: HttpRequest, number: int) -> HttpResponse:
    """One published version, for good under this address."""
    language, key = request.GET.get("language") or settings.LANGUAGE_CODE, _key(request)
    found = _published(key, language).filter(number=number).first()
    if found is None:
        raise Http404
    current = notices.current(key, found.language, region=found.regions.partition(",")[0])
    in_force = current is not None and current.pk == found.pk
    canonical = _absolute(reverse("portal:notice_version", args=[number]), language=language, for_=key)
    return _show(request, found, {"canonical": canonical, "in_force": in_force, "wanted": language, "archive": True})


@require_safe
def versions(request: HttpRequest) -> HttpResponse:
    """Every published version, and the choice of two to compare."""
    language, key = request.GET.get("language") or settings.LANGUAGE_CODE, _key(request)
    old, new = request.GET.get("from", ""), request.GET.get("to", "")
    if old.isdecimal() and new.isdecimal():
        both = sorted((int(old[:6]), int(new[:6])))
        return visitor.SeeOther(reverse("portal:notice_compared", args=both) + _tail(language=language, for_=key))
    found = list(_published(key, language))
    now = timezone.now()
    context = {
        "versions": [(one, _named(one.regions) if one.regions else "") for one in found],
        "today": timezone.localdate(), "in_force": {one.pk for one in notices.in_force(now, key)},
        "language": language, "for_key": key if key != MAIN else "", "tail": _tail(language=language, for_=key),
        "latest": found[:2],
    }  # fmt: skip
    return visitor.page(request, "notice_versions", context)


@require_safe
def compared(request: HttpRequest, old: int, new: int) -> HttpResponse:
    """What changed between two versions."""
    language, key = request.GET.get("language") or settings.LANGUAGE_CODE, _key(request)
    both = {one.number: one for one in _published(key, language).filter(number__in=(old, new))}
    if old not in both or new not in both:
        raise Http404
    before, after = both[old], both[new]
    changes = _between(before.digest, after.digest, _body(before), _body(after))
    context = {
        "before": before, "after": after, "stretches": differences.folded(changes), "counts": differences.count(changes),
        "canonical": _absolute(request.path, language=language, for_=key), "language": language,
        "tail": _tail(language=language, for_=key),
    }  # fmt: skip
    return visitor.page(request, "notice_compared", context)


@require_safe
@framed
def short(request: HttpRequest) -> HttpResponse:
    """The short notice alone, for a frame on the company's own pages, where people give data."""
    found = shortly.current(_key(request), _wanted(request), _region(request))
    if found is None:
        raise Http404
    return visitor.page(request, "notice_short", {"short_notice": found})


@require_safe
def short_json(request: HttpRequest) -> HttpResponse:
    """The same as JSON, for the company's own pages to put into theirs. Public, so any site may read it."""
    found = shortly.current(_key(request), _wanted(request), _region(request))
    if found is None:
        answer = JsonResponse({"message": "No short notice is in force for this."}, status=404)
    else:
        answer = JsonResponse(
            {"notice": found.key, "number": found.number, "language": found.language, "title": found.title,
             "text": found.text, "html": found.html, "url": f"{settings.SITE_URL}{found.url}", "digest": found.digest}
        )  # fmt: skip
    answer["Access-Control-Allow-Origin"] = "*"
    return answer


@require_POST
@signed_in
def seen(request: HttpRequest, session: PersonSession, pk: int) -> HttpResponse:
    """The person read the banner about a changed notice: they are told."""
    found = NoticeVersion.objects.filter(pk=pk, published_at__isnull=False).first()
    if found is None:
        raise Http404
    telling.told(session.subject, found, channel=Told.Channel.BANNER, actor=actors.person(session.subject_id))
    back = request.POST.get("back", "")
    ours = back.startswith("/") and url_has_allowed_host_and_scheme(back, allowed_hosts=None)
    return visitor.SeeOther(back) if ours else visitor.to("mine")


def _show(request: HttpRequest, row: NoticeVersion, more: dict[str, Any]) -> HttpResponse:
    body = _body(row)
    earlier = _published(row.key, row.language).filter(number__lt=row.number).first()
    others = NoticeVersion.objects.filter(key=row.key, published_at__isnull=False).exclude(language=row.language)
    spoken = sorted(set(others.values_list("language", flat=True)))
    context = {
        "notice": row,
        "wording": prose.html(body, leaving.leads()),
        "contents": [one for one in prose.headings(body) if one.level == 2],
        "earlier": earlier,
        "others": [(tag, _called(tag), _tail(language=tag, for_=row.key, always=True)) for tag in spoken],
        "fallen_back": _stem(str(more["wanted"])) != _stem(row.language),
        "notice_language": _called(row.language),
        "tail": _tail(language=row.language, for_=row.key),
        "places": _named(row.regions) if row.regions else "",
    }
    return visitor.page(request, "notice", context | more)


@lru_cache(maxsize=64)
def _between(old_digest: str, new_digest: str, old: str, new: str) -> list[differences.Change]:
    """Comparing long texts is work, and anybody may ask for it: done once for each pair."""
    return differences.between(old, new)


def _variants(key: str, language: str) -> list[tuple[str, str]]:
    """The notice for people of each list of places, where there is more than one: (words, address)."""
    rows = notices.effective(timezone.now()).filter(key=key).order_by().values_list("regions", flat=True).distinct()
    lists = sorted(rows)
    if not any(lists):
        return []
    return [
        (_named(one), reverse("portal:notice") + _tail(language=language, for_=key, region=one.partition(",")[0]))
        for one in lists
    ]


def _named(places: str) -> str:
    """A list of places in the words of the page."""
    wider = {"EU": _("European Union and EEA"), "US": _("United States")}
    found = [wider.get(one) or _(PLACES.get(one, one)) for one in places.split(",") if one]
    return ", ".join(found) or _("Everywhere else")


def _published(key: str, language: str) -> Any:
    rows = NoticeVersion.objects.filter(key=key, language=language[:12], published_at__isnull=False)
    return rows.order_by("-number")


def _body(row: NoticeVersion) -> str:
    return row.body.removeprefix(f"# {row.title}\n")  # the page has the title already


def _wanted(request: HttpRequest) -> str:
    return request.GET.get("language") or get_language() or settings.LANGUAGE_CODE


def _key(request: HttpRequest) -> str:
    given = request.GET.get("for", "") or MAIN
    if not SLUG.match(given):
        raise Http404
    return given


def _region(request: HttpRequest) -> str:
    given = request.GET.get("region", "").upper()
    return given if given in PLACES or given in regions.WIDER else ""


def _stem(language: str) -> str:
    return language.partition("-")[0].lower()


def _called(language: str) -> str:
    try:
        return str(get_language_info(language)["name_local"])
    except KeyError:
        return language


def _tail(*, language: str = "", for_: str = MAIN, region: str = "", always: bool = False) -> str:
    """The query of an address: only what differs from the usual."""
    values = {"language": language if always or language != settings.LANGUAGE_CODE else "",
              "for": for_ if for_ != MAIN else "", "region": region}  # fmt: skip
    query = urlencode({name: value for name, value in values.items() if value})
    return f"?{query}" if query else ""


def _absolute(path: str, *, language: str, for_: str = MAIN) -> str:
    return f"{settings.SITE_URL}{path}{_tail(language=language, for_=for_)}"
