"""The privacy notice: in force, each version by its number, and what changed between two of them."""

from functools import lru_cache
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, get_language_info
from django.views.decorators.http import require_safe

from consent import notices
from consent.models import NoticeVersion
from requests_app import differences, leaving, prose
from requests_app.views import visitor


@require_safe
def notice(request: HttpRequest) -> HttpResponse:
    """The wording in force, in the visitor's language if there is one."""
    wanted = request.GET.get("language") or get_language() or settings.LANGUAGE_CODE
    current = next((found for tag in _fallbacks(wanted) if (found := notices.current(language=tag))), None)
    if current is None:
        return visitor.page(request, "notice")
    more = {"canonical": _absolute(reverse("portal:notice"), current.language), "in_force": True, "wanted": wanted}
    return _show(request, current, more)


@require_safe
def version(request: HttpRequest, number: int) -> HttpResponse:
    """One published version, for good under this address."""
    language = request.GET.get("language") or settings.LANGUAGE_CODE
    found = _published(language).filter(number=number).first()
    if found is None:
        raise Http404
    current = notices.current(language=found.language)
    in_force = current is not None and current.pk == found.pk
    more = {"canonical": _absolute(reverse("portal:notice_version", args=[number]), language), "in_force": in_force,
            "wanted": language, "archive": True}  # fmt: skip
    return _show(request, found, more)


@require_safe
def versions(request: HttpRequest) -> HttpResponse:
    """Every published version, and the choice of two to compare."""
    language = request.GET.get("language") or settings.LANGUAGE_CODE
    old, new = request.GET.get("from", ""), request.GET.get("to", "")
    if old.isdecimal() and new.isdecimal():
        return visitor.to("notice_compared", *sorted((int(old[:6]), int(new[:6]))), language=language)
    found = list(_published(language))
    today = timezone.localdate()
    current = notices.current(language=language)
    context = {"versions": found, "today": today, "current": current, "language": language, "latest": found[:2]}
    return visitor.page(request, "notice_versions", context)


@require_safe
def compared(request: HttpRequest, old: int, new: int) -> HttpResponse:
    """What changed between two versions."""
    language = request.GET.get("language") or settings.LANGUAGE_CODE
    both = {one.number: one for one in _published(language).filter(number__in=(old, new))}
    if old not in both or new not in both:
        raise Http404
    before, after = both[old], both[new]
    changes = _between(before.digest, after.digest, _body(before), _body(after))
    context = {
        "before": before, "after": after, "stretches": differences.folded(changes), "counts": differences.count(changes),
        "canonical": _absolute(request.path, language), "language": language,
    }  # fmt: skip
    return visitor.page(request, "notice_compared", context)


def _show(request: HttpRequest, row: NoticeVersion, more: dict[str, Any]) -> HttpResponse:
    body = _body(row)
    earlier = _published(row.language).filter(number__lt=row.number).first()
    others = NoticeVersion.objects.filter(key="privacy", published_at__isnull=False).exclude(language=row.language)
    spoken = sorted(set(others.values_list("language", flat=True)))
    context = {
        "notice": row,
        "wording": prose.html(body, leaving.leads()),
        "contents": [one for one in prose.headings(body) if one.level == 2],
        "earlier": earlier,
        "others": [(tag, _called(tag)) for tag in spoken],
        "fallen_back": _stem(str(more["wanted"])) != _stem(row.language),
        "notice_language": _called(row.language),
    }
    return visitor.page(request, "notice", context | more)


@lru_cache(maxsize=64)
def _between(old_digest: str, new_digest: str, old: str, new: str) -> list[differences.Change]:
    """Comparing long texts is work, and anybody may ask for it: done once for each pair."""
    return differences.between(old, new)


def _published(language: str) -> Any:
    rows = NoticeVersion.objects.filter(key="privacy", language=language[:12], published_at__isnull=False)
    return rows.order_by("-number")


def _body(row: NoticeVersion) -> str:
    return row.body.removeprefix(f"# {row.title}\n")  # the page has the title already


def _fallbacks(language: str) -> list[str]:
    return list(dict.fromkeys((language[:12], _stem(language)[:12], settings.LANGUAGE_CODE)))


def _stem(language: str) -> str:
    return language.partition("-")[0].lower()


def _called(language: str) -> str:
    try:
        return str(get_language_info(language)["name_local"])
    except KeyError:
        return language


def _absolute(path: str, language: str) -> str:
    query = "" if language == settings.LANGUAGE_CODE else f"?language={language}"
    return f"{settings.SITE_URL}{path}{query}"
