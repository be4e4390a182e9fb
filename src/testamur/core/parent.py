"""A child process that must not outlive its parent says so here, first thing."""

import ctypes
import os
import signal
import sys

#: prctl(2): have the kernel send a signal when the parent dies.
PR_SET_PDEATHSIG = 1


def die_with(parent: int) -> None:
    """
    Have this process killed when *parent* (a process id) dies, however it dies.

    `subprocess` and `multiprocessing` children survive a kill -9 of their parent.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before we asked
        sys.exit(1)
