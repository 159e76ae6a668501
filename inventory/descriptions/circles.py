"""Circles in an order. Pure."""

from collections.abc import Iterable, Iterator, Mapping


def circles(after: Mapping[str, Iterable[str]]) -> Iterator[list[str]]:
    """Circles of "a after b after a": at least one wherever names wait for each other.

    Depth first without recursion; names that nothing is said of are ignored.
    """
    done: set[str] = set()
    for start in sorted(after):
        if start in done:
            continue
        path, place = [start], {start: 0}
        todo = [iter(sorted(after[start]))]
        while todo:
            name = next(todo[-1], None)
            if name is None:
                todo.pop()
                left = path.pop()
                del place[left]
                done.add(left)
            elif name in place:
                yield path[place[name] :]
            elif name in after and name not in done:
                path.append(name)
                place[name] = len(path) - 1
                todo.append(iter(sorted(after[name])))
