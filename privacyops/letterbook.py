"""The desk's page about letters: what each says under a law and in a language, written from invented data."""

from typing import Any

from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone

import law
from audit.accountable import colleague
from requests_app import samples, stationery
from requests_app.views import paper


def letterbook(site: AdminSite, request: HttpRequest) -> HttpResponse:
    """All kinds of letters under a law and in a language, with one of them written out, from invented data."""
    if not colleague(request).has_perm("requests_app.view_request"):
        raise PermissionDenied
    given = request.GET
    statute = law.statutes().get(given.get("law", "eu-gdpr"))
    language, code = given.get("language", stationery.DEFAULT), given.get("kind", "acknowledgement")
    if statute is None or language not in stationery.LANGUAGES or code not in stationery.KINDS:
        raise Http404
    kinds = samples.kinds(statute)
    kind = next((one for one in kinds if one.code == code), kinds[0])
    sheet = samples.letter(kind.code, statute.id, language)
    if given.get("as") == "pdf":
        residence = samples.request(kind, statute).residence
        return paper.answer(
            sheet, reference=samples.REFERENCE, residence=residence, on=timezone.now(), kind=kind.code,
            name=samples.NAME,
        )  # fmt: skip
    context = {
        **site.each_context(request),
        "title": "Letter samples",
        "law": statute,
        "laws": sorted(law.statutes().values(), key=lambda one: one.name),
        "language": language,
        "languages": stationery.LANGUAGES,
        "kind": kind,
        "rows": [_row(one, statute.id, language) for one in kinds],
        "others": [one for one in stationery.KINDS.values() if one not in kinds],
        "sheet": sheet,
    }
    return TemplateResponse(request, "admin/letters.html", context)


def _row(kind: stationery.Kind, statute: str, language: str) -> dict[str, Any]:
    name, special = stationery.find(kind.code, language, [statute])
    pieces = [stationery.PIECES[one][0] for one in kind.pieces]
    return {"kind": kind, "pieces": pieces, "version": stationery.version(name), "special": special, "file": name}
