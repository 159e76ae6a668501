"""By what a recipient finds the person: one agreed kind of sign each, and nothing else of them.

An erasure, a correction or a restriction names only what is proved to be the person's: an unproved address may be somebody
else's. An opt-out, which needs no proof, names the address that was given.
"""

import hashlib
import hmac
from dataclasses import dataclass

from django.utils.translation import gettext

from connectors import webhooks
from disclosures.models import Channel, Notice
from subjects import identifiers
from subjects.models import Identifier

MISSING = {
    Channel.Names.ACCOUNT: "We know no customer number that is proved to be this person's. Tell the recipient another way, "
    "or change by what it finds people, then send again.",
}
NO_ADDRESS = "This person has no proved e-mail address to name. Tell the recipient another way, then waive this."
# What needs no proof: nobody loses anything by it (CCPA 11 CCR 7026(d); a withdrawal was made by the person themselves).
WITHOUT_PROOF = (Notice.Kind.OPT_OUT, Notice.Kind.WITHDRAWAL)


@dataclass(frozen=True)
class Name:
    """One sign of the person, as the recipient knows it: `kind` as in a message, the value."""

    kind: str
    value: str

    @property
    def said(self) -> str:
        """As a letter has it."""
        if self.kind == "account_id":
            return gettext("customer number %(value)s") % {"value": self.value}
        if self.kind == "email_sha256":
            return gettext("SHA-256 of the e-mail address: %(value)s") % {"value": self.value}
        if self.kind == "email_hmac_sha256":
            return gettext("HMAC-SHA256 of the e-mail address: %(value)s") % {"value": self.value}
        return self.value


def names(notice: Notice, channel: Channel) -> list[Name]:
    """The signs by which this recipient finds the person, the oldest first; empty where we know none. One query."""
    if channel.names == Channel.Names.ACCOUNT:
        return [
            Name("account_id", identifiers.account_id(one.value)) for one in _known(notice, Identifier.Kind.ACCOUNT)
        ]
    addresses = [one.value for one in _known(notice, Identifier.Kind.EMAIL)]
    if channel.names == Channel.Names.SHA256:
        return [Name("email_sha256", sha256(one)) for one in addresses]
    if channel.names == Channel.Names.HMAC:
        return [Name("email_hmac_sha256", keyed(one, channel.naming_key or "")) for one in addresses]
    return [Name("email", one) for one in addresses]


def missing(channel: Channel) -> str:
    """Why nothing can be sent where `names` are none."""
    return MISSING.get(Channel.Names(channel.names), NO_ADDRESS)


def sha256(address: str) -> str:
    """The hex SHA-256 of the address in its normal form (trimmed, lower case), as advertising networks match by."""
    return hashlib.sha256(identifiers.email(address).encode()).hexdigest()


def keyed(address: str, key: str) -> str:
    """The hex HMAC-SHA256 of the address in its normal form under the bytes of `key` (`whsec_...`)."""
    return hmac.new(webhooks.key(key), identifiers.email(address).encode(), hashlib.sha256).hexdigest()


def _known(notice: Notice, kind: str) -> list[Identifier]:
    rows = Identifier.objects.filter(subject=notice.subject_id, kind=kind).order_by("created_at")
    found = list(rows)
    if notice.kind == Notice.Kind.OPT_OUT:
        return found
    if notice.kind == Notice.Kind.WITHDRAWAL:
        return [one for one in found if not one.claimed]
    # A customer number is proved by a system of ours that holds it as this person's.
    number = kind == Identifier.Kind.ACCOUNT
    return [one for one in found if one.proved_at or (number and one.held_at and not one.claimed)]
