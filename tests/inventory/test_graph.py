"""The walk finds its way through references, other systems and cycles, and rows go before what they refer to."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from inventory.graph import CollectionSpec, FieldSpec, Graph, Link, Name, Walk
from inventory.walking import walk


def name(key: str) -> Name:
    return ("d", key)


def spec(key: str, *identities: str, system: str = "shop") -> CollectionSpec:
    fields = [FieldSpec("id", primary_key=True), *(FieldSpec(one, identity=one) for one in identities)]
    return CollectionSpec(dataset="d", system=system, name=key, title=key, fields=tuple(fields))


def link(parent: str, child: str, upward: bool = False) -> Link:
    return Link(name(parent), "id", name(child), f"{parent}_id", upward)


def graph(specs: list[CollectionSpec], *links: Link) -> Graph:
    return Graph({one.key: one for one in specs}, links)


def order(plan: Walk) -> list[str]:
    return [step.collection[1] for step in plan.steps]


def feeders(plan: Walk, key: str) -> set[str]:
    step = next(one for one in plan.steps if one.collection[1] == key)
    return {entry.source.parent[1] for entry in step.entries if entry.source}


def test_a_collection_is_searched_after_everything_that_leads_to_it() -> None:
    plan = walk(
        graph(
            [spec("a_lines"), spec("orders"), spec("people", "email"), spec("leads", "email")],
            link("people", "orders"),
            link("leads", "orders"),
            link("orders", "a_lines"),
        ),
        ["email"],
    )
    assert order(plan) == ["leads", "people", "orders", "a_lines"]
    assert feeders(plan, "orders") == {"people", "leads"}
    assert [one[1] for one in plan.erase_order] == ["a_lines", "orders", "people", "leads"]


def test_only_the_given_identities_open_a_way_and_what_is_out_of_reach_is_said() -> None:
    plan = walk(graph([spec("people", "email"), spec("calls", "phone"), spec("machines")]), ["email"])
    assert order(plan) == ["people"]
    assert {one.collection[1] for one in plan.unreached} == {"calls", "machines"} and plan.unreached[0].reason


def test_a_wave_counts_the_changes_of_system_on_the_way() -> None:
    plan = walk(
        graph(
            [spec("people", "email"), spec("mails", system="mailer"), spec("opens", system="mailer"), spec("scores")],
            link("people", "mails"),
            link("mails", "opens"),
            link("opens", "scores"),
        ),
        ["email"],
    )
    assert {step.collection[1]: step.wave for step in plan.steps} == {"people": 0, "mails": 1, "opens": 1, "scores": 2}


def test_a_cycle_is_entered_where_the_person_is_known_and_cut_where_it_closes() -> None:
    plan = walk(
        graph([spec("accounts"), spec("people", "email")], link("accounts", "people"), link("people", "accounts")),
        ["email"],
    )
    assert order(plan) == ["people", "accounts"]
    assert feeders(plan, "people") == set() and feeders(plan, "accounts") == {"people"}


def test_what_waits_behind_a_cycle_still_hears_of_every_way_that_leads_to_it() -> None:
    """`a_last` is fed by `first`, which is done, and by the cycle: it must wait for the cycle."""
    plan = walk(
        graph(
            [spec("a_last"), spec("first", "email"), spec("p"), spec("q", "email")],
            link("first", "a_last"),
            link("p", "q"),
            link("q", "p"),
            link("p", "a_last"),
        ),
        ["email"],
    )
    assert order(plan).index("a_last") == 3
    assert feeders(plan, "a_last") == {"first", "p"}


def test_a_row_that_names_another_goes_before_it_also_when_the_walk_went_upward() -> None:
    plan = walk(
        graph(
            [spec("people", "email"), spec("orders"), spec("addresses")],
            link("people", "orders"),
            link("orders", "addresses", upward=True),
        ),
        ["email"],
    )
    assert order(plan) == ["people", "orders", "addresses"]
    erased = [one[1] for one in plan.erase_order]
    assert erased.index("orders") < erased.index("people") and erased.index("orders") < erased.index("addresses")


def test_a_collection_that_refers_to_itself_does_not_lead_to_other_peoples_rows() -> None:
    plan = walk(graph([spec("comments", "email")], link("comments", "comments")), ["email"])
    assert feeders(plan, "comments") == set()


def test_what_a_description_puts_before_another_goes_before_it() -> None:
    late = replace(spec("a", "email"), after=("d.z",))
    early = replace(spec("z", "email", system="other"), erase_after=("d.a",))
    plan = walk(graph([late, early]), ["email"])
    assert order(plan) == ["z", "a"] and {step.collection[1]: step.wave for step in plan.steps} == {"z": 0, "a": 1}
    assert [one[1] for one in plan.erase_order] == ["a", "z"]
    back = walk(graph([replace(late, after=(), erase_after=("d.z",)), replace(early, erase_after=())]), ["email"])
    assert [one[1] for one in back.erase_order] == ["z", "a"]


def test_twelve_hundred_collections_with_crossing_references_are_planned_at_once() -> None:
    """Not timed here, see benchmarks: a plan that grows with the square of the collections does not end in time."""
    names = [f"t{number}" for number in range(1200)]
    ways = [link(names[number], names[(number * 7 + 3) % 1200]) for number in range(1200)]
    ways += [link(names[number], names[(number * 11 + 5) % 1200]) for number in range(1200)]
    plan = walk(graph([spec(one, "email") for one in names], *ways), ["email"])
    assert len(plan.steps) == len(plan.erase_order) == 1200


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    names = [f"t{number}" for number in range(draw(st.integers(1, 7)))]
    specs = [
        spec(one, *(["email"] if draw(st.booleans()) else []), system=draw(st.sampled_from(["a", "b"])))
        for one in names
    ]
    pairs = draw(st.lists(st.tuples(st.sampled_from(names), st.sampled_from(names)), max_size=14))
    return graph(specs, *(link(*pair) for pair in pairs))


@given(graphs())
def test_every_plan_is_whole_ordered_and_repeatable(one: Graph) -> None:
    plan = walk(one, ["email"])
    done: set[Name] = set()
    waves = {step.collection: step.wave for step in plan.steps}
    for step in plan.steps:
        assert step.entries, "nothing is searched without a way into it"
        for entry in step.entries:
            if entry.source:
                assert entry.source.parent in done, "a value is known before it is searched by"
                assert waves[entry.source.parent] <= step.wave
        done.add(step.collection)
    assert len(done) == len(plan.steps) and done | {lost.collection for lost in plan.unreached} == set(one.collections)
    assert sorted(plan.erase_order) == sorted(done)
    assert walk(one, ["email"]).steps == plan.steps


@given(graphs())
def test_a_way_is_dropped_only_where_it_closes_a_cycle(one: Graph) -> None:
    plan = walk(one, ["email"])
    reached = {step.collection: {entry.source for entry in step.entries if entry.source} for step in plan.steps}
    for way in one.links:
        if way.parent == way.child or way.parent not in reached or way.child not in reached:
            continue
        if way not in reached[way.child]:
            assert way.parent in below(one, way.child), f"{way} is no part of a cycle and was dropped"


def below(one: Graph, start: Name) -> set[Name]:
    seen, todo = set(), [start]
    while todo:
        here = todo.pop()
        for way in one.links:
            if way.parent == here and way.child not in seen:
                seen.add(way.child)
                todo.append(way.child)
    return seen
