"""The supervisor with real processes: it restarts, it ends everything, and its own death ends everything too."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from privacyops import supervisor
from privacyops.supervisor import Child, Supervisor

NAP = "import time; time.sleep(300)"


def program(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def alive(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


def until(true: Callable[[], bool], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setattr(supervisor, "GRACE_SECONDS", 0.7)
    return []


def watched(children: list[Child], lines: list[str], enough: Callable[[], bool]) -> Supervisor:
    """Run until `enough`; then stop as a signal would."""
    one = Supervisor(children, lines.append)

    def ready() -> bool:
        if enough():
            os.kill(os.getpid(), signal.SIGTERM)
        return False

    before = {sign: signal.getsignal(sign) for sign in supervisor.STOPPING}
    try:
        one.run(ready)
    finally:
        for sign, handler in before.items():
            signal.signal(sign, handler)
    return one


def test_each_line_bears_the_name_of_its_child_and_hushed_ones_are_left_out(lines: list[str]) -> None:
    said = "print('ready'); print('noise: overcommit', flush=True); print('done', flush=True); " + NAP
    watched([Child("web", program(said), hushed=("overcommit",))], lines, lambda: "[web] done" in lines)
    assert lines == ["[web] ready", "[web] done"]


def test_a_child_that_falls_is_started_again_and_each_time_later(lines: list[str]) -> None:
    child = Child("worker", program("import sys; sys.exit(3)"))
    watched([child], lines, lambda: child.falls >= 2)
    assert lines == [
        "[worker] ended with code 3; starting it again in 1 s",
        "[worker] ended with code 3; starting it again in 2 s",
    ]


def test_what_a_killed_master_leaves_behind_is_ended_before_it_is_started_again(lines: list[str]) -> None:
    fork = (
        f"import os, subprocess, sys; print(subprocess.Popen([sys.executable, '-c', {NAP!r}]).pid, flush=True); {NAP}"
    )
    child, killed = Child("web", program(fork)), []

    def enough() -> bool:
        if lines and not killed and child.process:
            killed.append(int(lines[0].split()[1]))
            os.kill(child.process.pid, signal.SIGKILL)
        return bool(killed) and child.falls == 1

    watched([child], lines, enough)
    until(lambda: not alive(killed[0]))


def test_a_child_that_will_not_go_is_killed_and_the_broker_goes_last(lines: list[str]) -> None:
    stubborn = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('here', flush=True); {NAP}"
    polite = f"""
import signal, sys
signal.signal(signal.SIGTERM, lambda *about: sys.exit(print("bye", flush=True)))
print("here", flush=True)
{NAP}"""
    web, broker = Child("web", program(stubborn)), Child("broker", program(polite), last=True)
    begun = time.monotonic()
    watched([broker, web], lines, lambda: lines.count("[web] here") + lines.count("[broker] here") == 2)
    assert web.process and broker.process and time.monotonic() - begun < 15
    assert web.process.returncode == -signal.SIGKILL and broker.process.returncode == 0
    assert lines[-1] == "[broker] bye"


ORPHANS = """
import sys
from privacyops.supervisor import Child, Supervisor
nap = [sys.executable, "-c", "import os, time; print(os.getpid(), flush=True); time.sleep(300)"]
Supervisor([Child("one", nap), Child("two", nap)], lambda line: print(line, flush=True)).run(lambda: False)
"""


def test_when_the_supervisor_is_killed_its_children_are_gone_at_once() -> None:
    process = subprocess.Popen(program(ORPHANS), stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    pids = [int(process.stdout.readline().split()[1]) for _ in range(2)]
    assert all(alive(pid) for pid in pids)
    process.kill()
    process.wait()
    until(lambda: not any(alive(pid) for pid in pids))
    process.stdout.close()
