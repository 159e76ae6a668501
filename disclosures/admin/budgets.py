"""Budgets of noise on the desk: set once for a period, never raised afterwards."""

from fractions import Fraction
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from audit.accountable import Accountable, ReadOnly, colleague
from audit.refusal import Refused
from disclosures import budgets
from disclosures.models import BudgetCharge, PrivacyBudget
from inventory.models import Dataset


class BudgetForm(forms.ModelForm):
    """Epsilon and delta as people write them."""

    # Not "dataset": the theme takes a POST with a field of that name for a click in one of its own lists.
    of_dataset = forms.ModelChoiceField(Dataset.objects, label="Dataset", widget=UnfoldAdminSelectWidget())
    epsilon = forms.CharField(
        widget=UnfoldAdminTextInputWidget(),
        help_text="How much all noisy tables of the period may tell together: 1 is much.",
    )
    delta = forms.CharField(
        widget=UnfoldAdminTextInputWidget(),
        initial="0",
        help_text="0, unless Gaussian noise is used: then about 0.000001.",
    )

    class Meta:
        model = PrivacyBudget
        fields = ("starts_on", "ends_on")

    def clean_epsilon(self) -> Fraction:
        return self._number("epsilon")

    def clean_delta(self) -> Fraction:
        return self._number("delta")

    def _number(self, name: str) -> Fraction:
        try:
            return Fraction(str(self.cleaned_data[name]).strip())
        except (ValueError, ZeroDivisionError):
            raise forms.ValidationError("Write a number, such as 0.5.") from None

    def clean(self) -> Any:
        """What the ledger would refuse, beside its field."""
        super().clean()
        found = self.cleaned_data
        if not self.errors:
            try:
                budgets.check(*(found[name] for name in ("of_dataset", "starts_on", "ends_on", "epsilon", "delta")))
            except Refused as refused:
                self.add_error(refused.field, refused.message)
        return found


@admin.register(PrivacyBudget)
class PrivacyBudgetAdmin(Accountable):
    """How much noisy tables may tell, and what is left of it."""

    form = BudgetForm
    records = False  # the verb does
    list_display = ("dataset", "starts_on", "ends_on", "epsilon", "left", "tables")
    list_filter = ("dataset",)
    list_select_related = ("dataset",)

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("dataset", "added_by").prefetch_related("charges")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None:
            return ("of_dataset", "starts_on", "ends_on", "epsilon", "delta")
        return ("dataset", "starts_on", "ends_on", "epsilon", "delta", "left", "tables", "added_by")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return () if obj is None else self.get_fields(request, obj)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        if obj is None:  # the others are fields of the form and not of the model
            kwargs["fields"] = ("starts_on", "ends_on")
        return super().get_form(request, obj, change, **kwargs)

    def save_model(self, request: HttpRequest, obj: PrivacyBudget, form: Any, change: bool) -> None:
        """By the verb, which records it."""
        found = form.cleaned_data
        row = budgets.add(
            found["of_dataset"], starts_on=found["starts_on"], ends_on=found["ends_on"], epsilon=found["epsilon"],
            delta=found["delta"], by=colleague(request),
        )  # fmt: skip
        obj.pk, obj.dataset = row.pk, row.dataset

    @admin.display(description="Epsilon")
    def epsilon(self, budget: PrivacyBudget) -> str:
        return f"{budget.epsilon_micro / budgets.MICRO:g}"

    @admin.display(description="Delta")
    def delta(self, budget: PrivacyBudget) -> str:
        return f"{budget.delta_femto / budgets.FEMTO:g}"

    @admin.display(description="Epsilon left")
    def left(self, budget: PrivacyBudget) -> str:
        return f"{(budget.epsilon_micro - budget.spent_epsilon_micro) / budgets.MICRO:g}"

    @admin.display(description="Tables")
    def tables(self, budget: PrivacyBudget) -> int:
        return len(budget.charges.all())


@admin.register(BudgetCharge)
class BudgetChargeAdmin(ReadOnly):
    """What each noisy table took."""

    list_display = ("proposal", "dataset", "epsilon", "delta", "charged_at")
    list_filter = ("budget__dataset",)
    follow = ("budget__dataset", "proposal")
    fields = ("budget", "proposal", "epsilon", "delta", "charged_at")
    readonly_fields = fields

    @admin.display(description="Dataset")
    def dataset(self, charge: BudgetCharge) -> str:
        return charge.budget.dataset.name

    @admin.display(description="Epsilon")
    def epsilon(self, charge: BudgetCharge) -> str:
        return f"{charge.epsilon_micro / budgets.MICRO:g}"

    @admin.display(description="Delta")
    def delta(self, charge: BudgetCharge) -> str:
        return f"{charge.delta_femto / budgets.FEMTO:g}"
