"""Webhooks on the desk: who is told, and what they were told of."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse

from audit import actor as actors
from audit.accountable import Accountable, ReadOnly, Verb, colleague
from audit.refusal import Refused
from connectors import webhooks
from consent import hooks
from consent.models import Delivery, Subscription


def _switch(active: bool) -> Any:
    def run(one: Subscription, by: User, given: dict[str, str]) -> str:
        hooks.switch(one, active=active, actor=actors.staff(by.pk))
        return "Switched on." if active else "Switched off. What waits is kept."

    return run


class SubscriptionForm(forms.ModelForm):
    """Who is told, where, and of which purposes."""

    class Meta:
        model = Subscription
        fields = ("client", "address", "purposes")

    def clean_address(self) -> str:
        address: str = self.cleaned_data["address"]
        try:
            webhooks.check_address(address)
        except Refused as error:
            raise forms.ValidationError(error.message) from None
        return address


@admin.register(Subscription)
class SubscriptionAdmin(Accountable):
    """Webhooks. A secret is shown once, when the subscription is made."""

    form = SubscriptionForm
    list_display = ("client", "address", "active", "made_at")
    fields = ("client", "address", "purposes")
    list_select_related = ("client",)
    verbs = (
        Verb("off", "Switch off", "consent.change_subscription", _switch(False), style="danger",
             shown=lambda one: one.active),
        Verb("on", "Switch on", "consent.change_subscription", _switch(True), shown=lambda one: not one.active),
    )  # fmt: skip

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("client",) if obj else ()

    def save_model(self, request: HttpRequest, obj: Subscription, form: Any, change: bool) -> None:
        if change:
            super().save_model(request, obj, form, change)
            return
        made, secret = hooks.subscribe(obj.client, obj.address, (), actor=actors.staff(colleague(request).pk))
        obj.pk, obj._state.adding, obj.secret, obj.made_at = made.pk, False, made.secret, made.made_at
        obj.shown_key = secret  # type: ignore[attr-defined]

    def log_addition(self, request: HttpRequest, obj: Any, message: list[str]) -> Any:
        """`hooks.subscribe` recorded it."""

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: Any = None) -> HttpResponse:
        """The secret stands on the answer itself: not in a message, which would travel in a cookie."""
        context = {
            **self.admin_site.each_context(request), "title": str(obj), "shown_once": obj.shown_key,
            "next_url": reverse("admin:consent_subscription_changelist"),
        }  # fmt: skip
        return TemplateResponse(request, "admin/consent/subscription/secret.html", context)


def _retry(one: Delivery, by: User, given: dict[str, str]) -> str:
    hooks.retry(one, by=by)
    return "It will be sent again."


@admin.register(Delivery)
class DeliveryAdmin(ReadOnly):
    """What subscribers are told of."""

    list_display = ("subscription", "kind", "state", "attempts", "queued_at", "sent_at", "park_reason")
    list_filter = ("state", "kind")
    fields = (
        "subscription",
        "choice",
        "kind",
        "state",
        "park_reason",
        "attempts",
        "queued_at",
        "sent_at",
        "next_try_at",
    )
    follow = ("subscription", "choice")
    verbs = (
        Verb("retry", "Send again", "consent.retry_delivery", _retry, shown=lambda one: one.state == Delivery.State.PARKED),
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Delivery]:
        rows: QuerySet[Delivery] = super().get_queryset(request)
        return rows.select_related("subscription")
