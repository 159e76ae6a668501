"""Requests that came another way: one page for the phone, the post and the counter; one for many at once; agents we know."""

from dataclasses import replace
from datetime import date, datetime, time
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin import AdminSite
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from unfold.decorators import display

import law
from audit import actor as actors
from audit.accountable import Accountable
from audit.refusal import Refused
from requests_app import bulk, intake, plans, policy
from requests_app.admin.case import may_see
from requests_app.askers import Given
from requests_app.forms import correctable, places
from requests_app.models import Agent, Asker, Outcome, Request, Right, Upload
from subjects import identifiers
from subjects.models import Identifier

CHANNELS = [
    (Request.Channel.PHONE, "Phone"), (Request.Channel.POST, "Post"), (Request.Channel.PERSON, "In person"),
    (Request.Channel.EMAIL, "E-mail"),
]  # fmt: skip
# Where a field of intake stands in the form under another name.
FIELD_OF = {"received_at": "received_on", "changes": "attribute"}
TEMPLATES = "admin/requests_app/request"


class EntryForm(forms.Form):
    """What a colleague writes down while somebody speaks: in the order in which it is said."""

    channel = forms.ChoiceField(label="How it came", choices=CHANNELS)
    received_on = forms.DateField(
        label="Received on", widget=forms.DateInput(attrs={"type": "date"}), help_text="The clocks run from this day."
    )
    right = forms.ChoiceField(
        label="What they want",
        choices=[("", "Choose …"), *((one.value, one.label) for one in Right if one in plans.OFFERED)],
    )
    email = forms.CharField(
        label="E-mail of the person", required=False, max_length=254, help_text="Best the one that we already know."
    )
    name = forms.CharField(label="Name of the person", required=False, max_length=policy.LONGEST_NAME)
    residence = forms.ChoiceField(label="Lives in")
    relation = forms.ChoiceField(label="Knows us as", required=False, choices=Request.Relation.choices)
    account_id = forms.CharField(label="Customer number", required=False, max_length=100)
    phone = forms.CharField(label="Phone", required=False, max_length=40)
    post = forms.CharField(
        label="Postal address",
        required=False,
        max_length=identifiers.LONGEST_POST,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="As on an envelope. Without an e-mail address our letters go there: you print and post them.",
    )
    details = forms.CharField(
        label="Their words", required=False, max_length=policy.LONGEST_DETAILS, widget=forms.Textarea(attrs={"rows": 3})
    )
    attribute = forms.ChoiceField(label="For a correction: what", required=False)
    value = forms.CharField(
        label="For a correction: as it should read", required=False, max_length=policy.LONGEST_VALUE
    )
    asked_by = forms.ChoiceField(label="Who asks", choices=Request.AskedBy.choices, initial=law.SELF)
    asker_name = forms.CharField(label="Their own name", required=False, max_length=policy.LONGEST_NAME)
    asker_email = forms.CharField(label="Their own e-mail", required=False, max_length=254)
    asker_organisation = forms.CharField(label="Their organisation", required=False, max_length=policy.LONGEST_NAME)
    basis = forms.ChoiceField(
        label="What shows that they may", required=False, choices=[("", "-"), *Asker.Basis.choices]
    )
    nonce = forms.CharField(widget=forms.HiddenInput, required=False, max_length=64)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["residence"].choices = places()  # type: ignore[attr-defined]
        self.fields["attribute"].choices = [("", "-"), *((one, one) for one in correctable())]  # type: ignore[attr-defined]
        self.fields["channel"].widget.attrs["autofocus"] = True

    @property
    def came(self) -> list[forms.BoundField]:
        """What arrived, and how."""
        return [self[name] for name in ("channel", "received_on", "right", "details", "attribute", "value")]

    @property
    def person(self) -> list[forms.BoundField]:
        """Whose data it is about."""
        return [self[name] for name in ("name", "email", "account_id", "phone", "post", "residence", "relation")]

    @property
    def asker(self) -> list[forms.BoundField]:
        """Who asks, where that is not the person."""
        return [self[name] for name in ("asked_by", "asker_name", "asker_email", "asker_organisation", "basis")]

    @property
    def for_somebody(self) -> bool:
        """Whether that part has to be open."""
        return self.is_bound and (self["asked_by"].value() != law.SELF or any(one.errors for one in self.asker))

    def submission(self) -> intake.Submission:
        """What intake is given. A day of today means now."""
        given = self.cleaned_data
        names = ("right", "email", "name", "residence", "relation", "details", "channel", "nonce", "post")
        also = {name: given[name] for name in ("phone", "account_id") if given[name].strip()}
        changes = {given["attribute"]: given["value"]} if given["attribute"] and given["value"] else {}
        asker = None
        if given["asked_by"] != law.SELF:
            asker = Given(
                given["asked_by"],
                given["asker_name"],
                given["asker_email"],
                given["asker_organisation"],
                given["basis"],
            )
        return intake.Submission(
            **{name: given[name] for name in names},
            changes=changes,
            identifiers=also,
            asker=asker,
            received_at=_at(given["received_on"]),
        )


def _at(day: date) -> datetime | None:
    zone = ZoneInfo(settings.ESTABLISHMENT_TIME_ZONE)
    return None if day == timezone.localdate(timezone=zone) else datetime.combine(day, time(12), zone)


