"""The form for any right, in steps: who, where, what, details, review. One page at a time, all on one address, no script.

Every page carries what was typed on the others, so nothing is kept by us before the last button, nothing stands in an address,
and going back loses nothing. A field is shown only where its right needs it (`budget` has the last word); what was typed
into others is dropped.
"""

from collections.abc import Collection, Iterator
from typing import Any, NamedTuple

from django import forms
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

import law
from audit.refusal import Refused
from requests_app import appearance, laws, plans, policy
from requests_app.askers import NO_HEIRS, Given
from requests_app.forms import OptOutForm, Problem, attribute_label, correctable, place_name
from requests_app.intake import Submission
from requests_app.models import Asker, Request, Right
from subjects import identifiers

WHO, PLACE, WANT, DETAILS, REVIEW = "who", "place", "want", "details", "review"
STEPS = (WHO, PLACE, WANT, DETAILS, REVIEW)
# Where a field stands; one that is not named here stands among the details, and is asked of everybody.
PLACED = {"asked_by": WHO, "email": WHO, "residence": PLACE, "relation": PLACE, "right": WANT}
MARKS = ("nonce", "ticket")
# The rights that most people come for; the others are folded away below them.
FIRST = ("access", "delete", "correct", "opt_out_sale")
HINTS = {
    "access": _("Everything we hold about you, where it came from and who received it."),
    "delete": _("We erase what the law lets us erase and tell you what we must keep."),
    "correct": _("Tell us what is wrong and what is right."),
    "opt_out_sale": _("No proof of identity needed."),
    "portability": _("In files that other programs can read."),
    "third_party_list": _("By name, with day and kind of data."),
    "opt_out_targeted_ads": _("No proof of identity needed."),
    "opt_out_profiling": _("No proof of identity needed."),
    "limit_sensitive": _("Only for what you asked us to do. No proof of identity needed."),
    "withdraw_consent": _("For everything that rests on your consent. No proof of identity needed."),
    "object": _("To what we do for reasons of our own."),
    "restrict": _("We keep the data and do nothing else with it until a question is settled."),
}
MISSING = {
    "asker_name": _("Enter your own name."),
    "asker_email": _("Enter your own e-mail address."),
    "basis": _("Choose what shows that you may ask for this person."),
}


class Answer(NamedTuple):
    """One line of the review: what was asked, what was answered, and the step where it is changed."""

    label: str
    value: str
    step: str


class Option(NamedTuple):
    """One right to choose, with what it means."""

    radio: Any
    hint: Any


def wanted(name: str, right: str, asked_by: str) -> bool:
    """Whether a field is asked of somebody who wants this right in this capacity."""
    plan = plans.PLANS.get(right)
    if name in ("name", "details"):
        return plan is None or plan.needs_proof
    if name.startswith("change_"):
        return plan is not None and plan.asks_changes
    if name == "asker_organisation":
        return asked_by == law.AGENT
    return name not in MISSING or asked_by != law.SELF


def asked(right: str, asked_by: str, names: Collection[str]) -> set[str]:
    """Of these fields of the form, those that are shown on some step."""
    return {name for name in names if name not in MARKS and wanted(name, right, asked_by)}


def offered(residence: str, relation: str = "") -> tuple[str, ...]:
    """The rights that the form offers to somebody who lives there: by law or our policy, and by the company's setting."""
    there = laws.offered(residence, relation) if laws.known(residence) else law.RIGHTS
    return tuple(right for right in appearance.current().offered if right in there)


