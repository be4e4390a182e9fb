"""What a test may need of the machine, and what happens when it is not there."""

import os
from typing import NoReturn

import pytest

#: Begins the reason of every test that was skipped for want of something.
LACKS = "this machine lacks "


def on_ci() -> bool:
    """Say whether this run must be complete."""
    return os.environ.get("CI", "").lower() in {"1", "true", "yes"}


def lacking(what: str, remedy: str) -> NoReturn:
    """
    End the running test because the machine lacks *what*.

    It fails where CI=true, since an unnoticed skip is a promise not kept. It is
    skipped elsewhere, and the summary at the end of the run lists it.
    """
    reason = f"{LACKS}{what}; {remedy}"
    if on_ci():
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)
