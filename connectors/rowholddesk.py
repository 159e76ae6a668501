"""Legal holds on rows, on the desk: placed here, ended by two people, never edited."""

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib.auth.models import User
from django.http import HttpRequest
from django.utils import timezone
from unfold.widgets import UnfoldAdminTextareaWidget

from audit.accountable import Accountable, Input, Verb, colleague
from audit.refusal import Refused
from connectors import holds, rowholds
from connectors.models import RowHold

MAY_END = "connectors.release_legalhold"


def _ask(hold: RowHold, by: User, given: dict[str, str]) -> str:
    rowholds.ask_release(hold, by=by, reason=given["reason"])
    return "Asked; somebody else has to grant it."


def _release(hold: RowHold, by: User, given: dict[str, str]) -> str:
    rowholds.release(hold, by=by)
    return "Released: what was due goes with the next run."


class RowHoldForm(forms.ModelForm):
    """Which rows, and why."""

    wanted = forms.CharField(
        required=False, label="Values", help_text="What the field holds, one in a line.",
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
    )  # fmt: skip

    class Meta:
        model = RowHold
        fields = ("system", "collection", "field", "matter", "reason", "review_on")

    def clean(self) -> dict[str, Any]:
        said: dict[str, Any] = super().clean() or {}
        if self.errors:
            return said
        try:
            said["values"] = rowholds.checked(
                said["system"], said.get("collection"), said["field"], said["wanted"].splitlines(), said["matter"],
                said["reason"],
            )  # fmt: skip
        except Refused as refused:
            self.add_error(refused.field or None, refused.message)
        return said


class RowHoldAdmin(Accountable):
    """Rows that stay, whoever's they are."""

    records = False
    form = RowHoldForm
    list_display = ("matter", "system", "collection", "field", "placed_at", "review_on", "released_at")
    list_select_related = ("system", "collection")
    verbs = (
        Verb("ask", "Ask for its release", MAY_END, _ask, (Input("reason", "Why it can end"),),
             shown=lambda hold: hold.released_at is None and hold.release_asked_by_id is None),
        Verb("release", "Grant the release", MAY_END, _release, style="danger", confirm="What is due goes then.",
             shown=lambda hold: hold.released_at is None and hold.release_asked_by_id is not None,
             offered=lambda hold, user: hold.release_asked_by_id != user.pk),
    )  # fmt: skip

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None:
            return ("system", "collection", "field", "wanted", "matter", "reason", "review_on")
        return (
            "system", "collection", "field", "matter", "reason", "placed_by", "placed_at", "review_on", "release_asked_by",
            "release_reason", "released_by", "released_at",
        )  # fmt: skip

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {"review_on": timezone.localdate() + timedelta(days=holds.REVIEW_DAYS)}

    def save_model(self, request: HttpRequest, obj: RowHold, form: Any, change: bool) -> None:
        said = form.cleaned_data
        made = rowholds.place(
            said["system"], collection=said["collection"], field=said["field"], values=said["values"],
            matter=said["matter"], reason=said["reason"], review_on=said["review_on"], by=colleague(request),
        )  # fmt: skip
        obj.pk = made.pk
