"""The list of sub-processors: announced before it starts, told to clients and subscribers by real mail, objections kept."""

import re
from datetime import date, timedelta
from email import message_from_bytes
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from audit import assurance, failpoints
from audit.models import Event
from audit.refusal import Refused
from disclosures import answers, listing, listmail, subscriptions, tasks
from disclosures.models import Client, ClientAnswer, ListChange, ListMail, Recipient, Subscriber
from tests.consent.builders import colleague
from tests.disclosures.builders import Post, recipient

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def maya() -> User:
    return colleague("maya", "announce_listchange", "settle_clientanswer", "retry_listmail")


@pytest.fixture
def cloud() -> Recipient:
    return recipient("cloud", "contact", role="sub_processor", kind="Hosting", country="IE")


@pytest.fixture(autouse=True)
def _disarmed() -> Any:
    yield
    failpoints.arm("")


def client(key: str = "north", **more: Any) -> Client:
    return Client.objects.create(
        **{"key": key, "name": key.title(), "contact": f"dpo@{key}.example", "language": "en", **more}
    )


def subscriber(mail: str = "ada@reader.example") -> Subscriber:
    subscriptions.subscribe(mail, language="de", now=timezone.now())
    row = Subscriber.objects.latest("asked_at")
    assert subscriptions.confirm(row, now=timezone.now())
    ListMail.objects.filter(about="confirm").delete()
    row.refresh_from_db()
    return row


def deliver() -> None:
    for pk in listmail.waiting(timezone.now()):
        listmail.send(pk)


def today() -> date:
    return timezone.localdate()


def check(key: str) -> Any:
    return next(one for one in assurance.checks() if one.key == f"disclosures.{key}").run()


def names(on: date) -> list[str]:
    return [entry.change.name for entry in listing.on(on)]


def test_the_list_of_any_day_is_read_from_its_changes(maya: User, cloud: Recipient) -> None:
    mail = recipient("mail", "contact", role="processor")
    listing.enter_first(mail, by=maya, since=today() - 400 * DAY, words="Annex 3 of the contracts")
    start = today() + 30 * DAY
    listing.announce(cloud, by=maya, starts_on=start)
    listing.remove(mail, by=maya, on_day=start + DAY)
    assert names(today()) == ["Mail"] and names(start) == ["Cloud", "Mail"] and names(start + DAY) == ["Cloud"]
    assert names(today() - 401 * DAY) == []
    assert [one.number for one in listing.coming(today())] == [2, 3] and listing.on(today())[0].leaves_on == start + DAY
    again = listing.announce(mail, by=maya, starts_on=start + 5 * DAY)
    assert again.number == 4 and names(start + 5 * DAY) == ["Cloud", "Mail"]
    with pytest.raises(Refused, match="later day"):
        listing.remove(cloud, by=maya, on_day=start)
    Recipient.objects.filter(key="cloud").update(name="Cumulus")
    assert names(start) == ["Cloud", "Mail"], "it says what was announced"


def test_no_sub_processor_starts_sooner_than_clients_may_object(maya: User, cloud: Recipient, settings: Any) -> None:
    client(notice_days=45)
    with pytest.raises(Refused, match="45 days") as refused:
        listing.announce(cloud, by=maya, starts_on=today() + 44 * DAY)
    assert refused.value.code == "too_soon" and not ListChange.objects.exists()
    change = listing.announce(cloud, by=maya, starts_on=today() + 45 * DAY)
    assert change.objections_until == today() + 44 * DAY
    with pytest.raises(Refused, match="already"):
        listing.announce(cloud, by=maya, starts_on=today() + 90 * DAY)


