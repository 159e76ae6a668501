"""What changed between two wordings: by paragraphs, and within a paragraph by words. Pure: no framework.

Headings, items of lists, rows of tables and paragraphs are compared one with another. A link shows its address, so that a
changed address is seen; bold and italics alone are no difference.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from requests_app import prose

WORD = re.compile(r"\s+|[^\W_]+|[^\w\s]|_")
# Two paragraphs with less in common than this are one gone and one new; comparing their words would confuse.
ALIKE = 0.4


@dataclass(frozen=True)
class Piece:
    """One heading, item, row or paragraph in words."""

    kind: str
    text: str


@dataclass(frozen=True)
class Run:
    """Words that stay, are new or are gone: `mark` is "same", "new" or "gone"."""

    mark: str
    text: str


@dataclass(frozen=True)
class Change:
    """One piece of the comparison. `mark` is "same", "new", "gone" or "changed"."""

    kind: str
    mark: str
    runs: tuple[Run, ...]


def between(old: str, new: str) -> list[Change]:
    """Every piece of both wordings, in order, with what became of it."""
    before, after = list(pieces(old)), list(pieces(new))
    found: list[Change] = []
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if tag == "equal":
            found += [_whole(piece, "same") for piece in after[j1:j2]]
        else:
            found += _replaced(before[i1:i2], after[j1:j2])
    return found


def pieces(text: str) -> Iterator[Piece]:
    """The text in pieces, without its marks."""
    for line in _paragraphs(text.replace("\r\n", "\n").split("\n")):
        heading, bullet, number = prose.HEADING.match(line), prose.BULLET.match(line), prose.NUMBER.match(line)
        if heading:
            yield Piece("heading", prose.plain(heading.group(2)))
        elif bullet or number:
            yield Piece("item", prose.plain((bullet or number).group(1)))  # type: ignore[union-attr]
        elif line.startswith("|"):
            yield Piece("row", " | ".join(prose.plain(cell.strip()) for cell in line.strip().strip("|").split("|")))
        else:
            yield Piece("paragraph", prose.plain(line))


def folded(changes: Sequence[Change], around: int = 1) -> list[tuple[bool, list[Change]]]:
    """The comparison in stretches: (whether it can be folded away, its pieces). What stands beside a change stays in sight."""
    near = [
        any(other.mark != "same" for other in changes[max(0, at - around) : at + around + 1])
        for at in range(len(changes))
    ]
    stretches: list[tuple[bool, list[Change]]] = []
    for seen, change in zip(near, changes, strict=True):
        if not stretches or stretches[-1][0] == seen:
            stretches.append((not seen, []))
        stretches[-1][1].append(change)
    return stretches


def count(changes: Sequence[Change]) -> dict[str, int]:
    """How many pieces are new, gone and changed."""
    return {mark: sum(one.mark == mark for one in changes) for mark in ("new", "gone", "changed")}


def _paragraphs(lines: list[str]) -> Iterator[str]:
    """Lines that belong together as one."""
    held = ""
    for line in lines:
        begins = prose.HEADING.match(line) or prose.BULLET.match(line) or prose.NUMBER.match(line)
        row = "|" in line
        if held and (not line.strip() or begins or row or held.startswith("|") or prose.HEADING.match(held)):
            yield held
            held = ""
        if not line.strip() or prose.RULE.match(line) or (row and prose.TABLE_RULE.match(line)):
            continue
        words = line.strip()
        if row and not begins and not words.startswith("|"):
            words = f"| {words}"
        held = f"{held} {words}" if held else words
    if held:
        yield held


def _replaced(gone: Sequence[Piece], new: Sequence[Piece]) -> Iterator[Change]:
    """Pairs what is alike, in order; the rest is gone or new."""
    at = 0
    for piece in gone:
        match = next((n for n in range(at, len(new)) if _alike(piece, new[n])), None)
        if match is None:
            yield _whole(piece, "gone")
            continue
        yield from (_whole(one, "new") for one in new[at:match])
        yield Change(new[match].kind, "changed", tuple(_words(piece.text, new[match].text)))
        at = match + 1
    yield from (_whole(one, "new") for one in new[at:])


def _alike(one: Piece, other: Piece) -> bool:
    if one.kind != other.kind:
        return False
    matcher = SequenceMatcher(None, WORD.findall(one.text), WORD.findall(other.text), autojunk=False)
    return matcher.real_quick_ratio() >= ALIKE and matcher.quick_ratio() >= ALIKE and matcher.ratio() >= ALIKE


def _words(old: str, new: str) -> Iterator[Run]:
    before, after = WORD.findall(old), WORD.findall(new)
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if tag == "equal":
            yield Run("same", "".join(after[j1:j2]))
            continue
        if i1 < i2:
            yield Run("gone", "".join(before[i1:i2]))
        if j1 < j2:
            yield Run("new", "".join(after[j1:j2]))


def _whole(piece: Piece, mark: str) -> Change:
    return Change(piece.kind, mark, (Run(mark, piece.text),))
