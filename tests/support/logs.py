"""A transparency log on a database and a folder, and a stranger who watches it."""

import hashlib
import threading
from collections.abc import Sequence
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import text

from support.clocks import HandClock
from testamur.adapters.files.log_files import DirectoryLogFiles, FileRecord
from testamur.adapters.sql.database import Database
from testamur.adapters.sql.fsck import violations
from testamur.adapters.sql.log_store import SqlLogStore
from testamur.adapters.sql.migrate import migrate
from testamur.cli.log_check import Seen, look
from testamur.tlog.audit import audit
from testamur.tlog.checkpoint import log_verifiers
from testamur.tlog.ports import LogKey, Witness
from testamur.tlog.read import LogReader
from testamur.tlog.sequence import Sequencer

ORIGIN = "log.example/harbour"


class TickingClock(HandClock):
    """A clock on which a millisecond passes with every look."""

    def __init__(self, now: int = 1_795_000_000_000) -> None:
        super().__init__(now)
        self._turn = threading.Lock()

    def __call__(self) -> int:
        """Return now, later than ever before."""
        with self._turn:
            self.now += 1
            return self.now


def log_key(number: int = 1) -> LogKey:
    """Return a key, the same one for the same *number*."""
    private = Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32)
    return LogKey(private.sign, private.public_key().public_bytes_raw())


def digest_of(name: str) -> bytes:
    """Return the digest that stands for signed bytes called *name*."""
    return hashlib.sha256(name.encode()).digest()


class Watcher:
    """A stranger: reads the published files alone, and forgets nothing."""

    def __init__(self, folder: Path, vkey: str) -> None:
        self._folder = folder
        self._vkey = vkey
        self._seen: Seen | None = None
        self._texts: dict[int, str] = {}

    def look(self) -> int:
        """Return the size shown; raise when the log is not what it was."""
        self._seen = look(self._fetch, self._vkey, self._seen)
        body = self._seen.checkpoint.partition("\n\n")[0]
        known = self._texts.setdefault(self._seen.size, body)
        assert known == body, "two checkpoints of one size"
        return self._seen.size

    def _fetch(self, path: str) -> bytes | None:
        try:
            return (self._folder / path).read_bytes()
        except FileNotFoundError:
            return None


class LogHouse:
    """The log as wiring joins it, and everything a test wants to break."""

    def __init__(
        self,
        url: str,
        folder: Path,
        *,
        clock: HandClock | None = None,
        keys: Sequence[LogKey] = (),
    ) -> None:
        self.folder = folder
        self.clock = clock or TickingClock()
        self.keys = list(keys) or [log_key()]
        self.database = Database(url)
        migrate(self.database)
        self.store = SqlLogStore(self.database)
        self.files = DirectoryLogFiles(folder / "log")
        self.checkpoint = FileRecord(folder / "log" / "checkpoint")
        self.record = FileRecord(folder / "elsewhere" / "log")
        self.reader = LogReader(self.store, self.files)
        self.verifiers = log_verifiers(ORIGIN, self.keys[0].public)
        self.watcher = Watcher(folder / "log", self.verifiers[0].vkey)

    def sequencer(
        self, *, witnesses: Sequence[Witness] = (), patience: float = 5.0
    ) -> Sequencer:
        """Return a sequencer, as a process that just started has one."""
        return Sequencer(
            self.store,
            self.files,
            origin=ORIGIN,
            keys=self.keys,
            clock=self.clock,
            checkpoint=self.checkpoint,
            records=[self.record],
            witnesses=witnesses,
            patience=patience,
        )

    def add(self, act: str, count: int) -> list[bytes]:
        """Keep *count* leaves together, as whoever signs something does."""
        digests = [digest_of(f"{act}/{number}") for number in range(count)]
        with self.database.writing() as connection:
            connection.execute(
                text(
                    "INSERT INTO leaf_batches (act, count, digests) "
                    "VALUES (:act, :count, :digests)"
                ),
                {"act": act, "count": count, "digests": b"".join(digests)},
            )
        return digests

    def step_all(self) -> int:
        """Sequence until nothing waits; return how many leaves got a place."""
        sequencer, placed = self.sequencer(), 0
        while count := sequencer.step():
            placed += count
        return placed

    def size(self) -> int:
        """Return the published size; -1 before the first checkpoint."""
        published = self.store.published()
        return published[0] if published else -1

    def wrong(self) -> list[str]:
        """Return what `testamur fsck` would say."""
        return [
            *violations(self.database),
            *audit(self.store, self.files, self.verifiers),
        ]

    def close(self) -> None:
        """Close the database."""
        self.database.close()
