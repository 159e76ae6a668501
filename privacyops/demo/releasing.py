"""What leaves Hireline because it is about nobody in particular: one table that left, one that waits for a decision, and a
budget of noise. Written once, when there are colleagues.
"""

from datetime import date
from fractions import Fraction
from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone

from audit.bell import silence
from disclosures import budgets, proposing, releasing
from disclosures.models import PrivacyBudget, Recipient, ReleaseProposal
from inventory.models import Collection, Dataset, Purpose

# title, dataset, collection, columns
TABLES: tuple[tuple[str, str, str, list[dict[str, Any]]], ...] = (
    ("Applications by year and outcome", "platform", "applications",
     [{"name": "applied_at", "role": "dimension", "hierarchy": {"kind": "date"}, "level": 2},
      {"name": "status", "role": "dimension"}]),
    ("Salary bands that vendors guess, by year", "vendors", "vendor_profiles",
     [{"name": "bought_on", "role": "dimension", "hierarchy": {"kind": "date"}, "level": 2},
      {"name": "inferred_salary_band", "role": "dimension"}]),
)  # fmt: skip


def load(author: User) -> None:
    """Needs the demo's colleagues, and does nothing without them or when it is there already. `author` proposes."""
    maya = User.objects.filter(username="maya").first()
    if maya is None or ReleaseProposal.objects.exists():
        return
    network, purpose = Recipient.objects.get(key="adstream"), Purpose.objects.get(key="improvement")
    made = []
    for title, dataset, collection, columns in TABLES:
        with silence():  # judged here: no worker runs yet while the demo is made
            made.append(
                proposing.propose(
                    title=title, kind="table", dataset=Dataset.objects.get(key=dataset), purpose=purpose,
                    recipients=[network], public=False, content=None, by=author,
                    collection=Collection.objects.get(dataset__key=dataset, name=collection),
                    asked={"least": 10, "columns": columns},
                )
            )  # fmt: skip
        releasing.judge(made[-1].pk)
    made[0].refresh_from_db()
    if made[0].state == ReleaseProposal.State.PASSED:
        releasing.approve(made[0], by=maya)
    _budget(maya)


def _budget(by: User) -> None:
    today = timezone.localdate()
    if not PrivacyBudget.objects.exists():
        budgets.add(
            Dataset.objects.get(key="platform"), starts_on=date(today.year, 1, 1), ends_on=date(today.year, 12, 31),
            epsilon=Fraction(2), delta=Fraction(0), by=by,
        )  # fmt: skip
