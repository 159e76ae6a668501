"""The text of a page as hashes of its passages, so that two looks can be compared without keeping what was read. Pure.

What is not the text is left out: scripts, menus, headers and footers of the page, forms. Where the page marks its main part,
only that counts. White space, capitals and punctuation of other widths make no difference.
"""

import hashlib
import unicodedata
from html.parser import HTMLParser

BLOCKS = frozenset((
    "address", "article", "blockquote", "br", "dd", "div", "dl", "dt", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "li", "main",
    "ol", "p", "pre", "section", "table", "td", "th", "tr", "ul",
))  # fmt: skip
LEFT_OUT = frozenset((
    "aside", "button", "footer", "form", "head", "header", "iframe", "nav", "noscript", "script", "select", "style", "svg",
    "template",
))  # fmt: skip
MAIN = frozenset(("main", "article"))
# Shorter pieces are labels and numbers; a page with less text than this in all has none that can be compared.
SHORTEST, LEAST = 12, 200
MOST = 5_000


class _Text(HTMLParser):
    """Collects the passages of a page, and apart those of its main part."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.out = self.main = 0
        self.all: list[str] = []
        self.inner: list[str] = []
        self.piece: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in BLOCKS or tag in LEFT_OUT:
            self.end_piece()
        if tag in LEFT_OUT:
            self.out += 1
        if tag in MAIN:
            self.main += 1

    def handle_endtag(self, tag: str) -> None:
        if tag in BLOCKS or tag in LEFT_OUT:
            self.end_piece()
        if tag in LEFT_OUT:
            self.out = max(0, self.out - 1)
        if tag in MAIN:
            self.main = max(0, self.main - 1)

    def handle_data(self, data: str) -> None:
        if not self.out:
            self.piece.append(data)

    def end_piece(self) -> None:
        words = plain("".join(self.piece))
        self.piece = []
        if words:
            self.all.append(words)
            if self.main:
                self.inner.append(words)


def plain(text: str) -> str:
    """Text without what makes no difference."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def of_html(text: str) -> list[str]:
    """The passages of a page, in order; those of its main part where it has one with enough text."""
    reader = _Text()
    reader.feed(text)
    reader.close()
    reader.end_piece()
    chosen = reader.inner if sum(map(len, reader.inner)) >= LEAST else reader.all
    return [one for one in chosen if len(one) >= SHORTEST]


def hashes(passages: list[str]) -> list[str]:
    """16 hex digits of SHA-256 for each passage; the rest of a very long page in one."""
    if len(passages) > MOST:
        passages = [*passages[: MOST - 1], "\n".join(passages[MOST - 1 :])]
    return [hashlib.sha256(one.encode()).hexdigest()[:16] for one in passages]


def of_body(body: bytes, kind: str) -> list[str]:
    """The hashes of an answer: passages of HTML or text, the bytes of anything else; [] where there is nothing to compare."""
    name, _, rest = kind.partition(";")
    if "html" not in name and not name.strip().startswith("text/"):
        return [hashlib.sha256(body).hexdigest()[:16]] if body else []
    charset = rest.partition("charset=")[2].strip(" \"'") or "utf-8"
    try:
        text = body.decode(charset, "replace")
    except LookupError:
        text = body.decode("utf-8", "replace")
    found = of_html(text) if "html" in name else [plain(one) for one in text.split("\n\n") if plain(one)]
    return hashes(found) if sum(map(len, found)) >= LEAST else []


def difference(old: list[str], new: list[str]) -> tuple[int, int]:
    """How many passages are new, and how many are gone."""
    before, after = set(old), set(new)
    return len(after - before), len(before - after)
