"""What the case page asks for while work goes on: how far it is, as JSON. Nothing personal, so that looking leaves no event."""

from uuid import UUID

from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse
from django.utils import timezone

from requests_app import effort, progress
from requests_app.admin.case import may_see
from requests_app.admin.talking import Talks
from requests_app.models import Request


class Follows(Talks):
    """The pages of one case, and what follows its work."""

    def spend(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Note time that was spent."""

        def note(case: Request, by: User, given: dict[str, str]) -> str:
            row = effort.spend(case, by=by, minutes=given.get("minutes", ""), text=given.get("on", ""))
            return f"{row.minutes} minutes noted."

        return self._call(request, pk, note)

    def progress(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """States and counts of one case."""
        may_see(request)
        if request.method != "GET":
            return HttpResponseNotAllowed(["GET"])
        try:
            found = progress.of(pk, timezone.now())
        except Request.DoesNotExist as error:
            raise Http404 from error
        return JsonResponse(found.shown(), headers={"Cache-Control": "no-store"})
