"""What an identifier may look like, and its normal form for matching. Pure rules.

Matching is exact on the normal form: nothing fuzzy, no pattern, no part of a value (a wrong match hands one person's data
to another). Mail always goes to the value as it was typed and stored.
"""

import re
import unicodedata

from django.utils.translation import gettext

from audit.refusal import Refused

# RFC 5321 4.5.3.1: local part 64 octets, address 254 in a path. Quoted local parts and address literals are not taken:
# no mailbox provider hands them out, and they carry injection.
LOCAL = re.compile(r"^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*$")
LABEL = re.compile(r"^(?!-)[a-z0-9-]{1,63}(?<!-)$")


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
    try:
        ascii_domain = domain.lower().rstrip(".").encode("idna").decode()
    except UnicodeError as error:
        raise Refused(
            gettext("The part after the @ is not a domain name."), code="email_domain", field="email"
        ) from error
    labels = ascii_domain.split(".")
    if len(labels) < 2 or not all(LABEL.match(label) for label in labels) or labels[-1].isdigit():
        raise Refused(gettext("The part after the @ is not a domain name."), code="email_domain", field="email")
    normal = f"{local.lower()}@{ascii_domain}"
    if len(normal) > 254:
        raise Refused(gettext("This address is longer than mail allows."), code="email_long", field="email")
    return normal


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


NORMAL_FORMS = {"email": email, "name": name, "phone": phone, "account_id": account_id}


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
