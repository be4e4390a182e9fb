"""
A witness in a process of its own, as C2SP tlog-witness has it. Run as a program.

It shares no code with the log: hashes, notes and proofs are worked out from the
specifications (RFC 6962, signed-note, tlog-cosignature), by hand.
"""

import base64
import contextlib
import http.server
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

NAME = "witness.example/harbour"
COSIGNATURE = b"\x04"


def vkey_of(key: Ed25519PrivateKey, name: str = NAME) -> str:
    """Return the verifier key of a witness."""
    public = COSIGNATURE + key.public_key().public_bytes_raw()
    key_id = sha256(name.encode() + b"\n" + public).hexdigest()[:8]
    return f"{name}+{key_id}+{base64.b64encode(public).decode()}"


def grew(old: int, new: int, proof: list[bytes], old_root: bytes, root: bytes) -> bool:
    """Say whether *proof* shows that a tree only grew (RFC 9162, section 2.1.4.2)."""
    if old == 0 or old == new:
        return not proof and (old == 0 or old_root == root)
    path = [old_root, *proof] if old & (old - 1) == 0 else list(proof)
    if not path or old > new:
        return False
    fn, sn = old - 1, new - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    fr = sr = path[0]
    for one in path[1:]:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            fr, sr = (
                sha256(b"\1" + one + fr).digest(),
                sha256(b"\1" + one + sr).digest(),
            )
            while fn and not fn & 1:
                fn, sn = fn >> 1, sn >> 1
        else:
            sr = sha256(b"\1" + sr + one).digest()
        fn, sn = fn >> 1, sn >> 1
    return (fr, sr, sn) == (old_root, root, 0)


class Memory:
    """What a witness remembers of each log, by origin: size and root."""

    def __init__(self, key: Ed25519PrivateKey, logs: str, mood: str) -> None:
        self.key = key
        #: The verifier keys that it accepts; empty for those it has not seen.
        self.logs = dict(one.split("+", 1) for one in logs.split())
        self.mood = mood
        self.seen: dict[str, tuple[int, bytes]] = {}
        self.turn = threading.Lock()

    def answer(self, body: str) -> tuple[int, str, str]:
        """Return status, kind and text for an `add-checkpoint`."""
        if self.mood == "refuse":
            return 403, "text/plain", "this log is not known here\n"
        if self.mood == "hang":
            time.sleep(3600)
        head, _, note = body.partition("\n\n")
        first, *lines = head.split("\n")
        if not re.fullmatch(r"old (0|[1-9]\d*)", first) or len(lines) > 63:
            return 400, "text/plain", "malformed\n"
        old = int(first[4:])
        text, _, signatures = note.rpartition("\n\n")
        origin, size_text, root_text = text.split("\n")[:3]
        if origin not in self.logs:
            return 404, "text/plain", "this log is not known here\n"
        if not self.is_signed(origin, text + "\n", signatures):
            return 403, "text/plain", "the log did not sign this\n"
        size, root = int(size_text), base64.b64decode(root_text)
        with self.turn:
            known, known_root = self.seen.get(origin, (0, b""))
            if old != known:
                return 409, "text/x.tlog.size", f"{known}\n"
            if old > size:
                return 400, "text/plain", "it shrinks\n"
            proof = [base64.b64decode(line) for line in lines]
            if not grew(old, size, proof, known_root, root):
                return 422, "text/plain", "this is another tree\n"
            self.seen[origin] = (size, root)
        return 200, "text/plain", self.cosignature(text + "\n")

    def is_signed(self, origin: str, text: str, signatures: str) -> bool:
        """Say whether the log itself signed *text*."""
        key_id, _, material = self.logs[origin].partition("+")
        public = base64.b64decode(material)[1:]
        for line in signatures.split("\n"):
            words = line.split(" ")
            if len(words) != 3 or words[1] != origin:
                continue
            raw = base64.b64decode(words[2])
            if raw[:4].hex() == key_id:
                try:
                    Ed25519PublicKey.from_public_bytes(public).verify(
                        raw[4:], text.encode()
                    )
                except InvalidSignature:
                    return False
                return True
        return False

    def cosignature(self, text: str) -> str:
        """Return the line that co-signs *text* now."""
        at = int(time.time())
        signature = self.key.sign(f"cosignature/v1\ntime {at}\n{text}".encode())
        key_id = bytes.fromhex(vkey_of(self.key).split("+")[1])
        raw = base64.b64encode(key_id + at.to_bytes(8) + signature).decode()
        return f"\N{EM DASH} {NAME} {raw}\n"


def serve(memory: Memory) -> None:
    """Answer until the process is ended; print the port first."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            if self.path.endswith("/learn"):  # not in the specification
                memory.logs.update([body.strip().split("+", 1)])
                status, kind, text = 200, "text/plain", ""
            else:
                status, kind, text = memory.answer(body)
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    print(server.server_address[1], flush=True)
    server.serve_forever()


class RunningWitness:
    """A witness's key and address."""

    def __init__(self, url: str, vkey: str) -> None:
        self.url = url
        self.vkey = vkey

    @property
    def setting(self) -> str:
        """As TESTAMUR_LOG_WITNESSES wants it."""
        return f"{self.vkey}={self.url}"


@contextlib.contextmanager
def witness(mood: str = "honest", *, port: int = 0) -> Iterator[RunningWitness]:
    """Run a witness in a process of its own: honest, or one to `refuse` or `hang`."""
    seed = sha256(mood.encode()).digest()
    process = subprocess.Popen(
        [sys.executable, str(Path(__file__)), mood],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "WITNESS_SEED": seed.hex()},
    )
    assert process.stdout is not None
    try:
        listens = int(process.stdout.readline())
        key = Ed25519PrivateKey.from_private_bytes(seed)
        yield RunningWitness(f"http://127.0.0.1:{listens}/w", vkey_of(key))
    finally:
        process.kill()
        process.wait()


if __name__ == "__main__":
    own = Ed25519PrivateKey.from_private_bytes(
        bytes.fromhex(os.environ["WITNESS_SEED"])
    )
    serve(Memory(own, "", sys.argv[1]))
