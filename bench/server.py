"""A real server in a fresh directory, watched while it works."""

import os
import re
import secrets
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil

MIB = 1024 * 1024
TESTAMUR = str(Path(sys.executable).with_name("testamur"))


@dataclass
class Peak:
    """The most memory that all processes took together, in MiB."""

    rss: float = 0.0
    pss: float = 0.0


@dataclass
class BenchServer:
    """A server, a key of an unlimited tenant, and a client."""

    url: str
    data: Path
    process: psutil.Process
    client: httpx.Client
    key: str
    peak: Peak = field(default_factory=Peak)

    def submit(self, rows: Path, images: Path) -> str:
        """Upload a job as a Pocketbook client does; return its id."""
        with rows.open("rb") as metadata, images.open("rb") as archive:
            answer = self.client.post(
                "/api/bulk-mint", files={"metadata": metadata, "images": archive}
            )
        answer.raise_for_status()
        return str(answer.json()["data"]["jobId"])

    def status(self, job: str) -> dict[str, Any]:
        """Return a job as it is polled."""
        answer = self.client.get(f"/api/bulk-mint/{job}")
        answer.raise_for_status()
        data: dict[str, Any] = answer.json()["data"]
        return data

    def wait(self, job: str) -> dict[str, Any]:
        """Poll twenty times a second until the job is finished."""
        while True:
            found = self.status(job)
            if found["status"] not in ("queued", "processing"):
                return found
            time.sleep(0.05 if found["totalCount"] > 5_000 else 0.02)

    def bytes_stored(self) -> int:
        """Return the size of the database, its log included."""
        return sum(path.stat().st_size for path in self.data.glob("testamur.db*"))


@contextmanager
def bench_server(workers: int | None = None) -> Iterator[BenchServer]:
    """Start a server in a fresh directory; stop it in the end."""
    with tempfile.TemporaryDirectory(prefix="testamur-bench-") as folder:
        data = Path(folder) / "data"
        environment = {
            **os.environ,
            "TESTAMUR_DATA": str(data),
            "TESTAMUR_SECRET_FILE": str(Path(folder) / "secret"),
        }
        options = [] if workers is None else ["--workers", str(workers)]
        process = subprocess.Popen(
            [TESTAMUR, "serve", "--port", "0", *options],
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            assert process.stdout is not None
            found = re.search(r"http://\S+", process.stdout.readline())
            assert found, "the server did not start"
            key = _key(environment)
            client = httpx.Client(
                base_url=found[0], headers={"x-api-key": key}, timeout=300
            )
            server = BenchServer(
                found[0], data, psutil.Process(process.pid), client, key
            )
            with client, _watched(server):
                yield server
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)


def _key(environment: dict[str, str]) -> str:
    slug = f"bench-{secrets.token_hex(4)}"
    tenant = ["tenant", "create", slug, "--name", "Bench", "--plan", "unlimited"]
    for command in (tenant, ["key", "create", "--tenant", slug]):
        output = subprocess.run(
            [TESTAMUR, *command],
            env=environment,
            check=True,
            capture_output=True,
            text=True,
        ).stdout
    return output.strip().splitlines()[-1]


@contextmanager
def _watched(server: BenchServer) -> Iterator[None]:
    done = threading.Event()

    def look() -> None:
        while not done.wait(0.2):
            rss = pss = 0
            for process in (
                server.process,
                *server.process.children(recursive=True),
            ):
                try:
                    rss += process.memory_info().rss
                    pss += process.memory_full_info().pss
                except psutil.NoSuchProcess:
                    continue
            server.peak.rss = max(server.peak.rss, rss / MIB)
            server.peak.pss = max(server.peak.pss, pss / MIB)

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
