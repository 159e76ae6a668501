"""Clients and their instructions on the desk."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from unfold.decorators import display
from unfold.widgets import UnfoldAdminSelectWidget

from audit import actor as actors
from audit.accountable import Accountable, Input, Verb, colleague
from audit.refusal import Refused
from disclosures import clients
from disclosures.models import Client, Instruction
from inventory.models import System

WORDS = (Input("words", "In a few words, without names of people"),)


@admin.register(Client)
class ClientAdmin(Accountable):
    """Controllers for whom we process."""

    list_display = (
        "name",
        "contact",
        "authorisation",
        "contract",
        "contract_until",
        "in_force",
        "open_objections",
        "active",
    )
    list_filter = ("authorisation", "active")
    search_fields = ("name", "key")
    list_before_template = "admin/disclosures/client/above.html"
    readonly_fields = ("where", "instructed", "their_requests")
    fieldsets = (
        (None, {"fields": ("key", "name", "contact", "language", "active")}),
        ("Contract", {"fields": ("contract", "contract_from", "contract_until", "authorisation", "notice_days")}),
        ("What there is", {"fields": ("where", "instructed", "their_requests")}),
    )

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Mails to a client speak one of the languages of the public pages."""
        if db_field.name == "language":
            return forms.ChoiceField(choices=settings.LANGUAGES, widget=UnfoldAdminSelectWidget, initial="en")
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Client]":
        rows: QuerySet[Client] = super().get_queryset(request)
        standing = Q(instructions__state=Instruction.State.IN_FORCE)
        against = Q(answers__answer="objects", answers__outcome="")
        return rows.annotate(
            standing=Count("instructions", filter=standing, distinct=True),
            against=Count("answers", filter=against, distinct=True),
        )

    def get_urls(self) -> list[URLPattern]:
        own = path("fill/", self.admin_site.admin_view(self.fill), name="disclosures_client_fill")
        urls: list[URLPattern] = [own, *super().get_urls()]
        return urls

    def fill(self, request: HttpRequest) -> HttpResponse:
        """Take over the clients that the inventory names."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        user = colleague(request)
        if not user.has_perm("disclosures.add_client"):
            raise PermissionDenied
        made = clients.from_inventory(actor=actors.staff(user.pk))
        messages.success(request, f"{len(made)} new. Enter their contracts, and what they instructed.")
        return redirect("admin:disclosures_client_changelist")

    @display(description="Instructions in force")
    def in_force(self, one: Any) -> int:
        return int(one.standing)

    @display(description="Open objections")
    def open_objections(self, one: Any) -> int:
        return int(one.against)

    @display(description="Its data is in")
    def where(self, one: Client) -> str:
        return ", ".join(one.systems.values_list("name", flat=True)) or "No system of the inventory names it."

    @display(description="Instructions")
    def instructed(self, one: Client) -> SafeString | str:
        rows = one.instructions.order_by("-given_on")[:20] if one.pk else []
        lines = format_html_join(
            "", '<li><a href="{}">{}</a>: {}</li>',
            ((reverse("admin:disclosures_instruction_change", args=(row.pk,)), row, row.get_state_display())
             for row in rows),
        )  # fmt: skip
        return format_html("<ul>{}</ul>", lines) if lines else "None is recorded."

    @display(description="Requests about its data")
    def their_requests(self, one: Client) -> SafeString | str:
        """Referrals are kept with the requests; here is the way there."""
        query = urlencode({"order__system__client": one.name})
        where = reverse("admin:requests_app_referral_changelist")
        return format_html('<a class="po-ref" href="{}?{}">Referrals to this client</a>', where, query)


class Waits(admin.SimpleListFilter):
    """Whether somebody has to do something."""

    title = "waits for"
    parameter_name = "waits"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("us", "Us, or an answer")]

    def queryset(self, request: HttpRequest, rows: "QuerySet[Instruction]") -> "QuerySet[Instruction]":
        return rows.filter(pk__in=clients.overdue(timezone.localdate()).values("pk")) if self.value() == "us" else rows


class InstructionForm(forms.ModelForm):
    """What a client said, as the verb takes it."""

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        if not self.errors:
            said = given["given_by"] + given["processing"]
            try:
                clients.check(given["client"], given["systems"], given_on=given["given_on"], said=said)
            except Refused as error:
                self.add_error(error.field if error.field in self.fields else None, error.message)
        return given


def _move(verb: str, done: str) -> Any:
    def run(one: Instruction, by: User, given: dict[str, str]) -> str:
        clients.move(one, verb, by=by, words=given["words"])
        return done

    return run


def _in(*states: str) -> Any:
    return lambda one: one.state in states


@admin.register(Instruction)
class InstructionAdmin(Accountable):
    """What clients told us to do. Recorded once; then only its state moves."""

    records = False  # the verbs do
    form = InstructionForm
    list_display = ("client", "kind", "given_on", "given_by", "due_on", "shown_state")
    list_filter = (Waits, "client", "kind", "state")
    list_select_related = ("client",)
    search_fields = ("processing",)
    verbs = (
        Verb("carry_out", "Carried out", clients.MAY_SETTLE, _move("carry_out", "Noted as carried out."), WORDS,
             style="primary", shown=lambda one: one.state == "in_force" and one.kind != "process"),
        Verb("doubt", "We think that it infringes the law", clients.MAY_SETTLE,
             _move("doubt", "Noted. Tell the client at once; nothing is done meanwhile."), WORDS, shown=_in("in_force")),
        Verb("confirm", "The client confirmed it, and it is lawful", clients.MAY_SETTLE,
             _move("confirm", "It is in force again."), WORDS, shown=_in("doubted")),
        Verb("end", "Ended", clients.MAY_SETTLE, _move("end", "Noted as ended."), WORDS, style="danger",
             shown=_in("in_force", "doubted")),
    )  # fmt: skip

    @display(
        description="State",
        label={
            "In force": "success",
            "We told them that it infringes the law": "danger",
            "Carried out": "info",
            "Ended": "info",
        },
    )
    def shown_state(self, one: Instruction) -> str:
        return one.get_state_display()

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        fields = ["client", "kind", "given_on", "given_by", "way", "processing", "systems", "due_on"]
        return fields if obj is None else [*fields, "state", "settled_on", "words", "recorded_by", "recorded_at"]

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        kwargs["queryset"] = System.objects.filter(role=System.Role.PROCESSOR).order_by("client", "name")
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Instruction, form: Any, change: bool) -> None:
        clients.record(obj, form.cleaned_data["systems"], by=colleague(request))

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """The verb kept the systems with the rest."""
