"""Time that colleagues note on cases, and reports that come by themselves."""

from datetime import date, timedelta

import pytest
from django.core import mail
from django.utils import timezone

from audit import leases
from privacyops.reports import mailing
from requests_app.models import Note, ReportMail, ReportSchedule
from tests.desk import builders
from tests.desk.builders import browser, case, colleague, events

NOON = timezone.now().replace(year=2027, month=5, day=3, hour=12, minute=0)  # a Monday


@pytest.fixture
def maya(company):
    user = colleague("Privacy officer", "maya")
    type(user).objects.filter(pk=user.pk).update(email="maya@company.example")
    return type(user).objects.get(pk=user.pk)


def schedule(*people, every: str = "month", made_days_ago: int = 100) -> ReportSchedule:
    row = ReportSchedule.objects.create(every=every)
    row.to.set(people)
    ReportSchedule.objects.filter(pk=row.pk).update(made_at=NOON - timedelta(days=made_days_ago))
    return row


def test_minutes_are_noted_on_the_case_and_the_report_says_what_a_right_costs(maya, django_assert_max_num_queries):
    one, two = builders.in_review("access"), builders.in_review("delete", email="bob@example.org", name="Bob")
    desk = browser(maya)
    for request, minutes in ((one, "45"), (one, "15"), (two, "90")):
        assert desk.post(f"{builders.QUEUE}{request.pk}/time/", {"minutes": minutes, "on": "Calls"}).status_code == 302
    for wrong in ("", "0", "-5", "1.5", "1441", "many", "٣"):
        page = desk.post(f"{builders.QUEUE}{one.pk}/time/", {"form": "time", "minutes": wrong, "on": "x"})
        assert page.status_code == 422, wrong
    assert Note.objects.count() == 3 and events("request.time_noted").count() == 3
    assert "60 minutes noted" in desk.get(case(one)).content.decode()
    page = desk.get("/admin/reports/").content.decode()
    assert "Hours noted" in page
    sheet = desk.get("/admin/reports/?as=csv").content.decode()
    assert "A copy of my data,1.0,1,1.0" in sheet and ",1.5,1,1.5" in sheet and "All,2.5,2,1.2" in sheet
    assert desk.get("/admin/reports/?as=pdf").content.startswith(b"%PDF")
    assert browser(colleague("Auditor")).post(f"{builders.QUEUE}{one.pk}/time/", {"minutes": "5"}).status_code == 422


@pytest.mark.parametrize(
    ("every", "today", "first", "last"),
    [
        ("week", date(2027, 5, 3), date(2027, 4, 26), date(2027, 5, 2)),
        ("week", date(2027, 5, 9), date(2027, 4, 26), date(2027, 5, 2)),
        ("month", date(2027, 3, 31), date(2027, 2, 1), date(2027, 2, 28)),
        ("month", date(2027, 1, 1), date(2026, 12, 1), date(2026, 12, 31)),
        ("quarter", date(2027, 5, 3), date(2027, 1, 1), date(2027, 3, 31)),
        ("quarter", date(2027, 1, 1), date(2026, 10, 1), date(2026, 12, 31)),
    ],
)
def test_a_report_is_about_the_last_whole_period(every, today, first, last):
    assert mailing.period(every, today) == (first, last)


def test_a_report_comes_once_for_each_colleague_with_a_link_and_nothing_else(maya):
    request = builders.in_review("access")
    schedule(maya)
    mail.outbox.clear()
    assert mailing.queue_due(NOON) == 1 and mailing.queue_due(NOON + timedelta(days=3)) == 0
    for _ in range(2):
        for pk in ReportMail.objects.values_list("pk", flat=True):
            mailing.send(pk)
    (sent,) = mail.outbox
    assert sent.to == ["maya@company.example"] and "/admin/reports/?from=2027-04-01&to=2027-04-30" in sent.body
    for secret in (request.reference, builders.ADA, "Ada"):
        assert secret not in sent.body + sent.subject
    assert ReportMail.objects.get().state == "sent" and events("report.sent").count() == 1
    link = sent.body[sent.body.index("/admin/reports") :].split()[0]
    assert browser(maya).get(link).status_code == 200
    assert mailing.queue_due(NOON + timedelta(days=30)) == 1, "and again for the next month"


def test_a_new_schedule_begins_with_the_next_period(maya):
    schedule(maya, made_days_ago=0)
    assert mailing.queue_due(NOON) == 0
    assert mailing.queue_due(NOON + timedelta(days=30)) == 1


def test_who_may_not_see_reports_gets_none_and_the_schedule_says_so(maya):
    other = colleague("System owner")
    row = schedule(maya, other)
    mailing.queue_due(NOON)
    mail.outbox.clear()
    for pk in mailing.waiting(NOON + timedelta(days=999)):
        mailing.send(pk)
    assert len(mail.outbox) == 1
    parked = ReportMail.objects.get(to=other)
    assert parked.state == "parked" and "may not see reports" in parked.park_reason
    page = browser(maya).get("/admin/requests_app/reportschedule/").content.decode()
    assert "1 of 2 sent" in page and "may not see reports" in page
    assert browser(maya).get(f"/admin/requests_app/reportschedule/{row.pk}/change/").status_code == 200


def test_a_mail_server_that_is_down_delays_a_report_and_a_mail_is_never_sent_by_two(maya, settings):
    schedule(maya)
    mailing.queue_due(NOON)
    pk = ReportMail.objects.get().pk
    settings.EMAIL_BACKEND = "tests.desk.test_hours_and_mailed_reports.Down"
    mailing.send(pk)
    row = ReportMail.objects.get()
    assert row.state == "queued" and row.next_try_at is not None
    assert leases.claim(ReportMail.objects.all(), pk, row.next_try_at) is not None
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    mail.outbox.clear()
    mailing.send(pk)
    assert not mail.outbox, "somebody else has it"


class Down:
    """A mail server that is away."""

    def __init__(self, *args, **kwargs) -> None:
        pass

    def send_messages(self, messages) -> int:
        raise OSError("away")


def test_a_schedule_is_set_by_the_officer_for_colleagues_with_an_address(maya):
    desk = browser(maya)
    page = desk.get("/admin/requests_app/reportschedule/add/").content.decode()
    assert "maya" in page
    given = {"every": "week", "to": [str(maya.pk)], "active": "on"}
    assert desk.post("/admin/requests_app/reportschedule/add/", given).status_code == 302
    assert list(ReportSchedule.objects.get().to.all()) == [maya] and events("desk.added").count() == 1
    assert browser(colleague("Reviewer")).get("/admin/requests_app/reportschedule/").status_code == 403