class UploadForm(forms.Form):
    """A file with many lines."""

    file = forms.FileField(label="CSV file", help_text="UTF-8, at most 1,000 lines and 2 MB.")


class EntryPages:
    """The pages behind the permission to work on cases."""

    def __init__(self, site: AdminSite) -> None:
        self.site = site

    def new(self, request: HttpRequest) -> HttpResponse:
        """One request, entered by a colleague; then its case, or the next one."""
        user = may_enter(request)
        zone = ZoneInfo(settings.ESTABLISHMENT_TIME_ZONE)
        begin = {"received_on": timezone.localdate(timezone=zone), "nonce": timezone.now().strftime("%Y%m%d%H%M%S%f")}
        form = EntryForm(request.POST if request.method == "POST" else None, initial=begin)
        if request.method == "POST" and form.is_valid():
            try:
                made = intake.submit(_own(form.submission(), user), now=timezone.now(), actor=actors.staff(user.pk))
            except Refused as refused:
                field = FIELD_OF.get(refused.field or "", refused.field)
                form.add_error(field if field in form.fields else None, refused.message)
            else:
                by_post = made.identifier is not None and made.identifier.kind == Identifier.Kind.POST
                told = (
                    "Its first letter waits to be printed and posted." if by_post else "The person is told by letter."
                )
                messages.success(request, f"{made.reference} is entered. {told}")
                if "next" in request.POST:
                    return redirect("admin:requests_app_request_new")
                return redirect("admin:requests_app_request_change", made.pk)
        return self._page(request, "new", "New request", form=form)

    def bulk(self, request: HttpRequest) -> HttpResponse:
        """Many requests from a file, and what became of earlier files."""
        user = may_enter(request)
        form = UploadForm(request.POST or None, request.FILES or None)
        if request.method == "POST" and form.is_valid():
            file = form.cleaned_data["file"]
            try:
                lines = bulk.read_csv(file.read(bulk.LARGEST_FILE + 1))
                taken = bulk.take(lines, by=user, name=file.name)
            except Refused as refused:
                form.add_error("file", refused.message)
            else:
                messages.success(request, f"{taken.new} lines taken, {taken.repeated} were there already.")
                return redirect("admin:requests_app_request_upload", taken.upload.pk)
        counts = {
            f"{state}_lines": Count("lines", filter=Q(lines__state=state)) for state in ("waiting", "done", "failed")
        }
        uploads = Upload.objects.select_related("by", "client").annotate(**counts)[:50]
        return self._page(request, "bulk", "Many requests at once", form=form, uploads=uploads, columns=bulk.COLUMNS)

    def upload(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """The lines of one upload: a request, or what is wrong with it."""
        may_enter(request)
        upload = get_object_or_404(Upload.objects.select_related("by", "client"), pk=pk)
        lines = list(upload.lines.select_related("request"))
        return self._page(request, "upload", str(upload), upload=upload, lines=lines)

    def sample(self, request: HttpRequest) -> HttpResponse:
        """A file to begin with."""
        may_enter(request)
        answer = HttpResponse(bulk.SAMPLE, content_type="text/csv; charset=utf-8")
        answer["Content-Disposition"] = 'attachment; filename="requests.csv"'
        return answer

    def _page(self, request: HttpRequest, name: str, title: str, **context: Any) -> HttpResponse:
        form = context.get("form")
        status = 422 if form is not None and form.is_bound and form.errors else 200
        context = {**self.site.each_context(request), "title": title, **context}
        return TemplateResponse(request, f"{TEMPLATES}/{name}.html", context, status=status)


def _own(submission: intake.Submission, user: User) -> intake.Submission:
    """The nonce is this colleague's: two who begin in the same moment enter two requests."""
    return replace(submission, nonce=f"desk-{user.pk}-{submission.nonce}" if submission.nonce else None)


def may_enter(request: HttpRequest) -> User:
    """The colleague, if their role works on cases. Raises PermissionDenied."""
    user = may_see(request)
    if not (user.has_perm(f"requests_app.{policy.WORK}") or user.has_perm(f"requests_app.{policy.DECIDE}")):
        raise PermissionDenied
    return user


@admin.register(Agent)
class AgentAdmin(Accountable):
    """Authorised agents that we know. Being listed gives no rights: the law's gate is the same for all."""

    list_display = ("organisation", "name", "contact", "mandate_until", "state", "asked", "still_open", "refused")
    list_filter = ("state",)
    search_fields = ("organisation", "contact__iexact")
    fields = ("organisation", "name", "contact", "mandate_until", "state", "client")

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Agent]":
        closed = Q(asked__request__state="closed")
        return (
            super()
            .get_queryset(request)
            .annotate(
                asked_count=Count("asked"),
                open_count=Count("asked", filter=~closed & Q(asked__isnull=False)),
                refused_count=Count("asked", filter=Q(asked__request__outcome=Outcome.DENIED)),
            )
        )

    @display(description="Requests", ordering="asked_count")
    def asked(self, one: Any) -> int:
        return int(one.asked_count)

    @display(description="Open", ordering="open_count")
    def still_open(self, one: Any) -> int:
        return int(one.open_count)

    @display(description="Denied", ordering="refused_count")
    def refused(self, one: Any) -> int:
        return int(one.refused_count)

    def save_model(self, request: HttpRequest, obj: Agent, form: Any, change: bool) -> None:
        obj.contact = obj.contact.strip().lower()
        super().save_model(request, obj, form, change)
