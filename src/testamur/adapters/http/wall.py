"""Who may be connected to: the operator's settings, judged for one target."""

from collections.abc import Collection, Sequence
from ipaddress import ip_address

from testamur.core.refusals import Reason

from .addresses import Address, Network, is_forbidden
from .dial import NoSuchName, Resolver, lookup
from .trouble import Trouble
from .urls import DEFAULT_PORTS, Target, read_url

#: RFC 6761 section 6.3: these names are loopback, whatever a resolver says.
LOOPBACK = (ip_address("127.0.0.1"), ip_address("::1"))


class Wall:
    """What stands between a target and a connection. `Fetcher` has the rules."""

    def __init__(
        self,
        *,
        allow: Sequence[Network],
        allow_http: bool,
        own_hosts: Collection[str],
        resolver: Resolver,
    ) -> None:
        self._allow = tuple(allow)
        self._allow_http = allow_http
        self._own = {_read_own(entry) for entry in own_hosts}
        self._resolver = resolver

    def admit(self, target: Target, until: float) -> Sequence[Address]:
        """
        Return the addresses to connect to, none of which is forbidden.

        The name is looked up once, and by the moment *until* at the latest.

        Raises:
            Trouble: when *target* must not or cannot be reached.
        """
        odd = self._odd(target)
        if self._is_own(target.host, target.port):
            raise Trouble("url_self")
        found: Sequence[Address | None]
        if target.address is not None:
            found = [target.address]
        elif target.host == "localhost" or target.host.endswith(".localhost"):
            open_ones = [a for a in LOOPBACK if not is_forbidden(a, self._allow)]
            found = open_ones or LOOPBACK
        else:
            try:
                found = lookup(self._resolver, target.host, until)
            except NoSuchName:
                raise Trouble(odd or "url_unresolved") from None
            except OSError:
                if odd:
                    raise Trouble(odd) from None
                raise Trouble("url_timeout", passing=True, host_wide=True) from None
        # One forbidden answer among many is a trap or a mistake, never a picture.
        known = [a for a in found if a is not None and not is_forbidden(a, self._allow)]
        if len(known) < len(found):
            raise Trouble("url_forbidden_address")
        if not known:
            raise Trouble(odd or "url_unresolved")
        if any(self._is_own(str(address), target.port) for address in known):
            raise Trouble("url_self")
        if odd and not all(any(a in net for net in self._allow) for a in known):
            raise Trouble(odd)
        return known

    def problem_with(self, target: Target) -> str | None:
        """
        Return the code of what bars *target* whatever its host says, or None.

        Nobody is asked: what only a lookup would tell stays open.
        """
        if self._is_own(target.host, target.port):
            return "url_self"
        is_local = target.host == "localhost" or target.host.endswith(".localhost")
        known = LOOPBACK if is_local else [target.address] if target.address else []
        if known and all(is_forbidden(address, self._allow) for address in known):
            return "url_forbidden_address"
        odd = self._odd(target)
        may_be_allowed = any(a in net for net in self._allow for a in known) or (
            self._allow and not known
        )
        return None if may_be_allowed else odd

    def _odd(self, target: Target) -> str | None:
        """Return what is wrong with scheme or port on the public internet."""
        if target.scheme == "http" and not self._allow_http:
            return "url_scheme"
        return None if target.port == DEFAULT_PORTS[target.scheme] else "url_port"

    def _is_own(self, host: str, port: int) -> bool:
        return (host, port) in self._own or (host, None) in self._own


def _read_own(entry: str) -> tuple[str, int | None]:
    target = read_url(f"https://{entry}/")
    if isinstance(target, Reason):
        raise ValueError(f"own host {entry!r}: {target.message}")
    has_port = entry.endswith(f":{target.port}")
    return target.host, target.port if has_port else None
