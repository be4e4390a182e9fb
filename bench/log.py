"""The transparency log: leaves per second through the store, and what proofs cost."""

import hashlib
import resource
import sys
import tempfile
import time
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import text

sys.path.insert(0, str(Path(__file__).parent.parent))

from testamur.adapters.files.log_files import DirectoryLogFiles, FileRecord
from testamur.adapters.sql.database import Database
from testamur.adapters.sql.log_store import SqlLogStore
from testamur.adapters.sql.migrate import migrate
from testamur.core.clock import system_clock
from testamur.tlog.checkpoint import log_verifiers
from testamur.tlog.ports import LogKey
from testamur.tlog.proof import verify_proof
from testamur.tlog.read import LogReader
from testamur.tlog.sequence import Sequencer

#: As many leaves as a chunk keeps together.
BATCH = 500

ORIGIN = "log.example/bench"


def main(leaves: int = 1_000_000) -> None:
    """Print what every tenth of *leaves* costs, and proofs at the end."""
    private = Ed25519PrivateKey.generate()
    key = LogKey(private.sign, private.public_key().public_bytes_raw())
    print(f"transparency log, SQLite, {leaves:,} leaves in batches of {BATCH}")
    print(f"{'leaves':>10} {'leaves/s':>9} {'RSS MiB':>8} {'DB B/leaf':>10}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        database = Database(f"sqlite:///{folder / 'testamur.db'}")
        migrate(database)
        store = SqlLogStore(database)
        files = DirectoryLogFiles(folder / "log")
        sequencer = Sequencer(
            store,
            files,
            origin=ORIGIN,
            keys=[key],
            clock=system_clock,
            checkpoint=FileRecord(folder / "log" / "checkpoint"),
        )
        sequencer.step()
        tenth = leaves // 10
        for start in range(0, leaves, tenth):
            _add(database, start, start + tenth)
            begun = time.perf_counter()
            while sequencer.step():
                pass
            seconds = time.perf_counter() - begun
            print(
                f"{start + tenth:>10,} {tenth / seconds:>9,.0f} {_peak_mib():>8.0f} "
                f"{_bytes(database) / (start + tenth):>10.1f}",
                flush=True,
            )
        _prove(LogReader(store, files), leaves, key.public)
        database.close()


def _digest(number: int) -> bytes:
    return hashlib.sha256(number.to_bytes(8)).digest()


def _add(database: Database, start: int, stop: int) -> None:
    statement = text(
        "INSERT INTO leaf_batches (act, count, digests) VALUES (:act, :count, :digests)"
    )
    for first in range(start, stop, BATCH):
        last = min(first + BATCH, stop)
        digests = b"".join(_digest(number) for number in range(first, last))
        with database.writing() as connection:
            connection.execute(
                statement,
                {"act": f"{first}", "count": last - first, "digests": digests},
            )


def _prove(reader: LogReader, leaves: int, public: bytes) -> None:
    times = []
    verifiers = log_verifiers(ORIGIN, public)
    for number in range(0, leaves, max(1, leaves // 500)):
        begun = time.perf_counter()
        proof = reader.proof(f"{number // BATCH * BATCH}", _digest(number))
        times.append(time.perf_counter() - begun)
        verify_proof(proof, _digest(number), verifiers)
    times.sort()
    print(
        f"proofs: median {times[len(times) // 2] * 1000:.2f} ms, slowest of "
        f"{len(times)} {times[-1] * 1000:.2f} ms, {len(proof)} bytes"
    )
    begun = time.perf_counter()
    for old in range(1, 101):
        reader.consistency(leaves * old // 101, leaves)
    print(f"consistency: {(time.perf_counter() - begun) * 10:.2f} ms")


def _bytes(database: Database) -> int:
    with database.reading() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
        size = connection.exec_driver_sql("PRAGMA page_size").scalar()
    return int(pages or 0) * int(size or 0)


def _peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
