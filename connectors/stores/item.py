"""What a store says about one copy."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True)
class Item:
    """One file, or one version of an object. `name` is relative to the store's folder or prefix; `current`: what a reader of
    the name gets, not an old version of it.
    """

    name: str
    taken_at: datetime
    size: int
    version: str = ""
    current: bool = True


class Locked(Exception):
    """The store does not let anybody delete it before this moment (None: it does not say until when)."""

    def __init__(self, until: datetime | None) -> None:
        super().__init__("locked")
        self.until = until


@dataclass(frozen=True)
class Rule:
    """What the store's own rules do to files below the prefix: ended after so many days (None: no rule), old versions too."""

    days: int | None
    old_versions_days: int | None = None


class Store(Protocol):
    """A folder or a bucket."""

    def items(self, pattern: str) -> Iterator[Item]:
        """Everything whose name fits a pattern such as *.dump (empty: all), in any order. Raises Permanent or Temporary."""
        ...

    def delete(self, item: Item) -> None:
        """Delete one for good; nothing happens when it is gone. Raises Locked, Permanent or Temporary."""
        ...

    def rule(self) -> Rule | None:
        """The store's own rules; None for a store that has none of its kind."""
        ...

    def set_rule(self, days: int) -> None:
        """Have the store itself end files below the prefix, and their old versions, after so many days."""
        ...
