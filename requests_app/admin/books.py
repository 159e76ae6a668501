"""Playbooks on the desk: a manager says how a right is handled; what no playbook may say is refused beside its field."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from unfold.admin import StackedInline
from unfold.decorators import display
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget, UnfoldAdminSelectWidget

import law
from audit.accountable import Accountable, colleague
from inventory.models import DataCategory
from requests_app import absences, plans, playbooks, playing, stationery
from requests_app.models import Playbook, PlaybookText, Right

NAMES = dict(Right.choices)
Texts = list[tuple[str, str, str]]


class BookForm(forms.ModelForm):
    """Says beside the field what a playbook may not say."""

    right = forms.ChoiceField(
        choices=[(one, NAMES[Right(one)]) for one in plans.OFFERED], widget=UnfoldAdminSelectWidget
    )
    statute = forms.ChoiceField(label="Law", required=False, widget=UnfoldAdminSelectWidget)
    categories = forms.MultipleChoiceField(
        label="Limit to data categories", required=False, widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text="Copies only, and where nobody limited the request otherwise. None ticked: everything.",
    )  # fmt: skip

    # The version that was on the screen: one that somebody saved meanwhile is not overwritten.
    seen = forms.IntegerField(required=False, widget=forms.HiddenInput)

    class Meta:
        model = Playbook
        fields = (
            "name", "right", "statute", "active", "auto_approve", "auto_rows", "extra_approval", "review_over",
            "categories", "steps", "defaults",
        )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "seen" in self.fields:
            self.fields["seen"].initial = self.instance.version
        if "statute" in self.fields:
            laws = sorted((law.statute(one).short_name, one) for one in law.statutes())
            self.fields["statute"].choices = [("", "Every law without one of its own")] + [(b, a) for a, b in laws]  # type: ignore[attr-defined]
            categories = DataCategory.objects.order_by("name").values_list("key", "name")
            self.fields["categories"].choices = list(categories)  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        self._current(data.get("seen"))
        if "right" not in data or self.errors:
            return data
        row = Playbook(**{name: value for name, value in data.items() if name not in ("name", "seen")})
        row.defaults = row.defaults or {}
        data["defaults"] = row.defaults
        plan = plans.PLANS[row.right]
        for fault in playing.check(
            row, [(plan.letter, stationery.DEFAULT, "told")]
        ):  # its paragraphs are looked at below
            self.add_error(fault.field if fault.field in self.fields else None, fault.words)
        others = Playbook.objects.filter(right=row.right, statute=row.statute, active=True).exclude(pk=self.instance.pk)
        if row.active and others.exists():
            self.add_error("statute", "There is a playbook for this right and law already. Change that one, or end it.")
        return data

    def _current(self, seen: int | None) -> None:
        """Whether this is still the version that was opened; if not, what was typed stays, and the next click counts."""
        kept = Playbook.objects.filter(pk=self.instance.pk).select_related("changed_by").first()
        if kept is None or seen is None or seen == kept.version:
            return
        who = absences.name(kept.changed_by) if kept.changed_by else "Somebody"
        again: Any = self.data.copy()  # type: ignore[attr-defined]
        again[self.add_prefix("seen")] = str(kept.version)
        self.data = again
        self.add_error(
            None,
            f"{who} saved version {kept.version} since you opened this page. Nothing was saved yet, and what you typed is still"
            " here. Look at theirs in another tab, then save again to go over it.",
        )


class TextForm(forms.ModelForm):
    """One paragraph."""

    kind = forms.ChoiceField(label="Letter", widget=UnfoldAdminSelectWidget)
    language = forms.ChoiceField(widget=UnfoldAdminSelectWidget)

    class Meta:
        model = PlaybookText
        fields = ("kind", "language", "words")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "kind" in self.fields:
            kinds = [(one.code, one.when) for one in stationery.KINDS.values() if one.to == "person"]
            languages = [(code, one.name) for code, one in stationery.LANGUAGES.items()]
            self.fields["kind"].choices = kinds  # type: ignore[attr-defined]
            self.fields["words"].required = False
            self.fields["words"].help_text = "Empty: it is taken out."
            self.fields["language"].choices = languages  # type: ignore[attr-defined]


class TextsSet(forms.BaseInlineFormSet):
    """All paragraphs together with the playbook that they belong to."""

    def given(self) -> Texts:
        """Letter, language, words of those that stay; a row that lacks one of them has its own fault."""
        rows = [one.cleaned_data for one in self.forms if getattr(one, "cleaned_data", None)]
        return [(row["kind"], row["language"], row["words"]) for row in rows
                if {"kind", "language"} <= row.keys() and row.get("words")]  # fmt: skip

    def clean(self) -> None:
        super().clean()
        texts = self.given()
        row: Any = self.instance
        if any(self.errors) or row.right not in plans.OFFERED:
            return
        if len({text[:2] for text in texts}) < len(texts):
            raise ValidationError("One paragraph for each letter and language.")
        wanted = {"texts": texts, "categories": row.categories}
        faults = [one.words for one in playbooks.faults(row.right, wanted) if one.field in ("texts", "categories")]
        if faults:
            raise ValidationError(faults)
        row.given_texts = texts


class TextsInline(StackedInline):
    """Paragraphs of our own, at the end of a letter, in the language of whoever gets it."""

    model = PlaybookText
    form = TextForm
    formset = TextsSet
    extra = 0
    verbose_name_plural = "paragraphs in letters"
    can_delete = False


@admin.register(Playbook)
class PlaybookAdmin(Accountable):
    """How a right is handled. A request keeps the version under which it was received."""

    form = BookForm
    inlines = (TextsInline,)
    records = False
    list_display = ("name", "about", "under", "version", "kept", "active")
    list_select_related = ("changed_by",)
    fieldsets = (
        ("For", {"fields": ("name", "right", "statute", "active", "seen")}),
        ("Approvals", {"fields": ("auto_approve", "auto_rows", "extra_approval", "review_over")}),
        ("What colleagues do", {"fields": ("steps",)}),
        ("Defaults", {"fields": ("categories", "defaults")}),
    )

    @display(description="Right", ordering="right")
    def about(self, row: Playbook) -> str:
        return row.get_right_display()

    @display(description="Law", ordering="statute")
    def under(self, row: Playbook) -> str:
        try:
            return law.statute(row.statute).short_name if row.statute else "every law"
        except KeyError:
            return row.statute

    @display(description="Kept by", ordering="changed_at")
    def kept(self, row: Playbook) -> str:
        return absences.name(row.changed_by) if row.changed_by else ""

    def save_model(self, request: HttpRequest, obj: Playbook, form: Any, change: bool) -> None:
        playing.keep(obj, getattr(obj, "given_texts", []), by=colleague(request))

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """The verb kept the paragraphs with the rest."""
