"""The conversation on the case page: write to the person, say that there is nothing to answer, fetch a file."""

from uuid import UUID

from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.http.response import HttpResponseBase

from audit import actor
from audit.refusal import Refused
from requests_app import conversation, uploads
from requests_app.admin.looks import may_reveal
from requests_app.admin.posting import Posts
from requests_app.models import Attachment, Request
from requests_app.views import talking


class Talks(Posts):
    """What a colleague does in the conversation of one case."""

    def write(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Write to the person."""

        def reply(case: Request, by: User, given: dict[str, str]) -> str:
            conversation.reply(
                case, by=by, words=given.get("words", ""), files=talking.given(request), nonce=given.get("nonce", "")
            )
            return "Written. The person is told by e-mail that a message waits; the words stand on their page only."

        return self._call(request, pk, reply)

    def seen(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Nothing to answer."""

        def note(case: Request, by: User, given: dict[str, str]) -> str:
            conversation.seen(case, by=by)
            return "Noted: nothing to answer."

        return self._call(request, pk, note)

    def attachment(self, request: HttpRequest, pk: UUID, file_id: UUID) -> HttpResponseBase:
        """A file of the conversation, to be saved; each fetch is an event."""
        user = may_reveal(request)
        if request.method != "GET":
            return HttpResponseNotAllowed(["GET"])
        row = Attachment.objects.select_related("message__request").filter(pk=file_id, message__request=pk).first()
        if row is None:
            raise Http404
        try:
            return talking.handed_out(row, uploads.fetch(row, actor=actor.staff(user.pk)))
        except Refused as refused:
            return self.show(request, pk, status=410, trouble=refused.message)
