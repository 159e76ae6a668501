"""The conversation on a person's page: what they write, answer and send along, and the files that they fetch."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.http import content_disposition_header

from audit import actor as actors
from audit.refusal import Refused
from requests_app import uploads
from requests_app.models import Attachment, PersonSession
from requests_app.views import visitor
from requests_app.views.visitor import signed_in

# No browser shows, runs or guesses anything about a file from outside, wherever it is opened.
HARMLESS = {
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
}


def given(request: HttpRequest) -> list[uploads.Given]:
    """The files of a form, by their names and bytes; boxes that were left empty are not files.

    Raises Refused for more bytes than may come in, before they are read.
    """
    rows = [one for one in request.FILES.getlist("files") if one.name]
    too_many = uploads.too_much([one.size or 0 for one in rows])
    if too_many is not None:
        raise too_many
    return [uploads.Given(str(one.name), one.read()) for one in rows]


def handed_out(attachment: Attachment, pieces: Iterator[bytes]) -> StreamingHttpResponse:
    """A file as bytes to be saved, never as a page."""
    response = StreamingHttpResponse(pieces, content_type="application/octet-stream")
    response["Content-Length"] = str(attachment.size)
    response["Content-Disposition"] = content_disposition_header(True, attachment.name) or "attachment"
    for name, value in HARMLESS.items():
        response[name] = value
    return response


@signed_in
def file(request: HttpRequest, session: PersonSession, pk: UUID, file_id: UUID) -> HttpResponseBase:
    """A file of this person's conversation; 404 for anybody else's, as for one that never was."""
    if request.method != "GET":
        return HttpResponse(status=405, headers={"Allow": "GET"})
    row = Attachment.objects.select_related("message__request").filter(pk=file_id, message__request=pk).first()
    if row is None or row.message.request.subject_id != session.subject_id:
        raise Http404
    try:
        return handed_out(row, uploads.fetch(row, actor=actors.person(session.subject_id)))
    except Refused as refused:
        context: dict[str, Any] = {"sentence": refused.message, "back": reverse("portal:one", args=[pk])}
        return visitor.page(request, "refused", context, status=410)
