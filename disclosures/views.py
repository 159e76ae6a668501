"""Public pages: where a recipient answers, where a person reads what we must tell them, and the transparency report.

A GET shows a button and changes nothing, for mail scanners open links too.
"""

from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from audit import log
from audit.refusal import Refused
from disclosures import acknowledging, errands, notices, objecting, persons
from disclosures.demands import transparency as figures
from disclosures.models import Errand, Notice, PersonNotice


@require_http_methods(["GET", "HEAD", "POST"])
def acknowledge(request: HttpRequest, token: str) -> HttpResponse:
    """Shows what was asked of the recipient, without a word about the person unless it is done here; POST answers."""
    notice = notices.by_token(token)
    if notice is None:
        raise Http404
    response = _pressed(request, token, notice) if request.method == "POST" else _page(request, notice)
    # Never the path with its token. Not "no-referrer": the form would arrive with `Origin: null` and be refused.
    response["Referrer-Policy"] = "strict-origin"
    return response


def _pressed(request: HttpRequest, token: str, notice: Notice) -> HttpResponse:
    press = request.POST.get("press", Notice.Answer.DONE)
    if press == "show":
        return _show(request, notice)
    words, name = request.POST.get("words", ""), request.POST.get("name", "")
    try:
        notices.acknowledge(token, now=timezone.now(), answer=press, words=words, name=name)
    except Refused as refused:
        typed = {"sentence": refused.message, "words": words[:2000], "name": name[:120]}
        return _page(request, notice, status=422, **typed)
    response: HttpResponse = HttpResponseRedirect(request.path)
    response.status_code = 303
    return response


def _show(request: HttpRequest, notice: Notice) -> HttpResponse:
    """Whom it is about: on the answer to a POST, and kept nowhere. Only while it is to be done here."""
    errand = _errand(notice)
    if errand is None:
        raise Http404
    with log.atomic():
        names = errands.shown(errand, acknowledging.RECIPIENT)
    return _page(request, notice, names=names)


def _page(request: HttpRequest, notice: Notice, *, status: int = 200, **more: Any) -> HttpResponse:
    context = {"notice": notice, "errand": _errand(notice), **more}
    return render(request, "disclosures/ack.html", context, status=status)


def _errand(notice: Notice) -> Errand | None:
    """What the recipient does on this page, while it is open."""
    return Errand.objects.filter(notice=notice, theirs=True, state=Errand.State.OPEN).first()


@require_http_methods(["GET", "HEAD", "POST"])
def told(request: HttpRequest, token: str) -> HttpResponse:
    """What we must tell one person. A demand stands behind a button; POST shows it, and objects."""
    notice = persons.behind(token)
    if notice is None:
        raise Http404
    now, trouble, status = timezone.now(), "", 200
    shown = notice.kind == PersonNotice.Kind.TRANSACTION
    if request.method == "POST":
        shown = True
        persons.seen(notice, now)
        if "object" in request.POST:
            try:
                objecting.object_(notice, request.POST.get("words", ""), now=now)
            except Refused as refused:
                trouble, status = refused.message, 422
    context = {
        "notice": notice, "shown": shown, "trouble": trouble, "about": notice.demand or notice.transaction,
        "objected_at": objecting.objected_at(notice), "may_object": objecting.may_object(notice, now),
        "longest": objecting.LONGEST,
    }  # fmt: skip
    if shown and notice.demand is not None:
        after = notice.kind == PersonNotice.Kind.DEMAND_AFTER
        rows = notice.demand.given if after else notice.demand.asked
        context["categories"] = list(rows.order_by("name").values_list("name", flat=True))
    response = render(request, "disclosures/told.html", context, status=status)
    response["Referrer-Policy"] = "strict-origin"
    response["Cache-Control"] = "no-store"
    return response


@require_safe
def transparency(request: HttpRequest) -> HttpResponse:
    """The published report: finished periods, with ranges where the law wants them. `as` is csv. Off without the setting."""
    if not settings.TRANSPARENCY_PAGE:
        raise Http404
    offered = figures.periods(timezone.localdate(), finished=True)
    period = figures.chosen(request.GET.get("period", ""), offered)
    if period is None:
        raise Http404
    exact = figures.read(period)
    report, ranges = figures.published(exact), figures.bands(exact)
    if request.GET.get("as") == "csv":
        answer = HttpResponse(figures.as_csv(report, ranges), content_type="text/csv; charset=utf-8")
        answer["Content-Disposition"] = f'attachment; filename="transparency-{period.key}.csv"'
        return answer
    context = {"report": report, "bands": ranges, "periods": offered}
    return render(request, "disclosures/transparency.html", context)
