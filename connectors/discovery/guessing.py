"""What a column probably holds: its name, its type, the table it stands in, and what sampled values look like. Pure.

The evidence is in words and counts; a value never stands in it. A guess is for a person to confirm.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from connectors.discovery.tables import Column, Table
from connectors.discovery.values import Signs
from connectors.discovery.words import SECRET, Rule, is_thing, rule_of

# What values alone say: shape -> (category, what they are, how sure).
BY_VALUES: tuple[tuple[str, str, str, int], ...] = (
    ("hash", SECRET, "password hashes", 95),
    ("email", "contact.email", "e-mail addresses", 90),
    ("iban", "financial.account", "IBANs", 95),
    ("card", "financial.account", "card numbers", 80),
    ("address", "technical.address", "IP addresses", 90),
    ("agent", "technical.device", "browser names", 90),
    ("phone", "contact.phone", "phone numbers", 55),
)
SHAPE_OF = {category: shape for shape, category, _, _ in BY_VALUES if category not in (SECRET, "financial.account")}
TEXTS = ("text", "json", "other")
# How sure: of a mere fact; that there is nothing where nothing was seen; from where on guesses may be accepted together.
FACT, UNSEEN, HIGH = 30, 60, 80


@dataclass(frozen=True)
class Guess:
    """`category` "" with `secret`: what opens a door, shown to nobody and erased all the same. `confidence`: 0 to 100."""

    category: str = ""
    confidence: int = 0
    evidence: tuple[str, ...] = ()
    identity: str = ""
    attribute: str = ""
    secret: bool = False

    @property
    def fact(self) -> bool:
        """Whether all that is known is that the row is a person's."""
        return self.category == "usage" and self.confidence <= FACT

    @property
    def personal(self) -> bool:
        """Whether the column is about a person at all."""
        return bool(self.category) or self.secret


NOTHING = Guess(evidence=("nothing speaks for personal data",))


def guess(column: Column, *, people: bool, linked: bool = False, signs: Signs | None = None) -> Guess:
    """What a column probably holds. `people`: it stands in a table about people; `linked`: in one that belongs to them."""
    seen = signs or Signs()
    rule = rule_of(column.name, people=people, linked=linked)
    if rule is not None and _fits(rule, column):
        return _named(rule, column, seen)
    if column.kind in TEXTS:
        for shape, category, what, sure in BY_VALUES:
            if seen.most(shape):
                return _made(category, sure, (f"{seen.told(shape)} look like {what}",))
        if seen.shares.get("email_within") and seen.count:
            words = f"{seen.told('email_within')} mention an e-mail address among other words"
            return _made("communication", 65, (words,))
        if (people or linked) and column.kind == "text" and seen.most("sentences"):
            return _made("communication", 55, (f"{seen.told('sentences')} are sentences",))
    return NOTHING


def fact() -> Guess:
    """A column of a row about a person of which nothing else is known: a fact about them, if a weak one."""
    return Guess("usage", FACT, ("it stands in a row about a person",))


def _fits(rule: Rule, column: Column) -> bool:
    """Whether the type can hold what the name says: a flag that is called `email` says only that there is one."""
    if column.kind in ("boolean", "binary"):
        return rule.category == "identity.picture" and column.kind == "binary"
    if column.kind in ("date", "datetime"):
        return rule.category == "identity.birth"
    if column.kind in ("integer", "number"):
        return rule.category in ("location", "financial", "demographic", "contact.phone", "identity.number")
    return True


def _named(rule: Rule, column: Column, seen: Signs) -> Guess:
    sure, evidence = rule.sure, [f"its name is one for {rule.what}"]
    shape = SHAPE_OF.get(rule.category)
    if shape and seen.count >= 3:
        if seen.most(shape):
            sure = min(98, sure + 12)
            evidence.append(f"{seen.told(shape)} look like it")
        elif rule.category in ("contact.email", "technical.address") and not seen.shares.get(shape):
            sure = 40
            evidence.append(f"none of {seen.count} sampled values looks like it")
            if column.kind == "text" and seen.most("sentences"):
                return _made("communication", 55, (*evidence, f"{seen.told('sentences')} are sentences"))
    elif shape and seen.count == 0:
        evidence.append("no value was sampled")
    if rule.category == "communication" and seen.most("sentences"):
        sure += 15
        evidence.append(f"{seen.told('sentences')} are sentences")
    return _made(rule.category, sure, tuple(evidence), rule.attribute)


def _made(category: str, sure: int, evidence: tuple[str, ...], attribute: str = "") -> Guess:
    if category == SECRET:
        return Guess("", sure, (*evidence, "it opens a door: shown to nobody, erased all the same"), secret=True)
    identity = "email" if category == "contact.email" and sure >= HIGH else ""
    return Guess(category, sure, evidence, identity, attribute)


Guesses = Mapping[tuple[str, str], Guess]
Seen = Mapping[tuple[str, str], Signs]


def every(table: Table, seen: Seen, *, people: bool, linked: bool) -> dict[str, Guess]:
    """A guess for every column of a table. `people`: it is about people; `linked`: its rows belong to people."""
    thing = is_thing(table.name)
    found = {}
    for one in table.columns:
        if one.name in table.primary_key or one.name in table.referring:
            made = Guess(evidence=("it is a key or a link",))
            if one.kind == "text" and seen.get((table.name, one.name), Signs()).most("email"):
                made = guess(one, people=True, signs=seen[table.name, one.name])
        else:
            made = guess(one, people=people, linked=linked, signs=seen.get((table.name, one.name)))
            if not made.personal and (people or linked) and one.kind != "binary":
                made = fact()
        if thing and made.identity:  # the mailbox of a shop or a queue is nobody's own address
            made = Guess(made.category, 50, (*made.evidence, "but the table is about something else than people"))
        found[one.name] = made
    return found
