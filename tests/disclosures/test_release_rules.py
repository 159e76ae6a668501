"""The gate's rules against whatever Hypothesis comes up with: what it lets out holds what it says."""

import math
from collections import Counter
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.census import people
from disclosures.releases import auditing, columns, differencing, gate, hierarchies, noise, parameters, suppressing
from disclosures.releases.conditions import covers, within
from disclosures.releases.differencing import Said
from disclosures.releases.verdicts import Before, Verdict

AGE = {"kind": "number", "widths": [5, 10, 20], "top": 85}
FAST = settings(max_examples=40, deadline=None)
letters = st.sampled_from("abcd")
some_people = st.lists(
    st.fixed_dictionaries(
        {"age": st.integers(0, 99).map(str), "sex": st.sampled_from("fm"), "town": letters, "illness": letters}
    ),
    min_size=1,
    max_size=120,
)
tables = st.lists(st.tuples(letters, st.sampled_from("xyz")), min_size=5, max_size=90)


def microdata(**more: Any) -> parameters.Parameters:
    given_ = {
        "kind": "microdata", "k": 5, "l": 2, "most_suppressed": 0.2,
        "columns": [
            {"name": "age", "role": "quasi", "hierarchy": AGE}, {"name": "sex", "role": "quasi"},
            {"name": "town", "role": "quasi"}, {"name": "illness", "role": "sensitive"},
        ],
    }  # fmt: skip
    return parameters.read(given_ | more)


def table(*names: str, **more: Any) -> parameters.Parameters:
    return parameters.read(
        {"kind": "table", "least": 5, "columns": [{"name": one, "role": "dimension"} for one in names]} | more
    )


def rows_of(pairs: list[tuple[str, ...]], names: str = "ab") -> list[dict[str, str]]:
    return [dict(zip(names, one, strict=True)) for one in pairs]


@FAST
@given(some_people, st.integers(5, 8), st.integers(1, 3), st.sampled_from([1.0, 1.5]), st.sampled_from([0.3, 1.0]))
def test_after_the_gate_no_group_is_smaller_or_less_mixed_than_was_asked(rows, k, l, entropy, t) -> None:  # noqa: E741
    verdict = gate.judge(rows, microdata(k=k, l=l, entropy=entropy, t=t))
    if not verdict.passed:
        assert not verdict.rows and not verdict.facts
        return
    groups: dict[Any, list[str]] = {}
    for *quasi, illness in verdict.rows:
        groups.setdefault(tuple(quasi), []).append(illness)
    whole = Counter(one[-1] for one in verdict.rows)
    for values in groups.values():
        counted, size = Counter(values), len(values)
        assert size >= k and len(counted) >= l
        assert math.exp(-sum(n / size * math.log(n / size) for n in counted.values())) >= entropy - 1e-6
        far = sum(abs(counted[one] / size - whole[one] / whole.total()) for one in whole) / 2
        assert far <= t + 1e-6
    assert len(rows) - len(verdict.rows) <= 0.2 * len(rows)
    assert verdict.figures["suppressed_rows"] == len(rows) - len(verdict.rows)
    assert (
        not verdict.figures["linkage_with"]["unique"] and verdict.figures["linkage_with"]["best_chance"] <= 1 / k + 1e-4
    )


@FAST
@given(some_people)
def test_the_illnesses_that_leave_are_those_that_came_in(rows) -> None:
    verdict = gate.judge(rows, microdata(most_suppressed=0))
    if verdict.passed:
        assert Counter(one[-1] for one in verdict.rows) == Counter(one["illness"] for one in rows)


def solved(verdict: Verdict, labels: list[list[str]]) -> dict[Any, tuple[Fraction, Fraction | None]]:
    """What an attacker with a linear program learns of each gap, from the published rows alone."""
    shown: dict[Any, float] = {}
    gaps = set()
    for *key, value, note in verdict.rows:
        place = tuple(None if one == "Total" else one for one in key)
        if note:
            gaps.add(place)
        else:
            shown[place] = int(value)
    found: dict[Any, tuple[Fraction, Fraction | None]] = {}
    for part in auditing.parts(auditing.sums(shown, gaps, labels)):
        found |= auditing.bounds(part, {key for one in part for key, _ in one.parts})
    assert found.keys() == gaps
    return found


