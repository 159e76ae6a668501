"""One recipient as the cells of a row, and the cells as what they mean. Pure but for the models' own words.

`audit.sheet` keeps a cell from being a formula.
"""

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from disclosures.models import Recipient
from law import transfers

# Columns that are fields as they are.
TEXTS = ("key", "name", "role", "kind", "contact", "country", "transfer_basis", "contract", "ccpa")
DATES = ("contract_from", "contract_until", "reviewed_on", "review_due")
YES_NO = ("sold", "shared", "receives_everyone", "active")
NUMBERS = ("review_months",)
FIELDS = (*TEXTS, *DATES, *YES_NO, *NUMBERS)
COLUMNS = (*FIELDS, "owner", "categories", "grants", "transfers")
# country:basis:assessed on:certified until:derogation:where the assessment is kept
PARTS = 6
Known = Mapping[str, int]


class Wrong(Exception):
    """A cell that cannot be read; the words say why."""


def written(one: Recipient) -> list[str]:
    """The row of a recipient, whose relations are prefetched."""
    row = {name: _plain(getattr(one, name)) for name in FIELDS}
    row["owner"] = one.owner.get_username() if one.owner else ""
    row["categories"] = "; ".join(sorted(each.key for each in one.categories.all()))
    row["grants"] = "; ".join(sorted(f"{each.category.key}={each.purpose.key}" for each in one.grants.all()))
    row["transfers"] = "\n".join(
        _transfer(each.claim, each.assessment) for each in one.transfers.all() if each.ended_on is None
    )
    return [row[name] for name in COLUMNS]


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)


def _transfer(claim: transfers.Claim, kept: str) -> str:
    parts = (claim.country, claim.basis, claim.assessed_on, claim.certified_until, claim.derogation, kept)
    return ":".join(_plain(one) for one in parts).rstrip(":")


def field(name: str, cell: str) -> Any:
    """The value of a column that is a field. Raises Wrong."""
    if name in DATES:
        return day(cell)
    if name in YES_NO:
        if cell.lower() not in ("yes", "no"):
            raise Wrong("write yes or no.")
        return cell.lower() == "yes"
    if name in NUMBERS:
        if not cell.isdecimal() or not 0 < int(cell[:6]) <= 120:
            raise Wrong("write a number of months from 1 to 120.")
        return int(cell)
    if name == "country" and cell and not re.fullmatch(r"[A-Z]{2}", cell):
        raise Wrong("write two capital letters, such as DE.")
    return cell


def day(cell: str) -> date | None:
    """A day, or None for an empty cell. Raises Wrong."""
    if not cell:
        return None
    try:
        return date.fromisoformat(cell)
    except ValueError:
        raise Wrong("write the day as 2027-03-31.") from None


def listed(cell: str, known: Known, what: str) -> set[int]:
    """Keys with semicolons between them. Raises Wrong for one that is not known."""
    return {_known(one, known, what) for one in _each(cell, ";")}


def granted(cell: str, categories: Known, purposes: Known) -> set[tuple[int, int]]:
    """category=purpose, with semicolons between them. Raises Wrong."""
    found = set()
    for one in _each(cell, ";"):
        category, equals, purpose = one.partition("=")
        if not equals:
            raise Wrong(f"“{one[:60]}”: write category=purpose.")
        found.add((_known(category.strip(), categories, "category"), _known(purpose.strip(), purposes, "purpose")))
    return found


def transferred(cell: str) -> dict[str, dict[str, Any]]:
    """Country -> what is on file; one in a line. Raises Wrong."""
    found: dict[str, dict[str, Any]] = {}
    for one in _each(cell, "\n"):
        parts = [each.strip() for each in one.split(":", PARTS - 1)]
        country, basis, assessed, certified, derogation, kept = [*parts, *([""] * (PARTS - len(parts)))]
        if not re.fullmatch(r"[A-Z]{2}", country) or country in found:
            raise Wrong(f"“{one[:60]}”: begin each line with a country of its own, such as US.")
        _among(basis, transfers.BASES, "basis")
        _among(derogation, transfers.DEROGATIONS, "derogation")
        if len(kept) > 120:
            raise Wrong("where an assessment is kept: at most 120 characters.")
        found[country] = {"basis": basis, "assessed_on": day(assessed), "certified_until": day(certified),
                          "derogation": derogation, "assessment": kept}  # fmt: skip
    return found


def _each(cell: str, mark: str) -> list[str]:
    return [one.strip() for one in cell.replace("\r", "").split(mark) if one.strip()]


def _known(key: str, known: Known, what: str) -> int:
    if key not in known:
        raise Wrong(f"there is no {what} “{key[:80]}” in the inventory.")
    return known[key]


def _among(value: str, table: Mapping[str, str], what: str) -> None:
    if value and value not in table:
        raise Wrong(f"“{value[:40]}” is no {what}: one of {', '.join(table)}.")
