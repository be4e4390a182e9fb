"""What anybody can read of a running server, over HTTP alone."""

import hashlib
from dataclasses import dataclass, field

import httpx

from testamur.tlog.proof import read_proof
from testamur.tlog.tiles import published_names

#: A leaf in a bundle of entries: two bytes of length, one of version, SHA-256.
ENTRY_BYTES = 35


def log_size(client: httpx.Client) -> int:
    """Return how many leaves the published checkpoint has; 0 before the first."""
    answer = client.get("/log/checkpoint")
    return int(answer.text.split("\n")[1]) if answer.status_code == 200 else 0


def tiles(size: int) -> list[str]:
    """Return the addresses of everything that a log of this size publishes."""
    return [f"/log/{name.path}" for name in published_names(0, size)]


def leaves(client: httpx.Client) -> list[bytes]:
    """Return the digest in every leaf that is published, in order."""
    found = []
    for path in tiles(log_size(client)):
        if "/entries/" not in path:
            continue
        bundle = client.get(path).content
        assert len(bundle) % ENTRY_BYTES == 0
        found += [
            bundle[at + 3 : at + ENTRY_BYTES]
            for at in range(0, len(bundle), ENTRY_BYTES)
        ]
    return found


def credential(client: httpx.Client, certificate_id: str) -> bytes:
    """Return a certificate's credential; fail when there is none."""
    answer = client.get(f"/c/{certificate_id}.json")
    assert answer.status_code == 200, answer.text
    return answer.content


def place(client: httpx.Client, certificate_id: str) -> int:
    """Return the index of a certificate's leaf, as its proof has it."""
    answer = client.get(f"/v1/log/proof/{certificate_id}")
    assert answer.status_code == 200, answer.text
    return read_proof(answer.text).index


@dataclass
class Memory:
    """Remembers what was at an address when it was first seen there."""

    client: httpx.Client
    seen: dict[str, bytes] = field(default_factory=dict)

    def note(self, *paths: str) -> None:
        """Look at those of *paths* that were never seen."""
        for path in paths:
            if path not in self.seen:
                answer = self.client.get(path)
                assert answer.status_code == 200, (path, answer.text)
                self.seen[path] = hashlib.sha256(answer.content).digest()

    def see(self, *paths: str) -> None:
        """Look at *paths*, and again at all that was ever seen: nothing changed."""
        for path in dict.fromkeys((*self.seen, *paths)):
            answer = self.client.get(path)
            assert answer.status_code == 200, (path, answer.text)
            digest = hashlib.sha256(answer.content).digest()
            assert self.seen.setdefault(path, digest) == digest, path
