"""I2: an acknowledged row survives whatever ends the machine."""

import contextlib
import os
import sqlite3
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path

import psycopg
import pytest

from support.capabilities import lacking
from support.power import can_trace, crash_states, events, traced
from support.workshop import Workshop, csv_of, row
from testamur.core.refusals import Fault

#: Submits jobs one after the other, and says of each that it was accepted.
SUBMITTER = """
import os, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from support.workshop import Workshop, csv_of, row
folder = Path(sys.argv[1])
shop = Workshop(f"sqlite:///{folder / 'testamur.db'}", folder)
tenant = shop.tenant()
for number in range(14):
    rows = csv_of([row(n) for n in range(number * 9, number * 9 + 9)])
    job = shop.enter(tenant, rows, images=None, batch="Spring")
    os.write(1, f"{job.id} {job.profile.rows_digest}\\n".encode())
"""

TESTS = Path(__file__).resolve().parents[1]


def lost(folder: Path, acknowledged: list[bytes]) -> str:
    """Say what is missing in *folder* of what was acknowledged; nothing, if nothing."""
    path = folder / "testamur.db"
    if not path.exists():
        return "the database" if acknowledged else ""
    try:
        found = rows_of_jobs(path, asked=bool(acknowledged))
    except sqlite3.Error as error:
        return f"the database: {error}"
    for line in acknowledged:
        job, digest = line.decode().split()
        if found.get(job) != 9:
            return f"rows of job {job}: {found.get(job)}"
        blob = folder / "blobs" / digest[:2] / digest[2:]
        if not blob.exists() or sha256(blob.read_bytes()).hexdigest() != digest:
            return f"file {digest}"
    return ""


