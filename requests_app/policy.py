"""Rules with numbers in them, and how we ask `law`. Pure: time is a parameter."""

import re
import secrets
import unicodedata
from dataclasses import dataclass

# Crockford's base 32: no I, L, O, U, so that a reference can be read aloud.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


@dataclass(frozen=True)
class LetterLimit:
    """At most `most` letters of these kinds to one mailbox in so many hours."""

    kinds: tuple[str, ...]
    most: int
    hours: int


# What a stranger can make us send to somebody else's mailbox by filling in public forms; how often forms were sent does not
# count. What only a signed-in person can ask for is counted apart, so that nobody else uses it up.
ASKED = ("acknowledgement", "asked_for_you", "asker_acknowledged")
LETTER_LIMITS = (
    LetterLimit((*ASKED, "duplicate", "sign_in"), 3, 1),
    LetterLimit((*ASKED, "duplicate"), 3, 24),
    LetterLimit(("sign_in",), 8, 24),
    LetterLimit(("open", "fresh"), 3, 1),
    LetterLimit(("phone_code",), 3, 1),
    LetterLimit(("phone_code",), 8, 24),
)

# A link in a letter is its owner's proof, or their way to stop a request. Whoever could follow it would be that person.
LINK = re.compile(r"(/(?:proof|stop|ack)/)[A-Za-z0-9_\-]+")

SESSION_HOURS = 12
# To one channel, of the letters by which a request can be stopped.
STOP_LETTERS_AN_HOUR = 3
# How long "not you? stop it" works in a letter to another channel of the person.
STOP_DAYS = 60
# A document that nobody decided about is destroyed then.
PAPER_DAYS = 7
# A code that is typed: how long it lives, and how many tries it stands.
CODE_MINUTES, CODE_TRIES = 10, 5
LETTER_DAYS = 3
# An open question older than this is put before a colleague.
QUESTION_DAYS = 30
# Letters that, sent, meet the clock of the acknowledgement.
CONFIRMS = ("acknowledgement", "asked_for_you", "appeal_received", "complaint_received")
DEAD_LINK_DAYS = 60
LONGEST_DETAILS = 4000
# A person's messages about one request in a day, on the page.
MESSAGES_A_DAY = 30
# Of a mail: what is kept of its words, and how many of its files.
LONGEST_MAIL = 20_000
MAIL_FILES = 20
LONGEST_NAME = 200
LONGEST_VALUE = 500
OLDEST_RECEIPT_DAYS = 730
# Rows of a collection on its readable page; the CSV and JSON files hold all of them.
PAGE_ROWS = 500

DECIDE, APPROVE, DENY = "decide_request", "approve_request", "deny_request"
# Casework without decisions: to take a case, to propose what needs no second person, to write a note.
WORK, NOTE = "change_request", "add_note"
SEND_BACK_REASONS = {
    "incomplete": "Something is missing",
    "wrong_decision": "A finding is decided wrongly",
    "needs_ground": "A ground is missing or does not fit",
    "ask_person": "The person should be asked first",
}

SENDABLE_NAME = re.compile(r"^[^\W\d_][\w .'’-]{0,59}$")


def reference() -> str:
    """A new reference, for example PR-7K3M-2Q9D: 40 random bits."""
    letters = [secrets.choice(ALPHABET) for _ in range(8)]
    return f"PR-{''.join(letters[:4])}-{''.join(letters[4:])}"


def salutation(name: str, hello: str = "Hello", end: str = ",") -> str:
    """How a letter begins. A name that could carry a link or a command is left out, for strangers may have typed it."""
    text = " ".join(unicodedata.normalize("NFC", name).split())
    safe = bool(SENDABLE_NAME.match(text)) and not re.search(r"\w\.\w|\.\.", text)
    return f"{hello} {text}{end}" if safe else f"{hello}{end}"


def printable(text: str, *, lines: bool = False) -> bool:
    """Whether `text` holds no control characters or lone surrogates; line breaks only where `lines` allows."""
    allowed = {"\n", "\r", "\t"} if lines else set()
    return all(one in allowed or unicodedata.category(one) not in ("Cc", "Cs") for one in text)


def outcome(*, found: int, left: int, referred: int, always_done: bool) -> str:
    """How a carried-out request ends: of `found` findings, `left` are not wholly done; clients were named `referred` times.

    `always_done`: it has an effect even where nothing was found, as an opt-out has.
    """
    if left:
        return "partly"
    return "referred" if referred and not found and not always_done else "fulfilled"
