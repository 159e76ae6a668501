"""The desk's page on which the company's own words are translated for the people who read them."""

from typing import Any

from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from audit import actor, sheet
from audit.accountable import colleague
from audit.refusal import Refused
from inventory import phrases
from inventory.models import Phrase

LONGEST = 5_000_000  # bytes of a file
AT_ONCE = 25  # texts on one page


def translating(site: AdminSite, request: HttpRequest) -> HttpResponse:
    """GET: what is missing in a language, or with `as` its sheet. POST: translations that were typed, or a sheet."""
    user = colleague(request)
    if not user.has_perm("inventory.view_phrase"):
        raise PermissionDenied
    languages = phrases.languages()
    if not languages:
        raise Http404  # the pages speak the company's own language and no other
    language = request.GET.get("language", "")
    language = language if language in languages else next(iter(languages))
    if request.method == "GET" and request.GET.get("as") == "csv":
        return _sheet(language)
    context: dict[str, Any] = {"may": user.has_perm("inventory.change_phrase"), "taken": None, "given": {}}
    status = 200
    if request.method == "POST":
        if not context["may"]:
            raise PermissionDenied
        try:
            context["taken"] = _take(language, request)
        except Refused as error:
            context["fault"], status = error.message, 422
    # What stays on the page after a refusal, or because one of them was refused.
    context["given"] = dict(_typed(request)) if status != 200 else {}
    return TemplateResponse(
        request,
        "admin/translating.html",
        {**site.each_context(request), "title": "Our words in other languages", **context, **_facts(language, context)},
        status=status,
    )


def _facts(language: str, context: dict[str, Any]) -> dict[str, Any]:
    texts, known = phrases.wanted(), _known()
    open_ = [one for one in texts if (language, one) not in known]
    return {
        "language": language,
        "name": phrases.languages()[language],
        "total": len(texts),
        "languages": [
            (code, name, sum((code, one) in known for one in texts)) for code, name in phrases.languages().items()
        ],
        "open": [(one, context["given"].get(one, "")) for one in open_[:AT_ONCE]],
        "left": max(len(open_) - AT_ONCE, 0),
    }


def _known() -> set[tuple[str, str]]:
    return set(Phrase.objects.values_list("language", "text"))


def _typed(request: HttpRequest) -> list[tuple[str, str]]:
    return list(zip(request.POST.getlist("text"), request.POST.getlist("words"), strict=False))


def _take(language: str, request: HttpRequest) -> phrases.Taken:
    """Keep what was typed or what stands in the file. Raises Refused."""
    who = actor.staff(colleague(request).pk)
    file = request.FILES.get("file")
    if file is None:
        return phrases.save(language, _typed(request), actor=who)
    return phrases.bring(language, sheet.text(file.read(LONGEST + 1), most=LONGEST), actor=who)


def _sheet(language: str) -> HttpResponse:
    # The mark by which a spreadsheet knows UTF-8.
    answer = HttpResponse("\ufeff" + phrases.sheet(language), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="our-words-{language}.csv"'
    return answer
