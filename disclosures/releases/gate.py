"""The gate: rows and parameters in, a verdict out. Nothing here writes, and nothing here decides for a person."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from disclosures.releases import columns as told
from disclosures.releases import noisy, people, tables
from disclosures.releases.columns import Profile, Row
from disclosures.releases.conditions import Condition, holds
from disclosures.releases.parameters import MICRODATA, PERSON, PRIVATE, Odd, Parameters, chosen
from disclosures.releases.verdicts import Before, Verdict


def judge(
    rows: Iterable[Row],
    asked: Parameters,
    *,
    earlier: Sequence[Before] = (),
    annotated: Mapping[str, str] | None = None,
    charge: Callable[[], None] = lambda: None,
) -> Verdict:
    """What may leave of `rows`, compared with the `earlier` releases of the same dataset.

    `annotated`: columns that the inventory calls direct identifiers, with what they are. `charge` is called once, before noise
    is drawn. Raises Odd for rows that do not fit the parameters, and whatever `charge` raises.
    """
    watched = _Watched(asked)
    passing = watched.those(rows)
    if asked.kind == MICRODATA:
        release = people.counted(passing, asked, earlier)
        refused = watched.refused(annotated or {})
        return refused or people.judge(release, asked, earlier)
    if asked.kind == PRIVATE:
        cells = noisy.counted(passing, asked)
        return watched.refused(annotated or {}) or noisy.judge(cells, asked, charge)
    cube = tables.counted(passing, asked)
    return watched.refused(annotated or {}) or tables.judge(cube, asked, earlier)


class _Watched:
    """Looks at the columns that are to leave while the rows pass by, and lets through those that the filters take."""

    def __init__(self, asked: Parameters) -> None:
        # The column that says whose a row is does not leave.
        self.leaving = [one.name for one in asked.columns if one.role != PERSON]
        self.needed = asked.names
        self.filters: dict[str, Condition] = chosen(asked.where)
        self.profiles = {name: Profile(name) for name in self.leaving}
        self.count = 0

    def those(self, rows: Iterable[Row]) -> Iterator[Row]:
        """The rows that the filters take."""
        first = True
        for row in rows:
            if first:
                first = False
                missing = [name for name in self.needed if name not in row]
                if missing:
                    raise Odd(f"There is no column {missing[0]} in these rows.", "columns")
            if self.filters and not all(holds(one, row[name]) for name, one in self.filters.items()):
                continue
            self.count += 1
            for name, one in self.profiles.items():
                one.see(row[name])
            yield row

    def refused(self, annotated: Mapping[str, str]) -> Verdict | None:
        """A verdict, where that is plain already: nothing to publish, or a column that identifies people directly."""
        verdict = Verdict(figures={"rows": self.count})
        if not self.count:
            return verdict.refuse("empty", "There is no row to publish.")
        direct = told.refused(self.profiles.values(), self.leaving, annotated)
        if not direct:
            return None
        for name, words in direct.items():
            verdict.refuse("direct_identifier", f"{name} holds {words}. Leave it out.")
        verdict.figures["direct_identifiers"] = sorted(direct)
        return verdict