@FAST
@given(tables, st.booleans())
def test_no_cell_that_is_left_out_can_be_solved_for(pairs, hide) -> None:
    rows = rows_of(pairs)
    verdict = gate.judge(rows, table("a", "b", zeros="hide" if hide else "show"))
    if not verdict.passed:
        return
    labels = [sorted({one[i] for one in pairs}) for i in (0, 1)]
    truth = Counter(pairs)
    for key, (low, high) in solved(verdict, labels).items():
        real = sum(n for one, n in truth.items() if all(k in (None, o) for k, o in zip(key, one, strict=True)))
        assert low <= real and (high is None or real <= high)
        assert high is None or high - low >= 5, (key, low, high)
    for *key, value, note in verdict.rows:
        real = sum(n for one, n in truth.items() if all(k in ("Total", o) for k, o in zip(key, one, strict=True)))
        assert note or (int(value) == real and (real >= 5 or (real == 0 and not hide)))


@FAST
@given(st.lists(st.tuples(letters, st.sampled_from("xyz"), st.sampled_from("pq")), min_size=30, max_size=160))
def test_no_cell_of_three_dimensions_can_be_solved_for(cells) -> None:
    verdict = gate.judge(rows_of(cells, "abc"), table("a", "b", "c"))
    if verdict.passed:
        labels = [sorted({one[i] for one in cells}) for i in (0, 1, 2)]
        assert all(high is None or high - low >= 5 for low, high in solved(verdict, labels).values())


@FAST
@given(st.lists(st.tuples(letters, st.sampled_from("xyz"), st.integers(0, 900)), min_size=20, max_size=90))
def test_no_sum_lets_the_second_largest_tell_the_largest(given_rows) -> None:
    rows = [{"a": a, "b": b, "paid": str(paid)} for a, b, paid in given_rows]
    columns = [
        {"name": "a", "role": "dimension"},
        {"name": "b", "role": "dimension"},
        {"name": "paid", "role": "measure"},
    ]
    verdict = gate.judge(rows, parameters.read({"kind": "table", "least": 5, "percent": 10, "columns": columns}))
    for *key, value, note in verdict.rows:
        inside = sorted(
            (paid for a, b, paid in given_rows if key[0] in (a, "Total") and key[1] in (b, "Total")), reverse=True
        )
        if not note and inside:
            assert int(value) == sum(inside) and len(inside) >= 5
            if sum(inside):
                assert sum(inside) - sum(inside[:2]) >= 0.1 * inside[0] and sum(inside[:2]) <= 0.85 * sum(inside)


def test_the_audit_finds_a_pattern_that_gives_a_cell_back() -> None:
    """Only the small cell is left out: its row's total gives it back. The proof cannot hold, and the solver says what it is."""
    values = {("a", "x"): 2, ("a", "y"): 9, ("b", "x"): 9, ("b", "y"): 9, ("a", None): 11, ("b", None): 18,
              (None, "x"): 11, (None, "y"): 18, (None, None): 29}  # fmt: skip
    labels = [["a", "b"], ["x", "y"]]
    hidden = {("a", "x")}
    shown = {key: value for key, value in values.items() if key not in hidden}
    system = auditing.sums(shown, hidden, labels)
    assert auditing.bounds(system, hidden) == auditing.propagated(system) == {("a", "x"): (2, 2)}
    false = suppressing.Shift(("a", "x"), (("a", "x"),), (("a", "y"),), 5, 5)
    assert not auditing.holds(false, values, hidden, labels, 5)
    assert not auditing.holds(false, values, hidden | {("a", "y")}, labels, 5)
    pattern = suppressing.Protector(values, labels).protect({("a", "x"): "few"}, {("a", "x"): 5})
    assert pattern.hidden == {("a", "x"), ("a", "y"), ("b", "x"), ("b", "y")} and not pattern.bare


@given(st.lists(st.tuples(letters, st.sampled_from("xyz")), min_size=10, max_size=60))
@FAST
def test_the_pencil_never_knows_more_than_the_solver(pairs) -> None:
    truth: Counter[Any] = Counter()
    for a, b in pairs:
        for key in ((a, b), (a, None), (None, b), (None, None)):
            truth[key] += 1
    labels = [sorted({one[i] for one in pairs}) for i in (0, 1)]
    keys = [(a, b) for a in [*labels[0], None] for b in [*labels[1], None]]
    hidden = {key for key in keys if truth[key] < 5}
    system = auditing.sums({key: truth[key] for key in keys if key not in hidden}, hidden, labels)
    rough = auditing.propagated(system)
    for part in auditing.parts(system):
        for key, (low, high) in auditing.bounds(part, {key for one in part for key, _ in one.parts}).items():
            assert rough[key][0] <= low and (rough[key][1] is None or (high is not None and high <= rough[key][1]))


