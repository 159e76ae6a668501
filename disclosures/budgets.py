"""The ledger of privacy budgets: how much all noisy tables of one dataset may tell in a period, and what each took.

Epsilons and deltas of releases about the same people add up (basic composition, Dwork et al. 2006). A charge is made in a
transaction of its own before noise is drawn, by one guarded UPDATE: two tables at once cannot both take the last of it.
"""

from datetime import date, datetime
from fractions import Fraction

from django.contrib.auth.models import User
from django.db.models import F
from django.utils import timezone

from audit import actor as actors
from audit import log
from audit.actor import Actor
from audit.refusal import Refused
from disclosures.models import BudgetCharge, PrivacyBudget, ReleaseProposal
from inventory.models import Dataset

MICRO, FEMTO = 10**6, 10**15
MOST_EPSILON = 100


def add(
    dataset: Dataset, *, starts_on: date, ends_on: date, epsilon: Fraction, delta: Fraction, by: User
) -> PrivacyBudget:
    """A budget for a dataset and a period that has none yet. Raises Refused."""
    with log.atomic():
        Dataset.objects.select_for_update().get(pk=dataset.pk)
        check(dataset, starts_on, ends_on, epsilon, delta)
        row = PrivacyBudget.objects.create(
            dataset=dataset, starts_on=starts_on, ends_on=ends_on, added_by=by,
            epsilon_micro=int(epsilon * MICRO), delta_femto=int(delta * FEMTO),
        )  # fmt: skip
        log.record(
            "budget.added", actor=actors.staff(by.pk), noun=row, dataset=dataset.key, epsilon_micro=row.epsilon_micro,
            delta_femto=row.delta_femto,
        )  # fmt: skip
    return row


def check(dataset: Dataset, starts_on: date, ends_on: date, epsilon: Fraction, delta: Fraction) -> None:
    """Raises Refused for a budget that cannot be set."""
    if ends_on < starts_on:
        raise Refused("The period ends before it starts.", code="period", field="ends_on")
    if not 0 < epsilon <= MOST_EPSILON:
        raise Refused(f"Epsilon is more than 0 and at most {MOST_EPSILON}.", code="epsilon", field="epsilon")
    if not 0 <= delta < Fraction(1, 1000):
        raise Refused("Delta is 0, or far less than one in a thousand.", code="delta", field="delta")
    if PrivacyBudget.objects.filter(dataset=dataset, starts_on__lte=ends_on, ends_on__gte=starts_on).exists():
        raise Refused(
            "This dataset has a budget for a part of this period already. Periods do not overlap.", code="budget_overlaps",
            field="starts_on",
        )  # fmt: skip


def charge(proposal: ReleaseProposal, epsilon: Fraction, delta: Fraction, *, now: datetime, actor: Actor) -> None:
    """Take this from the dataset's budget of today; once for each proposal, however often it is asked.

    Raises Refused: "no_budget", "budget_spent".
    """
    micro, femto = _up(epsilon * MICRO), _up(delta * FEMTO)
    today = timezone.localdate(now)
    with log.atomic():
        known = BudgetCharge.objects.filter(proposal=proposal).first()
        if known is not None and (known.epsilon_micro, known.delta_femto) == (micro, femto):
            return  # a worker that was killed between the charge and the noise: nobody saw that noise
        if known is not None:
            raise Refused("This proposal was charged for other noise. Propose it anew.", code="charged_otherwise")
        budgets = PrivacyBudget.objects.filter(dataset=proposal.dataset_id, starts_on__lte=today, ends_on__gte=today)
        budget = budgets.first()
        if budget is None:
            raise Refused("This dataset has no privacy budget for today. Set one first.", code="no_budget")
        room = PrivacyBudget.objects.filter(
            pk=budget.pk,
            spent_epsilon_micro__lte=F("epsilon_micro") - micro,
            spent_delta_femto__lte=F("delta_femto") - femto,
        )
        taken = room.update(
            spent_epsilon_micro=F("spent_epsilon_micro") + micro, spent_delta_femto=F("spent_delta_femto") + femto
        )
        if not taken:
            budget.refresh_from_db()
            left = (budget.epsilon_micro - budget.spent_epsilon_micro) / MICRO
            raise Refused(
                f"The privacy budget of this dataset does not suffice: epsilon {left:g} is left until {budget.ends_on}."
                " Ask for less, or wait for the next period.",
                code="budget_spent",
            )
        BudgetCharge.objects.create(
            budget=budget, proposal=proposal, epsilon_micro=micro, delta_femto=femto, charged_at=now
        )
        log.record(
            "budget.charged", actor=actor, noun=budget, release=proposal.pk, epsilon_micro=micro, delta_femto=femto
        )


def _up(number: Fraction) -> int:
    """A part of a unit counts as a whole one."""
    return -(-number.numerator // number.denominator)
