"""The desk's screens of accountability: events, sweeps, API clients."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from unfold.decorators import display
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from audit import actor, clients, log
from audit.accountable import Accountable, ReadOnly, Verb, colleague
from audit.models import ApiClient, Event, SweepRun

# What the API's views ask for (`scopes` on each view); a test compares the two.
SCOPES = {
    "consent:write": "Record people's choices",
    "consent:read": "Read people's choices",
    "retention:read": "Ask whether people were erased, before an import",
    "disclosures:write": "Record disclosures",
    "disclosures:read": "Read who received a person's data",
    "releases:write": "Propose aggregate releases",
    "inventory:read": "Explain the plan of a search",
    "inventory:write": "Bring in descriptions of systems",
    "connectors:test": "Test connections",
    "requests:write": "Enter requests",
    "requests:read": "Read where requests stand and what became of them",
}


@admin.register(Event)
class EventAdmin(ReadOnly):
    """The event log."""

    list_display = ("number", "at", "what", "actor", "noun", "noun_id")
    list_filter = ("name", ("at", admin.DateFieldListFilter))
    search_fields = ("noun_id__exact", "actor__exact", "subject_id__exact")
    search_help_text = "Whole id, or actor such as staff:3"
    fields = ("number", "at", "what", "name", "actor", "noun", "noun_id", "subject_id", "facts", "previous", "digest")
    readonly_fields = ("what",)
    ordering = ("-number",)

    @display(description="Event")
    def what(self, event: Event) -> str:
        return log.label(event.name)


@admin.register(SweepRun)
class SweepRunAdmin(ReadOnly):
    """What the scheduler did."""

    list_display = ("job", "started_at", "finished_at", "found")
    list_filter = ("job",)
    ordering = ("-started_at",)


def _switch(active: bool) -> Any:
    def run(client: ApiClient, by: User, given: dict[str, str]) -> str:
        clients.switch(client, active=active, actor=actor.staff(by.pk))
        return "The key works again." if active else "The key no longer works."

    return run


class ApiClientForm(forms.ModelForm):
    """What a program is called and may do."""

    scopes = forms.MultipleChoiceField(
        choices=list(SCOPES.items()), widget=UnfoldAdminCheckboxSelectMultipleWidget, label="May do", required=False
    )

    class Meta:
        model = ApiClient
        fields = ("name", "scopes")


@admin.register(ApiClient)
class ApiClientAdmin(Accountable):
    """Programs that may call the API. A key is shown once, when it is made."""

    form = ApiClientForm
    list_display = ("name", "active", "created_at", "last_used_at")
    fields = ("name", "scopes")
    verbs = (
        Verb(
            "off", "Switch off", "audit.change_apiclient", _switch(False), style="danger", shown=lambda one: one.active
        ),
        Verb("on", "Switch on", "audit.change_apiclient", _switch(True), shown=lambda one: not one.active),
    )

    def save_model(self, request: HttpRequest, obj: ApiClient, form: Any, change: bool) -> None:
        if change:
            super().save_model(request, obj, form, change)
            return
        made, key = clients.create(obj.name, list(obj.scopes), actor=actor.staff(colleague(request).pk))
        obj.pk, obj._state.adding = made.pk, False
        obj.shown_key = key  # type: ignore[attr-defined]

    def log_addition(self, request: HttpRequest, obj: Any, message: list[str]) -> Any:
        """`clients.create` recorded it."""

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: Any = None) -> HttpResponse:
        """The key stands on the answer itself: not in a message, which would travel in a cookie."""
        context = {
            **self.admin_site.each_context(request),
            "title": obj.name,
            "shown_once": obj.shown_key,
            "next_url": reverse("admin:audit_apiclient_changelist"),
        }
        return TemplateResponse(request, "admin/audit/apiclient/key.html", context)
