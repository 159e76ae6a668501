"""Our own YAML: `categories`, `purposes` and `systems`; systems hold datasets, datasets collections, collections fields. A
field's `references` are `dataset.collection.field`, or a mapping with `target`, `direction` (down, up, both) and `group`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from inventory.descriptions.checks import faults
from inventory.descriptions.keys import in_order
from inventory.descriptions.lines import Row, listed, parse
from inventory.descriptions.picture import picture

WIDTH = 120


def read(text: str, file: str, beside: Sequence[Mapping[str, Any]] = ()) -> Row:
    """The description in a YAML text, checked. `beside`: other descriptions that it may refer to, the inventory's too.

    Raises Refused with every fault, each with file, line and path.
    """
    data = parse(text, file)
    listed(in_order(faults(data, beside)))
    return data


def export() -> str:
    """The whole inventory as the YAML that `read` takes."""
    return dump(picture())


def dump(data: Mapping[str, Any]) -> str:
    """A mapping as YAML, in its own order."""
    return yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=WIDTH)
