"""Reading a description piece by piece: what is refused is told with its line and its path."""

from typing import NoReturn

from connectors.kinds.base import Permanent
from inventory.descriptions.lines import Row

FILE = "Description of the connection"
# What may say "nothing here". Never a refusal such as 401, 403 or 429.
GONE = (400, 404, 410, 422)


class Part:
    """A mapping in the description that knows its path; what it refuses names line and path."""

    def __init__(self, row: Row, path: str) -> None:
        self.row, self.path = row, path

    def refuse(self, key: str, words: str) -> NoReturn:
        """Raises Permanent for one key."""
        where = f"{self.path}.{key}" if self.path else key
        line = self.row.at(key) if self.row.file else FILE
        raise Permanent("connection", f"{line}: {where} {words}.")

    def only(self, *known: str) -> None:
        """Refuses a key that is none of `known`."""
        for key in self.row:
            if key not in known:
                self.refuse(key, f"is not known here; known are {', '.join(known)}")

    def part(self, key: str) -> "Part":
        """The mapping under a key; an empty one when it is not there."""
        path = f"{self.path}.{key}" if self.path else key
        found = self.row.get(key)
        if found is None:
            return Part(Row(), path)
        if not isinstance(found, Row):
            self.refuse(key, "must be a mapping, with keys of its own")
        return Part(found, path)

    def text(self, key: str) -> str:
        """The text under a key; "" when it is not there."""
        found = self.row.get(key, "")
        if not isinstance(found, str):
            self.refuse(key, "must be a text; put it in quotes")
        return str(found)

    def choice(self, key: str, known: tuple[str, ...], default: str) -> str:
        """One of the known words."""
        found = self.row.get(key, default)
        if found not in known:
            self.refuse(key, f"must be one of {', '.join(one for one in known if one)}")
        return str(found)

    def flag(self, key: str, default: bool = False) -> bool:
        """True or false."""
        found = self.row.get(key, default)
        if not isinstance(found, bool):
            self.refuse(key, "must be true or false")
        return bool(found)

    def number(self, key: str, default: float, most: float) -> float:
        """A number from 0 to `most`."""
        found = self.row.get(key, default)
        if isinstance(found, bool) or not isinstance(found, int | float) or not 0 <= found <= most:
            self.refuse(key, f"must be a number from 0 to {most:g}")
        return float(found)

    def statuses(self, key: str, default: tuple[int, ...]) -> tuple[int, ...]:
        """A list of HTTP statuses that may say that nothing is there."""
        found = self.row.get(key, list(default))
        if not isinstance(found, list) or not all(one in GONE for one in found):
            self.refuse(key, "must be a list of some of these statuses: 400, 404, 410, 422")
        return tuple(found)
