"""Whoever placed a legal hold, and legal, hear by mail that its review is overdue: once a day, and nothing personal."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.contrib.auth.models import Permission, User
from django.core import mail

from audit.models import Event
from connectors import holdmail, holds
from connectors.models import HoldMail
from connectors.tasks import sweep_hold_reviews
from tests.connectors.shop import ANNA, person

DAY = datetime(2026, 11, 27, 12, tzinfo=UTC)


@pytest.fixture
def people(db: None) -> dict[str, User]:
    made = {
        name: User.objects.create_user(name, f"{name}@company.example", is_staff=True)
        for name in ("writer", "legal", "clerk")
    }
    made["legal"].user_permissions.add(Permission.objects.get(codename="release_legalhold"))
    User.objects.create_superuser("root", "root@company.example")
    return made


def place(by: User, on: date) -> None:
    holds.place(person(ANNA), matter="Anna against us", reason="Claim", review_on=on, by=by)


def test_an_overdue_review_is_mailed_once_a_day_to_its_author_and_to_legal(people, monkeypatch) -> None:
    place(people["writer"], date(2026, 11, 26))
    place(people["legal"], date(2026, 11, 27))  # today: on the home page, not overdue
    assert holdmail.open_due(DAY) == 2 and holdmail.open_due(DAY) == 0, "a row each, however often the sweep runs"
    for one in holdmail.waiting(datetime.now(UTC)):
        holdmail.send(one)
        holdmail.send(one)
    assert sorted(one.to[0] for one in mail.outbox) == ["legal@company.example", "writer@company.example"]
    for one in mail.outbox:
        assert "/admin/connectors/legalhold/?stands=review" in one.body
        assert "anna" not in (one.subject + one.body).lower(), "neither the person nor the matter"
    assert "Placed by you: 1" in next(one.body for one in mail.outbox if "writer" in one.to[0])
    assert Event.objects.filter(name="hold.mail_sent").count() == 2
    assert holdmail.open_due(DAY + timedelta(days=1)) == 2, "tomorrow again, while nobody looked"


def test_a_mail_that_no_server_takes_is_tried_again_and_parked_after_a_day(people, monkeypatch) -> None:
    place(people["writer"], date(2026, 11, 1))
    holdmail.open_due(DAY)

    def away(self: object) -> None:
        raise ConnectionRefusedError

    monkeypatch.setattr("connectors.holdmail.EmailMessage.send", away)
    row = HoldMail.objects.first()
    assert row is not None
    holdmail.send(row.pk)
    row.refresh_from_db()
    assert row.state == "queued" and row.next_try_at is not None
    HoldMail.objects.update(next_try_at=None, queued_at=datetime.now(UTC) - timedelta(days=2))
    holdmail.send(row.pk)
    row.refresh_from_db()
    assert row.state == "parked" and "for a day" in row.park_reason


def test_the_sweep_writes_and_rings(people) -> None:
    assert sweep_hold_reviews() == 0
    place(people["writer"], date(2026, 11, 1))
    assert holdmail.open_due(DAY.replace(hour=3)) == 0, "not at night"
