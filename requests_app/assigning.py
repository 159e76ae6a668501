"""To whom a request is given: a pure function over rows that says why. No framework; the day is a parameter.

The first rule by its place that fits the request and has somebody there decides. Nobody gets a request who is not active,
whose role may not work on it, or who is away: then their stand-in gets it, or the stand-in's stand-in.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

TURNS, FEWEST = "turns", "fewest"


@dataclass(frozen=True)
class Facts:
    """What rules ask about a request. `barred`: who may not work on it, for they decided what it appeals against."""

    right: str
    residence: str
    language: str
    barred: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Rule:
    """One rule: conditions (empty: any), among whom, how it chooses, and who had the last turn."""

    key: int
    place: int
    rights: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    pick: str = TURNS
    people: tuple[int, ...] = ()
    last: int | None = None


@dataclass(frozen=True)
class Colleague:
    """Somebody who is active; `does`: what their role may work on; `away`: no new work, it goes to `stand_in`."""

    key: int
    does: frozenset[str] = frozenset()
    away: bool = False
    stand_in: int | None = None
    load: int = 0


@dataclass(frozen=True)
class Choice:
    """Who gets it, by which rule, and why. `turn`: whose turn it was, `for_whom`: in whose place, if in somebody's."""

    to: int
    rule: Rule
    turn: int
    because: tuple[str, ...] = ()
    load: int = 0

    @property
    def for_whom(self) -> int | None:
        """Whom the chosen one stands in for."""
        return self.turn if self.turn != self.to else None


@dataclass(frozen=True)
class Team:
    """Everybody who may get something, by key."""

    colleagues: Mapping[int, Colleague] = field(default_factory=dict)

    def stand(self, key: int) -> Colleague | None:
        """This colleague, or who stands in for them while they are away, if somebody does."""
        seen: set[int] = set()
        one = self.colleagues.get(key)
        while one is not None and one.away:
            seen.add(one.key)
            if one.stand_in is None or one.stand_in in seen:
                return None
            one = self.colleagues.get(one.stand_in)
        return one

    def there(self, key: int, facts: Facts) -> Colleague | None:
        """The same, if they may have this request."""
        one = self.stand(key)
        return one if one is not None and one.key not in facts.barred and facts.right in one.does else None


def choose(facts: Facts, rules: Iterable[Rule], team: Team) -> Choice | None:
    """Who gets a request with these facts, and why; None when no rule fits, or nobody of those that fit is there."""
    for rule in sorted(rules, key=lambda one: one.place):
        because = fits(rule, facts)
        if because is None:
            continue
        there = [(turn, one) for turn in rule.people if (one := team.there(turn, facts)) is not None]
        if there:
            turn, one = _pick(rule, there)
            return Choice(one.key, rule, turn, because, one.load)
    return None


def fits(rule: Rule, facts: Facts) -> tuple[str, ...] | None:
    """The conditions of a rule that a request meets, as codes; None when it misses one. A rule for everything: ()."""
    because: list[str] = []
    for name, wanted, met in (
        ("right", rule.rights, facts.right in rule.rights),
        ("region", rule.regions, any(_inside(facts.residence, one) for one in rule.regions)),
        ("language", rule.languages, facts.language in rule.languages),
    ):
        if wanted and not met:
            return None
        if wanted:
            value = {"right": facts.right, "region": facts.residence, "language": facts.language}[name]
            because.append(f"{name}:{value}")
    return tuple(because)


def _inside(residence: str, region: str) -> bool:
    return residence == region or residence.startswith(f"{region}-")


def _pick(rule: Rule, there: Sequence[tuple[int, Colleague]]) -> tuple[int, Colleague]:
    """Who of those that are there: the next after the last turn, or whoever has the fewest open requests, then in turn."""
    order = sorted(rule.people)
    last = rule.last if rule.last is not None else -1

    def turns(pair: tuple[int, Colleague]) -> tuple[bool, int]:
        return (pair[0] <= last, order.index(pair[0]))

    if rule.pick == FEWEST:
        return min(there, key=lambda pair: (pair[1].load, *turns(pair)))
    return min(there, key=turns)


def explained(why: Mapping[str, Any], labels: Mapping[str, str], names: Mapping[int, str]) -> str:
    """The sentence for what an event of an assignment keeps; `labels`: words for rights; empty for one made by hand."""
    if "rule" not in why:
        return ""
    met = [_met(code, labels) for code in why.get("because", ())]
    chosen = f"fewest open ({why.get('load', 0)})" if why.get("pick") == FEWEST else "their turn"
    absent = why.get("stands_in_for")
    for_whom = f", standing in for {names.get(absent, 'a colleague')}" if absent is not None else ""
    to = names.get(why.get("to", 0), "a colleague")
    return f"Given to {to}: rule {why.get('place', 0)}, {', '.join([*met, chosen])}{for_whom}."


def _met(code: str, labels: Mapping[str, str]) -> str:
    name, _, value = code.partition(":")
    return f"{name} is {labels.get(value, value)}"
