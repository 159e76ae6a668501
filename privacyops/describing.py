"""The desk's page that takes the inventory out as files and brings descriptions in."""

from typing import Any

from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from audit import actor
from audit.accountable import colleague
from audit.refusal import Refused
from inventory import descriptions
from inventory.models import System

LONGEST = 5_000_000  # bytes of all files together
MOST_FILES = 100
# Download -> (name of the file, content type).
EXPORTS = {
    "yaml": ("inventory.yaml", "application/yaml"),
    "csv": ("inventory.csv", "text/csv"),
    "fides": ("inventory.fides.yaml", "application/yaml"),
}


def describing(site: AdminSite, request: HttpRequest) -> HttpResponse:
    """GET: the page, or with `as` a download. POST: files to be checked, and loaded if that was the button."""
    user = colleague(request)
    if not user.has_perm("inventory.view_collection"):
        raise PermissionDenied
    if wanted := request.GET.get("as"):
        return _download(wanted)
    context: dict[str, Any] = {
        **site.each_context(request),
        "title": "Import and export",
        "may_load": user.has_perm("inventory.change_collection"),
        "systems": System.objects.order_by("name"),
        "given": request.POST,
    }
    status = 200
    if request.method == "POST":
        if not context["may_load"]:
            raise PermissionDenied
        try:
            context["done"] = _bring(request)
        except Refused as error:
            context["faults"], status = error.message.split("\n"), 422
    return TemplateResponse(request, "admin/describing.html", context, status=status)


def _download(wanted: str) -> HttpResponse:
    if wanted not in EXPORTS:
        raise Http404
    if wanted == "csv":
        text = "\ufeff" + descriptions.export_csv()  # the mark by which a spreadsheet knows UTF-8
    else:
        text = descriptions.export_fides()[0] if wanted == "fides" else descriptions.export()
    name, kind = EXPORTS[wanted]
    answer = HttpResponse(text, content_type=f"{kind}; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _bring(request: HttpRequest) -> descriptions.Brought:
    return descriptions.bring(
        _files(request),
        actor=actor.staff(colleague(request).pk),
        system=request.POST.get("system", "").strip(),
        lenient="lenient" in request.POST,
        check=request.POST.get("do") != "load",
    )


def _files(request: HttpRequest) -> list[tuple[str, str]]:
    """(name, text) of the uploaded files. Raises Refused."""
    given = request.FILES.getlist("files")
    if not given:
        raise Refused("Choose a file first.", code="missing", field="files")
    if len(given) > MOST_FILES or sum(one.size or 0 for one in given) > LONGEST:
        raise Refused(
            f"Together the files may have {LONGEST // 1_000_000} MB, and there may be {MOST_FILES} of them. "
            "For more use manage.py describe.",
            code="too_long",
        )
    files = []
    for one in given:
        try:
            files.append((one.name or "file", one.read().decode("utf-8-sig")))
        except UnicodeDecodeError as error:
            raise Refused(f"{one.name}: this is no UTF-8 text. Save it as UTF-8.", code="description") from error
    return files
