"""The public forms. Each asks for what its right needs, and no more.

Every form carries a nonce and a ticket. Sending the same answers twice under one nonce is one request; changed answers are
another. The ticket is the signed time at which the form was given out. A form that was filled in faster than people do, or
whose hidden field was filled, comes back as it was, with a sentence: no answer pretends that a request was taken when it was
not.
"""

import hashlib
import json
import re
import unicodedata
import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, NamedTuple, cast

from django import forms
from django.core.signing import BadSignature, SignatureExpired, TimestampSigner
from django.http import QueryDict
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

import law
from audit.refusal import Refused
from inventory.models import Field
from requests_app.intake import Submission
from requests_app.models import Right
from subjects import identifiers

QUICKEST_SECONDS = 1.5
NONCE = re.compile(r"^[0-9a-fA-F-]{16,64}$")
OLDEST_TICKET_SECONDS = 24 * 3600
# ISO 3166 leaves ZZ to its users; `law` means any other place by it.
ELSEWHERE = "ZZ"

ATTRIBUTES = {
    "full_name": _("Full name"),
    "first_name": _("First name"),
    "last_name": _("Last name"),
    "email": _("E-mail"),  # not the words of the field for the answer: two alike on one page confuse
    "phone": _("Phone number"),
    "address": _("Postal address"),
    "city": _("Town or city"),
    "country": _("Country"),
    "date_of_birth": _("Date of birth"),
}


class Problem(NamedTuple):
    """One error for the list on top of a form; `anchor` is where it is mended."""

    anchor: str
    label: str
    error: str


def attribute_label(attribute: str) -> str:
    """The words for something that can be corrected, in the language of the page."""
    return str(ATTRIBUTES.get(attribute) or attribute.replace("_", " ").capitalize())


def correctable() -> list[str]:
    """What the inventory lets a correction name, in order."""
    named = Field.objects.exclude(attribute="").order_by("attribute")
    return list(named.values_list("attribute", flat=True).distinct())


def places() -> list[tuple[Any, Any]]:
    """Where a person may live, as `law` knows it: countries, then the states of the USA, then anywhere else."""
    known = [(code, place_name(code)) for code, _name in law.residences()]
    states = sorted((one for one in known if one[0].startswith("US-")), key=_alphabetical)
    countries = sorted((one for one in known if one not in states and one[0] != ELSEWHERE), key=_alphabetical)
    last = [one for one in known if one[0] == ELSEWHERE]
    return [("", _("Choose …")), (_("Countries"), countries), (_("United States"), states), *last]


def place_name(code: str) -> str:
    """A place of residence in the language of the page; a code that nobody knows stays as it is."""
    return gettext(dict(law.residences()).get(code, code).removeprefix("USA: "))


def _alphabetical(place: tuple[str, str]) -> str:
    return unicodedata.normalize("NFKD", place[1]).casefold()


def signer() -> TimestampSigner:
    """Signs the time at which a form was given out."""
    return TimestampSigner(salt="portal.ticket")


def _marks() -> dict[str, str]:
    nonce = uuid.uuid4().hex
    return {"nonce": nonce, "ticket": signer().sign(nonce)}  # no two tickets alike: in a flood each is used up once


class Ticketed(forms.Form):
    """A public form with a ticket and a trap for robots."""

    nonce = forms.CharField(widget=forms.HiddenInput, required=False)
    ticket = forms.CharField(widget=forms.HiddenInput, required=False)
    quickest = 0.0

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.update(_marks())

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if self.data.get("website"):
            raise forms.ValidationError(
                _("A field that must stay empty was filled in, perhaps by your browser. Please send it again.")
            )
        if not self.errors:  # what was not understood is mended first
            self._check_marks(data.get("nonce", ""), data.get("ticket", ""))
        return data

    def _check_marks(self, nonce: str, ticket: str) -> None:
        try:
            signer().unsign(ticket, max_age=OLDEST_TICKET_SECONDS)
            if not NONCE.match(nonce):
                raise BadSignature
        except BadSignature:
            self._renew()
            raise forms.ValidationError(_("This page had been open for very long. Please send it once more.")) from None
        try:
            signer().unsign(ticket, max_age=timedelta(seconds=self.quickest))
        except SignatureExpired:
            return
        if self.quickest:
            raise forms.ValidationError(_("That was very quick. Please check your answers and send them once more."))

    def _renew(self) -> None:
        renewed = cast(QueryDict, self.data).copy()
        for name, value in _marks().items():
            renewed[name] = value  # update() would append to a QueryDict
        self.data = renewed

    def mark(self) -> str:
        """What makes this sending the same as, or another than, one before: nonce and answers together."""
        answers = json.dumps({**self.cleaned_data, "ticket": ""}, sort_keys=True, default=str)
        return hashlib.sha256(answers.encode()).hexdigest()

    def settle(self) -> None:
        """Make the page ready to be shown: a form of several pages shows the one where something is to be mended."""

    def refuse(self, refused: Refused) -> None:
        """Put what the domain said beside its field."""
        self.add_error(refused.field if refused.field in self.fields else None, refused.message)

    def problems(self) -> Iterator[Problem]:
        """The errors in the order of the page, each with the place where it is mended."""
        for error in self.non_field_errors() if self.is_bound else ():
            yield Problem("", "", str(error))
        for field in self:
            for error in field.errors:
                yield Problem(self._anchor(field), str(field.label), str(error))

    def _anchor(self, field: forms.BoundField) -> str:
        return f"{field.auto_id}_0" if isinstance(field.field.widget, forms.RadioSelect) else str(field.auto_id)


class EmailForm(Ticketed):
    """Sign-in: an e-mail address."""

    email = forms.CharField(
        label=_("E-mail address"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email", "spellcheck": "false"}),
        error_messages={"required": _("Enter your e-mail address.")},
    )

    def clean_email(self) -> str:
        value = str(self.cleaned_data["email"])
        try:
            identifiers.email(value)
        except Refused as refused:
            raise forms.ValidationError(refused.message, code=refused.code) from refused
        return value


class OptOutForm(EmailForm):
    """Do not sell or share: an address and where its person lives. No name, no proof."""

    quickest = QUICKEST_SECONDS

    residence = forms.ChoiceField(
        label=_("Country or state"),
        help_text=_("It decides which law applies and how long we may take."),
        widget=forms.Select(attrs={"autocomplete": "off"}),
        error_messages={
            "required": _("Choose where you live."),
            "invalid_choice": _("Choose where you live from the list."),
        },
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["residence"].choices = places()  # type: ignore[attr-defined]

    def submission(self) -> Submission:
        """What intake is given."""
        return Submission(
            right=Right.OPT_OUT,
            email=self.cleaned_data["email"],
            name="",
            residence=self.cleaned_data["residence"],
            language=get_language() or "en",
            nonce=self.mark(),
        )
