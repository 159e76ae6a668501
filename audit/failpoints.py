"""Named places at each effect boundary where the fault suite can break us.

Armed only by the environment variable FAILPOINTS of one process, for example
`FAILPOINTS=erase.after_target_commit=kill@3,letter.before_send=raise`: the action happens at the n-th pass (default 1).
Actions: kill (SIGKILL to ourselves), raise, sleep (90 s). With FAILPOINTS_SPENT set to a folder, each failpoint acts once
for all processes that share it. Not armed, a failpoint costs one dictionary look-up.
"""

import os
import signal
import time

ENVIRONMENT = "FAILPOINTS"
SPENT = os.environ.get("FAILPOINTS_SPENT", "")


class Injected(Exception):
    """Raised by an armed failpoint; no production code catches it by name."""


def _parse(text: str) -> dict[str, tuple[str, int]]:
    armed = {}
    for part in filter(None, text.split(",")):
        name, _, action = part.partition("=")
        action, _, turn = action.partition("@")
        armed[name.strip()] = (action or "raise", int(turn or 1))
    return armed


_armed = _parse(os.environ.get(ENVIRONMENT, ""))
_passes: dict[str, int] = {}


def arm(text: str) -> None:
    """Arm this process (tests); an empty text disarms."""
    _armed.clear()
    _armed.update(_parse(text))
    _passes.clear()


def _first(name: str) -> bool:
    """Whether no process that shares the folder has acted here yet."""
    if not SPENT:
        return True
    try:
        os.close(os.open(os.path.join(SPENT, name), os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return False
    return True


def failpoint(name: str) -> None:
    """Break here if the environment says so."""
    if name not in _armed:
        return
    action, turn = _armed[name]
    _passes[name] = _passes.get(name, 0) + 1
    if _passes[name] != turn or not _first(name):
        return
    if action == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    elif action == "sleep":
        time.sleep(90)
    else:
        raise Injected(name)
