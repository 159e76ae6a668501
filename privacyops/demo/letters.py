"""Mail that lies in Hireline's mailbox when the demo begins: a request in somebody's own words, and an automatic answer."""

from datetime import timedelta
from email.message import EmailMessage

from django.utils import timezone

from requests_app import inbox

FOLDER = "demo"
MAILS = (
    ("Erika Brandt <erika.brandt@example.com>", "Meine Daten", "", 2, """\
Guten Tag,

ich habe mich vor Jahren bei Ihnen beworben. Bitte löschen Sie alles, was Sie noch über mich haben.

Mit freundlichen Grüßen
Erika Brandt
"""),
    ("Tom Field <tom.field@example.com>", "Automatic reply: out of office", "auto-replied", 1, """\
I am out of the office until Monday.
"""),
)  # fmt: skip


def deliver() -> None:
    """Take these mails as the worker takes those of a real mailbox; done again, it is the same."""
    for number, (sender, subject, submitted, days, words) in enumerate(MAILS, 1):
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = sender, "privacy@hireline.example", subject
        message["Message-ID"] = f"<demo-{number}@example.com>"
        if submitted:
            message["Auto-Submitted"] = submitted
        message.set_content(words)
        at = timezone.now() - timedelta(days=days)
        row = inbox.take(message.as_bytes(), folder=FOLDER, validity=1, uid=number, arrived_at=at)
        inbox.settle(row.pk)
