"""Recipients on the desk: the register, what each gets and what for, and the register as CSV."""

from datetime import date
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from unfold.admin import TabularInline
from unfold.decorators import display

from audit import actor as actors
from audit import log, sheet
from audit.accountable import Accountable, Input, Verb, colleague
from audit.refusal import Refused
from disclosures import listing, recipients, register
from disclosures.models import Recipient, Transfer
from inventory.models import DataCategory, Purpose
from law import transfers

MAY_IMPORT = "disclosures.import_recipient"
LARGEST = 5_000_000  # bytes
TEMPLATES = "admin/disclosures/recipient"


def day(given: str) -> date:
    """A day as a form sends it. Raises Refused."""
    try:
        return date.fromisoformat(given)
    except ValueError:
        raise Refused("Write the day as 2027-03-31.", code="day_wrong") from None


def _reviewed(one: Recipient, by: User, given: dict[str, str]) -> str:
    due = recipients.reviewed(one, by=by, on=timezone.localdate())
    return f"Noted: looked at today, and due again on {due.isoformat()}."


def _announce(one: Recipient, by: User, given: dict[str, str]) -> str:
    change = listing.announce(one, by=by, starts_on=day(given["starts_on"]), words=given["words"])
    return f"Change {change.number} is announced. Clients and subscribers are told by mail."


def _first(one: Recipient, by: User, given: dict[str, str]) -> str:
    change = listing.enter_first(one, by=by, since=day(given["starts_on"]), words=given["words"])
    return f"It stands on the list, as change {change.number}. Nobody is told by mail."


def _remove(one: Recipient, by: User, given: dict[str, str]) -> str:
    change = listing.remove(one, by=by, on_day=day(given["starts_on"]), words=given["words"])
    return f"Change {change.number} is announced: it leaves the list on that day."


class Review(admin.SimpleListFilter):
    """By what time it is."""

    title = "review"
    parameter_name = "review"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("overdue", "Overdue"), ("ending", "Contract ends soon or is over"), ("ended", "Contract is over")]

    def queryset(self, request: HttpRequest, rows: "QuerySet[Recipient]") -> "QuerySet[Recipient]":
        reads = {"overdue": recipients.overdue, "ending": recipients.ending, "ended": recipients.ended}
        found = reads.get(self.value() or "")
        return rows.filter(pk__in=found(timezone.localdate()).values("pk")) if found else rows


class Gaps(admin.SimpleListFilter):
    """By what is missing."""

    title = "what is missing"
    parameter_name = "gap"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [
            ("transfer", "A basis for a transfer"),
            ("purpose", "What data is for"),
            ("sale", "The mark of a sale or sharing"),
            ("unlisted", "Its place on the list of sub-processors"),
        ]

    def queryset(self, request: HttpRequest, rows: "QuerySet[Recipient]") -> "QuerySet[Recipient]":
        today = timezone.localdate()
        if self.value() == "transfer":
            return rows.filter(pk__in=[one.pk for one, _ in recipients.abroad(today)])
        if self.value() == "purpose":
            return rows.filter(pk__in=recipients.purposeless().values("pk"))
        if self.value() == "sale":
            return rows.filter(pk__in=recipients.unsaid_sale().values("pk"))
        return rows.filter(pk__in=listing.unlisted(today).values("pk")) if self.value() == "unlisted" else rows


class Transfers(TabularInline):
    """Countries where the recipient has our data. One that ended stays, with its day."""

    model = Transfer
    extra = 0
    can_delete = False
    tab = True
    fields = ("country", "basis", "assessed_on", "assessment", "certified_until", "derogation", "ended_on")
    verbose_name_plural = "countries and transfers"


class RecipientForm(forms.ModelForm):
    """Countries in two capital letters."""

    def clean_country(self) -> str:
        code = str(self.cleaned_data["country"]).strip().upper()
        if len(code) != 2 or not code.isalpha():
            raise forms.ValidationError("Two letters, such as DE.")
        return code