def rows_of_jobs(path: Path, *, asked: bool) -> dict[str, int]:
    """Return how many rows each job has in the database at *path*, which is sound."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        if connection.execute("PRAGMA integrity_check").fetchone() != ("ok",):
            raise sqlite3.DatabaseError("integrity")
        if not asked:
            return {}  # there need not be a table yet
        return dict(
            connection.execute(
                "SELECT j.id, count(*) FROM jobs j JOIN rows r ON r.job_seq = j.seq "
                "GROUP BY j.id"
            ).fetchall()
        )


def test_power_loss_at_any_moment_loses_no_acknowledged_row(tmp_path):
    """
    600 power cuts while jobs are accepted on SQLite, with what was not synced
    lost, half lost or torn: every acknowledged job is there, and its file.
    """
    if not can_trace():
        lacking("a strace that may trace", "apt-get install strace")
    folder = tmp_path / "data"
    folder.mkdir()
    log = tmp_path / "trace"
    environment = {"PATH": os.environ["PATH"]}
    if "PYTHONPATH" in os.environ:
        environment["PYTHONPATH"] = os.environ["PYTHONPATH"]
    traced(["-c", SUBMITTER, str(folder), str(TESTS)], log, environment)
    found = events(log, folder)
    place = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None

    with tempfile.TemporaryDirectory(dir=place) as scratch:
        target = Path(scratch) / "after"
        losses = []
        states = 0
        for acknowledged, where in crash_states(
            found, folder, target, cuts=150, seed=7
        ):
            states += 1
            if missing := lost(target, acknowledged):
                losses.append(f"{where}: {missing}")
            elif acknowledged and states % 60 == 0:
                shop = Workshop(f"sqlite:///{target / 'testamur.db'}", target)
                shop.restart()
                shop.drain()
                assert shop.wrong() == [], where
                shop.close()

    assert states >= 500
    assert sum(event.what == "ack" for event in found) == 14
    assert losses == []


def test_sqlite_is_told_to_be_durable(tmp_path):
    """
    Where no power can be cut, what promises to survive it is at least switched on.
    """
    shop = Workshop(f"sqlite:///{tmp_path / 'testamur.db'}", tmp_path)
    for block in (shop.database.reading, shop.database.writing):
        with block() as connection:
            settings = {
                name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
                for name in ("journal_mode", "synchronous", "foreign_keys")
            }

        assert settings == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}
    shop.close()


def test_what_postgresql_acknowledged_survives_its_death(postgres_server, tmp_path):
    """
    kill -9 of every process of the database while three clients submit: what they
    were told is there, it runs on, and whoever was not told asks again.
    """
    url = postgres_server.url()
    shop = Workshop(url, tmp_path)
    tenant = shop.tenant()
    accepted: list[str] = []
    unsure: list[tuple[str, bytes]] = []
    enough = threading.Event()

    def submit(number: int) -> None:
        for turn in range(2_000):
            key = f"{number}-{turn}"
            content = csv_of([row(n) for n in range(5)])
            try:
                job = shop.enter(tenant, content, key=key)
            except Fault:
                unsure.append((key, content))
                return
            accepted.append(job.id)
            if len(accepted) > 25:
                enough.set()

    threads = [threading.Thread(target=submit, args=(n,)) for n in range(3)]
    for thread in threads:
        thread.start()
    assert enough.wait(60)
    postgres_server.kill()
    for thread in threads:
        thread.join(60)
    postgres_server.start()

    assert len(unsure) == 3
    again = [shop.enter(tenant, content, key=key) for key, content in unsure]
    stored = {job.id: job for job in shop.jobs()}
    assert set(accepted) <= set(stored)
    assert set(stored) == set(accepted) | {job.id for job in again}
    shop.restart()
    shop.drain()
    assert all(len(shop.names(job)) == 5 for job in stored.values())
    assert shop.wrong() == []
    shop.close()


def test_a_submission_that_postgresql_dies_of_is_our_trouble(postgres_server, tmp_path):
    """
    Killed between two of the rows that are being stored: nothing is, and the client
    may ask again.
    """
    shop = Workshop(postgres_server.url(), tmp_path)
    tenant = shop.tenant()

    class Deadly(list):
        """Rows; after the second of them the database dies."""

        def __iter__(self):
            yield from self[:2]
            postgres_server.kill()
            yield from self[2:]

    with pytest.raises(Fault) as fault:
        shop.admit(tenant, Deadly(row(n) for n in range(20_000)))
    postgres_server.start()

    assert fault.value.passing
    assert shop.jobs() == []
    assert shop.wrong() == []
    shop.close()


def test_a_submission_that_postgresql_breaks_off_is_our_trouble(
    postgres_schema, tmp_path
):
    """
    Likewise when it lives on, and only ends what it was doing (its disk is full, an
    administrator was impatient): no bug, no job, and the client may ask again.
    """
    shop = Workshop(postgres_schema, tmp_path)
    tenant = shop.tenant()

    class Cancelled(list):
        """Rows; after the second of them their statement is cancelled."""

        def __iter__(self):
            yield from self[:2]
            with psycopg.connect(postgres_schema) as connection:
                connection.execute(
                    "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE "
                    "datname = current_database() AND query LIKE 'COPY rows%'"
                )
            yield from self[2:]

    with pytest.raises(Fault) as fault:
        shop.admit(tenant, Cancelled(row(n) for n in range(20_000)))

    assert fault.value.passing
    assert shop.jobs() == []
    assert shop.admit(tenant, [row(1)]).total == 1
    shop.close()


@pytest.mark.parametrize(
    "place", ["keep.before_commit", "draft.after_commit", "pictures.before_commit"]
)
def test_a_worker_outlives_the_death_of_postgresql(
    postgres_server, tmp_path, monkeypatch, place
):
    """
    Killed in the middle of a chunk, the database comes back: the chunk is released,
    nobody is blamed, and the job ends as if nothing had happened.
    """
    shop = Workshop(postgres_server.url(), tmp_path)
    job = shop.admit(shop.tenant(), [row(n) for n in range(8)])
    module = {
        "keep.before_commit": "adapters.sql.registry",
        "draft.after_commit": "issuance.issue",
        "pictures.before_commit": "intake.gallery",
    }[place]
    deaths = []
    is_dead = threading.Event()

    def die_once(name: str) -> None:
        if name == place and not deaths:
            deaths.append(name)
            postgres_server.kill()
            is_dead.set()

    monkeypatch.setattr(f"testamur.{module}.fp", die_once)
    with ThreadPoolExecutor(1) as pool:
        working = pool.submit(shop.work_once)
        assert is_dead.wait(20)
        postgres_server.start()
        with pytest.raises(Fault) as fault:
            working.result(40)
    attempts = shop.number("SELECT attempts FROM chunks WHERE job_seq = :job", job)
    shop.drain()

    assert deaths
    assert fault.value.passing
    assert attempts == 0
    assert len(shop.names(job)) == 8
    assert shop.wrong() == []
    shop.close()
