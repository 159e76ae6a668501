"""Events of this app."""

from audit.log import declare

declare(
    {
        "disclosure.recorded": "Data passed to a recipient",
        "recipient.notice_queued": "Recipient to be told",
        "recipient.told": "Recipient told",
        "recipient.not_told": "Recipient could not be told",
        "recipient.acknowledged": "Recipient confirmed",
        "recipient.notice_retried": "Telling a recipient again",
        "recipient.notice_waived": "Telling a recipient given up",
        "site.reviewed": "External site reviewed",
    }
)
