"""The table of what a notice names, as the page shows it and as its form comes back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from consent import naming
from consent.models import NoticeVersion

LONGEST = 300  # characters of the words for one thing


@dataclass(frozen=True)
class Row:
    """One thing: whether the notice names it, in which words, and what is wrong with that."""

    field: str
    name: str
    link: str
    named: bool
    words: str
    wrong: str
    wider: bool = False


def rows(version: NoticeVersion, have: Mapping[str, Sequence[naming.Thing]]) -> list[tuple[str, str, list[Row]]]:
    """For each kind: its key, its label, and what there is and what the version names of it, wider things first."""
    wrong = {(one.kind, one.key): one.words for one in naming.drift(version, have)}
    found = []
    for kind, label in naming.labels().items():
        said = {one["key"]: one for one in version.names if one["kind"] == kind}
        things = {one.key: one for one in have[kind]}
        wider = {key: words for one in have[kind] for key, words in one.within if key not in things}
        gone = {key: one["words"] for key, one in said.items() if key not in things and key not in wider}
        lines = [
            _row(kind, key, f"{words} (all of them)", words, said, wrong, wider=True) for key, words in wider.items()
        ]
        lines += [_row(kind, one.key, one.name, one.words, said, wrong, link=one.link) for one in have[kind]]
        lines += [_row(kind, key, words, words, said, wrong) for key, words in gone.items()]
        found.append((kind, label, lines))
    return found


def _row(
    kind: str, key: str, name: str, words: str, said: Mapping[str, Any], wrong: Mapping[tuple[str, str], str],
    *, link: str = "", wider: bool = False,
) -> Row:  # fmt: skip
    named = key in said
    return Row(
        f"{kind}:{key}", name, link, named, said[key]["words"] if named else words, wrong.get((kind, key), ""), wider
    )


def read(given: Any, have: Mapping[str, Sequence[naming.Thing]]) -> list[dict[str, str]]:
    """What the form says: ticked things with their words, and what we say of them today."""
    found = []
    ticked = set(given.getlist("named"))
    for kind, things in have.items():
        known = {one.key: (one.words, one.says) for one in things}
        for one in things:
            for key, words in one.within:
                known.setdefault(key, (words, ""))
        for key, (words, says) in known.items():
            if f"{kind}:{key}" in ticked:
                own = " ".join(given.get(f"words:{kind}:{key}", "").split())[:LONGEST]
                found.append(naming.entry(kind, key, own or words, says))
    return found
