"""Proposals of aggregate releases, and colleagues who make and decide them."""

import csv
import io
from collections.abc import Iterable
from typing import Any

from django.contrib.auth.models import User

from disclosures import proposing, releasing
from disclosures.models import Recipient, ReleaseProposal
from inventory.models import Dataset, Purpose, System
from tests.consent.builders import purpose
from tests.desk.builders import colleague
from tests.disclosures.builders import recipient

BANDS = {"kind": "number", "widths": [10]}
KINDS: dict[str, dict[str, Any]] = {
    "microdata": {
        "k": 5,
        "l": 2,
        "columns": [
            {"name": "town", "role": "quasi"},
            {"name": "age", "role": "quasi", "hierarchy": BANDS},
            {"name": "illness", "role": "sensitive"},
        ],
    },
    "table": {"least": 5, "columns": [{"name": "town", "role": "dimension"}, {"name": "illness", "role": "dimension"}]},
    "private": {"epsilon": "0.5", "columns": [{"name": "town", "role": "dimension", "values": ["North", "South"]}]},
}


def dataset(key: str = "clinic") -> Dataset:
    """A dataset; made as it is needed."""
    system, _ = System.objects.get_or_create(key=key, defaults={"name": key.title()})
    return Dataset.objects.get_or_create(key=key, defaults={"name": key.title(), "system": system})[0]


def people(count: int = 120, **more: str) -> list[dict[str, str]]:
    """Patients of two towns; two of them have something rare."""
    rows = [
        {
            "town": "North" if number % 3 else "South",
            "age": str(20 + number % 30),
            "illness": ("flu", "cold", "ache")[number % 3 - number % 2],
        }
        for number in range(count)
    ]
    for one in rows[0:5:4]:
        one["illness"] = "rare"
    return [one | more for one in rows]


def text(rows: Iterable[dict[str, str]]) -> bytes:
    """The rows as a CSV file."""
    rows = list(rows)
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def team() -> tuple[User, User]:
    """Who proposes and who decides."""
    return colleague("Reviewer", "rita"), colleague("Privacy officer", "paul")


def propose(by: User, kind: str = "table", rows: Any = None, *, key: str = "clinic", **more: Any) -> ReleaseProposal:
    """A proposal of these rows with its parameters; the gate has not looked yet."""
    network = recipient_once("adnet")
    asked = KINDS[kind] | more.pop("asked", {})
    return proposing.propose(
        title="People by town", kind=kind, dataset=dataset(key), purpose=purpose_once(), recipients=[network], public=False,
        content=[text(rows if rows is not None else people())], by=by, asked=asked, **more,
    )  # fmt: skip


def recipient_once(key: str) -> Any:
    return Recipient.objects.filter(key=key).first() or recipient(key)


def purpose_once() -> Any:
    return Purpose.objects.filter(key="insight").first() or purpose("insight")


def judged(proposal: ReleaseProposal) -> ReleaseProposal:
    """The proposal after a worker looked at it."""
    releasing.judge(proposal.pk)
    return fresh(proposal)


def fresh(proposal: ReleaseProposal) -> ReleaseProposal:
    return ReleaseProposal.objects.get(pk=proposal.pk)
