"""How an upper floor has something of its own done again after a restore of our database.

Each app may have a module `redoing_sources` that registers a kind: `found` gives what happened and stands in no entry yet,
`redo` does entries again and says how many rows it found and changed. Both are idempotent.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class Deed:
    """Something that was done: `source` names it once and for all; `payload` is what is needed to do it again."""

    source: str
    origin: str
    done_at: datetime
    payload: dict[str, Any]


@dataclass(frozen=True)
class Redone:
    """What a redo found to do, what it changed, and what it left out because a newer choice holds."""

    found: int = 0
    changed: int = 0
    overtaken: int = 0


@dataclass(frozen=True)
class Source:
    """`found(most)`: deeds not sealed yet, the oldest first. `overtaken(payload)`: whether something newer holds."""

    kind: str
    found: Callable[[int], Iterable[Deed]]
    redo: Callable[[Sequence[dict[str, Any]]], Redone]
    overtaken: Callable[[str], bool] = lambda origin: False


sources: dict[str, Source] = {}


def register(source: Source) -> None:
    """Make a kind known."""
    sources[source.kind] = source


def overtaken(origin: str) -> bool:
    """Whether what an entry of this origin did no longer holds, because the person chose otherwise since."""
    return any(one.overtaken(origin) for one in sources.values())
