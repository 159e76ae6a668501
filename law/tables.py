"""The statutes as Markdown tables: one line a law at a glance, rights with their clocks and sections, what is not sure."""

from collections.abc import Iterator
from datetime import date

from law.model import ClockRule, Statute
from law.registry import statutes
from law.rights import LABELS


def document() -> str:
    """The whole reference, generated from the files."""
    laws = list(statutes().values())
    parts = [*_glance(laws), *_rights(laws), *_grounds(laws), *_unsure(laws), *_doubts(laws)]
    return "\n".join(parts).rstrip() + "\n"


def by_age(on: date) -> list[tuple[int, Statute]]:
    """Statutes with the days since a person last compared them with their sources, the oldest first."""
    rows = [((on - one.checked_on).days, one) for one in statutes().values()]
    return sorted(rows, key=lambda row: (-row[0], row[1].id))


def unsure(one: Statute) -> list[tuple[str, str]]:
    """(path, mark) for everything in a file that is not of high confidence, the law itself first."""
    found: list[tuple[str, str]] = [("the whole law", one.confidence)] if one.confidence != "high" else []
    found += [(path, mark) for path, mark in one.marks.items()]
    found += [(f"rights.{code}", right.confidence) for code, right in one.rights.items()]
    found += [(f"clocks.{name}", clock.confidence) for name, clock in one.clocks.items()]
    return list(dict.fromkeys((path, mark) for path, mark in found if mark != "high"))


def _glance(laws: list[Statute]) -> Iterator[str]:
    yield "## At a glance\n"
    yield "The clock of access, or of deletion where a law knows no access. `cd` calendar, `bd` business days, `mo` months."
    yield "An asterisk: the law gives no number and the number is our advice.\n"
    yield "| file | law | in force | places | confirm | answer | extended, in all | opt-out | appeal | signal | sure |"
    yield "|---|---|---|---|---|---|---|---|---|---|---|"
    for one in laws:
        main = _main(one)
        opted = one.rights.get("opt_out_sale")
        opt = _term(one, opted.equivalent or "opt_out_sale") if opted else ""
        since = one.effective_from.isoformat() if one.effective_from else "ours"
        places = ", ".join(sorted(one.residences)) if len(one.residences) < 4 else f"{len(one.residences)} places"
        extension = main.extension
        total = "" if extension is None else _short(extension.total) if extension.total else "open"
        cells = (
            f"`{one.id}`", one.short_name, since, places, _short(main.acknowledge), _answer(main), total, opt,
            _term(one, "appeal") if "appeal" in one.rights else "", "yes" if one.terms.signal else "", one.confidence,
        )  # fmt: skip
        yield f"| {' | '.join(cells)} |"
    yield ""


def _rights(laws: list[Statute]) -> Iterator[str]:
    yield "## Rights, clocks and sections\n"
    for one in laws:
        yield f"### {one.name} (`{one.id}`)\n"
        yield f"{one.citation}. Checked on {one.checked_on}.\n"
        yield "| right | section | answer | extended, in all | clock's section | from |"
        yield "|---|---|---|---|---|---|"
        for code, right in one.rights.items():
            final = one.rights[right.equivalent] if right.equivalent else right
            clock = one.clocks[final.clock]
            name = LABELS[code] + (f" (as: {LABELS[right.equivalent].lower()})" if right.equivalent else "")
            extension = clock.extension
            total = "" if extension is None else _short(extension.total) if extension.total else "open"
            since = str(right.effective_from or "")
            yield f"| {name} | {right.cite} | {_answer(clock)} | {total} | {clock.cite} | {since} |"
        yield ""


def _grounds(laws: list[Statute]) -> Iterator[str]:
    yield "## Grounds for refusing or keeping\n"
    yield "| file | ground | section | rights |"
    yield "|---|---|---|---|"
    for one in laws:
        for ground in one.grounds.values():
            rights = "all" if len(ground.rights) == len(LABELS) else ", ".join(sorted(ground.rights))
            yield f"| `{one.id}` | {ground.code}{' (keeps)' if ground.keeps else ''} | {ground.cite} | {rights} |"
    yield ""


def _unsure(laws: list[Statute]) -> Iterator[str]:
    yield "## What is not sure\n"
    yield "Confirm these with counsel before you rely on them. The mark stays on the pages that show the value.\n"
    yield "| file | what | confidence |"
    yield "|---|---|---|"
    for one in laws:
        for path, mark in unsure(one):
            yield f"| `{one.id}` | {path} | {mark} |"
    yield ""


def _doubts(laws: list[Statute]) -> Iterator[str]:
    yield "## Doubtful points\n"
    for one in laws:
        if one.doubts:
            yield f"- `{one.id}`"
            yield from (f"  - {doubt}" for doubt in one.doubts)
    yield ""


def _main(one: Statute) -> ClockRule:
    right = one.rights.get("access") or one.rights.get("delete") or next(iter(one.rights.values()))
    return one.clocks[right.clock]


def _term(one: Statute, code: str) -> str:
    return _answer(one.clocks[one.rights[code].clock])


def _answer(clock: ClockRule) -> str:
    return _short(clock.respond) + ("*" if clock.advised else "")


def _short(duration: object) -> str:
    if duration is None:
        return ""
    text = str(duration)
    for long, short in (("calendar days", "cd"), ("calendar day", "cd"), ("business days", "bd"), ("business day", "bd"),
                        ("months", "mo"), ("month", "mo")):  # fmt: skip
        text = text.replace(long, short)
    return text
