"""What a notice names, as data: purposes, categories, sources, recipients, retention periods; and the drift between that and
what we have.

Each kind registers who reads what there is of it: purposes, categories and sources here, the rest by the roof, which alone may
look into the rooms beside this one. A version keeps a list of {"kind", "key", "words", "says"}: the words that stand in its
wording, and what it says of the thing (terms of a purpose, the length of a period), so that a later change is seen.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Model
from django.urls import reverse

from consent import terms
from consent.models import Drift, NoticeVersion
from inventory.models import DataCategory, Dataset, Purpose, System

BLOCK = re.compile(r"^[ \t]*\[\[(\w+)\]\][ \t]*$", re.MULTILINE)
MAIN = "privacy"  # the notice that has to name everything; others, for one audience, name what concerns it


@dataclass(frozen=True)
class Thing:
    """Something that a notice has to name. `words`: as it would say it; `within`: wider things (key, words) that name it."""

    kind: str
    key: str
    name: str
    words: str
    says: str = ""
    link: str = ""
    within: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Line:
    """One drift: what, of which thing, in words, with a link to the thing if we have it."""

    kind: str
    key: str
    what: str
    words: str
    link: str = ""


Reader = Callable[[], list[Thing]]
_kinds: dict[str, tuple[str, Reader]] = {}


def kind(name: str, label: str) -> Callable[[Reader], Reader]:
    """Register who reads all there is of one kind."""

    def decorate(read: Reader) -> Reader:
        _kinds[name] = (label, read)
        return read

    return decorate


def labels() -> dict[str, str]:
    """The kinds by name, with their words."""
    return {name: label for name, (label, _) in _kinds.items()}


def things() -> dict[str, list[Thing]]:
    """All that we have, by kind. One query for each kind, or two."""
    return {name: read() for name, (_, read) in _kinds.items()}


def link(row: Model) -> str:
    """Where a thing is looked after on the desk."""
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=(row.pk,))


@kind("purposes", "Purposes")
def _purposes() -> list[Thing]:
    return [
        Thing("purposes", one.key, one.name, one.name, terms.of(one), link(one))
        for one in Purpose.objects.order_by("name")
    ]


@kind("categories", "Categories of data")
def _categories() -> list[Thing]:
    rows = DataCategory.objects.order_by("key")
    names = {one.key: one.name for one in rows}
    held = DataCategory.objects.filter(
        fields__collection__skip=False, fields__collection__dataset__system__role=System.Role.CONTROLLER
    )
    keys = set(held.values_list("key", flat=True))
    found = []
    for one in rows:
        parts = one.key.split(".")
        wider = [".".join(parts[:n]) for n in range(1, len(parts))]
        within = tuple((key, names[key]) for key in wider if key in names)
        if one.key in keys:
            found.append(Thing("categories", one.key, one.name, one.name, "", link(one), within))
    return found


@kind("sources", "Sources")
def _sources() -> list[Thing]:
    rows = Dataset.objects.filter(system__role=System.Role.CONTROLLER, collections__isnull=False).order_by("name")
    first: dict[str, Dataset] = {}
    for one in rows.distinct():
        first.setdefault(one.source, one)
    return [
        Thing("sources", source, one.get_source_display(), one.get_source_display(), "", link(one))
        for source, one in sorted(first.items())
    ]


def written(version: NoticeVersion) -> str:
    """The wording with its blocks written out: a line [[recipients]] becomes the list of the recipients that it names."""

    def lines(found: re.Match[str]) -> str:
        named = [one["words"] for one in version.names if one["kind"] == found[1]]
        return "\n".join(f"- {words}" for words in named) if found[1] in _kinds else found[0]

    return BLOCK.sub(lines, version.body)


def unsaid(version: NoticeVersion) -> list[str]:
    """Words that the version declares and its wording does not have."""
    text = _plain(written(version))
    return [one["words"] for one in version.names if _plain(one["words"]) not in text]


def drift(version: NoticeVersion, have: Mapping[str, Sequence[Thing]]) -> list[Line]:
    """Every difference between what a version names and what there is.

    A version from before declarations (it declares nothing) is read: what its wording mentions by name counts as named.
    """
    if not version.names:
        text = _plain(f"{version.title}\n{version.body}")
        bare = [one for row in have.values() for one in row if _plain(one.name) not in text]
        return [_unnamed(one) for one in bare] if version.key == MAIN else []
    found: list[Line] = []
    for name, rows in have.items():
        said = {one["key"]: one for one in version.names if one["kind"] == name}
        for one in rows:
            if one.key in said:
                if said[one.key].get("says", "") != one.says:
                    found.append(Line(name, one.key, Drift.What.CHANGED, _changed(one, said[one.key]), one.link))
            elif version.key == MAIN and not any(key in said for key, _ in one.within):
                found.append(_unnamed(one))
        there = {one.key for one in rows} | {key for one in rows for key, _ in one.within}
        found += [
            Line(name, key, Drift.What.GONE, f"“{one['words']}” is named, and we have nothing of it.")
            for key, one in said.items() if key not in there
        ]  # fmt: skip
    text, seen = _plain(written(version)), {(one.kind, one.key) for one in found}
    return found + [
        Line(one["kind"], one["key"], Drift.What.UNSAID, f"“{one['words']}” is declared, and the wording does not say it.")
        for one in version.names if _plain(one["words"]) not in text and (one["kind"], one["key"]) not in seen
    ]  # fmt: skip


def add_missing(version: NoticeVersion, have: Mapping[str, Sequence[Thing]]) -> list[dict[str, Any]]:
    """What the version names, with everything that is missing, what has changed brought up to date, and without what is gone.

    Recipients of a kind are named by their kind where nobody named them one by one.
    """
    wrong = {(one.kind, one.key): one.what for one in drift(version, have)} if version.names else {}
    kept = [one for one in version.names if wrong.get((one["kind"], one["key"])) not in ("gone", "changed")]
    found = {(one["kind"], one["key"]): one for one in kept}
    for rows in have.values():
        for one in rows:
            wider = one.within if one.kind == "recipients" else ()
            if any((one.kind, key) in found for key, _ in one.within):
                continue
            for key, words in wider[:1] or ((one.key, one.words),):
                found.setdefault((one.kind, key), entry(one.kind, key, words, "" if wider else one.says))
    return list(found.values())


def entry(name: str, key: str, words: str, says: str = "") -> dict[str, str]:
    """One line of what a version names."""
    return {"kind": name, "key": key, "words": words, "says": says}


def _unnamed(one: Thing) -> Line:
    return Line(one.kind, one.key, Drift.What.UNNAMED, f"“{one.name}” is not named.", one.link)


def _changed(one: Thing, said: Mapping[str, str]) -> str:
    if one.kind == "purposes":
        return f"“{one.name}” was changed since the notice named it."
    return f"“{one.name}”: the notice says {said.get('says') or 'nothing'}, we keep to {one.says}."


def _plain(text: str) -> str:
    return " ".join(re.sub(r"[*_`]", "", text).casefold().split())


def ordered(names: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """What a version names, in the order of the kinds."""
    place = {name: at for at, name in enumerate(_kinds)}
    return sorted(names, key=lambda one: place.get(one["kind"], len(place)))
