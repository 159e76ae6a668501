"""What `builders.everything` has beside its request, by topic: a few rows for every screen."""

from datetime import timedelta
from fractions import Fraction
from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone

from audit import actor as actors
from audit.models import ApiClient
from connectors.models import Batch
from consent import choices, devices, doubly, hooks, launching, notices, reviewing, telling
from consent.models import NoticeVersion, Terms
from disclosures import answers as client_answers
from disclosures import budgets, listing, releasing, subscriptions
from disclosures.models import Client as Controller
from disclosures.models import (
    ExternalSite,
    Instruction,
    ListMail,
    PolicyWatch,
    Recipient,
    Transfer,
)
from inventory.models import Field, Purpose
from requests_app import playing
from requests_app.models import (
    Absence,
    AssignmentRule,
    Attachment,
    Mention,
    Message,
    Note,
    Playbook,
    Request,
    Watcher,
)
from retention import erased, versions
from retention.models import (
    Archive,
    CopySet,
    Erased,
    Night,
    Replay,
    ReplayPart,
    Revival,
    Run,
    Schedule,
    SealedEntry,
    StoredCopy,
    Summary,
    SummaryCell,
)
from subjects import registry
from subjects.models import DataSubject

TESTS = actors.worker("tests")


def backed_up(system: Any, batch: Any) -> None:
    """A backup with one copy, a sealed archive, an entry of the sealed list, a replay that waits for a colleague."""
    now = timezone.now()
    dumps = CopySet.objects.create(
        key="dumps", title="Nightly dumps", system=system, kind="dump", place="Rack 3", kept_days=30, address="/nowhere"
    )
    StoredCopy.objects.create(copy_set=dumps, name="monday.dump", taken_at=now, expires_at=now + timedelta(days=30))
    Archive.objects.create(
        batch=batch, origin="R-1", system=system, state="sealed", days=90, rows=3, sealed_at=now,
        purge_at=now + timedelta(days=90),
    )  # fmt: skip
    SealedEntry.objects.create(
        number=1, kind="erase", system=system.key, origin="PR-1", source="order:1", done_at=now, sealed_at=now, key="2026-11",
        payload="", previous="0" * 64, mac="1" * 64,
    )  # fmt: skip
    replay = Replay.objects.create(system=system.key, since=now, entries=1, last_number=1, last_mac="1" * 64)
    ReplayPart.objects.create(
        replay=replay,
        turn=1,
        kind="retention",
        numbers=[1],
        digest="2" * 64,
        state="parked",
        note="3 rows are past the date.",
    )


def sharing(writer: User) -> None:
    """A transfer, a client with an instruction, a sub-processor that is announced and objected to, and a changed policy."""
    today, boss = timezone.localdate(), User.objects.create_superuser("announcer")
    site = ExternalSite.objects.get()
    PolicyWatch.objects.create(
        site=site, address="https://dpa.example/privacy", outcome="changed", looked_at=timezone.now(),
        reason="Passages: 1 new, 1 gone.",
    )  # fmt: skip
    cloud = Recipient.objects.create(
        key="cloud", name="Cloud Harbour", role="sub_processor", kind="Hosting", contact="p@cloud.example", country="US",
        review_due=today - timedelta(days=3), contract_until=today + timedelta(days=20), owner=writer,
    )  # fmt: skip
    Transfer.objects.create(recipient=cloud, country="US", basis="clauses")
    northwind = Controller.objects.create(key="northwind", name="Northwind", contact="dpo@northwind.example")
    Instruction.objects.create(
        client=northwind, kind="delete", given_on=today, given_by="Head of personnel", way="Letter", processing="Old files.",
        due_on=today - timedelta(days=1), recorded_by=boss,
    )  # fmt: skip
    subscriptions.subscribe("reader@press.example", language="de", now=timezone.now())
    change = listing.announce(cloud, by=boss, starts_on=today + timedelta(days=40))
    client_answers.record(change, northwind, answer="objects", said_on=today, words="Not in the USA.", by=boss)
    ListMail.objects.filter(client=northwind).update(state="parked", park_reason="The mail server refused the address.")


