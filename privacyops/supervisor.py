"""One process that starts, watches and ends all others: broker, web, worker, beat.

Each child dies with its supervisor (PR_SET_PDEATHSIG), so that even a SIGKILL leaves nothing behind; a child that dies is
started again, later each time, after whatever it left behind was ended; SIGINT, SIGTERM or SIGHUP ends all of them in
order. Children write to pipes, and each line comes out with the child's name in front.
"""

import ctypes
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field

PR_SET_PDEATHSIG = 1
GRACE_SECONDS = 8.0
LONGEST_PAUSE = 30.0
STEADY_SECONDS = 60.0
STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass
class Child:
    """A program and how it is doing.

    `last`: ended after the others (the broker outlives its clients). `orphaned`: the signal that the kernel sends it when
    the supervisor was killed. `hushed`: words of lines that tell the reader nothing.
    """

    name: str
    command: list[str]
    last: bool = False
    orphaned: int = signal.SIGTERM
    hushed: tuple[str, ...] = ()
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    falls: int = 0
    restart_at: float = 0.0
    rest: bytes = field(default=b"", repr=False)

    @property
    def running(self) -> bool:
        """Whether its process is there."""
        return self.process is not None and self.process.poll() is None


def die_with(parent: int, sign: int) -> None:
    """Ask the kernel to send us `sign` when `parent` ends; where it cannot be asked, nothing happens."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, sign)
        if os.getppid() != parent:  # it died before we could ask to be told
            os._exit(1)


def _bound(child: Child) -> Callable[[], None]:
    parent = os.getpid()
    return lambda: die_with(parent, child.orphaned)


class Supervisor:
    """Runs children until it is told to stop."""

    def __init__(self, children: list[Child], say: Callable[[str], None]) -> None:
        self.children, self.say = children, say
        self.stopping = False
        self.selector = selectors.DefaultSelector()

    def start(self, child: Child) -> None:
        """Start one child in a process group of its own, out of reach of the terminal's Ctrl-C."""
        child.process = subprocess.Popen(
            child.command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            process_group=0,
            preexec_fn=_bound(child),
        )
        child.started = time.monotonic()
        child.restart_at = 0.0
        assert child.process.stdout is not None
        os.set_blocking(child.process.stdout.fileno(), False)
        self.selector.register(child.process.stdout, selectors.EVENT_READ, child)

    def run(self, ready: Callable[[], bool]) -> None:
        """Start what is not running yet and watch; `ready` is called until it answers True."""
        for sign in STOPPING:
            signal.signal(sign, self._stop)
        for child in self.children:
            if child.process is None:
                self.start(child)
        waiting = True
        while not self.stopping:
            self.pump(0.2)
            self._mend()
            if waiting and ready():
                waiting = False
        self.end()

    def pump(self, seconds: float) -> None:
        """Pass on what the children write."""
        for key, _ in self.selector.select(seconds):
            child: Child = key.data
            data = os.read(key.fd, 65536)
            if not data:
                self.selector.unregister(key.fileobj)
                continue
            *lines, child.rest = (child.rest + data).split(b"\n")
            for line in lines:
                text = line.decode(errors="replace")
                if not any(words in text for words in child.hushed):
                    self.say(f"[{child.name}] {text}")

    def _mend(self) -> None:
        now = time.monotonic()
        for child in self.children:
            if child.process is None or child.running:
                continue
            if not child.restart_at:
                # What a killed master leaves behind would hold its port, or go on with work that is being given anew.
                _signal(child, signal.SIGKILL, group=True)
                child.falls = child.falls + 1 if now - child.started < STEADY_SECONDS else 1
                pause = min(0.5 * 2**child.falls, LONGEST_PAUSE)
                child.restart_at = now + pause
                code = child.process.returncode
                self.say(f"[{child.name}] ended with code {code}; starting it again in {pause:.0f} s")
            elif now >= child.restart_at:
                self.start(child)

    def _stop(self, sign: int, frame: object) -> None:
        self.stopping = True

    def end(self) -> None:
        """End all children: those that use the broker first, then the broker; kill what does not go. Safe to repeat."""
        for last in (False, True):
            group = [one for one in self.children if one.last is last and one.process]
            for child in group:
                _signal(child, signal.SIGTERM, group=False)
            deadline = time.monotonic() + GRACE_SECONDS
            while time.monotonic() < deadline and any(one.running for one in group):
                self.pump(0.1)
            for child in group:
                _signal(child, signal.SIGKILL, group=True)
                assert child.process is not None
                child.process.wait()
        self.pump(0)


def _signal(child: Child, sign: int, *, group: bool) -> None:
    assert child.process is not None
    try:
        if group:
            os.killpg(child.process.pid, sign)
        else:
            child.process.send_signal(sign)
    except ProcessLookupError:
        return  # gone already
