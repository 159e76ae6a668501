"""Admin bases: whoever changes something on the desk leaves an event, nothing is deleted in passing, and a button that changes
state is a POST that calls one verb.
"""

from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from unfold.admin import ModelAdmin
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from audit import actor, log, typed
from audit.refusal import Refused

# The buttons of a record's own form.
SAVING = ("_save", "_continue", "_addanother")
DATES = ("date", "datetime-local")


@dataclass(frozen=True)
class Input:
    """One field of a button's form; `choices` makes it a select, and then nothing else is taken. More characters than `most`
    are refused: cutting them off would lose what was typed.
    """

    name: str
    label: str
    choices: Sequence[tuple[str, str]] = ()
    required: bool = True
    kind: str = "text"
    most: int = 2000


@dataclass(frozen=True)
class Verb:
    """A button on a record: `run` gets the record, the colleague and the inputs, and answers with a sentence.

    `once`: the sentence is personal or secret. It stands on the page that answers the click and is kept nowhere, not in
    the cookie that carries other messages over a redirect either. `offered` hides a button from who would be refused anyway.
    """

    name: str
    label: str
    permission: str
    run: Callable[[Any, User, dict[str, str]], str]
    inputs: tuple[Input, ...] = ()
    style: str = "plain"
    confirm: str = ""
    shown: Callable[[Any], bool] = lambda record: True
    once: bool = False
    offered: Callable[[Any, User], bool] = lambda record, user: True


@dataclass(frozen=True)
class Button:
    """A verb as the page shows it. `folded`: it opens before it can be pressed; `open`: it was refused just now."""

    verb: Verb
    url: str
    inputs: list[tuple[Input, str]]
    folded: bool
    open: bool


def colleague(request: HttpRequest) -> User:
    """The signed-in member of staff. The admin site lets nobody else in."""
    assert isinstance(request.user, User)
    return request.user


def read(inputs: Sequence[Input], given: dict[str, str]) -> dict[str, str]:
    """The inputs of a button. Raises Refused for one that is missing, for a choice that was not offered, and for what could not
    be kept: characters that no database takes, too many of them, a date that is in no calendar or no lifetime.
    """
    for one in inputs:
        value = given.get(one.name, "")
        if one.required and not value:
            raise Refused(f"{one.label}: please fill this in.", code="missing", field=one.name)
        if value and one.choices and value not in dict(one.choices):
            raise Refused(f"{one.label}: choose one of the list.", code="choice_unknown", field=one.name)
        if "\0" in value:
            raise Refused(
                f"{one.label}: please type this again without control characters.", code="control", field=one.name
            )
        if len(value) > one.most:
            said = f"{one.label}: {one.most:,} characters are the most, and these are {len(value):,}. Shorten it."
            raise Refused(said, code="too_long", field=one.name)
        if value and one.kind in DATES and not _likely(value):
            said = f"{one.label}: there is no such day. Write it as 2027-03-31."
            raise Refused(said, code="day_wrong", field=one.name)
    return {one.name: given.get(one.name, "") for one in inputs}


def _likely(text: str) -> bool:
    try:
        return 1900 <= datetime.fromisoformat(text).year < 2200
    except ValueError:
        return False


