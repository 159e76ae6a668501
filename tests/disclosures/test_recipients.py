"""Recipients: what is missing about them is found, they are looked at in their time, and opt-outs go to who buys."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import IntegrityError, transaction
from django.utils import timezone

from audit import assurance
from audit.models import Event
from audit.refusal import Refused
from disclosures import policies, recipients, reviewmail, tasks
from disclosures.models import ExternalSite, Grant, PolicyWatch, Recipient, ReviewMail, Transfer
from tests.consent.builders import colleague, purpose
from tests.disclosures.builders import category, recipient, tell

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def today() -> date:
    return timezone.localdate()


def check(key: str) -> Any:
    return next(one for one in assurance.checks() if one.key == f"disclosures.{key}").run()


def gaps(one: Recipient) -> list[str]:
    return [gap.code for gap in recipients.transfer_gaps(one, today())]


def test_a_transfer_without_a_basis_is_found_with_the_way_there(settings: Any) -> None:
    recipient("mill")
    net = recipient("net", country="US")
    recipient("former", country="IN", active=False)
    assert gaps(net) == ["no_basis"] and "1 recipients have a gap. Net:" in check("transfers").sentence
    assert check("transfers").link == "/admin/disclosures/recipient/?gap=transfer"
    row = Transfer.objects.create(recipient=net, country="US", basis="framework", certified_until=today() - DAY)
    assert gaps(net) == ["not_certified"]
    Transfer.objects.filter(pk=row.pk).update(certified_until=today())
    assert check("transfers").ok
    Transfer.objects.create(recipient=net, country="IN", basis="clauses")
    assert gaps(net) == ["no_assessment"], "each country counts"
    Transfer.objects.filter(country="IN").update(ended_on=today())
    assert check("transfers").ok, "but none where our data is no more"
    settings.TRANSFER_REGIMES = ["EU", "CH"]
    assert check("transfers").ok
    settings.TRANSFER_REGIMES = ["UK"]
    assert check("transfers").ok, "Germany is adequate to the United Kingdom"


def test_looking_for_gaps_costs_the_same_however_many_are_at_home(django_assert_max_num_queries: Any) -> None:
    for turn in range(4):
        recipient(f"home{turn}")
        recipient(f"far{turn}", country="IN")
    with django_assert_max_num_queries(3):
        assert len(list(recipients.abroad(today()))) == 4


def test_the_words_of_a_basis_are_our_own_or_those_of_the_law() -> None:
    assert recipient("a", country="CH").basis == "Adequacy decision 2000/518/EC"
    assert recipient("b", country="US", transfer_basis="Ours").basis == "Ours"
    net = recipient("c", country="US")
    Transfer.objects.create(recipient=net, country="US", basis="clauses")
    assert net.basis == "Standard contractual clauses (US)"
    assert recipient("d").basis == ""


def test_opt_outs_go_to_whom_data_is_sold_or_shared_whatever_their_role() -> None:
    recipient("mailer", "contact", receives_everyone=True, ccpa="service_provider")
    recipient("buyer", "contact", receives_everyone=True, role="controller", sold=True)
    recipient("adnet", "contact", receives_everyone=True, role="advertiser", shared=True)
    recipient("old", "contact", receives_everyone=True, role="third_party")
    assert sorted(one.recipient.key for one in tell("opt_out")) == ["adnet", "buyer", "old"]
    with pytest.raises(IntegrityError), transaction.atomic():
        recipient("odd", ccpa="contractor", shared=True)


def test_who_gets_data_for_a_sale_and_is_not_marked_is_found() -> None:
    mill = recipient("mill", "contact")
    Grant.objects.create(recipient=mill, category=category("contact"), purpose=purpose("ads", sale_or_sharing=True))
    assert not check("sale_marked").ok
    Recipient.objects.update(shared=True)
    assert check("sale_marked").ok


def test_what_they_get_is_said_with_its_purpose() -> None:
    mill, maya = recipient("mill", "contact", "usage"), colleague("maya", "change_recipient")
    why = purpose("service")
    assert "1 active recipients" in check("what_for").sentence
    pairs = [(category("contact").pk, why.pk), (category("usage").pk, why.pk), (category("identity").pk, why.pk)]
    assert recipients.grant(mill, pairs, by=maya) == 3 and recipients.grant(mill, pairs, by=maya) == 0
    assert check("what_for").ok and mill.categories.count() == 3
    assert recipients.grant(mill, pairs[:1], by=maya) == 2 and mill.categories.count() == 3
    assert not check("what_for").ok, "they may still have what they once got"
    with pytest.raises(Refused):
        recipients.grant(mill, [(pairs[0][0], 4711)], by=maya)
    with pytest.raises(Refused):
        recipients.grant(mill, pairs, by=colleague("eve"))
    assert Event.objects.filter(name="recipient.granted").count() == 2


def test_a_review_is_due_again_after_its_months_and_mends_what_is_broken_first() -> None:
    maya = colleague("maya", "change_recipient")
    net = recipient("net", country="US", review_due=today() - DAY, review_months=6)
    assert list(recipients.overdue(today())) == [net] and not check("recipients_reviewed").ok
    with pytest.raises(Refused, match="no basis"):
        recipients.reviewed(net, by=maya, on=today())
    Recipient.objects.update(country="DE", contract_until=today() - DAY)
    with pytest.raises(Refused, match="contract is over"):
        recipients.reviewed(net, by=maya, on=today())
    assert not check("contract_dates").ok and recipients.ending(today()).count() == 1
    Recipient.objects.update(contract_until=today() + 30 * DAY)
    assert check("contract_dates").ok and recipients.ending(today()).count() == 1, "it ends soon"
    due = recipients.reviewed(net, by=maya, on=today())
    assert 175 < (due - today()).days < 190 and check("recipients_reviewed").ok
    with pytest.raises(Refused):
        recipients.reviewed(net, by=colleague("eve"), on=today())
    Recipient.objects.update(active=False)
    with pytest.raises(Refused, match="switched off"):
        recipients.reviewed(net, by=maya, on=today())


def test_a_reminder_goes_once_a_week_to_owners_and_to_who_may_change_recipients() -> None:
    maya, owner = colleague("maya", "change_recipient", "change_externalsite"), colleague("otto")
    colleague("eve")
    for one in (maya, owner):
        one.email = f"{one.username}@company.example"
        one.save()
    noon = timezone.now().replace(hour=12)
    assert reviewmail.open_due(noon) == 0, "nothing is due"
    recipient("net", review_due=today() - DAY, owner=owner)
    recipient("mill", review_due=today() - DAY)
    site = ExternalSite.objects.create(name="x", address="https://x.example/", about="x", review_due=date(2030, 1, 1))
    PolicyWatch.objects.create(site=site, address="https://x.example/p", outcome="changed")
    assert policies.trouble().count() == 1
    assert reviewmail.open_due(noon.replace(hour=2)) == 0, "not at night"
    assert reviewmail.open_due(noon) == 2 and reviewmail.open_due(noon) == 0
    assert {one.to.username: one.told for one in ReviewMail.objects.all()} == {
        "maya": {"recipients": 2, "policies": 1}, "otto": {"recipients": 1},
    }  # fmt: skip
    for pk in reviewmail.waiting(timezone.now()):
        reviewmail.send(pk)
        reviewmail.send(pk)
    assert sorted(one.to[0] for one in mail.outbox) == ["maya@company.example", "otto@company.example"]
    body = next(one.body for one in mail.outbox if "maya" in one.to[0])
    assert "/admin/disclosures/externalsite/?policy=trouble" in body and "Net" not in body and "net" not in body
    assert Event.objects.filter(name="review.mail_sent").count() == 2
    assert reviewmail.open_due(noon + 7 * DAY) == 2, "next week again, while nobody looked"
    assert tasks.sweep_reviews() >= 0


def test_a_reminder_that_nobody_takes_is_parked_and_told(monkeypatch: Any) -> None:
    maya = colleague("maya", "change_recipient")
    maya.email = "maya@company.example"
    maya.save()
    recipient("net", review_due=today() - DAY)
    reviewmail.open_due(timezone.now().replace(hour=12))

    def away(self: object) -> None:
        raise ConnectionRefusedError

    monkeypatch.setattr("disclosures.reviewmail.EmailMessage.send", away)
    row = ReviewMail.objects.get()
    reviewmail.send(row.pk)
    row.refresh_from_db()
    assert row.state == "queued" and row.next_try_at is not None
    ReviewMail.objects.update(next_try_at=None, queued_at=timezone.now() - 3 * DAY)
    reviewmail.send(row.pk)
    assert ReviewMail.objects.get().state == "parked"
    assert "1 reminders could not be sent" in check("recipients_reviewed").sentence
