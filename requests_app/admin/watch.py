"""What a manager sets about deadlines: warning steps, the company's own targets, its days off."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest

from audit.accountable import Accountable, colleague
from audit.refusal import Refused
from requests_app import deadlines
from requests_app.models import DayOff, OwnTarget, WarningStep


class StepForm(forms.ModelForm):
    """Says beside the field what is wrong with a number."""

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("basis") and data.get("value") is not None:
            try:
                deadlines.check_step(data["basis"], data["value"])
            except Refused as refused:
                self.add_error(refused.field, refused.message)
        return data


@admin.register(WarningStep)
class WarningStepAdmin(Accountable):
    """When colleagues are warned of a deadline. A change reaches the running clocks within a minute."""

    form = StepForm
    records = False
    list_display = ("name", "basis", "value", "escalates", "active")
    fields = ("key", "name", "basis", "value", "escalates", "active")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("key",) if obj is not None else ()

    def save_model(self, request: HttpRequest, obj: WarningStep, form: Any, change: bool) -> None:
        deadlines.set_step(obj, by=colleague(request))


@admin.register(OwnTarget)
class OwnTargetAdmin(Accountable):
    """Our own promise: so many working days. It holds for requests that arrive from now on."""

    list_display = ("right", "working_days")
    fields = ("right", "working_days")


@admin.register(DayOff)
class DayOffAdmin(Accountable):
    """Days on which we do not work, besides weekends and public holidays. They count for own targets only."""

    list_display = ("day", "name")
    fields = ("day", "name")