@admin.register(Recipient)
class RecipientAdmin(Accountable):
    """Who gets data from us."""

    form = RecipientForm
    inlines = (Transfers,)
    list_display = ("name", "role", "kind", "country", "contract", "stands", "review_due", "active")
    list_filter = (Review, Gaps, "role", "kind", "country", "sold", "shared", "active")
    search_fields = ("name", "key")
    list_before_template = f"{TEMPLATES}/above.html"
    change_form_before_template = f"{TEMPLATES}/gets.html"
    readonly_fields = ("missing", "reviewed_on")
    fieldsets = (
        (
            None,
            {"fields": ("key", "name", "role", "kind", "contact", "country", "transfer_basis", "active", "missing")},
        ),
        ("Contract", {"fields": ("contract", "contract_from", "contract_until")}),
        ("In California", {"fields": ("ccpa", "sold", "shared")}),
        ("Data", {"fields": ("categories", "receives_everyone")}),
        ("Review", {"fields": ("owner", "review_months", "reviewed_on", "review_due")}),
    )
    verbs = (
        Verb("reviewed", "Looked at today", recipients.MAY, _reviewed, style="primary", shown=lambda one: one.active),
        Verb("announce", "Announce as new sub-processor", listing.MAY, _announce,
             (Input("starts_on", "Starts on", kind="date"),
              Input("words", "What clients should know of it", required=False)),
             confirm="Clients and subscribers are told by mail, and may object until then.", shown=listing.free),
        Verb("first", "It worked for us already", listing.MAY, _first,
             (Input("starts_on", "Since", kind="date"), Input("words", "Where clients were told of it")),
             confirm="For the first list only: nobody is told by mail.", shown=listing.free),
        Verb("remove", "Take off the list", listing.MAY, _remove,
             (Input("starts_on", "From this day on", kind="date"),
              Input("words", "What clients should know of it", required=False)),
             style="danger", shown=lambda one: listing.works(one, timezone.localdate())),
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Recipient]":
        rows: QuerySet[Recipient] = super().get_queryset(request)
        return rows.prefetch_related(Prefetch("transfers"))

    def get_urls(self) -> list[URLPattern]:
        own = [
            path("csv/", self.admin_site.admin_view(self.csv), name="disclosures_recipient_csv"),
            path("load/", self.admin_site.admin_view(self.load), name="disclosures_recipient_load"),
            path("<int:pk>/gets/", self.admin_site.admin_view(self.gets), name="disclosures_recipient_gets"),
        ]
        urls: list[URLPattern] = [*own, *super().get_urls()]
        return urls

    @display(
        description="Transfers", label={"stands": "success", "at home": "info", "adequate": "info", "gap": "danger"}
    )
    def stands(self, one: Recipient) -> str:
        if not one.active:
            return ""
        if recipients.transfer_gaps(one, timezone.localdate()):
            return "gap"
        if one.transfers.all():
            return "stands"
        home = all(transfers.at_home(regime, one.country) for regime in recipients.regimes())
        return "at home" if home else "adequate"

    @display(description="What is missing")
    def missing(self, one: Recipient) -> str:
        if one.pk is None:
            return "Nothing yet."
        return "; ".join(gap.words for gap in recipients.transfer_gaps(one, timezone.localdate())) or "Nothing."

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "owner":
            kwargs["queryset"] = User.objects.filter(is_staff=True, is_active=True).order_by("username")
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def csv(self, request: HttpRequest) -> HttpResponse:
        """The register as a download. Taking it out is an event: it holds addresses of people at other companies."""
        user = colleague(request)
        if not user.has_perm("disclosures.view_recipient"):
            raise PermissionDenied
        text = register.export()
        with log.atomic():
            log.record("recipient.exported", actor=actors.staff(user.pk), noun=User.objects.get(pk=user.pk))
        # The mark by which a spreadsheet knows UTF-8.
        answer = HttpResponse(f"\ufeff{text}", content_type="text/csv; charset=utf-8")
        answer["Content-Disposition"] = 'attachment; filename="recipients.csv"'
        return answer

    def load(self, request: HttpRequest) -> HttpResponse:
        """A file is checked, and brought in if that was the button."""
        user = colleague(request)
        if not user.has_perm(MAY_IMPORT):
            raise PermissionDenied
        context: dict[str, Any] = {**self.admin_site.each_context(request), "title": "Recipients from CSV"}
        context |= {"columns": register.COLUMNS}
        status = 200
        if request.method == "POST":
            try:
                text = _text(request)
                check = request.POST.get("do") != "load"
                context["done"] = register.bring(text, actor=actors.staff(user.pk), check=check)
            except Refused as error:
                context["faults"], status = error.message.split("\n"), 422
        return TemplateResponse(request, f"{TEMPLATES}/load.html", context, status=status)

    def gets(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Categories down, purposes across: a tick where the recipient gets one for the other."""
        user = colleague(request)
        if not user.has_perm("disclosures.view_recipient"):
            raise PermissionDenied
        one = get_object_or_404(Recipient.objects.prefetch_related("grants", "categories"), pk=pk)
        if request.method == "POST":
            try:
                many = recipients.grant(one, _pairs(request), by=user)
                messages.success(request, f"Saved: {many} changed." if many else "Nothing was changed.")
            except Refused as error:
                messages.error(request, error.message)
            return redirect(reverse("admin:disclosures_recipient_gets", args=(pk,)))
        ticked = {(row.category_id, row.purpose_id) for row in one.grants.all()}
        gets = {row.pk for row in one.categories.all()}
        purposes = list(Purpose.objects.order_by("name"))
        rows = [
            (category, category.pk in gets, [(purpose, (category.pk, purpose.pk) in ticked) for purpose in purposes])
            for category in DataCategory.objects.order_by("key")
        ]
        context = {
            **self.admin_site.each_context(request), "title": f"What {one.name} gets, and what for", "recipient": one,
            "purposes": purposes, "rows": rows, "may_change": user.has_perm(recipients.MAY),
        }  # fmt: skip
        return TemplateResponse(request, f"{TEMPLATES}/gets_page.html", context)


def _pairs(request: HttpRequest) -> list[tuple[int, int]]:
    found = []
    for one in request.POST.getlist("pair"):
        category, _, purpose = one.partition("-")
        if not (category.isdecimal() and purpose.isdecimal() and len(one) < 24):
            raise Refused("This page is out of date. Load it again.", code="unknown_pair")
        found.append((int(category), int(purpose)))
    return found


def _text(request: HttpRequest) -> str:
    file = request.FILES.get("file")
    if file is None:
        raise Refused("Choose a file first.", code="missing", field="file")
    return sheet.text(file.read(LARGEST + 1), most=LARGEST)
