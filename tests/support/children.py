"""
Processes that a test may kill: clean ones, in milliseconds.

They come from a server that has everything imported, and no database open: a
process forked from a test would inherit locks that it does not hold.
"""

import multiprocessing
import os
from collections.abc import Callable
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

from testamur.core import failpoints

from .plain_logs import write_plain_logs

_CONTEXT = multiprocessing.get_context("forkserver")
# With PyLD: each child that engraves a die, or works a credential out from scratch,
# would import it for a third of a second.
_CONTEXT.set_forkserver_preload(
    [
        *("pytest", "pyld.jsonld", "support.workshop", "support.children"),
        *("support.crashing", "support.lasting", "sqlalchemy.dialects.sqlite"),
        *("sqlalchemy.dialects.postgresql.psycopg", "testamur.wiring.sealing"),
    ]
)

#: A child that takes longer has hung.
PATIENCE_SECONDS = 60


def start(
    function: Callable[..., None], *values: Any, armed: str = ""
) -> ForkServerProcess:
    """Run *function* in a process of its own, with failpoints *armed*."""
    _warm()
    child = _CONTEXT.Process(target=_run, args=(armed, function, values), daemon=True)
    child.start()
    return child


def run(function: Callable[..., None], *values: Any, armed: str = "") -> int:
    """Run *function* likewise and wait; return how it ended (-9: killed)."""
    child = start(function, *values, armed=armed)
    return ended(child)


def ended(child: ForkServerProcess) -> int:
    """Wait for *child*; return its exit code, or minus the signal that ended it."""
    child.join(PATIENCE_SECONDS)
    if child.exitcode is None:
        child.kill()
        child.join()
        raise AssertionError("the child hung")
    code = child.exitcode
    child.close()
    return code


def _run(armed: str, function: Callable[..., None], values: tuple[Any, ...]) -> None:
    failpoints.arm(armed)
    write_plain_logs()
    function(*values)


def _warm() -> None:
    """Start the server with our path: it does not look at the one we hand over."""
    from multiprocessing import forkserver

    ours = str(Path(__file__).resolve().parents[1])
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (ours, before)))
    try:
        forkserver.ensure_running()
    finally:
        if before is None:
            del os.environ["PYTHONPATH"]
        else:
            os.environ["PYTHONPATH"] = before
