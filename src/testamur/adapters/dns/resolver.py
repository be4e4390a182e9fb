"""The DNS by dnspython: `delivery.domains.ports.Resolver`."""

import time
from collections.abc import Sequence
from typing import Any

import dns.exception
import dns.name
import dns.resolver

from testamur.delivery.domains.ports import Unanswered

#: For one question, and for all of one resolver: afterwards nothing is answered.
SECONDS = 3.0
SECONDS_IN_ALL = 15.0

#: More records than these at one name are nobody's who means well.
MOST_RECORDS = 50


class DnsResolver:
    """
    Asks the server *address* (`127.0.0.1:53`), or those of the system.

    For one round of questions: when its time is over, nothing is answered.
    """

    def __init__(
        self,
        address: str = "",
        *,
        seconds: float = SECONDS,
        seconds_in_all: float = SECONDS_IN_ALL,
    ) -> None:
        self._seconds = seconds
        self._until = time.monotonic() + seconds_in_all
        self._resolver: dns.resolver.Resolver | None = None
        try:
            resolver = dns.resolver.Resolver(configure=not address)
        except dns.resolver.NoResolverConfiguration:
            return  # nobody answers
        if address:
            host, _, port = address.rpartition(":")
            resolver.nameservers = [host.strip("[]")]
            resolver.port = int(port)
        resolver.timeout = seconds / 2  # then it is asked again
        resolver.cache = dns.resolver.Cache()  # SPF records name one another
        self._resolver = resolver

    def txt(self, name: str) -> Sequence[str]:
        """Return the texts at *name*, the strings of each joined."""
        return [
            b"".join(one.strings).decode("utf-8", "replace")
            for one in self._ask(name, "TXT")
        ]

    def mx(self, name: str) -> Sequence[str]:
        """Return the hosts that take mails for *name*; "" for one that takes none."""
        found = sorted(self._ask(name, "MX"), key=lambda one: int(one.preference))
        return [one.exchange.to_text(omit_final_dot=True).lstrip(".") for one in found]

    def addresses(self, name: str) -> Sequence[str]:
        """Return the addresses of a host, of either kind."""
        return [
            str(one.address) for kind in ("A", "AAAA") for one in self._ask(name, kind)
        ]

    def _ask(self, name: str, kind: str) -> list[Any]:
        left = self._until - time.monotonic()
        if self._resolver is None or left <= 0:
            raise Unanswered(name)
        try:
            answer = self._resolver.resolve(
                name,
                kind,
                raise_on_no_answer=False,
                search=False,
                lifetime=min(self._seconds, left),
            )
        except (dns.resolver.NXDOMAIN, dns.name.LabelTooLong, dns.name.NameTooLong):
            return []
        except (dns.name.EmptyLabel, UnicodeError):
            return []  # nothing can be there
        except (dns.exception.DNSException, OSError):
            raise Unanswered(name) from None
        return list(answer.rrset or ())[:MOST_RECORDS]