class AskForm(OptOutForm):
    """All the fields, of which a page shows one step. Bound without a step it is sent as a whole."""

    asked_by = forms.ChoiceField(
        label=_("For whom do you ask?"),
        required=False,
        initial=law.SELF,
        choices=[
            (law.SELF, _("For myself")),
            (law.AGENT, _("For somebody who authorised me")),
            (law.PARENT, _("For my child, or a child in my care")),
            (law.HEIR, _("For somebody who has died")),
        ],
        widget=forms.RadioSelect,
        error_messages={"invalid_choice": _("Choose for whom you ask.")},
    )
    relation = forms.ChoiceField(
        label=_("How do you know us?"),
        required=False,
        choices=[
            ("", _("I would rather not say")),
            (Request.Relation.CUSTOMER, _("As a customer or user")),
            (Request.Relation.CANDIDATE, _("I applied for a job")),
            (Request.Relation.EMPLOYEE, _("I work or worked here")),
            (Request.Relation.BUSINESS, _("Through my own work at another business")),
        ],
        help_text=_("Some laws have rules of their own for applicants, staff and business contacts."),
    )
    right = forms.ChoiceField(
        label=_("What you would like"),
        choices=[(one.value, one.label) for one in Right if one.value in plans.OFFERED],
        widget=forms.RadioSelect,
        error_messages={
            "required": _("Choose what you would like us to do."),
            "invalid_choice": _("Choose what you would like us to do."),
        },
    )
    name = forms.CharField(
        label=_("Name of the person"),
        required=False,
        max_length=policy.LONGEST_NAME,
        help_text=_("So that we can address you properly."),
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    details = forms.CharField(
        label=_("Anything that helps us"),
        required=False,
        max_length=policy.LONGEST_DETAILS,
        help_text=_(
            "For example which service you used and when. Please no passwords and no copies of identity papers."
        ),
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    asker_name = forms.CharField(label=_("Your own name"), required=False, max_length=policy.LONGEST_NAME)
    asker_organisation = forms.CharField(label=_("Your organisation"), required=False, max_length=policy.LONGEST_NAME)
    asker_email = forms.CharField(
        label=_("Your own e-mail address"),
        required=False,
        max_length=254,
        help_text=_("We tell you here that your request arrived and when it has ended. Our answer goes to the person."),
        widget=forms.EmailInput(attrs={"spellcheck": "false"}),
    )
    basis = forms.ChoiceField(
        label=_("What shows that you may ask?"),
        required=False,
        choices=[("", _("Choose …")), *((code, _(words)) for code, words in Asker.Basis.choices)],
        help_text=_("Please have it at hand. Where we need to see it, we tell you how to send it."),
    )

    field_order = ("asked_by", "email", "residence", "relation", "right", "name", "details")

    def __init__(self, *args: Any, sending: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.sending = sending
        self.step = REVIEW if self.is_bound else WHO
        self.fields["email"].help_text = _(
            "Of the person whose data it is about, best the one that we already know. We answer to it."
        )
        for attribute in correctable():
            self.fields[f"change_{attribute}"] = forms.CharField(
                label=attribute_label(attribute), required=False, max_length=policy.LONGEST_VALUE
            )
        for name, words in MISSING.items():
            self.fields[name].required = self.by != law.SELF
            self.fields[name].error_messages["required"] = words
        bases = law.BASES.get(self.by, ())
        field = self.fields["basis"]
        field.choices = [one for one in field.choices if not one[0] or one[0] in bases]  # type: ignore[attr-defined]

    # ------------------------------------------------------------ what was answered so far

    @property
    def by(self) -> str:
        """In which capacity somebody asks."""
        return str(self["asked_by"].value() or law.SELF)

    @property
    def chosen(self) -> str:
        """The right that is chosen, or nothing."""
        return str(self["right"].value() or "")

    def on(self, step: str) -> list[str]:
        """The names of the fields of a step, as far as they are asked."""
        left_out = (*MARKS, *appearance.current().left_out)
        placed = [name for name in self.fields if name not in left_out and PLACED.get(name, DETAILS) == step]
        return [name for name in placed if wanted(name, self.chosen, self.by)]

    @property
    def way(self) -> list[str]:
        """The steps that have something to ask, and the review."""
        return [one for one in STEPS if one == REVIEW or self.on(one)]

    @property
    def shown(self) -> "list[forms.BoundField]":
        """The fields of this page, without those of a correction."""
        return [self[name] for name in self.on(self.step) if not name.startswith("change_")]

    @property
    def changes(self) -> "list[forms.BoundField]":
        """The fields for a correction, on their page."""
        return [self[name] for name in self.on(self.step) if name.startswith("change_")]

    @property
    def carried(self) -> "list[forms.BoundField]":
        """What was typed on other pages."""
        here = self.on(self.step)
        return [self[name] for name in self.fields if name not in (*here, *MARKS) and self[name].value()]

    @property
    def options(self) -> tuple[list[Option], list[Option]]:
        """The rights to choose from: those that most people come for, and the others."""
        there = offered(str(self["residence"].value() or ""), str(self["relation"].value() or ""))
        found = {radio.data["value"]: Option(radio, str(HINTS.get(radio.data["value"], ""))) for radio in self["right"]}
        first = [found[one] for one in FIRST if one in there]
        return first, [found[one] for one in there if one not in FIRST]

    @property
    def answers(self) -> Iterator[Answer]:
        """What the review shows."""
        for step in self.way:
            for name in self.on(step):
                value = self[name].value()
                if value:
                    choices = dict(getattr(self.fields[name], "choices", ()) or ())
                    label = str(self.fields[name].label)
                    if name.startswith("change_"):
                        label = gettext("Corrected: %(what)s") % {"what": label}
                    yield Answer(label, self._words(name, str(value), choices), step)

    def _words(self, name: str, value: str, choices: dict[Any, Any]) -> str:
        if name == "residence":
            return place_name(value)
        if choices and value not in choices:
            return gettext("Please choose again.")  # left over from another answer; sending it is refused in words
        return str(choices.get(value, value))

    # ------------------------------------------------------------ from page to page

    def turn(self, step: str, go: str) -> bool:
        """Go on from `step`; False when something there has to be mended first. Back and to a named step go always."""
        if go == "back" or go in STEPS:
            self.errors.clear()
            self.step = go if go in STEPS else self._before(step)
            return True
        seen = self.way[: self.way.index(step) + 1] if step in self.way else []
        if self._faulty(seen) or self.non_field_errors():
            self.step = self._faulty(seen) or step
            self._only(self.step)
            return False
        self.errors.clear()
        later = [one for one in self.way if STEPS.index(one) > STEPS.index(step)]
        self.step = later[0] if later else REVIEW
        return True

    def settle(self) -> None:
        """Show the first page on which something has to be mended."""
        if self.is_bound and self.sending and self.errors:
            self.step = self._faulty(self.way) or REVIEW
            self._only(self.step)

    def _before(self, step: str) -> str:
        earlier = [one for one in self.way if step in STEPS and STEPS.index(one) < STEPS.index(step)]
        return earlier[-1] if earlier else WHO

    def _faulty(self, steps: list[str]) -> str:
        return next((one for one in steps if any(name in self.errors for name in self.on(one))), "")

    def _only(self, step: str) -> None:
        for name in set(self.errors) - {*self.on(step), "__all__"}:
            del self.errors[name]

    def problems(self) -> Iterator[Problem]:
        """Those of this page."""
        return (one for one in super().problems() if one.error)

    # ------------------------------------------------------------ rules

    def _check_marks(self, nonce: str, ticket: str) -> None:
        if self.sending:
            super()._check_marks(nonce, ticket)

    def clean_asked_by(self) -> str:
        return self.cleaned_data["asked_by"] or law.SELF

    def clean_asker_email(self) -> str:
        value = str(self.cleaned_data["asker_email"])
        if value and self.by != law.SELF:
            try:
                identifiers.email(value)
            except Refused as refused:
                raise forms.ValidationError(refused.message, code=refused.code) from refused
        return value

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        asks = asked(data.get("right", self.chosen), data.get("asked_by", law.SELF), self.fields)
        for name in set(self.errors) - asks - set(MARKS):
            del self.errors[name]  # was asked before something else was chosen
            data[name] = ""
        residence, right = data.get("residence", ""), data.get("right", "")
        if data.get("asked_by") == law.HEIR and residence and not law.heirs_cite(residence):
            self.add_error("asked_by", str(NO_HEIRS))
        if right and residence and right not in offered(residence, data.get("relation", "")):
            self.add_error("right", _("This is not offered for the place where you live. Choose something else."))
        changes = [name for name in asks if name.startswith("change_")]
        if changes and not any(data.get(name) for name in changes) and not set(changes) & set(self.errors):
            self.add_error(sorted(changes)[0], _("Say what should be corrected, and to what."))
        return super().clean()

    def refuse(self, refused: Refused) -> None:
        changes = sorted(name for name in self.fields if name.startswith("change_"))
        if refused.field == "changes" and changes:
            self.add_error(changes[0], refused.message)
        else:
            super().refuse(refused)

    def submission(self) -> Submission:
        asks = asked(self.cleaned_data["right"], self.cleaned_data["asked_by"], self.fields)
        given = {name: value if name in asks else "" for name, value in self.cleaned_data.items()}
        changes = {name.removeprefix("change_"): value for name, value in given.items() if name.startswith("change_")}
        return Submission(
            right=given["right"],
            email=given["email"],
            name=given["name"],
            residence=given["residence"],
            details=given["details"],
            changes={name: value for name, value in changes.items() if value},
            relation=given["relation"],
            asker=self._asker(given),
            language=get_language() or "en",
            nonce=self.mark(),
        )

    def _asker(self, given: dict[str, Any]) -> Given | None:
        if given["asked_by"] == law.SELF:
            return None
        return Given(
            given["asked_by"], given["asker_name"], given["asker_email"], given["asker_organisation"], given["basis"]
        )
