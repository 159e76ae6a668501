"""Notices by e-mail: one that names the person, one that leads to our page, and the reminder."""

import smtplib
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string

from disclosures.acknowledging import token
from disclosures.models import Channel, Notice
from disclosures.naming import Name
from disclosures.outcomes import Outcome, Verdict

TAKEN = "250"


def send(notice: Notice, channel: Channel, names: list[Name]) -> Outcome:
    """Mail the notice."""
    template = "page" if channel.kind == Channel.Kind.PAGE else "notice"
    return _send(notice, template, notice.message_id, {"names": [one.said for one in names]})


def remind(notice: Notice) -> Outcome:
    """Mail the reminder; it names nobody."""
    return _send(notice, "reminder", notice.message_id.replace("<", "<reminder-", 1), {})


def _send(notice: Notice, template: str, message_id: str, more: dict[str, Any]) -> Outcome:
    context = {
        "notice": notice,
        "ref": notice.reference,
        "company": settings.COMPANY_NAME,
        "company_email": settings.COMPANY_EMAIL,
        "link": f"{settings.SITE_URL}/ack/{token(notice)}/",
    }
    first, _, body = render_to_string(f"disclosures/{template}.txt", context | more).strip().partition("\n")
    mail = EmailMessage(
        subject=" ".join(first.split())[:200],
        body=body.strip() + "\n",
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[notice.recipient.contact],
        reply_to=[settings.COMPANY_EMAIL],
        headers={"Message-ID": message_id, "Auto-Submitted": "auto-generated"},
    )
    return given(mail)


def given(mail: EmailMessage) -> Outcome:
    """Give one mail to the mail server, and say what came of it."""
    try:
        mail.send()
    except (smtplib.SMTPException, OSError) as error:
        code = refusal(error)
        if not code:
            return Outcome(Verdict.LATER, _why(error))
        return Outcome(
            Verdict.PARK, str(code),
            f"The mail server refused the address or the mail ({code}). Check the recipient's contact, then retry.",
        )  # fmt: skip
    return Outcome(Verdict.TOLD, TAKEN)


def refusal(error: Exception) -> int | None:
    """The SMTP code when the server refused this very mail for good; None for what may pass (RFC 5321 4.2.1).

    A refused sign-in or sender is a mistake in our settings, not in the mail: it is tried again.
    """
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        codes = [code for code, _ in error.recipients.values()]
        return next((code for code in codes if code >= 500), None)
    if isinstance(error, smtplib.SMTPDataError) and error.smtp_code >= 500:
        return error.smtp_code
    return None


def _why(error: Exception) -> str:
    """The code of the log for what may pass: the server's own, or what kept us from it."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return str(next(iter(error.recipients.values()))[0])
    if isinstance(error, smtplib.SMTPResponseException):
        return str(error.smtp_code)
    if isinstance(error, TimeoutError):
        return "timeout"
    return "connection"
