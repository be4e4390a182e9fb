"""
An institution whose certificates say where their revocation lists are, and a host.

The lists are served over real HTTP; a test may take them away, or spoil them.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from . import pki


@dataclass
class Lists:
    """What a host of revocation lists has, by the last part of the path."""

    url: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    #: What it was asked for.
    asked: list[str] = field(default_factory=list)

    def restore(self) -> None:
        """Have every list be there."""
        for name in ("root", "intermediate"):
            self.files[f"{name}.crl"] = pki.revocations(name)

    @cached_property
    def intermediate(self) -> pki.Party:
        """Who issues: as `pki.intermediate`, and it says where the root's list is."""
        return pki.issue(
            "Test Intermediate",
            pki.intermediate().key,
            pki.root(),
            is_authority=True,
            crl_url=f"{self.url}root.crl",
        )

    @cached_property
    def signer(self) -> pki.Party:
        """Return an institution."""
        return pki.issue(
            "Universidade Exemplo",
            pki.new_key("p256"),
            self.intermediate,
            crl_url=f"{self.url}intermediate.crl",
        )

    @property
    def seal(self) -> pki.HeldKey:
        """Return its seal; the chain lacks the root, as chains do."""
        return pki.HeldKey(self.signer, self.intermediate)


def roots_file(folder: Path) -> Path:
    """Return a file with the root that everybody trusts."""
    path = folder / "roots.pem"
    path.write_bytes(pki.root().pem)
    return path


@contextmanager
def hosted() -> Iterator[Lists]:
    """Serve lists on a free port of the loopback."""
    lists = Lists()
    lists.restore()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            name = self.path.rpartition("/")[2]
            lists.asked.append(name)
            body = lists.files.get(name)
            self.send_response(404 if body is None else 200)
            self.send_header("Content-Length", str(len(body or b"")))
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, *words: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    lists.url = f"http://127.0.0.1:{server.server_port}/"
    try:
        yield lists
    finally:
        server.shutdown()
        server.server_close()
