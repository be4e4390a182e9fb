"""Engraving in a process of its own, which takes its memory along when it ends."""

import subprocess
import sys

from testamur.core.refusals import Fault

MODULE = "testamur.issuance.die.list_die"

SECONDS = 60.0


def engrave_list_die() -> bytes:
    """
    Return the bytes of the die for status lists.

    Raises:
        Fault: passing, when the process does not end well.
    """
    try:
        done = subprocess.run(
            # Isolated: neither the environment nor the folder we are in can
            # change what is imported.
            [sys.executable, "-I", "-m", MODULE],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=SECONDS,
            check=True,
            cwd="/",
            env={},
        )
    except (OSError, subprocess.SubprocessError) as trouble:
        raise Fault(
            f"the die for status lists could not be engraved: {trouble!r}", passing=True
        ) from trouble
    return done.stdout
