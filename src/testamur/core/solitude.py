"""
A process that talks to nobody: no network, no other programs, from now on.

Two fences, each as far as the kernel and our rights allow: an empty network of our
own (`unshare(2)`), and system calls that answer EPERM (`seccomp(2)`). Both must go up
before the first thread starts.
"""

import ctypes
import os
import struct
import sys

CLONE_NEWUSER = 0x10000000
CLONE_NEWNET = 0x40000000

PR_SET_NO_NEW_PRIVS = 38
PR_SET_SECCOMP = 22
SECCOMP_MODE_FILTER = 2

#: By machine: its number (linux/audit.h), and those of `socket`, `socketpair`,
#: `connect`, `execve`, `execveat`, `ptrace` and `io_uring_setup`.
CALLS = {
    "x86_64": (0xC000003E, (41, 53, 42, 59, 322, 101, 425)),
    "aarch64": (0xC00000B7, (198, 199, 203, 221, 281, 117, 425)),
}
#: From here on numbers mean the same calls again, for programs of 32 bits.
X32 = 0x40000000

# What a filter does (linux/bpf_common.h, linux/seccomp.h).
_LOAD, _IF_EQUAL, _IF_AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_ALLOW, _EPERM = 0x7FFF0000, 0x00050001


def cut_off() -> bool:
    """
    Take the network, and the means to start programs, from this process for good.

    Say whether at least one of the fences stands. What is open stays open.
    """
    if sys.platform != "linux":
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    # A privileged process needs no users of its own to have a network of its own.
    is_alone = any(
        libc.unshare(kind) == 0 for kind in (CLONE_NEWNET, CLONE_NEWUSER | CLONE_NEWNET)
    )
    return _refuse_calls(libc) or is_alone


def _refuse_calls(libc: ctypes.CDLL) -> bool:
    known = CALLS.get(os.uname().machine)
    if known is None:
        return False
    machine, numbers = known
    # The number of the call is at 0 of what a filter sees, the machine at 4. Jumps
    # count from the step after; the last step refuses.
    refuse = 5 + len(numbers)
    steps = [
        (_LOAD, 0, 0, 4),
        (_IF_EQUAL, 0, refuse - 2, machine),
        (_LOAD, 0, 0, 0),
        (_IF_AT_LEAST, refuse - 4, 0, X32),
    ]
    for number in numbers:
        steps.append((_IF_EQUAL, refuse - len(steps) - 1, 0, number))
    steps += [(_RETURN, 0, 0, _ALLOW), (_RETURN, 0, 0, _EPERM)]
    code = b"".join(struct.pack("HBBI", *step) for step in steps)
    buffer = ctypes.create_string_buffer(code, len(code))
    program = struct.pack("HL", len(steps), ctypes.addressof(buffer))
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    return bool(
        libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.c_char_p(program)) == 0
    )
