"""A small safe subset of Markdown as HTML, for the privacy notice.

Headings, paragraphs, flat lists, tables, bold, italics, code and links. Everything is escaped first, so that no markup of the
author passes; a link goes to http(s), mailto or a path of this site, else its words stand alone.
"""

import re
from collections.abc import Callable, Iterator
from html import unescape
from typing import NamedTuple

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import slugify

HEADING = re.compile(r"^(#{1,6})\s+(.*?)\s*#*$")
BULLET = re.compile(r"^\s{0,3}[-*+]\s+(.*)$")
NUMBER = re.compile(r"^\s{0,3}\d{1,4}[.)]\s+(.*)$")
RULE = re.compile(r"^\s{0,3}(?:-{3,}|\*{3,}|_{3,})\s*$")
TABLE_RULE = re.compile(r"^[\s|:-]*-[\s|:-]*$")
# Between escaped text; the classes exclude their own ends, so that each runs in linear time.
CODE = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\[([^\[\]\n]+)\]\(([^()\s]+)\)")
BOLD = re.compile(r"\*\*([^*\n]+)\*\*")
ITALIC = re.compile(r"(?<![\w*])\*([^*\n]+)\*(?![\w*])")
SAFE_TARGET = re.compile(r"^(?:https?://|mailto:|/(?!/)|#)", re.IGNORECASE)


# Where a link leads in the end: other sites go by the page that says so.
Leads = Callable[[str], str]


class Heading(NamedTuple):
    """One heading with the mark by which it is found."""

    level: int
    mark: str
    words: str


def html(text: str, leads: Leads = str) -> SafeString:
    """`text` as HTML below a page's h1: the highest heading in it becomes h2. `leads` has the last word on each link."""
    return mark_safe("\n".join(_blocks(_lines(text), leads)))  # every piece was escaped in _words


def line(text: str, leads: Leads = str) -> SafeString:
    """One paragraph's words without a paragraph around them."""
    return mark_safe(_words(" ".join(text.split()), leads))


def headings(text: str) -> list[Heading]:
    """The headings of `text` as `html` makes them, each with a mark that no other one has."""
    found = [(at, hit) for at, one in enumerate(_lines(text)) if (hit := HEADING.match(one))]
    shift = 2 - min((len(hit.group(1)) for _, hit in found), default=2)
    made: list[Heading] = []
    for number, (_, hit) in enumerate(found, 1):
        mark = slugify(hit.group(2)) or f"part-{number}"
        if any(one.mark == mark for one in made):
            mark = f"{mark}-{number}"
        made.append(Heading(min(len(hit.group(1)) + shift, 6), mark, plain(hit.group(2))))
    return made


def plain(text: str) -> str:
    """One line without its marks of bold, italics and code; a link as its words with its address behind."""
    done = LINK.sub(r"\1 (\2)", CODE.sub(r"\1", text))
    return ITALIC.sub(r"\1", BOLD.sub(r"\1", done))


def _lines(text: str) -> list[str]:
    return text.replace("\r\n", "\n").split("\n")


def _blocks(lines: list[str], leads: Leads) -> Iterator[str]:
    titles = iter(headings("\n".join(lines)))
    at = 0
    while at < len(lines):
        line = lines[at]
        heading = HEADING.match(line)
        if not line.strip() or RULE.match(line):
            at += 1
        elif heading:
            level, mark, _ = next(titles)
            yield f'<h{level} id="{mark}">{_words(heading.group(2), leads)}</h{level}>'
            at += 1
        elif BULLET.match(line) or NUMBER.match(line):
            block, at = _list(lines, at, leads)
            yield block
        elif _is_table(lines, at):
            block, at = _table(lines, at, leads)
            yield block
        else:
            end = _paragraph_end(lines, at)
            yield f"<p>{_words(' '.join(one.strip() for one in lines[at:end]), leads)}</p>"
            at = end


def _paragraph_end(lines: list[str], at: int) -> int:
    end = at + 1
    while end < len(lines) and lines[end].strip() and not _begins(lines, end):
        end += 1
    return end


def _begins(lines: list[str], at: int) -> bool:
    line = lines[at]
    return bool(HEADING.match(line) or BULLET.match(line) or NUMBER.match(line) or RULE.match(line)) or _is_table(
        lines, at
    )


def _list(lines: list[str], at: int, leads: Leads) -> tuple[str, int]:
    pattern, tag = (BULLET, "ul") if BULLET.match(lines[at]) else (NUMBER, "ol")
    items: list[str] = []
    while at < len(lines):
        found = pattern.match(lines[at])
        if found:
            items.append(found.group(1))
        elif lines[at].startswith((" ", "\t")) and lines[at].strip():
            items[-1] += " " + lines[at].strip()
        else:
            break
        at += 1
    return f"<{tag}>{''.join(f'<li>{_words(item, leads)}</li>' for item in items)}</{tag}>", at


def _is_table(lines: list[str], at: int) -> bool:
    return "|" in lines[at] and at + 1 < len(lines) and "|" in lines[at + 1] and bool(TABLE_RULE.match(lines[at + 1]))


def _table(lines: list[str], at: int, leads: Leads) -> tuple[str, int]:
    head = "".join(f'<th scope="col">{_words(cell, leads)}</th>' for cell in _cells(lines[at]))
    at += 2
    rows = []
    while at < len(lines) and "|" in lines[at]:
        rows.append("<tr>" + "".join(f"<td>{_words(cell, leads)}</td>" for cell in _cells(lines[at])) + "</tr>")
        at += 1
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
    return f'<div class="scroll" tabindex="0">{table}</div>', at


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def _words(text: str, leads: Leads) -> str:
    """One line, escaped, with its bold, italics, code and links."""
    done = CODE.sub(r"<code>\1</code>", str(escape(text)))
    done = LINK.sub(lambda found: _link(found, leads), done)
    return ITALIC.sub(r"<em>\1</em>", BOLD.sub(r"<strong>\1</strong>", done))


def _link(found: re.Match[str], leads: Leads) -> str:
    words, target = found.group(1), found.group(2)
    if not SAFE_TARGET.match(target):
        return words
    target = escape(leads(unescape(target)))
    away = ' rel="noreferrer"' if target.startswith("http") else ""
    return f'<a href="{target}"{away}>{words}</a>'
