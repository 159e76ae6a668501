"""What a colleague does beside the decision on one case: watch it, read what names them, tick the checklist."""

from uuid import UUID

from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone

from requests_app import playing, watching
from requests_app.admin.following import Follows
from requests_app.models import Request


class TeamPages(Follows):
    """What a colleague does for themself on one case."""

    def watching(self, request: HttpRequest, pk: UUID, verb: str) -> HttpResponse:
        """Watch the case, watch it no more, or say that the notes that name one were read."""

        def run(case: Request, by: User, given: dict[str, str]) -> str:
            if verb == "watch":
                watching.watch(case, by=by)
                return "You watch this case now. The daily mail says when something happened to it."
            if verb == "unwatch":
                watching.unwatch(case, by=by)
                return "You watch this case no more."
            if verb == "read":
                watching.read(case, by=by, now=timezone.now())
                return "Noted that you have read it."
            raise Http404

        return self._call(request, pk, run)

    def step(self, request: HttpRequest, pk: UUID, number: int) -> HttpResponse:
        """A step of the checklist is done, or was not after all."""

        def run(case: Request, by: User, given: dict[str, str]) -> str:
            done = given.get("done") == "1"
            playing.tick(case, number=number, done=done, by=by)
            return f"Step {number} is done." if done else f"Step {number} is open again."

        return self._call(request, pk, run)
