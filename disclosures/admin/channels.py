"""Ways of telling recipients on the desk: how each is told, a test, and secrets that are shown once."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse

from audit.accountable import Accountable, Verb
from audit.refusal import Refused
from connectors import webhooks
from disclosures import channels
from disclosures.models import Channel

FIELDS = ("recipient", "kind", "address", "how", "names", "purposes", "confirms", "confirm_days")


def _test(channel: Channel, by: User, given: dict[str, str]) -> str:
    return channels.test(channel, by=by)


def _rotate(channel: Channel, by: User, given: dict[str, str]) -> str:
    return f"Signing secret: {channels.rotate(channel, by=by)}"


def _end_old(channel: Channel, by: User, given: dict[str, str]) -> str:
    channels.end_old(channel, by=by)
    return "The old secret counts no more."


def _hook(channel: Channel) -> bool:
    return channel.kind == Channel.Kind.WEBHOOK


class ChannelForm(forms.ModelForm):
    """How one recipient is told."""

    class Meta:
        model = Channel
        fields = FIELDS

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or self.cleaned_data
        kind, address = given.get("kind"), given.get("address", "")
        if kind == Channel.Kind.WEBHOOK and not address:
            self.add_error("address", "A webhook needs an address.")
        if address:
            try:
                webhooks.check_address(address)
            except Refused as error:
                self.add_error("address", error.message)
        if kind == Channel.Kind.DESK and not (address or given.get("how")):
            self.add_error("how", "Say what a colleague is to do, or give the page of theirs to open.")
        return given


@admin.register(Channel)
class ChannelAdmin(Accountable):
    """Ways of telling."""

    form = ChannelForm
    list_display = ("recipient", "kind", "names", "confirms", "confirm_days", "tested_at", "tested_code")
    list_filter = ("kind", "names")
    list_select_related = ("recipient",)
    search_fields = ("recipient__name", "recipient__key")
    fields = FIELDS
    verbs = (
        Verb("test", "Send a test", "disclosures.test_channel", _test, style="primary",
             confirm="It names nobody.", shown=lambda one: one.kind != Channel.Kind.DESK),
        Verb("rotate", "Change the secret", "disclosures.rotate_channel", _rotate, style="danger", once=True, shown=_hook,
             confirm="Both secrets count for seven days; the new one is shown once."),
        Verb("end_old", "End the old secret now", "disclosures.rotate_channel", _end_old, style="danger",
             shown=lambda one: bool(one.old_secret)),
    )  # fmt: skip

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("recipient",) if obj else ()

    def save_model(self, request: HttpRequest, obj: Channel, form: Any, change: bool) -> None:
        obj.fresh = channels.equip(obj)  # type: ignore[attr-defined]  # for the answer alone
        super().save_model(request, obj, form, change)

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: Any = None) -> HttpResponse:
        """New secrets stand on the answer itself: not in a message, which would travel in a cookie."""
        return self._secret(request, obj, obj.fresh) if obj.fresh else super().response_add(request, obj)

    def response_change(self, request: HttpRequest, obj: Any) -> HttpResponse:
        """See response_add."""
        return self._secret(request, obj, obj.fresh) if obj.fresh else super().response_change(request, obj)

    def _again(self, request: HttpRequest, pk: str, *, status: int = 200, **context: Any) -> HttpResponse:
        """What is shown once has a page of its own: this one has a form that would post there."""
        channel = self.get_object(request, pk)
        return self._secret(request, channel, [context["shown_once"]])

    def _secret(self, request: HttpRequest, channel: Any, shown: list[str]) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request), "title": str(channel), "shown": shown,
            "next_url": reverse("admin:disclosures_channel_change", args=(channel.pk,)),
        }  # fmt: skip
        return TemplateResponse(request, "admin/disclosures/channel/secret.html", context)
