"""The desk's pages that bring disclosures in: one by hand, many from a file."""

import uuid
from datetime import datetime
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse

from audit import actor as actors
from audit.accountable import ReadOnly, colleague
from audit.api import KINDS
from audit.importing import page
from audit.refusal import Refused
from disclosures import entering, importing, ledger
from disclosures.models import Disclosure, Recipient
from inventory.models import DataCategory, Purpose

ENTER = "disclosures.add_disclosure"
# Where a field of the verb stands in the form under another name.
FIELD_OF = {**dict.fromkeys(KINDS, "value"), "identifier": "value"}


class EnterForm(forms.Form):
    """One disclosure, in the order in which it is told."""

    kind = forms.ChoiceField(
        label="The person, by",
        choices=[("email", "E-mail address"), ("account_id", "Customer number"), ("phone", "Phone number")],
    )
    value = forms.CharField(label="Which one", max_length=254)
    recipient = forms.ModelChoiceField(Recipient.objects.order_by("name"), label="Went to", empty_label="Choose …")
    categories = forms.ModelMultipleChoiceField(
        DataCategory.objects.order_by("key"), label="What", to_field_name="key", widget=forms.CheckboxSelectMultiple
    )
    purpose = forms.ModelChoiceField(
        Purpose.objects.order_by("name"), label="Why", required=False, empty_label="No purpose of ours"
    )
    occasion = forms.CharField(
        label="Occasion",
        required=False,
        max_length=ledger.LONGEST_OCCASION,
        help_text="The person reads it. No names, no addresses.",
    )
    disclosed_at = forms.DateTimeField(
        label="When", widget=forms.DateTimeInput(attrs={"type": "datetime-local"}), help_text="By the company's clock."
    )
    reason = forms.ChoiceField(label="Why by hand", choices=[("", "Choose …"), *Disclosure.Reason.choices])
    nonce = forms.CharField(widget=forms.HiddenInput, max_length=64)

    def clean_disclosed_at(self) -> datetime:
        given: datetime = self.cleaned_data["disclosed_at"]
        return given.replace(tzinfo=ZoneInfo(settings.ESTABLISHMENT_TIME_ZONE))

    @property
    def shown(self) -> list[forms.BoundField]:
        """The fields that are one line each."""
        names = ("kind", "value", "recipient", "purpose", "occasion", "disclosed_at", "reason")
        return [self[name] for name in names]


def enter(screen: ReadOnly, request: HttpRequest) -> HttpResponse:
    """The form, and what it says when it was refused."""
    by = _may(request)
    form = EnterForm(request.POST or None, initial={"nonce": str(uuid.uuid4())})
    if request.method == "POST" and form.is_valid():
        try:
            entry = _enter(form.cleaned_data, by)
        except Refused as error:
            field = FIELD_OF.get(error.field or "", error.field or "")
            form.add_error(field if field in form.fields else None, error.message)
        else:
            messages.success(request, "It is on the ledger.")
            return redirect("admin:disclosures_disclosure_change", entry.pk)
    context = {
        **screen.admin_site.each_context(request), "title": "Enter a disclosure", "form": form,
        "back": reverse("admin:disclosures_disclosure_changelist"),
    }  # fmt: skip
    status = 422 if form.errors else 200
    return TemplateResponse(request, "admin/disclosures/disclosure/enter.html", context, status=status)


def _enter(given: dict[str, Any], by: User) -> Disclosure:
    return entering.enter(
        given["kind"], given["value"], given["recipient"], categories=[one.key for one in given["categories"]],
        purpose=given["purpose"], occasion=given["occasion"], disclosed_at=given["disclosed_at"], reason=given["reason"],
        nonce=given["nonce"], by=by,
    )  # fmt: skip


def bring(screen: ReadOnly, request: HttpRequest) -> HttpResponse:
    """The page that takes a file and tells what became of its lines."""
    by = _may(request)
    words = page.Words(
        "Import disclosures", importing.NEEDED, importing.COLUMNS, "disclosures_import", "Back to the ledger",
        "Categories of one line have a semicolon between them.",
    )  # fmt: skip
    return page.show(screen, request, words, partial(importing.load, actor=actors.staff(by.pk)))


def _may(request: HttpRequest) -> User:
    by = colleague(request)
    if not by.has_perm(ENTER):
        raise PermissionDenied
    return by
