"""A real name server on loopback that says what a test wants."""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from dnslib import MX, QTYPE, RCODE, RR, TXT, A, DNSError
from dnslib.server import BaseResolver, DNSLogger, DNSServer

#: What is answered by saying that it cannot be, and what is not answered at all.
BROKEN = "broken"
SILENT = "silent"


@dataclass
class Zone(BaseResolver):
    """What there is: (name, kind) to values. A TXT may be given in several strings."""

    records: dict[tuple[str, str], Sequence[Any]] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)
    port: int = 0

    def resolve(self, request: Any, handler: Any) -> Any:
        """Answer a question, or leave whoever asks waiting."""
        name = str(request.q.qname).rstrip(".").lower()
        kind = QTYPE[request.q.qtype]
        self.asked.append((name, kind))
        reply = request.reply()
        key = (name, kind)
        if self.records.get(key) == SILENT:
            raise DNSError("says nothing")
        if self.records.get(key) == BROKEN:
            reply.header.rcode = RCODE.SERVFAIL
            return reply
        if not any(one == name for one, _ in self.records):
            reply.header.rcode = RCODE.NXDOMAIN
        for value in self.records.get(key, ()):
            reply.add_answer(
                RR(request.q.qname, request.q.qtype, rdata=_data(kind, value))
            )
        return reply

    @property
    def address(self) -> str:
        """Where it is asked."""
        return f"127.0.0.1:{self.port}"


def _data(kind: str, value: Any) -> Any:
    if kind == "MX":
        return MX(value, 10)
    if kind == "A":
        return A(value)
    parts = [value[at : at + 255] for at in range(0, len(value), 255)]
    return TXT([part.encode() for part in parts])


@contextlib.contextmanager
def name_server(
    records: Mapping[tuple[str, str], Sequence[Any]],
) -> Iterator[Zone]:
    """Run a server that knows *records*, over UDP and TCP."""
    zone = Zone(dict(records))
    quiet = DNSLogger("-request,-reply,-truncated,-error,-recv,-send,-data", "")
    udp = DNSServer(zone, "127.0.0.1", 0, logger=quiet)
    zone.port = udp.server.server_address[1]
    tcp = DNSServer(zone, "127.0.0.1", zone.port, tcp=True, logger=quiet)
    for one in (udp, tcp):
        one.start_thread()
    try:
        yield zone
    finally:
        for one in (udp, tcp):
            one.stop()
            one.server.server_close()
