"""
A real `testamur serve` process, with data, a secret and a port of its own.

One serves all tests of a process. Tenants are cheap, so each test has its own. When
the server stops, what it stored must agree with itself, and nothing may have gone
wrong inside it: the log is looked through.
"""

import contextlib
import csv
import fcntl
import io
import itertools
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
import psutil
from sqlalchemy import text

from testamur.adapters.sql.fsck import violations
from testamur.config import read_settings
from testamur.wiring.office import Office, open_office
from testamur.wiring.soundness import unsound

from . import nursery
from .images import quarters, saved
from .zips import Entry, build

ROOT = Path(__file__).resolve().parents[2]
TESTAMUR = str(Path(sys.executable).with_name("testamur"))

#: Where a picture host may stand although it is on this machine; see `Server.start`.
ALLOWED_NETWORK = "127.77.0.0/16"
ALLOWED_ADDRESS = "127.77.0.1"

HEADER = "name,description,imageUrl,category,recipientEmail"
PICTURE = saved(quarters(), "PNG")
SLUGS = (f"tenant-{number}" for number in itertools.count(1))


def sheet(*rows: str, header: str = HEADER) -> bytes:
    """Return a CSV of *rows*, written as they are."""
    return "\n".join((header, *rows, "")).encode()


def good_rows(count: int, *, image: str = "one.png", start: int = 1) -> list[str]:
    """Return *count* rows with which nothing is wrong."""
    return [
        f"Course {n},A description,{image},education,person{n}@example.com"
        for n in range(start, start + count)
    ]


def pictures(*names: str) -> bytes:
    """Return a ZIP in which each of *names* is a picture."""
    return build(Entry(name, PICTURE) for name in names or ("one.png",))


@dataclass
class Tenant:
    """A tenant, one of its keys, and a client that sends it."""

    server: "Server"
    slug: str
    key: str
    key_id: str
    client: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        self.client = httpx.Client(
            base_url=self.server.url, headers={"x-api-key": self.key}, timeout=30
        )

    def key_with(self, *scopes: str) -> str:
        """Return another key of the tenant, with these scopes; all if none."""
        office = self.server.office
        return office.keys.create(office.tenants.find(self.slug), scopes=scopes).text

    def token_with(self, *scopes: str) -> str:
        """Return a token (JWT) of the tenant."""
        office = self.server.office
        return office.tokens.create(office.tenants.find(self.slug), scopes=scopes).text

    def create(
        self,
        metadata: bytes,
        images: bytes | None = None,
        *,
        data: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
    ) -> httpx.Response:
        """Create a job as the Pocketbook wire says."""
        files = {"metadata": ("certificates.csv", metadata, "text/csv")}
        if images is not None:
            files["images"] = ("images.zip", images, "application/zip")
        return self.client.post(
            "/api/bulk-mint", files=files, data=data, headers=headers
        )

    def job(self, metadata: bytes, images: bytes | None = None, **data: str) -> str:
        """Create a job that is accepted; return its id."""
        answer = self.create(metadata, images, data=data)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["data"]["jobId"])

    def status(self, job: str) -> dict[str, Any]:
        """Return a job as it is polled."""
        answer = self.client.get(f"/api/bulk-mint/{job}")
        assert answer.status_code == 200, answer.text
        data: dict[str, Any] = answer.json()["data"]
        return data

    def wait(self, job: str, seconds: float = 60) -> dict[str, Any]:
        """Return the job once it is neither queued nor processing."""
        end = time.monotonic() + seconds
        while (found := self.status(job))["status"] in ("queued", "processing"):
            assert time.monotonic() < end, found
            time.sleep(0.05)
        return found

    def done(self, metadata: bytes, images: bytes | None = None) -> str:
        """Create a job and wait until it is completed; return its id."""
        job = self.job(metadata, images)
        assert self.wait(job)["status"] == "completed"
        return job

    def results(self, job: str) -> list[dict[str, str]]:
        """Return the lines of the results CSV."""
        answer = self.client.get(f"/api/bulk-mint/{job}/download/csv")
        assert answer.status_code == 200, answer.text
        return list(csv.DictReader(io.StringIO(answer.text, newline="")))

    def archive(self, job: str) -> zipfile.ZipFile:
        """Return the results ZIP, every entry of it read and compared."""
        answer = self.client.get(f"/api/bulk-mint/{job}/download/zip")
        assert answer.status_code == 200, answer.text
        archive = zipfile.ZipFile(io.BytesIO(answer.content))
        assert archive.testzip() is None
        return archive


