"""Work on what comes next while the present is used: the company's database makes the next page while we write this one."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
Made = TypeVar("Made")


def ahead(given: Iterable[T], work: Callable[[T], Made], most: int) -> Iterator[tuple[T, Made]]:
    """Each of what is given, in its order, with what `work` makes of it; at most so many are worked on before they are asked
    for, each in a thread. `work` must not touch our own database: a thread would have a connection of its own.
    """
    waiting: deque[tuple[T, Future[Made]]] = deque()
    with ThreadPoolExecutor(most, thread_name_prefix="ahead") as pool:
        try:
            for one in given:
                waiting.append((one, pool.submit(work, one)))
                if len(waiting) > most:
                    first, made = waiting.popleft()
                    yield first, made.result()
            while waiting:
                first, made = waiting.popleft()
                yield first, made.result()
        finally:  # whoever stops half way waits for what is being worked on, and no more is begun
            for _, made in waiting:
                made.cancel()
