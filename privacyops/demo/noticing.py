"""Hireline's privacy notice: two versions by two people, what each names, who was told, and one category that it forgot."""

from datetime import date, timedelta
from pathlib import Path

from django.contrib.auth.models import Group, User
from django.utils import timezone

from audit import actor
from consent import drifting, launching, naming, notices, reviewing, telling
from consent.models import NoticeVersion, Told
from privacyops.demo.generator import NAMED
from subjects import registry

WORDING = Path(__file__).parent / "notice.md"
LOADER = actor.worker("demo")
READER = "hireline-legal"
SHORT = (
    "We use what you write here to answer you, and keep it to show that we did. Nobody else gets it, and we never sell it."
    " You can ask what we hold about you, correct it and have it deleted."
)
SUMMARY = (
    "Server logs are kept for 90 days, no longer for 180. And if your browser sends the Global Privacy Control signal, we treat"
    " it as your opt-out."
)
# Kind, key, and the words of the notice. Marketing data is not among them: the desk shows it as drift.
NAMES = (
    ("purposes", "service", "Running the job search"), ("purposes", "support", "Support and messages"),
    ("purposes", "bookkeeping", "Bookkeeping"), ("purposes", "security", "Security and misuse"),
    ("purposes", "improvement", "Improving the service"), ("purposes", "newsletter", "Newsletter"),
    ("purposes", "advertising", "Advertising and sharing with partners"),
    ("categories", "identity", "Who you are"), ("categories", "contact", "how to reach you"),
    ("categories", "professional", "Your working life"), ("categories", "financial", "Payments"),
    ("categories", "technical", "Technical data"), ("categories", "usage", "pages you opened"),
    ("categories", "communication", "messages between you and employers"),
    ("categories", "inferred", "What we work out ourselves"),
    ("sources", "direct", "from you"), ("sources", "automatic", "automatically"), ("sources", "outside", "from others"),
    ("recipients", "kind-employer", "Employers"), ("recipients", "kind-hosting", "hosting"),
    ("recipients", "kind-e-mail-delivery", "e-mail"), ("recipients", "kind-analytics", "analytics"),
    ("recipients", "kind-payment-provider", "payments"), ("recipients", "kind-advertising-network", "advertising networks"),
    ("retention", "server-logs", "Server logs: 90 days"), ("retention", "closed-applications", "Closed applications: 6 months"),
    ("retention", "sign-ins", "Sign-ins: 12 months"), ("retention", "support", "Support requests: 2 years"),
    ("retention", "newsletter-withdrawn", "one month after you unsubscribe"),
    ("retention", "portal-cases", "Your requests to us: 24 months"),
)  # fmt: skip


def publish(author: User) -> None:
    """Both versions, the telling of the second, and the purposes that are live with the first. Once."""
    if NoticeVersion.objects.exists():
        return
    reader, today, body = _reader(), timezone.now().date(), WORDING.read_text(encoding="utf-8")
    # The first version did not know server logs' shorter life, nor the signal of browsers.
    first = body.replace("Server logs: 90 days", "Server logs: 180 days").replace(
        ", and we treat the [Global Privacy Control](https://globalprivacycontrol.org/) signal as an opt-out", ""
    )
    _version(first, today - timedelta(days=400), author, reader, _names("180 days"), "")
    second = _version(body, today - timedelta(days=30), author, reader, _names("90 days"), SUMMARY)
    row = telling.announce(second, by=reader, by_mail=False)
    telling.go_on(row.pk)
    for _, mail, _, _ in list(NAMED.values())[1:3]:
        person = registry.find_or_make("email", mail, actor=LOADER)
        telling.told(person, second, channel=Told.Channel.BANNER, actor=actor.person(person.pk))
    now = timezone.now()
    launching.settle(now, actor=LOADER)
    drifting.refresh(now)


def _version(
    body: str, day: date, author: User, reader: User, names: list[dict[str, str]], summary: str
) -> NoticeVersion:
    draft = notices.draft(
        title="Privacy notice", body=body, effective_on=day, by=author, short=SHORT, summary=summary, names=names
    )
    reviewing.propose(draft, by=author)
    reviewing.approve(draft, by=reader)
    return notices.publish(draft, by=reader)


def _names(logs: str) -> list[dict[str, str]]:
    """What a version names, where it says that server logs are kept for so long."""
    says = {(one.kind, one.key): one.says for rows in naming.things().values() for one in rows}
    found = [naming.entry(kind, key, words, says.get((kind, key), "")) for kind, key, words in NAMES]
    for one in found:
        if one["key"] == "server-logs":
            one |= {"words": f"Server logs: {logs}", "says": logs}
    return found


def _reader() -> User:
    """Who reads what the author wrote: nobody who can sign in."""
    user, made = User.objects.get_or_create(username=READER)
    if made:
        user.set_unusable_password()
        user.save(update_fields=["password"])
        user.groups.add(Group.objects.get(name="Privacy officer"))
    return user
