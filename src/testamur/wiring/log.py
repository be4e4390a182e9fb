"""The transparency log: its key, the one thread that extends it, and its readers."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from testamur.access.secret import OperatorSecret
from testamur.adapters.files.log_files import DirectoryLogFiles, FileRecord
from testamur.adapters.sql.house_state import halted_at
from testamur.adapters.sql.log_store import SqlLogStore
from testamur.core.refusals import Kind, Refusal
from testamur.tlog.checkpoint import log_verifiers
from testamur.tlog.note import COSIGNATURE, NotVerified, verifier
from testamur.tlog.ports import LogKey, Witness
from testamur.tlog.read import LogReader
from testamur.tlog.sequence import Sequencer, run

from .office import Office

#: What the secret is asked for. Another would be another log.
PURPOSE = "log key"

#: While leaves keep coming, a checkpoint is published this often and not more:
#: each costs some milliseconds, however many leaves it has.
SECONDS_BETWEEN_CHECKPOINTS = 0.1

#: How long an idle sequencer believes a database that seems unchanged.
IDLE_SECONDS = 0.2


def log_key(secret: OperatorSecret) -> LogKey:
    """Return what signs checkpoints (Ed25519): the same key every time."""
    key = Ed25519PrivateKey.from_private_bytes(secret.derive(PURPOSE))
    return LogKey(key.sign, key.public_key().public_bytes_raw())


def log_reader(office: Office) -> LogReader:
    """Return who reads the published log."""
    return LogReader(SqlLogStore(office.database), log_files(office))


def log_origin(office: Office) -> str:
    """Return the log's name: that of its first start, whatever the address is now."""
    begun = SqlLogStore(office.database).origin()
    return begun or f"{office.public_host}/log"


def log_vkey(office: Office) -> str:
    """Return the verifier key (signed-note) of the log."""
    return log_verifiers(log_origin(office), log_key(office.secret).public)[0].vkey


def log_proof(office: Office, certificate_id: str) -> str:
    """
    Return the tlog-proof of a certificate's credential.

    Raises:
        Refusal: NOT_FOUND, when there is no such credential.
    """
    credential = office.credentials.find(certificate_id)
    if credential is None:
        raise Refusal(
            Kind.NOT_FOUND,
            "certificate_not_found",
            "There is no credential of this id. Check it.",
            at="certificateId",
        )
    return log_reader(office).proof(credential.chunk_id, credential.digest)


def log_witnesses(office: Office) -> list[Witness]:
    """
    Return those who are asked to co-sign.

    Raises:
        Refusal: INVALID `settings`, when a key of theirs is none.
    """
    if not office.settings.log_witnesses:
        return []
    from testamur.adapters.http.witness import HttpWitness

    for vkey, _ in office.settings.log_witnesses:
        try:
            by = verifier(vkey)
        except NotVerified as problem:
            raise _no_witness(vkey, str(problem)) from None
        if by.kind != COSIGNATURE:
            raise _no_witness(vkey, "this key is not one for cosignatures")
        if by.name == log_origin(office):
            raise _no_witness(vkey, "this is the name of the log itself")
    return [HttpWitness(vkey, url) for vkey, url in office.settings.log_witnesses]


def _no_witness(vkey: str, problem: str) -> Refusal:
    return Refusal(
        Kind.INVALID,
        "settings",
        f"TESTAMUR_LOG_WITNESSES: {vkey}: {problem}. Copy the key anew from where the "
        "witness publishes it",
    )


def log_files(office: Office) -> DirectoryLogFiles:
    """Return the log's published files."""
    return DirectoryLogFiles(office.settings.data / "log")


@contextmanager
def sequencing(office: Office) -> Iterator[None]:
    """Extend the log meanwhile, in a thread; jobs end when their leaves are in it."""
    stopping = threading.Event()
    thread = threading.Thread(
        target=run, args=(Steps(office), stopping), name="sequencer", daemon=True
    )
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        thread.join()


def new_sequencer(office: Office) -> Sequencer:
    """Return what extends the log."""
    return Sequencer(
        SqlLogStore(office.database),
        log_files(office),
        origin=log_origin(office),
        keys=[log_key(office.secret)],
        clock=office.clock,
        checkpoint=FileRecord(office.settings.data / "log" / "checkpoint"),
        records=[FileRecord(office.record_folder / "checkpoint")],
        witnesses=log_witnesses(office),
    )


class Steps:
    """The sequencer's steps, taken when there is something to do."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._sequencer = new_sequencer(office)
        self._idle_mark: object = None
        self._next_look = 0.0

    def __call__(self) -> int:
        """
        Extend the log by what waits, unless issuing is halted; say how many leaves.

        Raises:
            Fault: as `Sequencer.step`.
        """
        now = time.monotonic()
        mark = self._office.database.change_mark()
        seems_unchanged = mark is not None and mark == self._idle_mark
        if now < self._next_look and (seems_unchanged or self._idle_mark is None):
            return 0
        self._next_look = now + IDLE_SECONDS
        self._idle_mark = mark
        with self._office.database.reading() as connection:
            if halted_at(connection) is not None:
                return 0
        placed = self._sequencer.step()
        if placed:
            self._idle_mark = None
            self._next_look = time.monotonic() + SECONDS_BETWEEN_CHECKPOINTS
            self._office.queue.settle()
        return placed
