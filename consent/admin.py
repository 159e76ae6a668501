"""Notices and choices on the desk."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.models import User
from django.http import HttpRequest

from audit.accountable import Accountable, ReadOnly, Verb, colleague
from consent import notices
from consent.models import Choice, NoticeVersion


def _publish(version: NoticeVersion, by: User, given: dict[str, str]) -> str:
    notices.publish(version, by=by)
    return "Published. Its wording can no longer change."


@admin.register(NoticeVersion)
class NoticeVersionAdmin(Accountable):
    """Versions of the privacy notice; a published one is read-only."""

    records = False  # the verbs do
    list_display = ("title", "key", "language", "number", "effective_on", "published_at")
    list_filter = ("key", "language")
    fields = ("title", "body", "effective_on", "key", "language")
    verbs = (
        Verb("publish", "Publish", "consent.publish_noticeversion", _publish, style="primary",
             confirm="Its wording can no longer change afterwards.", shown=lambda one: one.published_at is None),
    )  # fmt: skip

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return (obj is None or obj.published_at is None) and super().has_change_permission(request, obj)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("key", "language") if obj else ()

    def save_model(self, request: HttpRequest, obj: NoticeVersion, form: Any, change: bool) -> None:
        values = {
            name: form.cleaned_data[name] for name in form.changed_data if name in ("title", "body", "effective_on")
        }
        if change:
            notices.edit(obj, by=colleague(request), **values)
            return
        made = notices.draft(
            title=obj.title, body=obj.body, effective_on=obj.effective_on, by=colleague(request), key=obj.key,
            language=obj.language,
        )  # fmt: skip
        obj.pk, obj._state.adding = made.pk, False


@admin.register(Choice)
class ChoiceAdmin(ReadOnly):
    """What people chose."""

    list_display = ("subject", "purpose", "granted", "source", "chosen_at", "notice")
    list_filter = ("purpose", "granted", "source")
    follow = ("subject", "purpose", "notice")