def judged(rows: Any, asked: parameters.Parameters, *earlier: Verdict) -> Verdict:
    before = [Before(f"release {n}", one.facts, one.gaps) for n, one in enumerate(earlier)]
    return gate.judge(rows, asked, earlier=before)


def singled(first: Verdict, second: Verdict, k: int = 5) -> list[differencing.Difference]:
    return differencing.attack(Said("new", second.facts), [Said("old", first.facts)], k)


@FAST
@given(tables, st.integers(1, 4))
def test_two_releases_with_and_without_a_few_people_tell_nothing_of_them(pairs, joined) -> None:
    """The classic: the same table again after one to four people joined."""
    first = judged(rows_of(pairs), table("a", "b"))
    more = rows_of([*pairs, *[("a", "x")] * joined])
    alone, together_ = judged(more, table("a", "b")), judged(more, table("a", "b"), first)
    if not first.passed:
        return
    if alone.passed and any(key == "Total" for *key, value, note in alone.rows[-1:]):
        assert singled(first, alone)
    assert not singled(first, together_)


def test_a_filter_that_leaves_out_two_people_is_refused() -> None:
    rows = [
        {"region": region, "staff": "yes" if number < 2 else "no"}
        for region in ("North", "South")
        for number in range(40)
    ]
    everybody = judged(rows, table("region"))
    outsiders = table("region", filters=[{"column": "staff", "is": ["no"]}])
    assert everybody.passed and judged(rows, outsiders).passed
    second = judged(rows, outsiders, everybody)
    assert [one.code for one in second.reasons] == ["differencing"] and not second.rows
    assert singled(everybody, judged(rows, outsiders))


def test_bands_that_overlap_are_subtracted_from_each_other() -> None:
    """0 to 9 less 0 to 4 less 5 to 8 ... is one age: here, other bands of the same column in another release."""
    rows = [{"age": str(age)} for age in [*range(10)] * 8 + [10] * 3 + [*range(11, 20)] * 8]

    def by(width: int) -> parameters.Parameters:
        spec = {"name": "age", "role": "dimension", "hierarchy": {"kind": "number", "widths": [width]}, "level": 1}
        return parameters.read({"kind": "table", "least": 5, "columns": [spec]})

    first, second = judged(rows, by(10)), judged(rows, by(11))
    assert first.passed and second.passed
    # 0 to 9 (80 people) lies within 0 to 10 (83 people): three people of age ten.
    assert {one.rest for one in singled(first, second)} >= {3}
    third = judged(rows, by(11), first)
    assert not third.passed or not singled(first, third)


def test_months_are_not_subtracted_from_each_other() -> None:
    january = judged(rows_of([("a", "x")] * 50), table("a", "b", period=["2026-01-01", "2026-01-31"]))
    february = judged(rows_of([("a", "x")] * 52), table("a", "b", period=["2026-02-01", "2026-02-28"]), january)
    assert january.passed and february.passed and not singled(january, february)
    both = judged(rows_of([("a", "x")] * 52), table("a", "b", period=["2026-01-01", "2026-02-28"]), january)
    assert not both.passed


def test_a_cell_that_was_left_out_before_stays_out() -> None:
    """A coarser second table would show a total by which the first one's gap is told."""
    rows = rows_of([("a", "x")] * 3 + [("a", "y")] * 30 + [("b", "x")] * 30 + [("b", "y")] * 30 + [("b", "z")] * 12)
    first = judged(rows, table("a", "b"))
    again = judged(rows, table("a", "b"), first)
    assert first.passed and again.passed
    assert {tuple(one[:2]) for one in first.rows if one[-1]} <= {tuple(one[:2]) for one in again.rows if one[-1]}


