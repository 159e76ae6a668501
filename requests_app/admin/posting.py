"""What leaves the desk in a colleague's hands: a letter that was posted, the package on a data carrier, a consent receipt."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.views.decorators.http import require_POST

from audit import actor as actors
from audit import log
from audit.refusal import Refused
from consent.receipts import records
from requests_app import delivery, letters
from requests_app.admin.case import may_see
from requests_app.admin.letters import Sheets
from requests_app.delivery import locked
from requests_app.models import Letter, Parcel, Request


class Posts(Sheets):
    """What a colleague does with paper and data carriers."""

    def posted(self, request: HttpRequest, pk: UUID, letter_id: UUID) -> HttpResponse:
        """This letter lies in the letter box."""

        def post(case: Request, by: User, given: dict[str, str]) -> str:
            letters.posted(get_object_or_404(Letter, pk=letter_id, request=case.pk), by=by, now=timezone.now())
            return "Noted: the letter was posted today."

        return self._call(request, pk, post)

    def take_package(self, request: HttpRequest, pk: UUID) -> HttpResponseBase:
        """The package as a ZIP that only the typed password opens, for a data carrier."""
        answer: HttpResponseBase = require_POST(self._take)(request, pk)
        return answer

    def _take(self, request: HttpRequest, pk: UUID) -> HttpResponseBase:
        user = may_see(request)
        parcel = get_object_or_404(Parcel.objects.select_related("request"), request=pk)
        try:
            password = locked.check(request.POST.get("password", ""), request.POST.get("again", ""))
            if not password:
                raise Refused("Choose a password: a data carrier can be lost.", code="password_missing")
            pieces = delivery.take_over(parcel, by=user, password=password)
        except Refused as error:
            messages.error(request, error.message)
            return self.show(request, pk, status=422)
        response = StreamingHttpResponse(pieces, content_type="application/zip")
        response["Content-Disposition"] = f'attachment; filename="data-{parcel.request.reference}.zip"'
        response["Cache-Control"] = "no-store"
        return response

    def receipt(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """The signed receipt of everything that this person chose; fetching it is an event."""
        answer: HttpResponse = require_POST(self._receipt)(request, pk)
        return answer

    def _receipt(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        user = may_see(request)
        if not user.has_perm("consent.view_choice"):
            raise PermissionDenied
        case = get_object_or_404(Request, pk=pk)
        chosen = records.of_holder(case.subject_id) if case.subject_id else []
        if not chosen:
            raise Http404
        made = records.receipt(chosen)
        with log.atomic():
            actor = actors.staff(user.pk)
            log.record("receipt.fetched", actor=actor, noun=chosen[0], subject_id=case.subject_id, choices=len(chosen))
        response = HttpResponse(records.pretty(made), content_type=f"{records.MEDIA}; charset=utf-8")
        response["Content-Disposition"] = f'attachment; filename="{records.file_name(made)}"'
        return response