def kept(schedule: Schedule, writer: User, batch: Batch) -> None:
    """What schedules lead to: a draft of a change, a night, statistics that stayed, and somebody who is back."""
    now = timezone.now()
    versions.propose_version(versions.draft(schedule, by=writer, period=12), by=writer)
    Night.objects.create(
        schedule=schedule, day=timezone.localdate(), past=3, unexplained=3, total=9, undated=1, counted_at=now
    )
    summary = Summary.objects.create(run=Run.objects.get(), batch=batch, done_at=now, rows=30)
    SummaryCell.objects.create(summary=summary, group={"sent_on (year)": "2023"}, rows=30, sums={"id": 4.0})
    erased.remember([("email", "gone@example.org")], origin="R-0", at=now, actor=TESTS)
    Revival.objects.create(erased=Erased.objects.get(), field=Field.objects.filter(identity="email")[0], found_at=now)


def left(writer: User) -> None:
    """A table that left, a noisy one with what it took of its budget, and one that the gate refused."""
    from tests.disclosures import release_builders as releases  # noqa: PLC0415  # it needs `builders`, which needs this file

    today = timezone.localdate()
    budgets.add(
        releases.dataset(), starts_on=today, ends_on=today + timedelta(days=90), epsilon=Fraction(2), delta=Fraction(0),
        by=writer,
    )  # fmt: skip
    releasing.approve(releases.judged(releases.propose(writer)), by=User.objects.create_superuser("approver"))
    releases.judged(releases.propose(writer, "private"))
    releases.judged(releases.propose(writer, rows=releases.people(4), key="few"))


def noticed(writer: User, reviewer: User) -> NoticeVersion:
    """A notice that two people published and that is being announced in the service; purposes that wait for their launch."""
    today = timezone.localdate()
    draft = notices.draft(title="Privacy notice", body="# Notice\n\nWords.", effective_on=today, by=writer)
    reviewing.propose(draft, by=writer)
    reviewing.approve(draft, by=reviewer)
    published = notices.publish(draft, by=reviewer)
    telling.announce(published, by=reviewer, by_mail=False)
    launching.settle(timezone.now())
    return published


def consents(person: DataSubject, shop: ApiClient) -> None:
    """A device, a Yes that awaits its link, terms, a withdrawal on its way, and a webhook with a message."""
    hooks.subscribe(shop, "https://shop.example/hooks", [], actor=TESTS)
    news = Purpose.objects.create(key="letter", name="Letter", description="By mail.", lawful_basis="consent")
    Terms.objects.create(purpose=news, double_opt_in=True)
    devices.adopt(devices.find_or_make("browser-0123456789"), person, actor=TESTS)
    choices.record(person, news, False, source="portal", actor=TESTS)
    doubly.ask(registry.add(person, "email", "second@example.org", actor=TESTS), news, source="portal", actor=TESTS)


def together(request: Request, writer: User) -> None:
    """Rules, an absence, a playbook with its checklist on the case, and a note that names somebody."""
    AssignmentRule.objects.create(name="Erasures", place=1, rights=["delete"], pick="fewest").people.set([writer])
    today = timezone.localdate()
    Absence.objects.create(person=writer, starts_on=today, ends_on=today + timedelta(days=3))
    book = Playbook(name="Erasures at Hireline", right="delete", review_over=2, steps="Look at the holds\nAsk the shop")
    playing.keep(book, [("erased", "en", "Ask for Ms Chen.")], by=writer)
    Request.objects.filter(pk=request.pk).update(playbook=playing.frozen(book), owner=writer)
    playing.tick(request, number=1, done=True, by=writer)
    Watcher.objects.create(request=request, person=writer)
    note = Note.objects.create(request=request, author=writer, text="Please look, @root.")
    Mention.objects.create(note=note, person=User.objects.create_superuser("named"))


def talk(request: Request, by: User) -> None:
    """A conversation: a colleague's words, a mail whose file was not taken, and a file that was."""
    now = timezone.now()
    Message.objects.create(request=request, author="staff", by=by, text="Which account is yours?", written_at=now)
    came = Message.objects.create(
        request=request, author="person", channel="email", on_file=False, text="The old one.\n\nSee the scan.", written_at=now,
        left_out=["“bill.exe” is none of: PDF, PNG, JPEG, plain text (UTF-8)."],
    )  # fmt: skip
    Attachment.objects.create(
        message=came, name="scan.png", media="image/png", size=48_213, file_name="none", key="none"
    )