def test_a_count_that_is_out_does_not_forbid_to_leave_out_its_sum() -> None:
    """One rich person in a cell of twelve: the count may be shown, the sum may not."""
    rows = [{"a": a, "b": b, "paid": "10"} for a in "pqr" for b in "xyz" for _ in range(12)]
    rows[0]["paid"] = "100"
    counts = judged(rows, table("a", "b"))
    columns = [
        {"name": "a", "role": "dimension"},
        {"name": "b", "role": "dimension"},
        {"name": "paid", "role": "measure"},
    ]
    asked = table(columns=columns, percent=100, dominant_k=50)
    sums = gate.judge(rows, asked, earlier=[Before("counts", counts.facts, counts.gaps)])
    assert not any(one[-1] for one in counts.rows)
    assert sums.passed and {tuple(one[:2]) for one in sums.rows if one[-1]} >= {("p", "x")}
    # Had the sums been published before, leaving one out now would hide nothing.
    out = gate.judge(rows, asked, earlier=[Before("sums", counts.facts, counts.gaps, measure="paid")])
    assert [one.code for one in out.reasons] == ["unprotected"]


def test_who_is_in_two_releases_keeps_several_illnesses() -> None:
    """The intersection attack: each release alone leaves two illnesses, both together leave one."""
    rows = [{"age": str(age), "sex": "f", "town": town, "illness": illness}
            for age, town, illness in [(20, "a", "flu"), (20, "b", "burn"), (40, "a", "cold")] for _ in range(6)]  # fmt: skip

    def asked(*quasi: str) -> parameters.Parameters:
        columns = [{"name": one, "role": "quasi"} for one in quasi] + [{"name": "illness", "role": "sensitive"}]
        return parameters.read({"kind": "microdata", "k": 5, "l": 2, "most_suppressed": 0, "columns": columns})

    rows += [{"age": "40", "sex": "f", "town": "b", "illness": "ache"} for _ in range(6)]
    first = gate.judge(rows, asked("age"))
    second = gate.judge(rows, asked("town"))
    assert first.passed and second.passed
    read = differencing.Published(
        "old", ["age"], [hierarchies.Plain()], [0], ["illness"],
        {key: [set(one) for one in values] for key, values in first.groups},
    )  # fmt: skip
    third = gate.judge(rows, asked("town"), earlier=[Before("old", first.facts, first.gaps, read)])
    assert [one.code for one in third.reasons] == ["differencing"]


def test_what_identifies_people_directly_is_refused_by_its_looks() -> None:
    rows = list(people(400))
    for number, one in enumerate(rows):
        one |= {"reach": f"p{number}@example.org" if number % 3 else "", "call": f"+49 30 {100000 + number}",
                "who": f"Ada{chr(97 + number % 26)}{chr(97 + number // 26)} Miller"}  # fmt: skip
    for name in ("id", "reach", "call", "who"):
        asked = parameters.read({"kind": "microdata", "k": 5, "columns": [{"name": name, "role": "quasi"}]})
        verdict = gate.judge(rows, asked)
        assert [one.code for one in verdict.reasons] == ["direct_identifier"], name
        assert not any(one[name] in str(verdict.failing) + str(verdict.reasons) for one in rows if one[name])
    fine = parameters.read({"kind": "microdata", "k": 5, "columns": [{"name": "region", "role": "quasi"}]})
    assert gate.judge(rows, fine).passed
    annotated = gate.judge(rows, fine, annotated={"region": "contact data (the inventory says so)"})
    assert [one.code for one in annotated.reasons] == ["direct_identifier"]


@FAST
@given(st.integers(-50, 150), st.integers(1, 3), st.sampled_from(["number", "date", "prefix", "common", "groups"]))
def test_levels_lie_within_each_other_and_say_whom_they_speak_of(number, level, kind) -> None:
    specs: dict[str, dict[str, Any]] = {
        "number": AGE, "date": {"kind": "date"}, "prefix": {"kind": "prefix", "lengths": [3, 2, 1]},
        "common": {"kind": "common", "kept": [["1", "2", "3"], ["1", "2"], ["1"]]},
        "groups": {"kind": "groups", "groups": [
            {"1": "a", "2": "b", "3": "c"}, {"1": "ab", "2": "ab", "3": "c"}, {"1": "d", "2": "d", "3": "d"},
        ]},
    }  # fmt: skip
    value = (
        f"20{abs(number) % 60:02d}-03-0{level}"
        if kind == "date"
        else f"{abs(number):05d}"
        if kind == "prefix"
        else str(number)
    )
    one = hierarchies.build(specs[kind])
    fine, coarse = one.condition(value, level), one.condition(value, level + 1)
    assert fine is not None and (coarse is None or within(fine, coarse) or fine == ["other"])
    exact = one.condition(value, 0)
    assert exact is not None and within(exact, fine)
    assert covers({}, {"x": exact}) and covers({"x": fine}, {"x": exact}) and not covers({"y": fine}, {"x": exact})


