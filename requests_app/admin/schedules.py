"""Reports that come by mail, as a manager sets them."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.models import User
from django.http import HttpRequest

from audit.accountable import Accountable
from requests_app.models import ReportSchedule


@admin.register(ReportSchedule)
class ReportScheduleAdmin(Accountable):
    """Who gets which report when. The mail is a link to the desk; whoever may not see reports there gets none."""

    list_display = ("every", "active", "people", "last_sent")
    fields = ("every", "to", "active")

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).prefetch_related("to", "mails")

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        colleagues = User.objects.filter(is_staff=True, is_active=True).exclude(email="").order_by("username")
        return super().formfield_for_manytomany(db_field, request, **{"queryset": colleagues, **kwargs})

    @admin.display(description="Colleagues")
    def people(self, one: ReportSchedule) -> str:
        return ", ".join(user.get_full_name() or user.get_username() for user in one.to.all()) or "nobody"

    @admin.display(description="Last mails")
    def last_sent(self, one: ReportSchedule) -> str:
        mails = list(one.mails.all())
        if not mails:
            return "none yet"
        newest = max(mail.first_on for mail in mails)
        states = [mail for mail in mails if mail.first_on == newest]
        parked = next((mail.park_reason for mail in states if mail.state == "parked"), "")
        sent = sum(mail.state == "sent" for mail in states)
        return f"{sent} of {len(states)} sent for {newest:%d %b %Y} on. {parked}".strip()
