"""Which tables are about people, which belong to them, and over which references one person's rows are found. Pure.

The picture is careful: where a row names a person itself, no second way leads to it, so that what others wrote under
somebody's article is not taken for theirs; and a link that names the colleague who worked on a row leads nowhere.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from connectors.discovery.guessing import Guess, Seen, every
from connectors.discovery.tables import ForeignKey, Table
from connectors.discovery.words import PEOPLE, acting, is_thing, says, spoken, words

ENDINGS = ("address", "adresse", "user", "customer", "kunde", "account", "konto", "contact", "person", "member")
POINTERS = ("id", "uuid", "fk", "nr", "no", "ref", "key")
FIRST = words("sender author from user owner customer client kunde kunden absender autor auteur cliente submitter")


@dataclass(frozen=True)
class Link:
    """One reference of a table as a search would use it. `way`: down or up; `note`: why it is not used, then `way` is ""."""

    key: ForeignKey
    way: str = ""
    note: str = ""


@dataclass
class Picture:
    """A schema as it concerns people. `reached`: tables that an identifier leads to, with their links."""

    tables: dict[str, Table]
    guesses: dict[str, dict[str, Guess]] = field(default_factory=dict)
    people: set[str] = field(default_factory=set)
    roots: set[str] = field(default_factory=set)
    links: dict[str, list[Link]] = field(default_factory=dict)
    reached: set[str] = field(default_factory=set)

    def personal(self, table: str) -> bool:
        """Whether any column of a table is about a person."""
        return any(one.personal for one in self.guesses[table].values())


def picture(tables: Sequence[Table], seen: Seen) -> Picture:
    """What a schema is, as it concerns people; `seen` is what sampled values looked like, as far as any were."""
    found = Picture({one.name: with_guessed(one, tables) for one in tables})
    for name, table in found.tables.items():
        sure = every(table, seen, people=False, linked=False)
        if _is_people(table, sure):
            found.people.add(name)
        found.guesses[name] = every(table, seen, people=name in found.people, linked=False)
    found.roots = {name for name, row in found.guesses.items() if any(one.identity for one in row.values())}
    _reach(found)
    for name in found.reached:
        table = found.tables[name]
        found.guesses[name] = every(table, seen, people=name in found.people, linked=not _is_join(table))
    _upward(found, seen)
    return found


def _is_people(table: Table, sure: Mapping[str, Guess]) -> bool:
    last = (spoken(table.name.rpartition(".")[2]) or [""])[-1]
    if is_thing(table.name):
        return False
    held = [one.category for one in sure.values() if one.confidence >= 60]
    close = {one for one in held if one.startswith(("contact", "identity", "demographic", "health"))}
    named = last in PEOPLE or any(last.endswith((one, f"{one}s", f"{one}es")) for one in ENDINGS)
    about_names = any(says(one.name, ("name", "nombre", "nom")) for one in table.columns)
    return (named and (bool(close) or about_names)) or len(close) >= 2 or "contact.email" in held


def _is_join(table: Table) -> bool:
    """A table that only ties two others together."""
    return len(table.foreign_keys) > 1 and all(
        one.name in table.referring or one.name in table.primary_key for one in table.columns
    )


def _reach(found: Picture) -> None:
    """Down from the roots, link by link, until nothing new is reached."""
    found.reached, found.links = set(found.roots), {}
    # A link to whom the person is comes before one to what belongs to them: first all that name a root, then the rest.
    for only_roots in (True, False):
        while new := [name for name in found.tables if name not in found.links and _linked(found, name, only_roots)]:
            found.reached.update(new)
    for name, table in found.tables.items():
        used = {one.key for one in found.links.get(name, ())}
        notes = [Link(one, note=_unused(found, name, one)) for one in table.foreign_keys if one not in used]
        found.links[name] = [*found.links.get(name, ()), *(one for one in notes if one.note)]


def _linked(found: Picture, name: str, only_roots: bool) -> bool:
    """Find the links of one table; whether it has any now."""
    homes = found.roots if only_roots else found.reached
    own = [
        one for one in found.tables[name].foreign_keys if one.table in homes and one.table != name and not _acting(one)
    ]
    if not own or is_thing(name) or (not only_roots and name in found.roots):
        return False  # a queue names its owner and a product its maker, and yet they are about neither
    found.links[name] = [Link(one, "down") for one in own]
    return True


def _acting(one: ForeignKey) -> bool:
    return any(map(acting, one.columns))


def _unused(found: Picture, name: str, one: ForeignKey) -> str:
    if one.table not in found.reached or one.table == name:
        return ""
    if _acting(one):
        return f"{', '.join(one.columns)} names who worked on the row; it is not taken for a row about them"
    return f"{', '.join(one.columns)} leads to {one.table} too; not used, because the row names a person itself"


def _upward(found: Picture, seen: Seen) -> None:
    """Tables with personal data that nothing leads down to, but that a reached row names: an order its address."""
    todo = list(found.reached)
    while todo:
        name = todo.pop()
        for one in found.tables[name].foreign_keys:
            target = one.table
            if target in found.reached or target not in found.people or _acting(one):
                continue
            if not found.personal(target):
                continue
            # All rows that name it, whoever is looked at next: each holder's link is one way up.
            found.links[name] = [*found.links[name], Link(one, "up")]
            found.guesses[target] = every(found.tables[target], seen, people=True, linked=True)
    risen = {one.key.table for links in found.links.values() for one in links if one.way == "up"}
    found.reached |= risen


def with_guessed(table: Table, tables: Iterable[Table]) -> Table:
    """The table with references that only its names tell of: `customer_id` where there is a table `customers`."""
    known, every_table = table.referring, list(tables)
    made = []
    for one in table.columns:
        if one.name in known or (one.name in table.primary_key and len(table.primary_key) == 1):
            continue
        stem = _stem(one.name)
        fits = [each for each in every_table if stem and _called(each.name, stem) and each.name != table.name]
        if len(fits) == 1 and len(fits[0].primary_key) == 1:
            target = fits[0].column(fits[0].primary_key[0])
            if target is not None and target.kind == one.kind:
                made.append(ForeignKey((one.name,), fits[0].name, (target.name,), guessed=True))
    keys = (*table.foreign_keys, *made)
    return Table(table.name, table.columns, table.primary_key, table.unique, keys, table.rows)


def _stem(name: str) -> list[str]:
    """The words of a pointer without the one that says it is one: customer_id, id_cliente, kundenNr."""
    said = spoken(name)
    if len(said) > 1 and said[-1] in POINTERS:
        return said[:-1]
    if len(said) > 1 and said[0] in ("id", "fk"):
        return said[1:]
    return []


def _called(table: str, stem: Sequence[str]) -> bool:
    """Whether a table is called by these words, in the singular or the plural, an app's prefix aside."""
    said, wanted = spoken(table.rpartition(".")[2]), list(stem)
    return said[-len(wanted) :] in _plurals(wanted)


