"""External sites on the desk."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils import timezone
from unfold.decorators import display

from audit.accountable import Accountable, Verb
from disclosures import policies, sites
from disclosures.models import ExternalSite, PolicyWatch


def _reviewed(site: ExternalSite, by: User, given: dict[str, str]) -> str:
    sites.reviewed(site, by=by, on=timezone.localdate())
    return "Noted: reviewed today. Its policy as it stands now is what coming looks are compared with."


def _look_again(site: ExternalSite, by: User, given: dict[str, str]) -> str:
    found = policies.look_again(site)
    return "It is looked at within a minute." if found else "It is looked at for the first time within a minute."


class Review(admin.SimpleListFilter):
    """By whether somebody should look again."""

    title = "review"
    parameter_name = "review"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("overdue", "Overdue")]

    def queryset(self, request: HttpRequest, rows: "QuerySet[ExternalSite]") -> "QuerySet[ExternalSite]":
        return rows & sites.overdue(timezone.localdate()) if self.value() == "overdue" else rows


class Policy(admin.SimpleListFilter):
    """By what became of its policy."""

    title = "policy"
    parameter_name = "policy"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("trouble", "Changed, or cannot be opened"), *PolicyWatch.Outcome.choices]

    def queryset(self, request: HttpRequest, rows: "QuerySet[ExternalSite]") -> "QuerySet[ExternalSite]":
        if self.value() == "trouble":
            return rows.filter(pk__in=policies.trouble().values("site"))
        return rows.filter(watch__outcome=self.value()) if self.value() in PolicyWatch.Outcome.values else rows


class SiteForm(ModelForm):
    """One address of one site, over https."""

    def clean_address(self) -> str:
        address = str(self.cleaned_data["address"])
        if not address.lower().startswith("https://"):
            raise ValidationError("Give an address that begins with https://.")
        return address


@admin.register(ExternalSite)
class ExternalSiteAdmin(Accountable):
    """Sites of others that our pages link to."""

    form = SiteForm
    list_display = ("name", "host", "state", "policy", "reviewed_on", "review_due")
    list_filter = (Review, Policy, "state")
    list_select_related = ("watch",)
    readonly_fields = ("policy_said",)
    search_fields = ("name", "address")
    fields = ("name", "address", "about", "policy_address", "policy_said", "state", "reviewed_on", "review_months",
              "review_due")  # fmt: skip
    verbs = (
        Verb("reviewed", "Reviewed today", "disclosures.change_externalsite", _reviewed, style="primary",
             shown=lambda site: site.state == ExternalSite.State.IN_USE),
        Verb("look", "Look at its policy now", "disclosures.change_externalsite", _look_again,
             shown=lambda site: site.state == ExternalSite.State.IN_USE and bool(site.policy_address)),
    )  # fmt: skip

    @display(
        description="Policy",
        label={
            "As it was read": "success", "Changed since it was read": "danger", "Could not be opened": "danger",
            "Says something else each time": "warning", "Has no text to compare": "warning", "Not looked at yet": "info",
        },
    )  # fmt: skip
    def policy(self, site: ExternalSite) -> str:
        watch = getattr(site, "watch", None)
        return watch.get_outcome_display() if watch else ""

    @display(description="Its policy, as the portal saw it")
    def policy_said(self, site: ExternalSite) -> str:
        watch = getattr(site, "watch", None)
        if watch is None or watch.looked_at is None:
            return "Not looked at yet."
        day = timezone.localtime(watch.looked_at).strftime("%d %B %Y, %H:%M")
        return f"{watch.get_outcome_display()} ({day}). {watch.reason}".strip()
