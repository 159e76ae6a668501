"""What references that go round in a circle keep out of a search: counted and told, never passed over in silence.

A walk enters a circle once, so rows that only the last link of it leads to are not searched. Following it again and again is
left undone on purpose: in many schemas it leads from a person to their department and on to everybody in it. So a person
looks: the order of the search is parked with the number of rows and what to do.
"""

from collections.abc import Sequence

from connectors.keys import key_hash
from connectors.kinds.base import Permanent
from connectors.planning import Planned, thaw_dropped
from connectors.searching import Searcher
from inventory.graph import Link


def refuse_if_left_out(searcher: Searcher, planned: Sequence[Planned]) -> None:
    """Look where the links lead that the plan does not follow from these steps, which were searched just now. Raises Permanent
    when that is to rows that were not found.
    """
    here = {one.step.collection for one in planned}
    told = []
    for link in thaw_dropped(searcher.batch.plan):
        rows = _left_out(searcher, link) if link.parent in here else 0
        if rows:
            told.append(
                f"{rows} {'row' if rows == 1 else 'rows'} of {'.'.join(link.child)} by {', '.join(link.child_fields)}"
            )
    if told:
        raise Permanent(
            "circle",
            f"Not searched, because references go round in a circle: {_some(told)}. If they are this person's, see to them by "
            "hand and give this up as done by hand; if not, turn or remove that reference and collect again.",
        )


def _some(told: list[str]) -> str:
    """As many as a sentence on a page has room for."""
    return told[0] + (f", and by {len(told) - 1} more references" if len(told) > 1 else "")


def _left_out(searcher: Searcher, link: Link) -> int:
    remembered = searcher.remembered
    if not remembered.findings(link.parent):
        return 0
    known = {
        key_hash(key)
        for finding in remembered.findings(link.child)
        for keys in remembered.chunks(finding)
        for key in keys
    }
    if getattr(searcher.kind(searcher.spec(link.child).system), "by_hand", False):
        return 0  # the colleague was asked for this person's things, whatever leads to them
    return len({mark for key in searcher.led_to(link) if (mark := key_hash(key)) not in known})
