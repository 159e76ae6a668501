"""Tasks by hand on the desk: the list, and one page for whoever does the work."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display

from audit import typed
from audit.accountable import ReadOnly, colleague
from audit.refusal import Refused
from connectors import handwork
from connectors.handasking import MAY_SIGN
from connectors.kinds.hand import place
from connectors.models import HandTask
from connectors.models.tasks import HandTasks

TEMPLATE = "admin/connectors/handtask/task.html"
BACKEND = "django.contrib.auth.backends.ModelBackend"
ASKED = {
    "find": "Look in {}",
    "erase": "Erase in {}",
    "anonymise": "Make anonymous in {}",
    "correct": "Correct in {}",
    "suppress": "Mark an opt-out in {}",
    "restrict": "Mark a restriction in {}",
}
FOUND = "I looked for everything named here, wherever the instructions say, and the items above are all that I found."
NOTHING = "I looked for everything named here, wherever the instructions say, and found nothing."
DONE = "What I say of each item is true: what I call done is done, copies included."
Fields = dict[str, str]


class Waits(admin.SimpleListFilter):
    """Whose turn it is."""

    title = "waits for"
    parameter_name = "waits"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("me", "Me"), ("nobody", "Nobody has it yet"), ("overdue", "Overdue"), ("open", "Anything open")]

    def queryset(self, request: HttpRequest, rows: Any) -> Any:
        if self.value() == "me":
            return rows.of(request.user)
        if self.value() == "nobody":
            return rows.waiting().filter(assignee=None)
        if self.value() == "overdue":
            return rows.overdue(timezone.localdate())
        return rows.waiting() if self.value() == "open" else rows


class HandTaskAdmin(ReadOnly):
    """Work by hand."""

    list_display = ("what", "due", "whose", "shown_state", "origin")
    list_filter = (Waits, "state", "order__system")
    follow = ("order__system", "order__batch", "assignee")
    ordering = ("due_on", "created_at")
    list_display_links = None

    def get_queryset(self, request: HttpRequest) -> Any:
        rows = super().get_queryset(request).defer("details", "note")
        return rows if sees_all(colleague(request)) else rows.filter(theirs(colleague(request)))

    @display(description="Task")
    def what(self, task: HandTask) -> SafeString:
        link = reverse("admin:connectors_handtask_change", args=(task.pk,))
        return format_html('<a class="po-ref" href="{}">{}</a>', link, asked(task))

    @display(description="Due", ordering="due_on")
    def due(self, task: HandTask) -> SafeString:
        return format_html('<span class="po-clock po-{}">{}</span>', *when(task))

    @display(description="Assignee")
    def whose(self, task: HandTask) -> str:
        return name(task.assignee) if task.assignee else "nobody yet"

    @display(description="State", ordering="state")
    def shown_state(self, task: HandTask) -> str:
        return task.get_state_display()

    @display(description="For")
    def origin(self, task: HandTask) -> str:
        return task.order.batch.origin

    def get_urls(self) -> list[URLPattern]:
        own = path(
            "<uuid:pk>/by-hand/<slug:name>/", self.admin_site.admin_view(self.press), name="connectors_handtask_press"
        )
        urls: list[URLPattern] = [own, *super().get_urls()]
        return urls

    def change_view(
        self, request: HttpRequest, object_id: Any = None, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """The task's page instead of a form."""
        try:
            return self._show(request, UUID(str(object_id)))
        except ValueError as error:
            raise Http404 from error

    def press(self, request: HttpRequest, pk: UUID, name: str) -> HttpResponse:
        """A button of the page; a refusal comes back on the page with what was typed."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        task, user = self._task(request, pk), colleague(request)
        given = {key: str(value) for key, value in request.POST.items() if key != "csrfmiddlewaretoken"}
        try:
            if name == "reveal":
                return self._show(request, pk, details=handwork.reveal(task, by=user))
            if name not in BUTTONS:
                raise Http404
            messages.success(request, BUTTONS[name](task, user, given, request))
        except Refused as error:
            messages.error(request, error.message)
            return self._show(request, pk, status=422, given=given | {"form": name})
        if not visible(user).filter(pk=pk).exists():
            return redirect("admin:connectors_handtask_changelist")  # given away
        return redirect("admin:connectors_handtask_change", pk)

    def _task(self, request: HttpRequest, pk: UUID) -> HandTask:
        if not self.has_view_permission(request):
            raise PermissionDenied
        rows = visible(colleague(request)).select_related("order__system", "order__batch", "assignee")
        return get_object_or_404(rows, pk=pk)

    def _show(
        self, request: HttpRequest, pk: UUID, *, status: int = 200, given: Fields | None = None,
        details: dict[str, Any] | None = None,
    ) -> HttpResponse:  # fmt: skip
        task, user = self._task(request, pk), colleague(request)
        mine = task.assignee_id == user.pk and user.has_perm(MAY_SIGN)
        waits = HandTask.objects.waiting().filter(pk=pk).exists()
        context = {
            **self.admin_site.each_context(request),
            "title": asked(task), "task": task, "when": when(task), "given": given or {}, "details": details,
            "mine": mine, "open": waits, "may": user.has_perm(MAY_SIGN), "colleagues": _colleagues(),
            "assignee": name(task.assignee) if task.assignee else "", "finds": task.ask.get("operation") == "find",
            "items": list(task.items.defer("file")) if mine else [], "count": task.items.count(),
            "rows": _rows(task, details, given or {}), "answers": handwork.ANSWERS.items(),
            "sentence": _sentence(task), "signed": name(task.signed_by) if task.signed_by else "",
            "again": task.answer.get("undone") and task.order.state == "parked" and task.state == "done",
        }  # fmt: skip
        return TemplateResponse(request, TEMPLATE, context, status=status)


def sees_all(user: User) -> bool:
    """Whether a colleague sees everybody's tasks, as casework needs; a system owner sees their own."""
    return user.has_perm("connectors.view_batch")


