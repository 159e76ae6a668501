"""What the gate measured, in words for a privacy officer."""

from typing import Any

from disclosures.models import ReleaseProposal

LACKS = {
    "k": "too few people", "l": "too few different sensitive values", "entropy": "one sensitive value prevails",
    "t": "its sensitive values are too unlike those of all", "few": "too few people", "zero": "nobody, which is telling",
    "dominant": "a few have nearly all of it", "percent": "the second largest could tell the largest",
    "earlier": "was left out of an earlier release", "differencing": "an earlier release less this one tells it",
    "no_partner": "a total would give it back", "rows": "too many rows would have to go",
}  # fmt: skip


def context(row: ReleaseProposal) -> dict[str, Any]:
    """What the page of a proposal shows above its fields."""
    failing = [{**one, "lacks": LACKS.get(str(one.get("lacks")), "")} for one in row.failing or ()]
    return {
        "proposal": row, "failing": failing, "preview": row.preview or [],
        "recipients": [one.name for one in row.recipients.all()], **figures(row.kind, row.figures),
    }  # fmt: skip


def figures(kind: str, found: dict[str, Any]) -> dict[str, Any]:
    """The figures as (what, number, words) for the page."""
    if kind == ReleaseProposal.Kind.PRIVATE:
        rows = _noisy(found)
    elif kind == ReleaseProposal.Kind.TABLE:
        rows = _table(found)
    else:
        rows = _microdata(found)
    return {"lines": [one for one in rows if one[1] is not None], "attacks": _attacks(found)}


def _microdata(found: dict[str, Any]) -> list[tuple[str, Any, str]]:
    wanted = found.get("wanted", {})
    return [
        ("Rows handed in", found.get("rows"), ""),
        ("Rows that leave", found.get("rows_left"), ""),
        ("Smallest group (k)", found.get("k"), f"asked for {wanted.get('k')}"),
        ("Different sensitive values (l)", found.get("l"), f"asked for {wanted.get('l')}"),
        ("Effective number of them", found.get("entropy_l"), f"asked for {wanted.get('entropy_l')}"),
        ("Distance from all rows (t)", found.get("t"), f"asked for at most {wanted.get('t')}"),
        ("Rows left out", found.get("suppressed_rows"), _share(found.get("suppressed_share")) or ""),
        ("Detail lost", _share(found.get("information_loss")), "of what the columns told"),
    ]


def _table(found: dict[str, Any]) -> list[tuple[str, Any, str]]:
    wanted, audit = found.get("wanted", {}), found.get("audit", {})
    return [
        ("Rows", found.get("rows"), ""),
        ("Cells, totals included", found.get("cells"), ""),
        ("Cells left out", found.get("suppressed_first"), f"fewer than {wanted.get('least')} people, or one person's"),
        ("Further cells left out", found.get("suppressed_further"), "so that totals do not give those back"),
        ("Detail lost", _share(found.get("information_loss")), "of the rows stand in cells that are left out"),
        ("Cells whose gap was proved", audit.get("proved"), "both ends of the gap agree with all that is shown"),
        ("Cells solved for exactly", audit.get("solved"), ""),
        ("Narrowest gap", audit.get("narrowest"), ""),
    ]


def _noisy(found: dict[str, Any]) -> list[tuple[str, Any, str]]:
    return [
        ("Cells", found.get("cells"), ""),
        ("Epsilon", found.get("epsilon"), "charged to the budget"),
        ("Delta", found.get("delta"), ""),
        ("Width of the noise", found.get("scale"), str(found.get("mechanism", ""))),
        ("Each number is right within", found.get("within_95"), "in 95 of 100 cases"),
        ("Noise drawn by", found.get("noise_by"), ""),
    ]


def _attacks(found: dict[str, Any]) -> list[tuple[str, str]]:
    rows = []
    before, after = found.get("linkage_without"), found.get("linkage_with")
    if before:
        rows.append(("Linkage, as the rows came in", _linked(before)))
    if after:
        rows.append(("Linkage, as they would leave", _linked(after)))
    if (difference := found.get("differencing")) is not None:
        count = difference["singled_out"]
        words = "nobody could be singled out" if not count else f"{count} rests of too few people"
        rows.append(("Differencing", f"compared with {difference['compared']} earlier releases: {words}"))
    return rows


def _linked(found: dict[str, Any]) -> str:
    return (
        f"of {found['people']:,} known people {found['unique']:,} have exactly one matching row; the right row is named in"
        f" {_share(found['expected_share'])} of all cases"
    )


def _share(number: Any) -> str | None:
    return None if number is None else f"{100 * number:.1f} %"
