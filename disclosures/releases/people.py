"""One row per person: made coarser until nobody stands alone, attacked, and written in an order that says nothing."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from disclosures.releases import anonymity, differencing, linking, recoding
from disclosures.releases.columns import Row
from disclosures.releases.differencing import Published, Said
from disclosures.releases.hierarchies import ANY
from disclosures.releases.parameters import QUASI, SENSITIVE, Parameters
from disclosures.releases.recoding import Failing, Key, Recoding, Rows, search
from disclosures.releases.verdicts import Before, Verdict

SHOWN = 20
ROUNDS = 3


@dataclass
class Counted:
    """The rows, counted by their combinations, and the register of an attacker."""

    rows: Rows
    register: linking.Register
    # What somebody may know of a person: the identifying values of this release and of earlier ones, and how many share them.
    names: list[str] = field(default_factory=list)
    known: Counter[Key] = field(default_factory=Counter)


def counted(rows: Iterable[Row], asked: Parameters, earlier: Sequence[Before]) -> Counted:
    """Read the rows once."""
    quasi, sensitive = asked.of(QUASI), asked.of(SENSITIVE)
    before = [name for one in earlier if one.published is not None for name in one.published.columns]
    names = list(dict.fromkeys([*(one.name for one in quasi), *before])) if before else []
    found = Counted(Rows([one.hierarchy for one in quasi]), linking.Register(), names)
    for row in rows:
        key = tuple(row[one.name] for one in quasi)
        found.register.meet(key)
        if names:
            found.known[tuple(row.get(name, "") for name in names)] += 1
        found.rows.add(key, tuple(one.hierarchy.label(row[one.name], one.level) for one in sensitive))
    return found


def judge(seen: Counted, asked: Parameters, earlier: Sequence[Before]) -> Verdict:
    """The verdict on these rows."""
    quasi = asked.of(QUASI)
    verdict = Verdict(figures={"rows": seen.rows.count, "wanted": _wanted(asked)})
    finest = tuple(one.level for one in quasi)
    found = search(seen.rows, asked.wanted, most_dropped=asked.most_dropped, finest=finest)
    verdict.figures["linkage_without"] = _linked(seen, tuple(0 for _ in quasi), set())
    if found is None:
        verdict.failing = _hopeless(seen, asked, finest)
        return verdict.refuse(
            "not_anonymous",
            "Even with every identifying column at its coarsest, the groups are not large or mixed enough. Take fewer sensitive"
            " columns or coarser ones, or publish a table.",
        )
    found, singled = _widened(seen, asked, found, earlier)
    _figures(verdict, seen, asked, found)
    verdict.figures["differencing"] = {"compared": len(earlier), "singled_out": singled}
    if singled:
        return verdict.refuse(
            "differencing",
            f"Together with an earlier release of this dataset, {singled} group{'s' if singled > 1 else ''} of fewer than"
            f" {asked.wanted.k} people could be told apart. Use the same levels as before, or coarser ones.",
        )
    _write(verdict, seen, asked, found)
    after = anonymity.reached(anonymity.grouped((row[: len(quasi)], row[len(quasi) :]) for row in verdict.rows))
    if not after.enough(asked.wanted) or after.rows != found.rows - found.suppressed:
        raise AssertionError("what was written is not what was measured")
    return verdict


def _widened(seen: Counted, asked: Parameters, found: Recoding, earlier: Sequence[Before]) -> tuple[Recoding, int]:
    """The recoding without groups that could be told apart by earlier releases, as far as rows may still go; and how many are
    left that could.
    """
    names, limit = [one.name for one in asked.of(QUASI)], int(asked.most_dropped * seen.rows.count)
    singled: set[recoding.Key] = set()
    for _ in range(ROUNDS):
        facts, keys = _facts(seen, asked, found, names)
        differences = differencing.attack(
            Said("this release", facts), (Said(one.name, one.facts) for one in earlier), asked.wanted.k
        )
        singled = {keys[one.fact] for one in differences} | _intersecting(seen, asked, found, earlier)
        if not singled:
            break
        sizes = {key: size for key, (_, size) in zip(keys, facts, strict=True)}
        more = [Failing(key, sizes[key], "differencing") for key in sorted(singled)]
        if found.suppressed + sum(one.rows for one in more) > limit:
            break
        left = {key: one for key, one in seen.rows.groups(found.levels).items()}
        dropped = [*found.dropped, *more]
        for one in dropped:
            left.pop(one.key, None)
        reached = anonymity.reached(left)
        if not left or not reached.enough(asked.wanted):
            break
        gone = sum(one.rows for one in dropped) / found.rows
        loss = (1 - gone) * seen.rows.mean_loss(found.levels) + gone
        found, singled = Recoding(found.levels, dropped, reached, loss, found.rows, found.tried), set()
    return found, len(singled)


def _facts(
    seen: Counted, asked: Parameters, found: Recoding, names: Sequence[str]
) -> tuple[list[differencing.Fact], list[recoding.Key]]:
    wheres = recoding.wheres(seen.rows, found, names)
    gone = {one.key for one in found.dropped}
    facts, keys = [], []
    for key, group in seen.rows.groups(found.levels).items():
        if key not in gone:
            facts.append(({**asked.where, **wheres[key]}, group.rows))  # type: ignore[index]
            keys.append(key)
    return facts, keys  # type: ignore[return-value]


def _intersecting(seen: Counted, asked: Parameters, found: Recoding, earlier: Sequence[Before]) -> set[recoding.Key]:
    old = [one.published for one in earlier if one.published is not None]
    if not old or asked.wanted.l < 2:
        return set()
    new = published("this release", asked, found, seen)
    singled: set[recoding.Key] = set()
    for one in old:
        people = ((dict(zip(seen.names, values, strict=True)), count) for values, count in seen.known.items())
        singled |= set(differencing.intersected(people, new, one, asked.wanted.l))
    return singled


def published(name: str, asked: Parameters, found: Recoding, seen: Counted) -> Published:
    """The rows as an attacker reads them."""
    quasi, gone = asked.of(QUASI), {one.key for one in found.dropped}
    groups = {
        key: [set(map(str, counter)) for counter in group.values]
        for key, group in seen.rows.groups(found.levels).items()
        if key not in gone
    }
    return Published(
        name, [one.name for one in quasi], [one.hierarchy for one in quasi], found.levels,
        [one.name for one in asked.of(SENSITIVE)], groups,  # type: ignore[arg-type]
    )  # fmt: skip


def _figures(verdict: Verdict, seen: Counted, asked: Parameters, found: Recoding) -> None:
    reached = found.reached
    verdict.figures |= {
        "k": reached.k,
        "l": reached.l,
        "entropy_l": round(reached.entropy, 3),
        "t": round(reached.t, 3),
        "groups": reached.groups,
        "rows_left": reached.rows,
        "suppressed_rows": found.suppressed,
        "suppressed_share": round(found.suppressed / max(found.rows, 1), 4),
        "information_loss": round(found.loss, 4),
        "levels": {one.name: level for one, level in zip(asked.of(QUASI), found.levels, strict=True)},
        "linkage_with": _linked(seen, found.levels, {one.key for one in found.dropped}),
        "tried": found.tried,
    }
    verdict.failing = recoding.shortest_of(found, asked.wanted.k, SHOWN)


def _linked(seen: Counted, levels: recoding.Levels, gone: set[recoding.Key]) -> dict[str, object]:
    sizes = {key: one.rows for key, one in seen.rows.groups(levels).items() if key not in gone}
    found = linking.attack(seen.register.people, seen.rows.hierarchies, levels, sizes)  # type: ignore[arg-type]
    return {
        "people": found.people,
        "unique": found.unique,
        "expected_share": round(found.expected, 4),
        "best_chance": round(found.best, 4),
    }


def _hopeless(seen: Counted, asked: Parameters, finest: recoding.Levels) -> list[dict[str, object]]:
    """What fails at the coarsest levels: nothing of it names anybody."""
    top = tuple(one.hierarchy.levels - 1 for one in asked.of(QUASI))
    groups = seen.rows.groups(top)
    whole = anonymity.overall(groups.values())
    return [
        {"values": [ANY] * len(top), "rows": f"<{asked.wanted.k}" if one.rows < asked.wanted.k else str(one.rows),
         "lacks": anonymity.fails(one, asked.wanted, whole) or "rows"}
        for one in groups.values()
    ]  # fmt: skip


def _write(verdict: Verdict, seen: Counted, asked: Parameters, found: Recoding) -> None:
    """Sorted by their values: the order of the source would tell neighbours of the source from strangers."""
    quasi, sensitive = asked.of(QUASI), asked.of(SENSITIVE)
    gone = {one.key for one in found.dropped}
    rows = []
    for key, values, count in seen.rows.labelled(found.levels):
        if key not in gone:
            rows += [(*key, *values)] * count
    verdict.header, verdict.rows = [one.name for one in (*quasi, *sensitive)], sorted(rows)
    facts, _ = _facts(seen, asked, found, [one.name for one in quasi])
    verdict.facts = facts
    read = published("", asked, found, seen)
    verdict.groups = [(key, [sorted(one) for one in values]) for key, values in sorted(read.groups.items())]


def _wanted(asked: Parameters) -> dict[str, float]:
    one = asked.wanted
    return {"k": one.k, "l": one.l, "entropy_l": one.entropy, "t": one.t, "most_suppressed": asked.most_dropped}
