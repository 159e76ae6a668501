"""Mail that arrives for the privacy team: taken from an IMAP mailbox, told apart, and made part of a case or a draft of one.

`reading` takes a mail apart, `sorting` says what kind it is (both pure), `mailbox` speaks IMAP, `taking` writes its row,
`settling` decides what becomes of it, `drafts` are the buttons of a colleague.
"""

from requests_app.inbox.drafts import NO_REQUEST, Wanted, confirm, dismiss, join, reopen
from requests_app.inbox.mailbox import poll
from requests_app.inbox.settling import settle, waiting
from requests_app.inbox.taking import forget, take

__all__ = (
    "NO_REQUEST",
    "Wanted",
    "confirm",
    "dismiss",
    "forget",
    "join",
    "poll",
    "reopen",
    "settle",
    "take",
    "waiting",
)