def _plurals(stem: list[str]) -> list[list[str]]:
    last = stem[-1]
    forms = {last, f"{last}s", f"{last}es", f"{last}n", f"{last}en", last.removesuffix("n"), last.removesuffix("en")}
    if last.endswith("y"):
        forms.add(f"{last[:-1]}ies")
    return [[*stem[:-1], one] for one in forms if one]


def owner(found: Picture, name: str) -> str:
    """Of several links, the column that names whose row it is: the sender's rather than the recipient's, one that must be
    there rather than one that may be empty. "" for a table with one link to people.
    """
    table, columns = found.tables[name], several(found, name)
    if len(columns) < 2:
        return ""

    def turn(name: str) -> tuple[bool, bool, int]:
        column = table.column(name)
        empty = column is None or column.nullable
        return empty, not says(name, FIRST), columns.index(name)

    return min(columns, key=turn)


def several(found: Picture, name: str) -> list[str]:
    """The columns of a table that lead to where people are known by an identifier."""
    keys = [one.key for one in found.links[name] if one.way == "down" and one.key.table in found.roots]
    return list(dict.fromkeys(_telling(found, name, one) for one in keys))


def _telling(found: Picture, name: str, key: ForeignKey) -> str:
    """Of a key of several columns the one that tells people apart: never what other keys of the table have in them too, such
    as a tenant, nor what leads elsewhere from where it leads to.
    """
    others = {each for one in found.tables[name].foreign_keys if one != key for each in one.columns}
    elsewhere = found.tables[key.table].referring
    own = [mine for mine in key.columns if mine not in others] or list(key.columns)
    apart = [
        mine for mine, theirs in zip(key.columns, key.target, strict=True) if mine in own and theirs not in elsewhere
    ]
    return (apart or own)[-1]


def whose(found: Picture, name: str, column: str) -> str:
    """The link whose person a column belongs to in a row about several: `sender_name` to `sender_id`. "" for one link."""
    first, said = owner(found, name), spoken(column)
    if not first:
        return ""
    if found.guesses[name][column].identity:
        return column  # an address in such a row is the address of whom it belongs to, whoever else is named
    for one in several(found, name):
        stem = _stem(one)
        if stem and said[: len(stem)] == stem:
            return one
    return first