def test_noise_is_wide_enough_and_not_wider() -> None:
    """The discrete Laplace of scale 2 has the variance 2 p / (1 - p)^2 with p = exp(-1/2); 4,000 draws tell it."""
    drawn = [noise.laplace(Fraction(2)) for _ in range(4000)]
    p = math.exp(-0.5)
    assert abs(sum(drawn) / 4000) < 0.25
    assert sum(one * one for one in drawn) / 4000 == pytest.approx(2 * p / (1 - p) ** 2, rel=0.2)
    bell = [noise.gaussian(Fraction(3)) for _ in range(2000)]
    assert sum(one * one for one in bell) / 2000 == pytest.approx(9, rel=0.2)


@given(
    st.fractions(Fraction(1, 100), 10), st.integers(1, 50), st.sampled_from([Fraction(1, 10**5), Fraction(1, 10**9)])
)
@FAST
def test_gaussian_noise_keeps_what_epsilon_and_delta_promise(epsilon, sensitivity, delta) -> None:
    sigma = float(noise.scale("gaussian", sensitivity, epsilon, delta))
    rho = sensitivity**2 / (2 * sigma**2)
    assert rho + 2 * math.sqrt(rho * math.log(1 / delta)) <= float(epsilon) * 1.0001


def test_noise_of_the_library_is_the_same_noise() -> None:
    """OpenDP where it is installed: a scale as wide as ours, whole numbers, and one draw for each value."""
    pytest.importorskip("opendp", reason="OpenDP does not offer itself here; it is in requirements.txt")
    values, by = noise.add([1000] * 3000, "laplace", Fraction(2))
    assert by == "OpenDP" and len(values) == 3000 and all(isinstance(one, int) for one in values)
    p = math.exp(-0.5)
    assert sum((one - 1000) ** 2 for one in values) / 3000 == pytest.approx(2 * p / (1 - p) ** 2, rel=0.2)
    assert noise.add([5], "gaussian", Fraction(3))[1] == "OpenDP"


def test_a_noisy_table_shows_the_categories_that_were_listed_and_no_others() -> None:
    rows = [{"town": one} for one in ["a"] * 30 + ["b"] * 20 + ["secret place"]]
    charged = []
    asked = parameters.read(
        {
            "kind": "private",
            "epsilon": "1",
            "columns": [{"name": "town", "role": "dimension", "values": ["a", "b", "c"]}],
        }
    )
    verdict = gate.judge(rows, asked, charge=lambda: charged.append(1))
    assert [one[0] for one in verdict.rows] == ["a", "b", "c", "(other)", "Total"] and charged == [1]
    assert not verdict.facts and verdict.figures["scale"] == 1


@pytest.mark.parametrize(
    ("change", "field"),
    [({"k": 4}, "k"), ({"k": "many"}, "k"), ({"most_suppressed": 0.5}, "most_suppressed"), ({"columns": []}, "columns"),
     ({"kind": "picture"}, "kind"), ({"columns": [{"name": "age", "role": "dimension"}]}, "columns"),
     ({"filters": [{"column": "age", "is": ["3"]}]}, "filters"), ({"period": ["2026-02-01", "2026-01-01"]}, "period"),
     ({"columns": [{"name": "age", "role": "quasi", "hierarchy": {"kind": "number", "widths": [5, 7]}}]}, "columns"),
     ({"columns": [{"name": "age", "role": "quasi"}] * 2}, "columns")],
)  # fmt: skip
def test_what_cannot_be_asked_for_is_said_by_its_name(change, field) -> None:
    with pytest.raises(parameters.Odd) as odd:
        microdata(**change)
    assert odd.value.name == field and str(odd.value).endswith(".")


@pytest.mark.parametrize("line", ["x\ry,z\n", "x\n"])
def test_a_line_that_is_no_row_is_refused_with_its_number(line) -> None:
    with pytest.raises(ValueError, match=r"^Line 3 "):
        list(columns.of_csv(["a,b\n", "1,2\n", line]))