@pytest.mark.parametrize(
    ("verb", "code"),
    [
        (lambda one, by: listing.announce(one, by=colleague("eve"), starts_on=today() + 60 * DAY), "not_allowed"),
        (lambda one, by: listing.enter_first(one, by=by, since=today(), words=" "), "words_missing"),
        (lambda one, by: listing.enter_first(one, by=by, since=today() + DAY, words="Annex"), "day_future"),
        (lambda one, by: listing.remove(one, by=by, on_day=today() - DAY), "day_past"),
        (lambda one, by: listing.remove(one, by=by, on_day=today()), "list_conflict"),
        (lambda one, by: listing.announce(recipient("ads", role="advertiser"), by=by, starts_on=today() + 60 * DAY),
         "not_listed"),
        (lambda one, by: listing.announce(one, by=by, starts_on=today() + 60 * DAY, words="x" * 301), "too_long"),
    ],
)  # fmt: skip
def test_what_cannot_be_announced_is_refused_in_words(maya: User, cloud: Recipient, verb: Any, code: str) -> None:
    with pytest.raises(Refused) as refused:
        verb(cloud, maya)
    assert refused.value.code == code and refused.value.message.endswith(".")
    assert not ListChange.objects.exists() and not ListMail.objects.exists()


def test_clients_and_subscribers_are_told_by_mail_once_each(maya: User, cloud: Recipient, post: Post) -> None:
    client("north")
    client("west", authorisation="specific")
    client("gone", active=False)
    reader = subscriber()
    change = listing.announce(cloud, by=maya, starts_on=today() + 30 * DAY, words="Backups only.")
    assert tasks.sweep_list_mails() == 3
    deliver()
    deliver()
    by = {one.rcpt_tos[0]: message_from_bytes(one.content) for one in post.got}
    assert set(by) == {"dpo@north.example", "dpo@west.example", "ada@reader.example"} and len(post.got) == 3
    north, west, ada = (text(by[one]) for one in ("dpo@north.example", "dpo@west.example", "ada@reader.example"))
    assert "Cloud" in north and "Hosting" in north and "IE" in north and "Backups only." in north
    assert "You can object until" in north and "wants your word" not in north and "wants your word" in west
    assert "wird dieses Unternehmen" in ada and "widersprechen" not in ada, "in German; a reader cannot object"
    assert by["ada@reader.example"]["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert subscriptions.token(reader, "stop") in by["ada@reader.example"]["List-Unsubscribe"].replace("\r\n ", "")
    assert by["dpo@north.example"]["List-Unsubscribe"] is None
    assert ListMail.objects.filter(state="sent").count() == Event.objects.filter(name="subprocessor.told").count() == 3
    assert "reader.example" not in str(list(Event.objects.values_list("facts", flat=True)))
    assert change.number == 1


def text(mail: Any) -> str:
    return mail.get_payload(decode=True).decode()


def test_a_thousand_readers_are_written_a_batch_at_a_time(
    maya: User, cloud: Recipient, django_assert_max_num_queries: Any
) -> None:
    now = timezone.now()
    Subscriber.objects.bulk_create(
        Subscriber(email=f"r{n}@reader.example", blind_index=str(n), state="active", asked_at=now) for n in range(1001)
    )
    with django_assert_max_num_queries(40):
        listing.announce(cloud, by=maya, starts_on=today() + 30 * DAY)
    assert ListMail.objects.count() == 1001


@pytest.mark.parametrize("point", ["list_mail.before_send", "list_mail.after_send"])
def test_a_killed_worker_sends_the_same_mail_again(maya: User, cloud: Recipient, post: Post, point: str) -> None:
    client()
    listing.announce(cloud, by=maya, starts_on=today() + 30 * DAY)
    failpoints.arm(f"{point}=raise")
    with pytest.raises(failpoints.Injected):
        deliver()
    failpoints.arm("")
    deliver()
    assert ListMail.objects.get().state == "queued", "the lease still holds"
    ListMail.objects.update(lease_until=timezone.now() - DAY)
    deliver()
    assert ListMail.objects.get().state == "sent"
    assert len({message_from_bytes(one.content)["Message-ID"] for one in post.got}) == 1


def test_a_client_who_cannot_be_told_is_parked_tried_again_or_told_another_way(
    maya: User, cloud: Recipient, post: Post
) -> None:
    north, west = client("north", contact=""), client("west")
    listing.announce(cloud, by=maya, starts_on=today() + 30 * DAY)
    post.answer = "rcpt 550 no such user"
    deliver()
    assert {one.park_reason[:12] for one in listmail.parked()} == {"This client ", "The mail ser"}
    assert "2 clients could not be told" in check("clients_told").sentence and not check("clients_told").ok
    post.answer = ""
    with pytest.raises(Refused):
        listmail.retry(ListMail.objects.get(client=west), by=colleague("eve"))
    listmail.retry(ListMail.objects.get(client=west), by=maya)
    listmail.waive(ListMail.objects.get(client=north), by=maya)
    with pytest.raises(Refused, match="any more"):
        listmail.waive(ListMail.objects.get(client=north), by=maya)
    deliver()
    assert check("clients_told").ok and len(post.got) == 1
    post.stop()


def test_a_server_that_is_away_is_tried_for_days(maya: User, cloud: Recipient, post: Post, settings: Any) -> None:
    client()
    listing.announce(cloud, by=maya, starts_on=today() + 30 * DAY)
    post.stop()
    deliver()
    row = ListMail.objects.get()
    assert row.state == "queued" and row.next_try_at is not None
    late = {"next_try_at": None, "queued_at": timezone.now() - 4 * DAY, "attempts": settings.MOST_ATTEMPTS}
    ListMail.objects.update(**late)
    deliver()
    assert ListMail.objects.get().state == "parked"


def test_a_client_that_hears_too_late_is_found(maya: User, cloud: Recipient) -> None:
    client()
    listing.announce(cloud, by=maya, starts_on=today() + 30 * DAY)
    assert check("clients_told").ok, "there is still time"
    ListMail.objects.update(state="sent", sent_at=timezone.now() + DAY)
    assert "1 heard too late" in check("clients_told").sentence
    ListMail.objects.update(sent_at=timezone.now())
    assert check("clients_told").ok


def test_a_withdrawn_change_is_told_too_and_settles_objections(maya: User, cloud: Recipient, post: Post) -> None:
    north = client()
    change = listing.announce(cloud, by=maya, starts_on=today() + 30 * DAY)
    deliver()
    client("new")  # came later, and heard nothing of it
    answers.record(change, north, answer="objects", said_on=today(), words="We use another cloud.", by=maya)
    listing.withdraw(change, by=maya)
    deliver()
    assert [one.rcpt_tos[0] for one in post.got] == ["dpo@north.example"] * 2
    assert "Withdrawn" in message_from_bytes(post.got[1].content)["Subject"]
    assert names(today() + 90 * DAY) == [] and ClientAnswer.objects.get().outcome == "dropped"
    with pytest.raises(Refused, match="already"):
        listing.withdraw(change, by=maya)
    assert listing.announce(cloud, by=maya, starts_on=today() + 40 * DAY).number == 2, "and it may be announced again"


def test_a_withdrawal_before_the_first_mail_went_out_sends_neither_half(
    maya: User, cloud: Recipient, post: Post
) -> None:
    client()
    change = listing.announce(cloud, by=maya, starts_on=today() + 30 * DAY)
    listing.withdraw(change, by=maya)
    deliver()
    assert ["Withdrawn" in str(message_from_bytes(one.content)["Subject"]) for one in post.got] == [True]


def test_an_objection_is_kept_and_a_start_in_spite_of_it_is_found(maya: User, cloud: Recipient) -> None:
    north, west = client(), client("west", authorisation="specific")
    change = listing.announce(cloud, by=maya, starts_on=today() + 30 * DAY)
    with pytest.raises(Refused, match="reason"):
        answers.record(change, north, answer="objects", said_on=today(), by=maya)
    with pytest.raises(Refused, match="between"):
        answers.record(change, north, answer="agrees", said_on=today() + DAY, by=maya)
    answers.record(change, north, answer="agrees", said_on=today(), by=maya)
    row = answers.record(change, north, answer="objects", said_on=today(), words="We thought again.", by=maya)
    assert ClientAnswer.objects.count() == 1 and list(answers.unsettled()) == [row]
    assert check("objections").ok, "it has not started"
    ListChange.objects.update(starts_on=today())
    assert "in spite of a client: 1" in check("objections").sentence
    with pytest.raises(Refused, match="list"):
        answers.settle(row, outcome="whatever", by=maya)
    answers.settle(row, outcome="not_used", by=maya)
    with pytest.raises(Refused, match="settled"):
        answers.settle(row, outcome="withdrawn", by=maya)
    assert not check("objections").ok, "the other client has to agree to each"
    answers.record(change, west, answer="agrees", said_on=today(), by=maya)
    assert check("objections").ok
    with pytest.raises(Refused, match="recorded already"):
        answers.record(change, north, answer="agrees", said_on=today(), by=maya)
    assert Event.objects.filter(name="subprocessor.objection_settled").get().facts["outcome"] == "not_used"


def test_a_sub_processor_that_works_before_it_was_announced_is_found(maya: User, cloud: Recipient) -> None:
    assert "1 active sub-processors" in check("subprocessors_listed").sentence
    change = listing.announce(cloud, by=maya, starts_on=today() + 30 * DAY)
    assert not check("subprocessors_listed").ok, "announced is not started"
    ListChange.objects.filter(pk=change.pk).update(starts_on=today())
    assert check("subprocessors_listed").ok


def test_who_subscribes_is_asked_by_mail_and_gone_with_one_press(post: Post) -> None:
    now = timezone.now()
    for _ in range(2):
        subscriptions.subscribe("Ada@Reader.example", language="en", now=now)
    deliver()
    assert len(post.got) == 1 and post.got[0].rcpt_tos == ["Ada@Reader.example"], "to the address as it was typed"
    link = re.search(r"/sub-processors/confirm/([\w=-]+)/", text(message_from_bytes(post.got[0].content)))
    assert link
    row = subscriptions.by_token(link[1], "confirm")
    assert row and subscriptions.by_token(link[1], "stop") is None, "a link is for one use"
    assert subscriptions.confirm(row, now=now) and subscriptions.confirm(row, now=now)
    subscriptions.subscribe("ada@reader.example", language="en", now=now + 2 * DAY)
    deliver()
    assert len(post.got) == 1, "who hears already is not asked again"
    subscriptions.stop(row, now=now)
    row.refresh_from_db()
    assert (row.state, row.email, row.blind_index) == ("ended", "", None)
    assert not subscriptions.confirm(row, now=now), "an old link does not begin it anew"
    subscriptions.subscribe("ada@reader.example", language="en", now=now)
    assert Subscriber.objects.filter(state="asked").count() == 1, "but who wants to may"


def test_an_address_that_was_never_confirmed_is_forgotten() -> None:
    now = timezone.now()
    subscriptions.subscribe("ada@reader.example", language="xx", now=now - 8 * DAY)
    row = Subscriber.objects.get()
    assert row.language == "en" and not subscriptions.confirm(row, now=now)
    assert subscriptions.prune(now) == 1 and subscriptions.prune(now) == 0
    row.refresh_from_db()
    assert row.email == ""
    with pytest.raises(Refused):
        subscriptions.subscribe("nobody", language="en", now=now)


@pytest.mark.parametrize("wrong", ["", "x", "é", "a" * 64, "=" * 64])
def test_a_made_up_token_is_nobodys(wrong: str) -> None:
    assert subscriptions.by_token(wrong, "confirm") is None
