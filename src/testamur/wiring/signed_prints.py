"""
Certificates that we drew, signed by their institution: each is drawn and signed anew.

What signs was told the PIN on its standard input, as for documents. The files are
kept in parts, and of two for one certificate the first: killed at any point, each
certificate has its signed file or has none, and asking again makes those that are
missing. The unsigned file stays what it was.
"""

import os
import secrets
import threading
from dataclasses import dataclass

import orjson
from sqlalchemy import text

from testamur.adapters.sql.audit import append
from testamur.adapters.sql.done_rows import SqlDoneRows
from testamur.core.failpoints import fp
from testamur.core.lifecycle import JobState
from testamur.core.papers import Level
from testamur.core.pins import Pin
from testamur.core.refusals import (
    Fault,
    Halted,
    Kind,
    Refusal,
)
from testamur.core.words import Caller, Job, SignedPrintsView
from testamur.documents.pades.cms import Signatures
from testamur.documents.pades.sign import sign_pdf
from testamur.documents.pades.slot import TOKEN_BYTES, Slot, TokenTooLarge
from testamur.documents.pades.wish import SignatureWish
from testamur.documents.signers.opened import OpenedSigner

from .logs import log
from .office import Office
from .printing import SIGNED
from .sealing import ALIVE_SECONDS, MAX_STARTS, Session

#: How many files are kept in one transaction.
PART = 50

#: Jobs whose certificates are signed at one time, in one server.
MAX_SIGNING = 2

ALIVE = text("SELECT 1 FROM sign_sessions WHERE job_seq = :job AND alive_until >= :now")


