"""Versions of notices on the desk: drafted, proposed, published, announced. Reading and approving has a page of its own."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display

from audit.accountable import Accountable, Input, Verb, colleague
from audit.refusal import Refused
from consent import notices, regions, reviewing, telling
from consent.models import Announcement, NoticeVersion

WRITTEN = ("title", "body", "short", "summary", "effective_on", "regions")
WITHOUT = (("wait", "Publish only when all are approved"), ("without", "Publish without those that are not"))
WAYS = (("both", "By e-mail and in the service"), ("mail", "By e-mail only"), ("service", "In the service only"))


def _propose(version: NoticeVersion, by: User, given: dict[str, str]) -> str:
    reviewing.propose(version, by=by)
    return "Proposed. Somebody who had no hand in it reads it and approves or returns it."


def _publish(version: NoticeVersion, by: User, given: dict[str, str]) -> str:
    done = notices.publish(version, by=by, without=given["others"] == "without")
    missing = notices.missing_languages(done)
    if not missing:
        return "Published in every language. Its wording can no longer change."
    return f"Published. Its wording can no longer change. Languages without this version: {', '.join(missing)}."


def _reviewed(version: NoticeVersion, by: User, given: dict[str, str]) -> str:
    reviewing.reviewed(version, by=by)
    return "Noted: read today and still right. It is due again in a year."


def _announce(version: NoticeVersion, by: User, given: dict[str, str]) -> str:
    if given["per_minute"] and not given["per_minute"].isdecimal():
        raise Refused("Mails in a minute: write a number, or nothing.", code="number", field="per_minute")
    telling.announce(
        version, by=by, audience=given["audience"], by_mail=given["ways"] != "service",
        in_service=given["ways"] != "mail", per_minute=min(int(given["per_minute"] or 0), 100_000),
    )  # fmt: skip
    return "People are being told. How far it is stands under Announcements."


class VersionForm(ModelForm):
    """What a colleague writes."""

    def clean_regions(self) -> str:
        try:
            return regions.read(self.cleaned_data["regions"])
        except ValueError as error:
            raise ValidationError(f"“{error}” is no place. Use codes such as EU, DE, US or US-CA.") from error


class Stands(admin.SimpleListFilter):
    """By what it waits for."""

    title = "state"
    parameter_name = "stands"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("draft", "Draft"), ("proposed", "To approve"), ("approved", "Approved"), ("published", "Published"),
                ("review", "To be read again")]  # fmt: skip

    def queryset(self, request: HttpRequest, rows: "QuerySet[NoticeVersion]") -> "QuerySet[NoticeVersion]":
        if self.value() == "published":
            return rows.filter(published_at__isnull=False)
        if self.value() == "review":
            return rows & reviewing.due(timezone.now())
        kinds: dict[str | None, dict[str, bool]] = {
            "draft": {"proposed_at__isnull": True},
            "proposed": {"proposed_at__isnull": False, "approved_at__isnull": True},
            "approved": {"approved_at__isnull": False},
        }
        return rows.filter(published_at=None, **kinds[self.value()]) if self.value() in kinds else rows


def _unpublished(one: NoticeVersion) -> bool:
    return one.published_at is None


@admin.register(NoticeVersion)
class NoticeVersionAdmin(Accountable):
    """Versions of the privacy notice; a published one is read-only."""

    records = False  # the verbs do
    form = VersionForm
    list_display = ("title", "key", "language", "number", "places_named", "shown_state", "effective_on", "published_at")
    list_filter = (Stands, "key", "language")
    fields = (*WRITTEN, "key", "language")
    told = ("number", "written_by", "edited_by", "proposed_at", "returned", "approved_by", "approved_at",
            "published_by", "published_at", "digest")  # fmt: skip
    verbs = (
        Verb("propose", "Propose", "consent.change_noticeversion", _propose, style="primary",
             confirm="A colleague who had no hand in it reads it then.",
             shown=lambda one: _unpublished(one) and one.proposed_at is None),
        Verb("publish", "Publish", "consent.publish_noticeversion", _publish,
             (Input("others", "Other languages of this number", WITHOUT),), style="primary",
             confirm="Its wording can no longer change afterwards.",
             shown=lambda one: _unpublished(one) and one.approved_at is not None,
             offered=lambda one, user: user.pk not in one.hands),
        Verb("announce", "Tell people", "consent.run_announcement", _announce,
             (Input("audience", "Whom", tuple(Announcement.Audience.choices)), Input("ways", "How", WAYS),
              Input("per_minute", "Mails in a minute (empty: the usual number)", required=False)),
             confirm="Mails that left cannot be called back.",
             shown=lambda one: not _unpublished(one) and not telling.announced(one)),
        Verb("reviewed", "Read today: still right", "consent.approve_noticeversion", _reviewed,
             shown=lambda one: not _unpublished(one) and notices.holds(one)),
    )  # fmt: skip

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return (obj is None or obj.published_at is None) and super().has_change_permission(request, obj)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None:
            return self.fields
        written = [one for one in self.fields if one != "body" or obj.published_at is None]
        return ("links", *written, *self.told)  # what is published is read on its own page, as people see it

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("key", "language", "links", *self.told) if obj else ()

    @display(description="Places", ordering="regions")
    def places_named(self, version: NoticeVersion) -> str:
        return regions.called(version.regions)

    @display(
        description="State",
        label={
            "draft": "info",
            "returned": "danger",
            "proposed": "warning",
            "approved": "info",
            "published": "success",
        },
    )
    def shown_state(self, version: NoticeVersion) -> str:
        return version.state

    @display(description="Pages")
    def links(self, version: NoticeVersion) -> SafeString:
        return format_html(
            '<a class="po-button" href="{}">Read, compare and decide</a> <a class="po-button" href="{}">What it names</a>',
            reverse("admin:notice_read", args=(version.pk,)),
            reverse("admin:notice_names", args=(version.pk,)),
        )

    def save_model(self, request: HttpRequest, obj: NoticeVersion, form: Any, change: bool) -> None:
        values = {name: form.cleaned_data[name] for name in form.changed_data if name in WRITTEN}
        if change:
            notices.edit(obj, by=colleague(request), **values)
            return
        given = {name: form.cleaned_data[name] for name in WRITTEN}
        made = notices.draft(by=colleague(request), key=obj.key, language=obj.language, **given)
        obj.pk, obj._state.adding = made.pk, False
