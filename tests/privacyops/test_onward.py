"""A No reaches the recipients who use the purpose, once, and nobody else."""

from datetime import timedelta

import pytest
from django.utils import timezone

from consent import choices
from consent.models import Choice
from disclosures import ledger, notices
from disclosures.models import Channel, Notice, Onward
from privacyops import onward, tasks
from tests.consent.builders import CLERK, purpose
from tests.disclosures.builders import category, person, recipient
from tests.disclosures.conftest import post as post

pytestmark = pytest.mark.django_db


def say(granted: bool, key: str = "news", source: str = "portal", subject=None, **more) -> Choice:
    return choices.record(subject or person(), choices.named(key), granted, source=source, actor=CLERK, **more)


def told() -> list[tuple[str, str]]:
    return sorted(Notice.objects.values_list("recipient__key", "kind"))


@pytest.fixture
def mailer():
    """Sends the newsletter: agreed to hear of withdrawals of it; gets addresses of everyone."""
    row = recipient("mailer", "contact", receives_everyone=True)
    Channel.objects.create(recipient=row).purposes.add(purpose("news"))
    recipient("hosting", "contact", receives_everyone=True)
    return row


def test_a_withdrawn_consent_is_told_to_who_uses_the_purpose_and_to_nobody_else(mailer) -> None:
    say(True)
    assert onward.sweep(timezone.now()) == 0
    choice = say(False)
    assert [tasks.sweep_onward(), onward.sweep(timezone.now())] == [1, 0]
    (row,) = Notice.objects.all()
    assert (row.recipient.key, row.kind, row.purpose.key) == ("mailer", "withdrawal", "news")
    assert row.origin == f"choice:{choice.pk}" and row.reference == f"W-{row.pk.hex[:8].upper()}"
    assert Onward.objects.get().told == 1


def test_the_mail_names_the_purpose_and_a_short_reference(mailer, post) -> None:
    say(True)
    say(False)
    onward.sweep(timezone.now())
    notices.send(Notice.objects.get().pk)
    text = post.text()
    assert "no longer agrees" in text.replace("\r\n", " ") and "News" in text and "ada@example.org" in text
    assert Notice.objects.get().reference in text and "choice:" not in text


def test_whom_the_ledger_names_for_the_purpose_is_told(mailer) -> None:
    ada = person()
    for key, used in (("panel", "news"), ("employer", None)):
        row = recipient(key, "contact")
        ledger.record(
            ada, row, categories=[category("contact").key], purpose=choices.named(used) if used else None, occasion="",
            disclosed_at=timezone.now(), actor=CLERK,
        )  # fmt: skip
    say(True, subject=ada)
    say(False, subject=ada)
    onward.sweep(timezone.now())
    assert told() == [("mailer", "withdrawal"), ("panel", "withdrawal")]


def test_a_no_without_a_yes_before_takes_nothing_back_but_of_a_sale_it_is_an_opt_out(mailer) -> None:
    purpose("ads", sale_or_sharing=True)
    recipient("adnet", "contact", receives_everyone=True, role="third_party")
    say(False)
    say(False, "ads")
    assert onward.sweep(timezone.now()) == 2
    assert told() == [("adnet", "opt_out")]


def test_what_a_request_told_and_what_was_taken_back_is_not_told(mailer) -> None:
    say(True)
    say(False, source="request")
    say(True)
    say(False)
    say(True)
    onward.sweep(timezone.now())
    assert told() == []


def test_each_withdrawal_is_told_once_however_often_and_late_the_sweep_comes(mailer) -> None:
    for _ in range(2):
        say(True)
        say(False)
        onward.sweep(timezone.now())
        onward.sweep(timezone.now() + timedelta(days=3))
    assert len(told()) == 2 and Onward.objects.count() == 2


def test_a_no_that_was_committed_late_is_found_all_the_same(mailer) -> None:
    say(True)
    early = say(False)
    Onward.objects.all().delete()
    Onward.objects.create(choice=person("b@example.org").pk, recorded_at=early.recorded_at + timedelta(minutes=5))
    assert onward.sweep(timezone.now()) == 1 and len(told()) == 1


def test_a_thousand_noes_cost_a_fixed_number_of_reads(mailer, django_assert_max_num_queries) -> None:
    for number in range(30):
        say(False, subject=person(f"p{number}@example.org"))
    onward.sweep(timezone.now())
    with django_assert_max_num_queries(6):
        onward.sweep(timezone.now())
