"""
Batches of documents: signed with an institutional certificate, or asked for again.

Each is a job of rows and chunks like any other. What signs was told the PIN when the
job came, and the PIN is written down nowhere: should the server end before the job
does, the documents that are left fail with a sentence that says so.
"""

import contextlib
import os
import secrets
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import IO, Any

import orjson

from testamur.adapters.sql.admission import SqlLedger
from testamur.adapters.sql.done_rows import SqlDoneRows
from testamur.adapters.sql.papers.changes import SqlChanges
from testamur.adapters.sql.queue import SqlQueue
from testamur.core.lifecycle import JobState, JobVerb
from testamur.core.papers import BatchResult, BatchView, Resent
from testamur.core.pins import Pin
from testamur.core.policy import CURRENT_PRICES, DEFAULT_EXPIRY_DAYS
from testamur.core.refusals import (
    Fault,
    Halted,
    Kind,
    Reason,
    Refusal,
    SignerUnavailable,
)
from testamur.core.words import Caller, Job, Lease, Profile, SigningOrder
from testamur.documents.refusals import all_of, selected
from testamur.documents.requests import resend_within
from testamur.intake.ports import NewJob

from .logs import log
from .office import Office
from .posting import mail_domain
from .sealing_child import MODULE

DIALECT = "dokstamp"

#: The column that names documents.
DOCUMENT_ID = "document_id"

#: How many documents one lease has: few, so that progress moves.
CHUNK_DOCUMENTS = 25

#: Jobs that sign at one time, in one server.
MAX_SIGNING = 4

#: How often a process that signs is started again after it died.
MAX_STARTS = 3

#: How long opening a signer may take: Argon2 of 64 MiB, on a busy machine.
OPEN_SECONDS = 60.0

ALIVE_SECONDS = 5.0

UNAVAILABLE = Reason(
    "signer_unavailable",
    "Signing stopped before this document, because the server was restarted or what "
    "signs ended, and the PIN is kept nowhere. Send the documents that are left again, "
    "with the PIN.",
)