class Accountable(ModelAdmin):
    """Records that colleagues edit. No deleting; each change is an event with the names of the changed fields."""

    verbs: tuple[Verb, ...] = ()
    formfield_overrides = {models.JSONField: {"form_class": typed.Json}}
    # Off where saving calls a verb that records the event itself.
    records = True
    change_form_outer_before_template = "admin/verbs.html"
    actions = None
    list_per_page = 50
    show_full_result_count = False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Boxes to tick: the two lists of Django's wide widget do not fit beside the menu."""
        return super().formfield_for_manytomany(
            db_field, request, **{"widget": UnfoldAdminCheckboxSelectMultipleWidget(), **kwargs}
        )

    def construct_change_message(self, request: HttpRequest, form: Any, formsets: Any, add: bool = False) -> list[str]:
        """The names of what was changed. Django would name records and values; those may be personal."""
        names = list(form.changed_data)
        for formset in formsets or ():
            names += sorted({f"{formset.prefix}.{name}" for one in formset.forms for name in one.changed_data})
        return sorted(names)

    def log_addition(self, request: HttpRequest, obj: Any, message: list[str]) -> Any:
        """The event instead of Django's own log, in the transaction of the change."""
        self._record("desk.added", request, obj, message)

    def log_change(self, request: HttpRequest, obj: Any, message: list[str]) -> Any:
        """See log_addition."""
        self._record("desk.changed", request, obj, message)

    def _record(self, name: str, request: HttpRequest, obj: Any, fields: list[str]) -> None:
        if self.records:
            with log.atomic():
                log.record(name, actor=actor.staff(colleague(request).pk), noun=obj, fields=fields)

    def get_urls(self) -> list[URLPattern]:
        info = self.opts.app_label, self.opts.model_name
        own = path("<path:pk>/do/<slug:verb>/", self.admin_site.admin_view(self._do), name="{}_{}_do".format(*info))
        urls: list[URLPattern] = [own, *super().get_urls()]
        return urls

    def _do(self, request: HttpRequest, pk: str, verb: str) -> HttpResponse:
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if any(name in request.POST for name in SAVING):
            # The record's own form, on the page that refused a button: it posts to where it stands. 307 sends it on as it is.
            return HttpResponse(status=307, headers={"Location": self._address(pk)})
        record = self.get_object(request, pk)
        found = next((one for one in self.verbs if one.name == verb), None)
        if record is None or found is None:
            raise Http404
        if not colleague(request).has_perm(found.permission):
            raise PermissionDenied
        given = {one.name: request.POST.get(one.name, "").strip() for one in found.inputs}
        try:
            sentence = found.run(record, colleague(request), read(found.inputs, given))
        except Refused as error:
            messages.error(request, error.message)
            if found.inputs:  # what was typed comes back with the refusal
                return self._again(request, pk, status=422, pressed=verb, given=given)
            return redirect(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", pk)
        if found.once:
            return self._again(request, pk, shown_once=sentence)
        messages.success(request, sentence)
        return redirect(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", pk)

    def _again(self, request: HttpRequest, pk: str, *, status: int = 200, **context: Any) -> HttpResponse:
        """The record's page as the answer to a POST."""
        looking = copy(request)
        looking.method = "GET"
        answer: HttpResponse = self.change_view(looking, pk, extra_context=context)
        answer.status_code = status
        return answer

    def _address(self, pk: str) -> str:
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", args=(pk,))

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """What was typed is never lost: neither when saving is refused after the form was found right (somebody was quicker),
        nor when the record is no longer one that may be edited.
        """
        if request.method == "POST" and object_id is not None and (left := self._too_late(request, object_id)):
            messages.error(request, "This was changed meanwhile and can no longer be edited. What you typed is below.")
            return self._again(request, object_id, status=409, unsaved=left)
        try:
            answer: HttpResponse = super().changeform_view(request, object_id, form_url, extra_context)
        except Refused as error:
            typed.refuse(request, error)
            answer = super().changeform_view(request, object_id, form_url, extra_context)
        return answer

    def _too_late(self, request: HttpRequest, pk: str) -> list[tuple[str, str]]:
        """What was typed into a form that this colleague may use, of a record that may not be edited any more."""
        record = self.get_object(request, pk)
        late = (
            record is not None
            and self.has_change_permission(request)
            and self.has_view_permission(request, record)
            and not self.has_change_permission(request, record)
        )
        return typed.unsaved(request.POST, record) if late else []

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        return typed.refusing(request, super().get_form(request, obj, change, **kwargs))

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        record = kwargs.get("obj")
        may = colleague(request).has_perm
        context["verbs"] = [
            self._button(one, record, context)
            for one in self.verbs
            if record is not None
            and may(one.permission)
            and one.shown(record)
            and one.offered(record, colleague(request))
        ]
        answer: HttpResponse = super().render_change_form(request, context, *args, **kwargs)
        return answer

    def _button(self, verb: Verb, record: Any, context: dict[str, Any]) -> "Button":
        pressed = context.get("pressed") == verb.name
        typed = context.get("given", {}) if pressed else {}
        url = reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_do", args=(record.pk, verb.name))
        values = [(one, typed.get(one.name, "")) for one in verb.inputs]
        return Button(verb, url, values, bool(verb.inputs) or verb.style == "danger", pressed)


class ReadOnly(Accountable):
    """Records that only verbs write."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> "models.QuerySet[Any]":
        rows: models.QuerySet[Any] = super().get_queryset(request)
        related = getattr(self, "follow", ())
        return rows.select_related(*related) if related else rows