@dataclass
class Server:
    """A running server."""

    url: str
    folder: Path
    process: subprocess.Popen[str]
    office: Office
    environment: dict[str, str]

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.url.rpartition(":")[2])

    @property
    def data(self) -> Path:
        """Its data directory."""
        return self.folder / "data"

    @property
    def log(self) -> str:
        """What it and its workers said so far."""
        return (self.folder / "log").read_text(errors="replace")

    def tenant(self, plan: str = "unlimited", scopes: Sequence[str] = ()) -> Tenant:
        """Add a tenant with a key."""
        slug = next(SLUGS)
        made = self.office.tenants.create(slug, slug.title(), plan)
        key = self.office.keys.create(made, scopes=scopes)
        return Tenant(self, slug, key.text, key.key.id)

    def run(self, *words: str) -> str:
        """Run a command of the command line on the server's data."""
        done = nursery.run(
            [TESTAMUR, *words],
            env=self.environment,
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def workers(self) -> list[psutil.Process]:
        """Return the processes that issue."""
        children = psutil.Process(self.process.pid).children(recursive=True)
        return [one for one in children if "testamur.wiring.workers" in one.cmdline()]

    @contextlib.contextmanager
    def asleep(self) -> Iterator[None]:
        """
        Let no worker do anything inside the block.

        None is stopped while it writes: everybody would wait for it until the server
        ends it and starts another, which is awake.
        """
        found = self.workers()
        assert found
        try:
            while True:
                for one in found:
                    one.suspend()
                if all(_is_stopped(one) for one in found) and self._can_be_written():
                    break
                for one in found:
                    one.resume()
                self._can_be_written()  # let it end
            yield
            assert all(one.is_running() for one in found), "the server woke somebody"
        finally:
            for one in found:
                with contextlib.suppress(psutil.NoSuchProcess):
                    one.resume()

    def _can_be_written(self) -> bool:
        """Say whether nobody holds SQLite's lock for good."""
        path = self.office.database.path
        with path.with_name(path.name + ".writer").open("rb") as file:
            for _ in range(10):  # the server writes too, and soon ends
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    time.sleep(0.01)
                else:
                    return True
        return False

    def rest(self) -> None:
        """Return once no job is worked on, and everybody was told of what was done."""
        end = time.monotonic() + 30
        under_way = text("""
            SELECT (SELECT count(*) FROM jobs WHERE state IN ('queued', 'processing'))
              + (SELECT count(*) FROM tellings)
              + (SELECT count(*) FROM outbox
                WHERE state = 'queued' AND attempts = 0 AND next_at <= :now)
        """)
        while True:
            with self.office.database.reading() as connection:
                now = {"now": self.office.clock()}
                if not connection.execute(under_way, now).scalar():
                    return
            assert time.monotonic() < end
            time.sleep(0.02)

    def stored(self) -> tuple[int, int]:
        """Return, at rest, how many bytes of files it keeps, and how many jobs."""
        self.rest()
        folders = (self.data / "spool", self.data / "blobs")
        size = sum(
            path.stat().st_size
            for folder in folders
            for path in folder.rglob("*")
            if path.is_file()
        )
        with self.office.database.reading() as connection:
            jobs = connection.exec_driver_sql("SELECT count(*) FROM jobs").scalar()
        return size, int(jobs or 0)

    def stop(self) -> None:
        """Stop it by its process id."""
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise


def start(folder: Path, *, is_forked: bool = True, **settings: str) -> Server:
    """
    Start a server in *folder* and return it once it answers.

    One that is not forked is seen in /proc with its own arguments and environment.
    """
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("TESTAMUR_") and not name.lower().endswith("_proxy")
    } | {
        "TESTAMUR_DATA": str(folder / "data"),
        "TESTAMUR_SECRET_FILE": str(folder / "secret"),
        "TESTAMUR_FETCH_ALLOW": ALLOWED_NETWORK,
        **settings,
    }
    with (folder / "log").open("w") as log:
        process = (nursery.Popen if is_forked else subprocess.Popen)(
            [TESTAMUR, "serve", "--port", "0", "--workers", "1"],
            env=environment,
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
    assert process.stdout is not None
    line = process.stdout.readline()
    ready = re.search(r"ready at (http://\S+)", line)
    if ready is None:
        process.kill()
        process.wait()
        raise AssertionError(line + (folder / "log").read_text())
    found = read_settings(environment, folder)
    office = open_office(replace(found, public_url=ready[1]), environment=environment)
    return Server(ready[1], folder, process, office, environment)


def _is_stopped(process: psutil.Process) -> bool:
    """Say whether a process that was told to stop has done so, waiting a little."""
    for _ in range(100):
        if process.status() == psutil.STATUS_STOPPED:
            return True
        time.sleep(0.001)
    return False


@contextlib.contextmanager
def running(**settings: str) -> Iterator[Server]:
    """Run a server; when it has stopped, hold it to what it did."""
    folder = Path(tempfile.mkdtemp(prefix="testamur-server-"))
    server = start(folder, **settings)
    try:
        yield server
        server.stop()
        assert list(violations(server.office.database)) == []
        assert list(unsound(server.office)) == []
        assert "bug req_" not in server.log, server.log
    finally:
        if server.process.poll() is None:
            server.process.kill()
            server.process.wait()
        server.office.close()
        shutil.rmtree(folder, ignore_errors=True)


def problem(answer: httpx.Response) -> dict[str, Any]:
    """Return the error of a Pocketbook answer, after a look at its envelope."""
    body = json.loads(answer.content)
    assert body["success"] is False
    assert set(body) == {"success", "error"}
    error: dict[str, Any] = body["error"]
    assert {"type", "code", "message", "request_id"} <= set(error)
    assert error["request_id"] == answer.headers["x-request-id"]
    return error
