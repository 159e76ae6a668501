"""Grounds, proof and remedies of one statute."""

from law.model import Ground, ProofRule, Remedies, Statute


def grounds(statute: Statute, right: str) -> list[Ground]:
    """The coded grounds on which this law lets a company refuse `right`, or keep data despite it."""
    return [one for one in statute.grounds.values() if right in one.rights]


def proof_rule(statute: Statute, right: str) -> ProofRule:
    """The least proof that `right` needs under this law. Raises KeyError for a right that it does not know."""
    rule = statute.rights[right]
    return ProofRule(rule.proof, rule.cite)


def remedies(statute: Statute) -> Remedies:
    """Whom the person can turn to."""
    return statute.remedies


def regulator(statute: Statute, residence: str) -> tuple[str, str]:
    """Name and address on the web of the authority that a resident of `residence` can complain to."""
    country = residence.partition("-")[0]
    found = statute.remedies.authorities.get(residence) or statute.remedies.authorities.get(country)
    return found or (statute.remedies.regulator, statute.remedies.regulator_url)
