"""What a pack shows of a person. Masked: every identifier that we know is replaced wherever it stands in a text."""

import re
from dataclasses import dataclass

from requests_app.models import Request
from requests_app.policy import LINK
from subjects import identifiers, registry

# Parts of a name that are shorter are words of other texts as well.
SHORTEST_PART = 3
WITHHELD = "(withheld: personal words)"


@dataclass(frozen=True)
class Mask:
    """Hides the people of one case, or nothing where personal data was chosen. Links of the person are hidden in any case."""

    clear: bool
    words: tuple[tuple[str, str], ...]

    def text(self, text: str) -> str:
        """A text of ours: letters, grounds, questions."""
        text = LINK.sub(r"\1…", text)
        if self.clear:
            return text
        for plain, shown in self.words:
            text = re.sub(rf"(?<!\w){re.escape(plain)}(?!\w)", shown.replace("\\", r"\\"), text, flags=re.IGNORECASE)
        return text

    def theirs(self, text: str) -> str:
        """The person's own words: all or nothing."""
        return text if self.clear or not text else WITHHELD


def of(request: Request, clear: bool) -> Mask:
    """What to hide in the papers of one case: of the person, and of whoever asks for them."""
    known = registry.values(request.subject_id)
    asker = getattr(request, "asker", None)
    if asker is not None:
        known.setdefault("email", []).append(asker.identifier.value)
        known.setdefault("name", []).extend(one for one in (asker.name, asker.organisation) if one)
    words: dict[str, str] = {}
    for kind, values in known.items():
        for value in values:
            words[value] = identifiers.masked(kind, value)
            if kind == "name":
                words |= {part: f"{part[:1]}•••" for part in value.split() if len(part) >= SHORTEST_PART}
    for value in request.changes.values() if isinstance(request.changes, dict) else ():
        words[str(value)] = "•••"
    return Mask(clear, tuple(sorted(((one, two) for one, two in words.items() if one), key=lambda row: -len(row[0]))))
