"""What an identifier may look like, and its normal form for matching. Pure rules.

Matching is exact on the normal form: nothing fuzzy, no pattern, no part of a value (a wrong match hands one person's data
to another). Mail always goes to the value as it was typed and stored.
"""

import re
import unicodedata
from functools import lru_cache

from django.utils.translation import gettext

from audit.refusal import Refused

# RFC 5321 4.5.3.1: local part 64 octets, address 254 in a path. Quoted local parts and address literals are not taken:
# no mailbox provider hands them out, and they carry injection. Nor are `%` and `!`, by which old servers pass mail on, and
# `=?`, which begins an encoded word in a header.
LOCAL = re.compile(r"^(?!.*=\?)[A-Za-z0-9#$&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9#$&'*+/=?^_`{|}~-]+)*$")
LABEL = re.compile(r"^(?!-)[a-z0-9-]{1,63}(?<!-)$")
# IDNA 2003 and 2008 name different domains by these: sz and final sigma, and the two joiners.
DEVIATING = set("ßς\u200c\u200d")
# A postal address, as on an envelope.
MOST_LINES, LONGEST_POST = 8, 400
# Alphabets with letters that look alike: a label in two of them is made to be taken for another.
ALIKE = ("LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE")


def email(value: str) -> str:
    """The normal form of an e-mail address: domain as lower-case A-labels, local part in lower case.

    Raises Refused (field "email") with a sentence that says what to mend.
    """
    text = value.strip()
    local, at, domain = text.rpartition("@")
    if not at or not local or not domain:
        raise Refused(gettext("Write the address as name@example.org."), code="email_shape", field="email")
    if not LOCAL.match(local) or len(local) > 64:
        raise Refused(
            gettext("The part before the @ holds a character that we cannot send mail to. Please check it."),
            code="email_local",
            field="email",
        )
    ascii_domain = _domain(domain.lower().removesuffix("."))
    labels = ascii_domain.split(".")
    if len(labels) < 2 or not all(LABEL.match(label) for label in labels) or labels[-1].isdigit():
        raise Refused(gettext("The part after the @ is not a domain name."), code="email_domain", field="email")
    normal = f"{local.lower()}@{ascii_domain}"
    if len(normal) > 254:
        raise Refused(gettext("This address is longer than mail allows."), code="email_long", field="email")
    return normal


@lru_cache(maxsize=4096)  # a file of a million addresses has a few thousand domains; what is refused is not kept
def _domain(typed: str) -> str:
    """The domain as A-labels; only what every mail server takes for the same domain."""
    text = unicodedata.normalize("NFC", typed)
    refused = Refused(gettext("The part after the @ is not a domain name."), code="email_domain", field="email")
    if not text.isascii() and (unicodedata.normalize("NFKC", text) != text or DEVIATING & set(text)):
        raise refused
    try:
        found = text.encode("idna").decode()
        labels = [_spelled_out(label) for label in found.split(".")]
    except UnicodeError as error:
        raise refused from error
    if any(sum(_has_letters_of(script, label) for script in ALIKE) > 1 for label in labels):
        raise refused
    return found


def _spelled_out(label: str) -> str:
    """An A-label in its own letters. Raises UnicodeError for one that means nothing, or that has another spelling."""
    if not label.startswith("xn--"):
        return label
    letters = label[4:].encode().decode("punycode")
    if letters.isascii() or letters.encode("punycode").decode() != label[4:]:
        raise UnicodeError("not an A-label")
    return letters


def _has_letters_of(script: str, label: str) -> bool:
    return any(unicodedata.name(one, "").startswith(script) for one in label)


def name(value: str) -> str:
    """The normal form of a name: composed Unicode (NFC), single spaces, case folded."""
    return " ".join(unicodedata.normalize("NFC", value).split()).casefold()


def phone(value: str) -> str:
    """Digits with a leading plus, if one was written."""
    digits = "".join(one for one in value if one.isdecimal() and one.isascii())
    return f"+{digits}" if value.strip().startswith("+") else digits


def account_id(value: str) -> str:
    """A customer number, without surrounding space."""
    return value.strip()


def post(value: str) -> str:
    """A postal address: its lines, each with single spaces, case folded. Raises Refused (field "post").

    A household shares one, so nobody is ever found by it; this form only tells whether an address is written down already.
    """
    lines = [name(line) for line in value.splitlines() if line.strip()]
    if not 2 <= len(lines) <= MOST_LINES or len(value) > LONGEST_POST:
        raise Refused(
            f"Write the address as on an envelope: name, street and place, in two to {MOST_LINES} lines.",
            code="post_shape",
            field="post",
        )
    return "\n".join(lines)


NORMAL_FORMS = {"email": email, "name": name, "phone": phone, "account_id": account_id, "post": post}


def normalise(kind: str, value: str) -> str:
    """The normal form of `value`. Raises Refused for an empty or malformed one, KeyError for an unknown kind."""
    normal = NORMAL_FORMS[kind](value)
    if not normal or "\x00" in normal:
        raise Refused(gettext("Please fill this in."), code="identifier_empty", field=kind)
    if any("\ud800" <= one <= "\udfff" for one in value):  # half a character: it came as bytes that are not UTF-8
        raise Refused(
            gettext("This holds characters that we cannot store. Write it in UTF-8."), code="not_utf8", field=kind
        )
    return normal


def masked(kind: str, value: str) -> str:
    """A form that a colleague can recognise but not use: `a•••@example.org`, `A••• S•••`."""
    if kind == "email":
        local, _, domain = value.rpartition("@")
        return f"{local[:1]}•••@{domain}"
    return " ".join(f"{part[:1]}•••" for part in value.split())
