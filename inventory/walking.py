"""The order in which one person's rows are found and erased. Pure: no database, no framework.

`walk` starts at every field whose identity is given and follows references, collection by collection: a collection is
searched when everything that can feed it was searched. Cycles are cut where the walk closes them, and what is cut is told.
Rows are erased in `erase_order`: what refers before what is referred to. The work grows with collections and links, not
with their product.
"""

import heapq
from collections import defaultdict
from collections.abc import Iterable, Mapping

from inventory.graph import Entry, Graph, Link, Name, Step, Unreached, Walk


def walk(graph: Graph, identities: Iterable[str]) -> Walk:
    """The order in which the collections of `graph` are searched for one person.

    1. Reachable: every collection with a field of a given identity, and whatever links lead to from there.
    2. Among those, a collection comes after all reachable ones that feed it or that its `after` names (Kahn's algorithm);
       when only a cycle is left, the one that an identity or a finished collection already feeds goes first, and links
       back into it are `dropped`; one that only leads back over the columns that led there loses nothing and is not told.
    3. A step's wave is at least the wave of what it comes after, one more when that lies in another system; so it can be
       looked afterwards what a dropped link leads to.
    """
    given = set(identities)
    seeds = {
        key: [Entry(one.name, identity=one.identity) for one in spec.fields if one.identity in given]
        for key, spec in graph.collections.items()
    }
    reachable = _reachable(graph, [key for key, entries in seeds.items() if entries])
    feeders: dict[Name, list[Link]] = {key: [] for key in reachable}
    for link in graph.links:
        if link.parent in reachable and link.child in reachable and link.parent != link.child:
            feeders[link.child].append(link)
    before = _before(graph, feeders)
    plan, waves, dropped = Walk(), dict[Name, int](), defaultdict[Name, list[Link]](list)
    for key in _ordered(before, feeders, seeds):
        used = [link for link in feeders[key] if link.parent in waves]
        for link in feeders[key]:
            if link.parent not in waves:
                dropped[link.parent].append(link)
        closing = [link for link in dropped[key] if not any(one.turns(link) for one in used)]
        plan.dropped += closing
        system = graph.collections[key].system
        earlier = [one for one in before[key] if one in waves] + [link.child for link in closing]
        waves[key] = max((waves[one] + (graph.collections[one].system != system) for one in earlier), default=0)
        entries = [*seeds[key], *(Entry(link.child_field, source=link) for link in used)]
        plan.steps.append(Step(key, tuple(entries), waves[key]))
    plan.steps.sort(key=lambda step: step.wave)  # stable: the order within a wave stays
    plan.erase_order = _erase_order(graph, [step.collection for step in plan.steps])
    for key in sorted(set(graph.collections) - reachable):
        plan.unreached.append(Unreached(key, "no identifier that we were given leads here"))
    return plan


def _reachable(graph: Graph, start: list[Name]) -> set[Name]:
    children: dict[Name, list[Name]] = {}
    for link in graph.links:
        children.setdefault(link.parent, []).append(link.child)
    seen, todo = set(start), list(start)
    while todo:
        for child in children.get(todo.pop(), ()):
            if child not in seen and child in graph.collections:
                seen.add(child)
                todo.append(child)
    return seen


def _before(graph: Graph, feeders: Mapping[Name, list[Link]]) -> dict[Name, set[Name]]:
    """What each collection waits for: its feeders, and what its description says it comes after."""
    by_word: dict[str, set[Name]] = defaultdict(set)
    for key in feeders:
        by_word[key[0]].add(key)
        by_word[".".join(key)].add(key)
    found = {}
    for key, links in feeders.items():
        named = {other for word in graph.collections[key].after for other in by_word[word]}
        found[key] = ({link.parent for link in links} | named) - {key}
    return found


def _ordered(
    before: Mapping[Name, set[Name]], feeders: Mapping[Name, list[Link]], seeds: Mapping[Name, list[Entry]]
) -> Iterable[Name]:
    """Every collection once: those that wait for nothing more first, by name."""
    following: dict[Name, list[Name]] = defaultdict(list)
    missing = {key: len(names) for key, names in before.items()}
    for key, names in before.items():
        for one in names:
            following[one].append(key)
    free = [key for key, count in missing.items() if not count]
    heapq.heapify(free)
    done: set[Name] = set()
    circle: set[Name] = set()
    while len(done) < len(before):
        if free:
            key = heapq.heappop(free)
        else:
            # What is left of the circle that was entered last still waits for nothing outside: no need to look further.
            circle = circle - done or set(before) - done
            waiting = {one: before[one] & circle for one in circle}
            key, circle = _into_a_cycle(waiting, feeders, seeds, done)
        if key in done:
            continue
        done.add(key)
        yield key
        for one in following[key]:
            missing[one] -= 1
            if not missing[one] and one not in done:
                heapq.heappush(free, one)


