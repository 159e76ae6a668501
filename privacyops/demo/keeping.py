"""How long Hireline keeps things: schedules by one person and approved by another, two of the same rows, one that begins when
consent is withdrawn, a draft that waits, nights that were counted, and a list of who was erased.
"""

from datetime import timedelta

from django.contrib.auth.models import Group, User
from django.utils import timezone

from audit import actor as actors
from connectors.models import Throttle
from inventory.models import Collection, Purpose
from retention import erased, house, library, nights, versions
from retention.models import Erased, Limits, Night, Schedule

LOADER = actors.worker("demo")
APPROVER = "hireline-records"
# key, dataset, collection, title, period, unit, from when on, by which dates, why, section, entry of the library
SCHEDULES = (
    ("server-logs", "traces", "server_logs", "Server logs after 90 days", 90, "days", "created", "", "need",
     "Long enough to find misuse; the security team never looked further back.", "GDPR art. 5(1)(e)", "eu-security-logs"),
    ("closed-applications", "archive", "archived_applications", "Closed applications after 6 months", 6, "months", "event",
     "", "claims", "Claims of rejected applicants must be brought within that time.", "AGG §15(4), ArbGG §61b(1)",
     "de-rejected"),
    ("sign-ins", "traces", "sessions", "Sign-ins after 12 months", 12, "months", "created", "", "need",
     "People ask about strange sign-ins for about a year.", "", ""),
    ("support", "platform", "support_tickets", "Support requests after 2 years", 2, "years", "created", "", "need",
     "Follow-up questions come within two years.", "", ""),
    ("support-training", "platform", "support_tickets", "Support requests for training colleagues", 3, "years", "created",
     "", "need", "New colleagues learn from old questions.", "", ""),
)  # fmt: skip


def schedules(author: User) -> None:
    """Schedules in force, one of them overruled, and a change that waits for Maya. Written once."""
    approver = _approver()
    collections = {(one.dataset.key, one.name): one for one in Collection.objects.select_related("dataset")}
    for key, dataset, name, title, period, unit, trigger, dates, basis, reason, cite, entry in SCHEDULES:
        if Schedule.objects.filter(key=key).exists():
            continue
        version = versions.start(
            key=key, by=author, title=title, collection=collections[dataset, name], period=period, unit=unit,
            trigger=trigger, dates=dates, basis=basis, reason=reason, cite=cite, grace_hours=0, owner=author,
            library=entry if library.entry(entry) else "",
        )  # fmt: skip
        versions.approve(version, by=approver)
    _change(author)
    _withdrawn(author)
    if not Schedule.objects.filter(key="portal-cases").exists():
        for one in house.describe(by=author):
            versions.approve(one.versions.get(), by=approver)
    _nights()
    if not Erased.objects.exists():
        people = [("email", f"gone{number}@people.example") for number in range(3)]
        erased.remember(people, origin="demo", at=timezone.now() - timedelta(days=40), actor=LOADER)
    logs = Schedule.objects.get(key="server-logs")
    Limits.objects.get_or_create(schedule=logs, defaults={"most_rows": 50_000})
    Throttle.objects.get_or_create(
        system=logs.collection.dataset.system,
        defaults={"zone": "Europe/Berlin", "rows_per_second": 5000, "pause_ms": 20},
    )


def _change(author: User) -> None:
    """A shorter time for sign-ins, to be approved: its page counts what it would do."""
    schedule = Schedule.objects.get(key="sign-ins")
    if schedule.versions.count() > 1:
        return
    words = "Nobody asked about a sign-in older than half a year."
    draft = versions.draft(
        schedule, by=author, why=words, period=6, title="Sign-ins after 6 months", group_by="started_at:month"
    )  # fmt: skip
    versions.propose_version(draft, by=author)


def _withdrawn(author: User) -> None:
    """Whoever unsubscribed goes from the newsletter's list a month later: the ledger of choices tells the day."""
    if Schedule.objects.filter(key="newsletter-withdrawn").exists():
        return
    version = versions.start(
        key="newsletter-withdrawn", by=author, title="Newsletter, a month after consent was withdrawn", period=1,
        unit="months", trigger="withdrawn", purpose=Purpose.objects.get(key="newsletter"), basis="consent",
        collection=Collection.objects.get(dataset__key="marketing", name="contacts"), owner=author, grace_hours=24,
        reason="Without consent there is no reason to keep the address; a month leaves time for a change of mind.",
        cite="GDPR art. 7(3), 17(1)(b)",
    )  # fmt: skip
    versions.approve(version, by=_approver())


def _nights() -> None:
    """Two weeks of counts, the last one of the systems themselves, so that the page has a picture on the first day."""
    if Night.objects.exists():
        return
    today = timezone.localdate()
    for schedule in Schedule.objects.filter(active=True).select_related("collection__dataset").order_by("key"):
        last = nights.count(schedule, today)
        if last.fault or not last.past:
            continue
        Night.objects.bulk_create(
            Night(
                schedule=schedule, day=today - timedelta(days=back), past=last.past * (20 - back) // 20,
                unexplained=last.past * (20 - back) // 20, undated=last.undated, counted_at=timezone.now(), tries=1,
            )
            for back in range(1, 15)
        )  # fmt: skip


def _approver() -> User:
    """Hireline's legal team approves schedules: nobody who can sign in."""
    user, made = User.objects.get_or_create(username=APPROVER)
    if made:
        user.set_unusable_password()
        user.save(update_fields=["password"])
    user.groups.add(Group.objects.get(name="Legal"))
    return User.objects.get(pk=user.pk)
