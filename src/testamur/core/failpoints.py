"""
Named places at which a test may break the process.

`fp("keep.before_commit")` does nothing unless TESTAMUR_FAILPOINTS names it:
`name=kill` (SIGKILL to this process), `name=stop` (SIGSTOP), `name=raise`,
`name=enospc` or `name=sleep:5`; several are separated by commas. It acts each time
the place is passed, or with `name=raise@3` the third time only. Every name is
listed in docs/issuing-cycle.md.
"""

import errno
import os
import signal
import time

ARMED: dict[str, tuple[str, int]] = {}


def arm(text: str) -> None:
    """Arm the failpoints that *text* names, and only those."""
    ARMED.clear()
    for item in filter(None, text.split(",")):
        name, _, action = item.partition("=")
        action, _, nth = action.partition("@")
        ARMED[name] = (action, int(nth or 0))


def fp(name: str) -> None:
    """Break here if this place is armed."""
    if not ARMED or name not in ARMED:
        return
    action, left = ARMED[name]
    if left > 1:
        ARMED[name] = (action, left - 1)
        return
    if left == 1:
        del ARMED[name]
    verb, _, argument = action.partition(":")
    match verb:
        case "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        case "stop":
            os.kill(os.getpid(), signal.SIGSTOP)
        case "enospc":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        case "sleep":
            time.sleep(float(argument))
        case "raise":
            raise RuntimeError(f"failpoint {name}")
        case _:
            raise ValueError(f"unknown failpoint action {verb!r}")


arm(os.environ.get("TESTAMUR_FAILPOINTS", ""))