def _into_a_cycle(
    waiting: Mapping[Name, set[Name]],
    feeders: Mapping[Name, list[Link]],
    seeds: Mapping[Name, list[Entry]],
    done: set[Name],
) -> tuple[Name, set[Name]]:
    """Only cycles are left, and what waits behind them: enter one that waits for nothing but itself, where something
    already leads in, and there the collection that most others wait for; (it, its circle). To enter behind a cycle would
    drop a link that is not part of any.
    """
    circles = _circles(waiting)
    of = {key: number for number, circle in enumerate(circles) for key in circle}
    first = [key for circle in circles if _waits_for_itself(circle, waiting, of) for key in circle]
    awaited: dict[Name, int] = defaultdict(int)
    for names in waiting.values():
        for one in names:
            awaited[one] += 1

    def worth(key: Name) -> tuple[bool, bool, int, Name]:
        return not seeds[key], not any(link.parent in done for link in feeders[key]), -awaited[key], key

    key = min(first, key=worth)
    return key, set(circles[of[key]])


def _waits_for_itself(circle: list[Name], waiting: Mapping[Name, set[Name]], of: Mapping[Name, int]) -> bool:
    return all(of[other] == of[key] for key in circle for other in waiting[key])


def _circles(waiting: Mapping[Name, set[Name]]) -> list[list[Name]]:
    """The strongly connected components (Tarjan's algorithm, without recursion)."""
    index: dict[Name, int] = {}
    low: dict[Name, int] = {}
    stack: list[Name] = []
    on_stack: set[Name] = set()
    found: list[list[Name]] = []
    for root in waiting:
        if root in index:
            continue
        todo = [(root, iter(waiting[root]))]
        index[root] = low[root] = len(index)
        stack.append(root)
        on_stack.add(root)
        while todo:
            key, rest = todo[-1]
            other = next(rest, None)
            if other is None:
                todo.pop()
                if todo:
                    low[todo[-1][0]] = min(low[todo[-1][0]], low[key])
                if low[key] == index[key]:
                    cut = stack.index(key)
                    found.append(stack[cut:])
                    on_stack.difference_update(stack[cut:])
                    del stack[cut:]
            elif other not in index:
                index[other] = low[other] = len(index)
                stack.append(other)
                on_stack.add(other)
                todo.append((other, iter(waiting[other])))
            elif other in on_stack:
                low[key] = min(low[key], index[other])
    return found


def _erase_order(graph: Graph, walked: list[Name]) -> list[Name]:
    """What refers before what is referred to, and what `erase_after` names before what names it; otherwise, and inside a
    cycle of references, the walk backwards.
    """
    waiting = list(reversed(walked))
    holders: dict[Name, set[Name]] = {key: set() for key in waiting}
    for link in graph.links:
        if link.holder in holders and link.target in holders and link.holder != link.target:
            holders[link.target].add(link.holder)
    words = {".".join(key): key for key in waiting}
    for key in waiting:
        holders[key] |= {words[word] for word in graph.collections[key].erase_after if word in words} - {key}
    held: dict[Name, list[Name]] = defaultdict(list)
    for key, names in holders.items():
        for one in names:
            held[one].append(key)
    turn = {key: place for place, key in enumerate(waiting)}
    missing = {key: len(names) for key, names in holders.items()}
    free = [turn[key] for key in waiting if not missing[key]]
    heapq.heapify(free)
    order: list[Name] = []
    done: set[Name] = set()
    oldest = 0
    while len(order) < len(waiting):
        while not free and waiting[oldest] in done:
            oldest += 1
        key = waiting[heapq.heappop(free)] if free else waiting[oldest]
        if key in done:
            continue
        done.add(key)
        order.append(key)
        for one in held[key]:
            missing[one] -= 1
            if not missing[one]:
                heapq.heappush(free, turn[one])
    return order
