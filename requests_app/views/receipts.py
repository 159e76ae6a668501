"""Consent receipts of a signed-in person, and what anybody needs to check one: our public keys and the shapes."""

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from audit import actor as actors
from audit import log
from consent.models import Choice
from consent.receipts import records, signing
from requests_app.models import PersonSession
from requests_app.views.visitor import signed_in


@require_safe
@signed_in
def one(request: HttpRequest, session: PersonSession, pk: UUID) -> HttpResponse:
    """The receipt of one choice of this person. What is another person's is not there."""
    return _download(session, records.of_holder(session.subject_id, pk))


@require_safe
@signed_in
def everything(request: HttpRequest, session: PersonSession) -> HttpResponse:
    """One receipt of every choice that this person made."""
    return _download(session, records.of_holder(session.subject_id))


@require_safe
def keys(request: HttpRequest) -> HttpResponse:
    """/.well-known/privacyops-receipt-keys.json: the public keys, old ones too."""
    response = JsonResponse(signing.published(), content_type="application/jwk-set+json")
    response["Cache-Control"] = "public, max-age=3600"
    response["Access-Control-Allow-Origin"] = "*"
    return response


@require_safe
def shapes(request: HttpRequest) -> HttpResponse:
    """What a receipt holds, as SHACL."""
    return HttpResponse(
        (records.SCHEMAS / "receipt-shapes-1.ttl").read_bytes(), content_type="text/turtle; charset=utf-8"
    )


def _download(session: PersonSession, chosen: list[Choice]) -> HttpResponse:
    if not chosen:
        raise Http404
    made = records.receipt(chosen)
    with log.atomic():
        actor = actors.person(session.subject_id)
        log.record("receipt.fetched", actor=actor, noun=chosen[0], subject_id=session.subject_id, choices=len(chosen))
    response = HttpResponse(records.pretty(made), content_type=f"{records.MEDIA}; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{records.file_name(made)}"'
    return response
