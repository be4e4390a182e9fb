"""
A world of its own in which every address answers. Run by tests, as root:

    unshare --net --mount python walled_world.py

The whole of IPv4 and IPv6 is routed to this process, which listens on ports 80
and 443 and notes the address that each connection was made to. A name server
gives rebind.test a public address first and 127.0.0.1 afterwards. Each URL of
standard input (a JSON array) is fetched, and standard output gets a JSON object:
`outcomes` (codes, or "file"), `reached` (addresses connected to), `witness` (what
a fetch without a wall reached), `rebound` (two outcomes), `lookups`.
"""

import json
import socket
import subprocess
import sys
import threading
import urllib.request
from pathlib import Path
from tempfile import NamedTemporaryFile

from dnslib import AAAA, QTYPE, RR, A
from dnslib.server import BaseResolver, DNSLogger, DNSServer

from testamur.adapters.http.fetch import Fetcher

PUBLIC = "93.184.216.34"


class Rebinding(BaseResolver):
    """Says PUBLIC, then 127.0.0.1; other names have the address they begin with."""

    def __init__(self) -> None:
        self.lookups = 0

    def resolve(self, request, handler):
        """Answer one query."""
        reply = request.reply()
        name = str(request.q.qname)
        if request.q.qtype == QTYPE.A:
            address = name.partition(".name.")[0]
            if name == "rebind.test.":
                address = "127.0.0.1" if self.lookups else PUBLIC
                self.lookups += 1
            reply.add_answer(RR(request.q.qname, QTYPE.A, rdata=A(address), ttl=0))
        elif name.startswith("both."):
            answer = RR(request.q.qname, QTYPE.AAAA, rdata=AAAA("::1"), ttl=0)
            reply.add_answer(answer)
        return reply


def note(listener: socket.socket, reached: set[str], body: bytes) -> None:
    """Answer everybody, and note which address they meant."""
    while True:
        line, _ = listener.accept()
        with line:
            reached.add(line.getsockname()[0].removeprefix("::ffff:"))
            if listener.getsockname()[1] == 80:
                line.recv(4096)
                head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body)
                line.sendall(head + body)


def build() -> tuple[set[str], Rebinding]:
    """Make the world; return what it notes."""
    for command in (
        "ip link set lo up",
        "ip route add local 0.0.0.0/0 dev lo",
        "ip -6 route add local ::/0 dev lo",
    ):
        subprocess.run(command.split(), check=True)
    with NamedTemporaryFile("w", delete=False) as file:
        file.write("nameserver 127.0.0.1\n")
    Path(file.name).chmod(0o644)
    mount = ["mount", "--bind", file.name, "/etc/resolv.conf"]
    subprocess.run(mount, check=True)
    Path(file.name).unlink()

    reached: set[str] = set()
    for port in (80, 443):
        listener = socket.create_server(
            ("::", port), family=socket.AF_INET6, dualstack_ipv6=True
        )
        threading.Thread(
            target=note, args=[listener, reached, b"A PICTURE"], daemon=True
        ).start()
    names = Rebinding()
    quiet = DNSLogger(logf=lambda line: None)
    DNSServer(names, address="127.0.0.1", port=53, logger=quiet).start_thread()
    return reached, names


def main() -> None:
    """Build the world, try everything, report."""
    urls = json.load(sys.stdin)
    reached, names = build()

    def fetcher() -> Fetcher:
        return Fetcher(
            allow_http=True,
            retries=0,
            connect_seconds=1,
            total_seconds=2,
            user_agent="Testamur/test",
        )

    outcomes = {}
    for url in urls:
        outcome = fetcher().fetch(url)
        outcomes[url] = "file" if isinstance(outcome, bytes) else outcome.code
    reached_by_us = set(reached)
    names.lookups = 0
    rebound = []
    for _ in range(2):
        outcome = fetcher().fetch("http://rebind.test/")
        rebound.append("file" if isinstance(outcome, bytes) else outcome.code)
    lookups = names.lookups

    reached.clear()
    urllib.request.urlopen("http://169.254.169.254/", timeout=2).read()
    report = {
        "outcomes": outcomes,
        "reached": sorted(reached_by_us),
        "rebound": rebound,
        "lookups": lookups,
        "witness": sorted(reached),
    }
    print(json.dumps(report))


main()
