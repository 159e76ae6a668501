"""Choices on the desk, what holds of them, and on what terms they are taken. All but the terms is written by verbs only."""

from functools import partial
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from unfold.decorators import display

from audit import actor as actors
from audit.accountable import Accountable, ReadOnly, colleague
from audit.importing import page
from consent import importing
from consent.models import Choice, Device, PendingChoice, Standing, Terms, Withdrawal


@admin.register(Choice)
class ChoiceAdmin(ReadOnly):
    """What people chose. Colleagues with the permission bring a file of choices in."""

    list_display = ("subject", "purpose", "granted", "act", "source", "region", "chosen_at", "expires_at", "notice")
    list_filter = ("purpose", "granted", "act", "source")
    fields = (
        "subject", "device", "purpose", "granted", "act", "shown_words", "language", "region", "source", "notice", "guardian",
        "evidence", "chosen_at", "recorded_at", "expires_at", "client",
    )  # fmt: skip
    readonly_fields = ("shown_words",)
    search_fields = ("subject__pk__exact", "device__pk__exact")
    search_help_text = "Whole id of a person or a device"
    follow = ("subject", "device", "purpose", "notice", "guardian")
    list_select_related = ("subject", "purpose", "notice")
    list_before_template = "admin/consent/choice/before_list.html"

    @display(description="Words that were shown")
    def shown_words(self, choice: Choice) -> str:
        return choice.wording.text if choice.wording else "Not kept"

    def get_urls(self) -> list[URLPattern]:
        own = path("import/", self.admin_site.admin_view(self.bring), name="consent_choice_import")
        urls: list[URLPattern] = [own, *super().get_urls()]
        return urls

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        may = colleague(request).has_perm("consent.add_choice")
        return super().changelist_view(request, {**(extra_context or {}), "may_import": may})

    def bring(self, request: HttpRequest) -> HttpResponse:
        """The page that takes a file and tells what became of its lines."""
        by = colleague(request)
        if not by.has_perm("consent.add_choice"):
            raise PermissionDenied
        words = page.Words(
            "Import choices", importing.NEEDED, importing.COLUMNS, "consent_import", "Back to the choices"
        )
        return page.show(self, request, words, partial(importing.load, actor=actors.staff(by.pk)))


@admin.register(Standing)
class StandingAdmin(ReadOnly):
    """What holds now for each person or device."""

    list_display = ("holder", "purpose", "granted", "act", "chosen_at", "expires_at", "notice")
    fields = (
        "holder",
        "purpose",
        "granted",
        "act",
        "choice",
        "notice",
        "chosen_at",
        "recorded_at",
        "expires_at",
        "ended_at",
    )
    search_fields = ("holder__exact",)
    search_help_text = "Whole id of a person or a device"
    ordering = ("-pk",)
    list_select_related = ("purpose", "notice")
    follow = ("choice", "purpose", "notice")


@admin.register(Device)
class DeviceAdmin(ReadOnly):
    """Browsers and apps that chose, known by a keyed hash."""

    list_display = ("id", "subject", "made_at")
    fields = ("id", "subject", "made_at")
    search_fields = ("pk__exact", "subject__pk__exact")
    search_help_text = "Whole id of a device or a person"
    list_select_related = ("subject",)
    follow = ("subject",)


@admin.register(PendingChoice)
class PendingChoiceAdmin(ReadOnly):
    """Yeses that await their link."""

    list_display = ("subject", "purpose", "state", "asked_at", "ends_at", "park_reason")
    list_filter = ("state", "purpose")
    fields = (
        "subject",
        "purpose",
        "state",
        "park_reason",
        "language",
        "region",
        "source",
        "asked_at",
        "ends_at",
        "choice",
    )
    list_select_related = ("subject", "purpose")
    follow = ("subject", "purpose", "choice")


@admin.register(Withdrawal)
class WithdrawalAdmin(ReadOnly):
    """Noes on their way to other systems."""

    list_display = ("choice_id", "state", "noted_at", "settled_at", "batch_id")
    list_filter = ("state",)
    fields = ("choice", "state", "noted_at", "settled_at", "batch")
    follow = ("choice", "batch")


@admin.register(Terms)
class TermsAdmin(Accountable):
    """How long a Yes to a purpose holds, and how it is taken."""

    list_display = ("purpose", "months", "ask_again_months", "double_opt_in")
    fields = ("purpose", "months", "ask_again_months", "double_opt_in")
    list_select_related = ("purpose",)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("purpose",) if obj else ()
