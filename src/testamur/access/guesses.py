"""
How often somebody may be wrong: guesses are counted by the address they come from.

What they guess at (keys, ids of certificates) has far too many values to be found.
So the count protects the log and the network, and never stands in the way of who
has the real thing.
"""

import threading
from ipaddress import IPv6Address, ip_address

from testamur.core.clock import Clock
from testamur.core.policy import Rate
from testamur.core.refusals import Kind, Refusal

from .limits import gcra, pace_of

#: How many addresses one process remembers.
MAX_ADDRESSES = 10_000


class Guesses:
    """Counts wrong guesses per address, in this process."""

    def __init__(self, clock: Clock, rate: Rate, told: str) -> None:
        """*told* says of what there were too many, and that a real one works."""
        self._clock = clock
        self._pace = pace_of(rate)
        self._told = told
        self._states: dict[str, int] = {}
        self._lock = threading.Lock()

    def count(self, client: str) -> None:
        """
        Count one from *client*.

        Raises:
            Refusal: TOO_OFTEN `rate_limit_exceeded`, when there were too many.
        """
        self._refuse(self.note(client))

    def note(self, client: str) -> int:
        """Count one from *client*; return how long to wait if there were too many."""
        network = _network(client)
        now = self._clock() * 1_000
        with self._lock:
            state = self._states.pop(network, None)
            if len(self._states) >= MAX_ADDRESSES:
                del self._states[next(iter(self._states))]
            self._states[network], wait = gcra(state, now, self._pace)
        return wait

    def look(self, client: str) -> None:
        """
        Return if one more from *client* would be counted; it is not.

        Raises:
            Refusal: TOO_OFTEN `rate_limit_exceeded`, when there were too many.
        """
        state = self._states.get(_network(client))
        self._refuse(gcra(state, self._clock() * 1_000, self._pace)[1])

    def _refuse(self, wait: int) -> None:
        if wait:
            seconds = -(-wait // 1_000_000)
            raise Refusal(
                Kind.TOO_OFTEN,
                "rate_limit_exceeded",
                f"{self._told} Try another in {seconds} s.",
                retry_after_seconds=seconds,
            )


def _network(client: str) -> str:
    """Return whom to count: an IPv4 address, or what one IPv6 customer has (/64)."""
    try:
        address = ip_address(client.partition("%")[0])
    except ValueError:
        return client[:64]
    if not isinstance(address, IPv6Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(IPv6Address(int(address) >> 64 << 64))