@dataclass(eq=False)
class Session:
    """One signer that is open for one job, and the process that has it."""

    office: Office
    caller: Caller
    signer_id: int
    pin: Pin
    name: str
    process: "subprocess.Popen[str] | None" = None

    def start(self) -> None:
        """
        Have a process open the signer.

        Raises:
            Refusal, Fault: what it said instead.
        """
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", MODULE, self.name, str(os.getpid())),
                *(self.caller.tenant.id, str(self.signer_id)),
                self.caller.credential_id,
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._tell(self.pin.reveal())
        said = self._hear()
        if "refusal" in said:
            kind, code, detail, at, seconds = said["refusal"]
            raise Refusal(Kind(kind), code, detail, at=at, retry_after_seconds=seconds)
        if said.get("fault", [""])[0] == "Halted":
            raise Halted
        if "opened" not in said:
            told = said.get("fault", ["", "what signs did not start"])[1]
            raise SignerUnavailable(told, was_tried=False)

    def work(self, job: Job) -> int:
        """Have the process sign a job; return how it ended."""
        return self.tell(job.id)

    def tell(self, what: str) -> int:
        """Have the process do what a line says; return how it ended."""
        self._tell(what)
        assert self.process is not None
        return self.process.wait()

    def end(self) -> None:
        """End the process, if it has not ended."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def _tell(self, line: str) -> None:
        assert self.process is not None
        pipe: IO[str] | None = self.process.stdin
        assert pipe is not None
        with contextlib.suppress(BrokenPipeError):
            pipe.write(line + "\n")
            pipe.flush()

    def _hear(self) -> dict[str, Any]:
        assert self.process is not None
        pipe = self.process.stdout
        assert pipe is not None
        timer = threading.Timer(OPEN_SECONDS, self.process.kill)
        timer.start()
        try:
            line = pipe.readline()
        finally:
            timer.cancel()
        return dict(orjson.loads(line)) if line else {}


class Batches:
    """What is done with many documents at once."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._done = SqlDoneRows(office.database, office.clock)
        self._ledger = SqlLedger(office.database, office.clock)
        self._places = threading.Semaphore(MAX_SIGNING)

    # --- Asked for ---

    def sign(
        self, caller: Caller, names: Sequence[int | str], pin: Pin, order: SigningOrder
    ) -> Job:
        """
        Have documents be signed; return the job that does it, begun.

        Raises:
            Refusal: NOT_FOUND, for a signer that is not the caller's; INVALID, each
                unknown document in `parts`, or the PIN; TOO_OFTEN, also while many
                others sign.
            Halted, SignerUnavailable: nothing was signed.
        """
        self._office.signers.find(caller.tenant.id, order.signer_id)
        ids = self._known(caller, names)
        for name in ids:  # signed by people: what was recorded is signed with it
            self._office.paper_desk.recorder.ensure(name)
        if not self._places.acquire(blocking=False):
            raise Refusal(
                Kind.TOO_OFTEN,
                "signers_busy",
                "Other documents are being signed just now. Try again in a moment.",
                retry_after_seconds=5,
            )
        outcome: list[Job | BaseException] = []
        is_known = threading.Event()

        def run() -> None:
            # The kernel ends the process with the thread that started it: this one.
            try:
                self._run(caller, ids, pin, order, outcome, is_known)
            finally:
                self._places.release()

        threading.Thread(target=run, name="sealing", daemon=True).start()
        is_known.wait()
        (found,) = outcome
        if isinstance(found, BaseException):
            raise found
        return found

    def resend(self, caller: Caller, names: Sequence[int | str]) -> Job:
        """Have signatories of documents be written to again; return the job."""
        ids = self._known(caller, names)
        return self._admit(caller, JobVerb.RESEND, ids, None, "")

    def view(self, tenant_id: str, job_id: str) -> BatchView:
        """
        Return how far a batch is, and what became of each document.

        Raises:
            Refusal: NOT_FOUND.
        """
        progress = self._office.batch_desk.status(tenant_id, job_id, failures=0)
        job = progress.job
        results = [
            BatchResult(
                int(cells[0]),
                {} if outcome is None or isinstance(outcome, Reason) else outcome,
                outcome if isinstance(outcome, Reason) else None,
                is_over=outcome is not None,
            )
            for _, cells, outcome in self._done.results(job)
        ]
        return BatchView(progress, results)

    def is_over(self, job: Job) -> bool:
        """Say whether each document of a batch has its outcome."""
        found = self._office.batch_desk.find(job.tenant_id, job.id)
        return found.state not in (JobState.QUEUED, JobState.PROCESSING)

    # --- Done ---

    def resend_chunk(self, lease: Lease) -> None:
        """Write again to the signatories of a leased chunk's documents."""
        rows = [
            (number, int(orjson.loads(cells)[0]))
            for number, cells in self._office.registry.rows(lease)
        ]
        with self._office.database.writing() as connection:
            changes = SqlChanges(connection, mail_domain(self._office))
            found: dict[int, Resent] = {}
            for _, name in rows:
                if name not in found:
                    document = changes.document(lease.job.tenant_id, name)
                    if document is None:
                        continue
                    found[name] = resend_within(
                        changes,
                        document,
                        self._office.clock(),
                        by=lease.job.profile.asked_by or lease.worker,
                    )
            done, failed = [], []
            for number, name in rows:
                one = found.get(name)
                if one is None:
                    failed.append((number, Reason("document_not_found", "It is gone.")))
                elif one.recipients:
                    done.append((number, {"recipients": one.recipients}))
                else:
                    reason = Reason(one.code or "skipped", one.message or "")
                    failed.append((number, reason))
            self._done.keep(connection, lease, done, failed)

    def give_up_orphans(self) -> None:
        """Fail what is left of jobs whose PIN went with the server that knew it."""
        for tenant_id, job_id in self._done.orphans():
            job = self._office.batch_desk.find(tenant_id, job_id)
            self._abandon(job, "sweeper")

    # --- Step by step ---

    def _known(self, caller: Caller, names: Sequence[int | str]) -> list[int]:
        """Return the ids of documents, each once, or refuse what is unknown."""
        papers = self._office.paper_desk.papers
        found, wrong = [], []
        for place, name in enumerate(names):
            document = papers.document(caller.tenant.id, name)
            if document is None:
                wrong.append(selected(f"document_ids.{place}"))
            else:
                found.append(document.id)
        if wrong:
            raise all_of(wrong)
        return list(dict.fromkeys(found))

    def _admit(
        self,
        caller: Caller,
        verb: JobVerb,
        ids: Sequence[int],
        order: SigningOrder | None,
        keeper: str,
    ) -> Job:
        new = NewJob(
            tenant_id=caller.tenant.id,
            verb=verb,
            dialect=DIALECT,
            profile=Profile(
                columns=(DOCUMENT_ID,),
                rows_digest="",
                images_digest=None,
                expiry_days=DEFAULT_EXPIRY_DAYS,
                price_version=CURRENT_PRICES,
                reference_prefix="",
                asked_by=caller.credential_id,
                signing=order,
            ),
            total=len(ids),
            chunk_rows=CHUNK_DOCUMENTS,
            batch_name=None,
            idempotency_key=None,
            submission_digest="",
        )
        rows = ((number, [str(name)]) for number, name in enumerate(ids, 1))
        with self._office.database.writing() as connection:
            seq, job_id = self._ledger.admit_within(connection, new, rows)
            if keeper:
                self._done.begin_session(connection, seq, keeper)
        return self._office.batch_desk.find(caller.tenant.id, job_id)

    def _run(
        self,
        caller: Caller,
        ids: Sequence[int],
        pin: Pin,
        order: SigningOrder,
        outcome: list[Job | BaseException],
        is_known: threading.Event,
    ) -> None:
        """Open the signer, admit the job, and see that it is signed to its end."""
        name = f"{os.getpid()}-seal-{secrets.token_hex(4)}"
        session = Session(self._office, caller, order.signer_id, pin, name)
        try:
            session.start()
            job = self._admit(caller, JobVerb.SIGN, ids, order, name)
        except BaseException as trouble:
            session.end()
            outcome.append(trouble)
            is_known.set()
            return
        outcome.append(job)
        is_known.set()
        with self._kept_alive(job, name):
            try:
                self._see_through(session, job)
            except Exception as trouble:
                log.error("documents were not signed", job=job.id, trouble=str(trouble))
            finally:
                session.end()
                self._abandon(job, name)

    def _see_through(self, session: Session, job: Job) -> None:
        for attempt in range(MAX_STARTS):
            if attempt:
                session.start()
            if session.work(job) == 0:
                return
            # It was killed, or broke: what it had in hand is free again.
            self._office.queue.lapse(worker=session.name)

    @contextlib.contextmanager
    def _kept_alive(self, job: Job, keeper: str) -> Iterator[None]:
        finished = threading.Event()

        def tell() -> None:
            while not finished.wait(ALIVE_SECONDS):
                with contextlib.suppress(Fault):
                    self._done.stay_alive(job.seq, keeper)

        thread = threading.Thread(target=tell, name="sealing-alive", daemon=True)
        thread.start()
        try:
            yield
        finally:
            finished.set()

    def _abandon(self, job: Job, worker: str) -> None:
        """Fail what nobody will sign any more, and finish the job."""
        queue = SqlQueue(
            self._office.database, self._office.clock, verbs=(JobVerb.SIGN,), only=job
        )
        left = queue.abandon(job, UNAVAILABLE, worker)
        if left:
            log.warning("documents were left unsigned", job=job.id, documents=left)
        queue.settle()
        self._done.end_session(job.seq)