class SignedPrints:
    """What is done with the signed files of jobs."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._done = SqlDoneRows(office.database, office.clock)
        self._places = threading.Semaphore(MAX_SIGNING)
        self._lock = threading.Lock()

    def view(self, tenant_id: str, job_id: str) -> SignedPrintsView:
        """
        Return how many of a job's certificates are signed.

        Raises:
            Refusal: NOT_FOUND.
        """
        job = self._office.desk.find(tenant_id, job_id)
        missing = self._office.prints.count_missing(job.seq, SIGNED)
        made = self._office.prints.count(job.seq, SIGNED)
        return SignedPrintsView(job.id, made, missing, is_running=self._is_alive(job))

    def sign(
        self, caller: Caller, job_id: str, signer_id: int, pin: Pin, reason: str
    ) -> SignedPrintsView:
        """
        Have the certificates of a finished job be signed; return once it has begun.

        Those that are signed already stay as they are.

        Raises:
            Refusal: NOT_FOUND; CONFLICT `job_not_finished` or `no_template`; INVALID,
                for a signer that is not the caller's, or the PIN; TOO_OFTEN, also
                while the job's certificates are being signed.
            Halted, SignerUnavailable: nothing was signed.
        """
        job = self._office.desk.find(caller.tenant.id, job_id)
        if job.profile.template is None:
            raise Refusal(
                Kind.CONFLICT,
                "no_template",
                "Only certificates that a template draws are signed here.",
            )
        if job.state in (JobState.QUEUED, JobState.PROCESSING):
            raise Refusal(
                Kind.CONFLICT,
                "job_not_finished",
                "The job is not finished. Ask again when it is.",
            )
        try:
            self._office.signers.find(caller.tenant.id, signer_id)
        except Refusal as refusal:
            raise Refusal(
                Kind.INVALID,
                "signer_not_found",
                "There is no such signer. `testamur signer list` has their ids.",
                at="signer",
            ) from refusal
        if not self._places.acquire(blocking=False):
            raise _busy()
        order = {"prints": job.id, "reason": reason}
        line = orjson.dumps(order).decode()
        outcome: list[BaseException | None] = []
        is_known = threading.Event()

        def run() -> None:
            # The kernel ends the process with the thread that started it: this one.
            try:
                self._run(caller, job, signer_id, pin, line, outcome, is_known)
            finally:
                self._places.release()

        threading.Thread(target=run, name="signed-prints", daemon=True).start()
        is_known.wait()
        if outcome[0] is not None:
            raise outcome[0]
        return self.view(caller.tenant.id, job_id)

    def _run(
        self,
        caller: Caller,
        job: Job,
        signer_id: int,
        pin: Pin,
        line: str,
        outcome: list[BaseException | None],
        is_known: threading.Event,
    ) -> None:
        name = f"{os.getpid()}-prints-{secrets.token_hex(4)}"
        session = Session(self._office, caller, signer_id, pin, name)
        try:
            session.start()
            self._begin(job, name)
        except BaseException as trouble:
            session.end()
            outcome.append(trouble)
            is_known.set()
            return
        outcome.append(None)
        is_known.set()
        finished = threading.Event()

        def stay_alive() -> None:
            while not finished.wait(ALIVE_SECONDS):
                try:
                    self._done.stay_alive(job.seq, name)
                except Fault as trouble:
                    log.warning("signing goes on", job=job.id, trouble=str(trouble))

        threading.Thread(target=stay_alive, name="signed-prints-alive").start()
        try:
            for attempt in range(MAX_STARTS):
                if attempt:
                    session.start()
                if session.tell(line) == 0:
                    break
            else:
                log.error("certificates were not signed", job=job.id)
        except (Fault, Refusal) as trouble:
            log.error("certificates were not signed", job=job.id, trouble=str(trouble))
        finally:
            finished.set()
            session.end()
            self._done.end_session(job.seq)

    def _begin(self, job: Job, name: str) -> None:
        """Say that this job is being signed, if nobody else does it."""
        with self._lock, self._office.database.writing() as connection:
            values = {"job": job.seq, "now": self._office.clock()}
            if connection.execute(ALIVE, values).first() is not None:
                raise _busy()
            connection.execute(
                text("DELETE FROM sign_sessions WHERE job_seq = :job"), values
            )
            self._done.begin_session(connection, job.seq, name)

    def _is_alive(self, job: Job) -> bool:
        values = {"job": job.seq, "now": self._office.clock()}
        with self._office.database.reading() as connection:
            return connection.execute(ALIVE, values).first() is not None


def _busy() -> Refusal:
    return Refusal(
        Kind.TOO_OFTEN,
        "signers_busy",
        "Certificates are being signed just now. Try again in a moment.",
        retry_after_seconds=5,
    )


@dataclass
class PrintSigner:
    """Signs certificates while they are drawn: `printing.Signing`. In the child."""

    office: Office
    signer: OpenedSigner
    reason: str

    def __post_init__(self) -> None:
        self._signatures = Signatures(self.signer)
        # What makes documents last does not know of these.
        self._level = self.office.settings.signature_level.with_another(Level.B_T)
        self._timestamp = None if self._level is Level.B_B else self.office.timestamps
        self._token_bytes = TOKEN_BYTES

    def slot(self) -> Slot:
        """Return a signature to be."""
        return Slot(self._signatures, self._wish(), self._timestamp, self._token_bytes)

    def make_room(self, trouble: Exception) -> bool:
        """Have the next slots be larger, if *trouble* is that this one was not."""
        if not isinstance(trouble, TokenTooLarge):
            return False
        self._token_bytes = trouble.bytes_needed
        return True

    def sign(self, data: bytes) -> bytes:
        """Return a whole PDF, signed."""
        return sign_pdf(
            data,
            self.signer,
            self._wish(),
            method=self.office.settings.sign_method,
            timestamp=self._timestamp,
        )

    def _wish(self) -> SignatureWish:
        return SignatureWish(
            signed_at=self.office.clock(), reason=self.reason, level=self._level
        )


def sign_prints(
    office: Office, signer: OpenedSigner, job: Job, reason: str, by: str
) -> None:
    """
    Make the signed files of a job that are missing. In the child.

    Raises:
        Fault: when one cannot be made, or signed; those before it are kept.
    """
    with office.database.writing() as connection:
        append(
            connection,
            at=office.clock(),
            tenant_id=job.tenant_id,
            actor=by,
            act="job.sign",
            subject=job.id,
            detail={"signer": signer.signer.id},
        )
    how = PrintSigner(office, signer, reason)
    after = 0
    while names := office.prints.missing(
        job.seq, SIGNED, after=after, last=job.total, limit=PART
    ):
        if office.kill_switch.state() is not None:
            raise Halted
        office.printing.sign(job, names, how)
        fp("prints.after_part")
        after = names[-1][1]
