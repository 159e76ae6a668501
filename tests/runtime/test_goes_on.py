"""A worker goes on with the first thing that it rang for, and the broker hands the rest to others."""

from collections import deque

import pytest
from celery.fixups.django import DjangoWorkerFixup

from audit import bell
from privacyops.celery import app


class Told:
    """A broker and the tasks of a worker, as far as `goes_on` asks for them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.done: list[str] = []
        self.sent: deque[str] = deque()
        self.tasks = {name: self.Task(self, name) for name in ("first", "second", "third")}
        self.called_directly = False
        monkeypatch.setattr(bell, "current_app", self)
        monkeypatch.setattr(bell, "current_task", self)

    @property
    def request(self) -> "Told":
        return self

    class Task:
        def __init__(self, world: "Told", name: str) -> None:
            self.world, self.name = world, name
            self.rings: tuple[str, ...] = ()
            self.fails = False
            self.run = bell.goes_on(self._work)

        def apply_async(self, args: tuple[str, ...], *, retry: bool) -> None:
            self.world.sent.append(self.name)

        def _work(self, *ids: str) -> None:
            self.world.done.append(self.name)
            for name in self.rings:
                bell._ring(self.world.tasks[name], list(ids))
            if self.fails:
                raise RuntimeError("it failed after it had rung")


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Told:
    return Told(monkeypatch)


def test_a_worker_goes_on_with_one_thing_after_the_other_and_hands_the_rest_over(told: Told) -> None:
    told.tasks["first"].rings, told.tasks["second"].rings = ("second", "third"), ("third",)
    told.tasks["first"].run("7")
    assert told.done == ["first", "second", "third"] and list(told.sent) == ["third"]


def test_a_worker_that_was_long_at_something_leaves_the_rest_to_others(told: Told, monkeypatch) -> None:
    monkeypatch.setattr(bell, "GO_ON_SECONDS", -1)
    told.tasks["first"].rings = ("second",)
    told.tasks["first"].run("7")
    assert told.done == ["first"] and list(told.sent) == ["second"]


def test_what_a_failed_task_rang_for_is_not_lost(told: Told) -> None:
    told.tasks["first"].rings, told.tasks["first"].fails = ("second",), True
    with pytest.raises(RuntimeError):
        told.tasks["first"].run("7")
    assert told.done == ["first"] and list(told.sent) == ["second"]
    told.tasks["second"].run("7")
    assert told.done == ["first", "second"]


def test_who_calls_a_task_directly_only_gets_its_own_work(told: Told) -> None:
    told.called_directly = True
    told.tasks["first"].rings = ("second",)
    told.tasks["first"].run("7")
    assert told.done == ["first"] and list(told.sent) == ["second"]


def test_a_worker_keeps_its_connection_to_the_database_between_two_tasks() -> None:
    assert DjangoWorkerFixup(app).db_reuse_max == 10**9  # else Celery closes it before and after each
