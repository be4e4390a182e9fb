"""How many requests are left, on every answer of an API that says so."""

from collections.abc import Iterator, MutableMapping
from typing import Any

from starlette.requests import Request

from testamur.core.policy import TI_STANDARD, Allowance

#: In the scope of a request: where what is left is noted.
KEY = "testamur.allowance"


def expect(scope: MutableMapping[str, Any]) -> None:
    """Have whoever answers be able to note what is left."""
    scope[KEY] = {}


def note(request: Request, left: Allowance) -> None:
    """Note what is left to who asked *request*."""
    request.scope[KEY]["left"] = left


def headers(scope: MutableMapping[str, Any], now: int) -> Iterator[tuple[bytes, bytes]]:
    """Give the headers; of callers nobody knows nothing was counted."""
    burst = TI_STANDARD.burst
    left: Allowance = scope[KEY].get("left") or Allowance(burst, burst, now)
    yield b"x-ratelimit-limit", b"%d" % left.limit
    yield b"x-ratelimit-remaining", b"%d" % left.remaining
    yield b"x-ratelimit-reset", b"%d" % -(-left.resets_at // 1_000)
