"""The doors of `together`: an action of the list shows what would happen, a button does it, a page says what became of each."""

from dataclasses import asdict
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.admin import AdminSite
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.views.decorators.http import require_POST
from unfold.forms import ActionForm

from requests_app import together
from requests_app.admin.case import may_see
from requests_app.models import Request

SESSION = "queue-together"
LONGEST = 5000
PREVIEW = "admin/requests_app/request/together.html"
RESULT = "admin/requests_app/request/together_done.html"


class Deeds(ActionForm):
    """The theme's choice of an action without its colours: it marks them as important, and they are too faint to read."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        attrs = self.fields["action"].widget.attrs
        attrs["class"] = " ".join(one for one in attrs.get("class", "").split() if ":!" not in one)


class ManyPages:
    """The views of one admin site."""

    def __init__(self, site: AdminSite) -> None:
        self.site = site

    def actions(self, user: User) -> dict[str, Any]:
        """What the list offers this colleague, as the admin wants it: (function, name, label)."""
        return {one.name: (self._action(one.name), one.name, one.label) for one in together.offered(user)}

    def _action(self, name: str) -> Any:
        def show(model_admin: Any, request: HttpRequest, rows: "QuerySet[Request]") -> HttpResponse:
            return self.preview(request, name, rows)

        return show

    def preview(self, request: HttpRequest, name: str, rows: "QuerySet[Request]") -> HttpResponse:
        """What would happen to each; nothing is changed."""
        user = may_see(request)
        one = _deed(name, user)
        chosen = list(rows.select_related("batch", "owner")[: together.MOST + 1])
        if len(chosen) > together.MOST:
            messages.error(request, f"At most {together.MOST} at once. Choose fewer.")
            return redirect("admin:requests_app_request_changelist")
        return self._shown(request, user, one, chosen)

    def _shown(
        self, request: HttpRequest, user: User, one: together.Deed, chosen: list[Request],
        given: together.Fields | None = None, left: set[UUID] | None = None,
    ) -> HttpResponse:  # fmt: skip
        """The preview; `given` and `left` ticked, where a form came back because something was missing."""
        seen, typed = together.preview(one, chosen, user), given or {}
        takes = [row.request for row in seen if not row.hindered]
        context = {
            **self.site.each_context(request), "title": one.label, "deed": one, "rows": seen, "possible": len(takes),
            "colleagues": _colleagues() if one.asks_colleague else [], "left": left,
            "asks": [(ask, typed.get(ask.name, "")) for ask in one.asks(takes)] if takes else [],
        }  # fmt: skip
        return TemplateResponse(request, PREVIEW, context, status=422 if given is not None else 200)

    def carry_out(self, request: HttpRequest) -> HttpResponse:
        """Do what the preview showed, to what was left ticked."""
        answer: HttpResponse = require_POST(self._carry_out)(request)
        return answer

    def _carry_out(self, request: HttpRequest) -> HttpResponse:
        user = may_see(request)
        one = _deed(request.POST.get("deed", ""), user)
        marks: dict[UUID, str] = {}
        for text in request.POST.getlist("pk")[: together.MOST]:
            pk, _, mark = str(text).partition(":")
            try:
                marks[UUID(pk)] = mark[:64]
            except ValueError:
                continue
        given = {ask.name: request.POST.get(ask.name, "")[:LONGEST] for ask in one.asks(())}
        if words := together.missing(one, given):
            messages.error(request, words)
            chosen = Request.objects.filter(pk__in=marks).select_related("batch", "owner").order_by("due_at", "pk")
            return self._shown(request, user, one, list(chosen), given, set(marks))
        results = together.carry_out(one, marks, user, given | {"to": request.POST.get("to", "")[:18]})
        request.session[SESSION] = {"label": one.label, "rows": [asdict(row) for row in results]}
        return redirect("admin:requests_app_request_together_done")

    def done(self, request: HttpRequest) -> HttpResponse:
        """What became of each, until the next time."""
        may_see(request)
        kept = request.session.get(SESSION) or {"label": "Nothing was chosen", "rows": []}
        refused = [row for row in kept["rows"] if not row["ok"]]
        context = {
            **self.site.each_context(request), "title": kept["label"], "refused": refused,
            "done": [row for row in kept["rows"] if row["ok"]],
        }  # fmt: skip
        return TemplateResponse(request, RESULT, context)


def _deed(name: str, user: User) -> together.Deed:
    found = together.deed(name, user)
    if found is None:
        raise PermissionDenied
    return found


def _colleagues() -> list[User]:
    """Colleagues who may be given a case; the verb has the last word."""
    rows = User.objects.filter(
        is_active=True, is_staff=True, groups__permissions__content_type__app_label="requests_app"
    )
    return list(rows.distinct().order_by("first_name", "username")[:200])