def theirs(user: User) -> Q:
    """A colleague's own tasks, what they signed off, and what nobody has yet."""
    return Q(assignee=user.pk) | Q(signed_by=user.pk) | Q(assignee=None)


def visible(user: User) -> HandTasks:
    """The tasks that a colleague may see."""
    return HandTask.objects.all() if sees_all(user) else HandTask.objects.filter(theirs(user))


def asked(task: HandTask) -> str:
    """What a task is, in a few words."""
    return ASKED.get(task.ask.get("operation", ""), "Work in {}").format(task.order.system.name)


def when(task: HandTask) -> tuple[str, str]:
    """(tone, words) of its day."""
    day = f"{task.due_on.day} {task.due_on:%b %Y}"
    if task.state != HandTask.State.OPEN:
        return "ok", day
    left = (task.due_on - timezone.localdate()).days
    if left < 0:
        return "late", f"overdue since {day}"
    return ("soon" if left <= 1 else "calm"), ("due today" if left == 0 else f"due on {day}")


def name(user: User) -> str:
    """A colleague as pages show them."""
    return user.get_full_name() or user.get_username()


def _colleagues() -> list[tuple[int, str]]:
    found = User.objects.with_perm(MAY_SIGN, backend=BACKEND).filter(is_staff=True)
    return [(one.pk, name(one)) for one in found.order_by("first_name", "username")[:500]]


def _rows(task: HandTask, details: dict[str, Any] | None, given: Fields) -> list[dict[str, Any]]:
    """The items of a task that is no search: what to do with each, its label once it was asked for, and its answer so far."""
    if task.ask.get("operation") == "find":
        return []
    places = {place(one["dataset"], one["collection"]): one for one in task.ask.get("places", ())}
    rows = []
    for one in (task.details or {}).get("items", ()):
        key = place(one["dataset"], one["collection"])
        full = place(one["dataset"], one["collection"], one["number"])
        write = (details or {}).get("write", {}).get(key, {})
        titles = {field["name"]: field["title"] for field in places[key]["fields"]}
        rows.append({
            "name": full, "number": one["number"], "title": places[key]["title"], "do": places[key]["do"],
            "label": one["label"] if details is not None else "",
            "write": [(titles.get(field, field), value) for field, value in write.items()],
            "answer": given.get(full) or task.answer.get("codes", {}).get(full, ""),
        })  # fmt: skip
    return rows


def _sentence(task: HandTask) -> str:
    if task.ask.get("operation") != "find":
        return DONE
    return FOUND if task.items.exists() else NOTHING


def _take(task: HandTask, by: User, given: Fields, request: HttpRequest) -> str:
    handwork.assign(task, to=by, by=by)
    return "This task is yours now."


def _assign(task: HandTask, by: User, given: Fields, request: HttpRequest) -> str:
    to = User.objects.filter(pk=typed.number(given.get("to"))).first()
    if to is None:
        raise Refused("Choose a colleague.", code="missing", field="to")
    handwork.assign(task, to=to, by=by)
    return f"{name(to)} has this task now."


def _add(task: HandTask, by: User, given: Fields, request: HttpRequest) -> str:
    item = handwork.add_item(
        task, values={key[2:]: value for key, value in given.items() if key.startswith("f-")},
        collection=given.get("collection", ""), file=request.FILES.get("file"), by=by,
    )  # fmt: skip
    return f"Item {item.number} is kept. Sign off when you have put in everything."


def _drop(task: HandTask, by: User, given: Fields, request: HttpRequest) -> str:
    handwork.drop_item(task, typed.number(given.get("number")), by=by)
    return "The item is taken out."


def _sign(task: HandTask, by: User, given: Fields, request: HttpRequest) -> str:
    handwork.sign_off(
        task, by=by, confirmed=given.get("confirmed") == "on", answers=given, note=given.get("note", "")
    )  # fmt: skip
    return "Signed off. The request goes on by itself."


def _again(task: HandTask, by: User, given: Fields, request: HttpRequest) -> str:
    handwork.ask_again(task, by=by)
    return "The task is open again for what was left."


BUTTONS: dict[str, Callable[[HandTask, User, Fields, HttpRequest], str]] = {
    "take": _take, "assign": _assign, "item": _add, "drop": _drop, "sign": _sign, "again": _again,
}  # fmt: skip
