"""What earlier releases of a dataset say, so that a new one can be attacked together with them."""

from collections.abc import Iterator
from typing import Any

from disclosures import portions
from disclosures.models import Release, ReleaseProposal
from disclosures.releases import parameters
from disclosures.releases.differencing import Published
from disclosures.releases.parameters import QUASI, SENSITIVE
from disclosures.releases.verdicts import Before, Verdict
from inventory.models import Collection, Dataset, Field


def before(dataset: Dataset) -> list[Before]:
    """The earlier releases, the oldest first. Noisy tables are none: what they tell together is what the budget is for."""
    return list(_before(dataset))


def _before(dataset: Dataset) -> Iterator[Before]:
    rows = Release.objects.filter(dataset=dataset).exclude(kind=ReleaseProposal.Kind.PRIVATE)
    for row in rows.select_related("proposal").order_by("released_at"):
        said = portions.read_json(row.proposal, portions.Part.FACTS)
        if said is not None:
            yield Before(
                f"the release of {row.released_at:%d %b %Y}",
                [(where, count) for where, count in said["facts"]],
                said["gaps"],
                _published(row, said),
                _measure(row),
            )


def _measure(row: Release) -> str:
    summed = parameters.read(row.parameters).one(parameters.MEASURE)
    return summed.name if summed is not None else "count"


def _published(row: Release, said: dict[str, Any]) -> Published | None:
    if row.kind != ReleaseProposal.Kind.MICRODATA:
        return None
    asked = parameters.read(row.parameters)
    quasi = asked.of(QUASI)
    levels = [row.figures["levels"][one.name] for one in quasi]
    groups = {tuple(key): [set(one) for one in values] for key, values in said["groups"]}
    names = [one.name for one in asked.of(SENSITIVE)]
    return Published(str(row.pk), [one.name for one in quasi], [one.hierarchy for one in quasi], levels, names, groups)


def said(verdict: Verdict) -> dict[str, Any]:
    """What is kept of a verdict for later comparisons."""
    return {
        "facts": verdict.facts,
        "gaps": verdict.gaps,
        "groups": [(list(key), values) for key, values in verdict.groups],
    }


# Categories and attributes of the inventory that name a person by themselves. A town or a country does not.
NAMING = {"contact.email", "contact.phone", "contact.address", "identity.name", "identity.number"}
NAMED = {"email", "full_name", "first_name", "last_name", "phone", "address", "street"}


def annotated(dataset: Dataset, collection: Collection | None) -> dict[str, str]:
    """Columns that the inventory calls direct identifiers, with what they are. For rows that were handed in, by the names of
    all fields of the dataset.
    """
    fields = Field.objects.filter(collection__dataset=dataset).select_related("category")
    if collection is not None:
        fields = fields.filter(collection=collection)
    found = {}
    for one in fields:
        key = one.category.key if one.category else ""
        if one.identity:
            found[one.name] = "what identifies a person (the inventory says so)"
        elif one.primary_key:
            found[one.name] = "the key of a row (the inventory says so)"
        elif key in NAMING or one.attribute in NAMED:
            found[one.name] = "names or contact data (the inventory says so)"
    return found
