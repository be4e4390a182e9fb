"""
The process that signs documents: `python -m testamur.wiring.sealing_child`.

It is told the PIN on its standard input, and nowhere else. It opens the signer, says
so, is told the job, and signs what the job's chunks have until none is left. What it
has signed is true together with its chunk, under the lease's fence: killed at any
point, each document is signed once or not at all.
"""

import hashlib
import os
import sys
import threading
import time
from collections.abc import Sequence
from typing import Any

import orjson
from cryptography.x509 import load_der_x509_certificate
from cryptography.x509.oid import NameOID
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from testamur.adapters.sql.audit import append
from testamur.adapters.sql.done_rows import SqlDoneRows
from testamur.adapters.sql.erased_papers import note_digests
from testamur.adapters.sql.papers import lasting
from testamur.adapters.sql.papers.changes import SqlChanges
from testamur.adapters.sql.queue import SqlQueue
from testamur.config import read_settings
from testamur.core.clock import rfc3339
from testamur.core.failpoints import fp
from testamur.core.lifecycle import JobVerb
from testamur.core.papers import Document, Version
from testamur.core.parent import die_with
from testamur.core.pins import Pin
from testamur.core.refusals import Fault, Reason, Refusal, TimestampUnavailable
from testamur.core.words import Job, Lease, SigningOrder
from testamur.documents.files import seal
from testamur.documents.pades.sign import sign_pdf
from testamur.documents.pades.wish import Level, SignatureWish, VisibleStamp
from testamur.documents.signers.opened import OpenedSigner
from testamur.jobs.runner import work_once
from testamur.rendering.visible_stamp import Stamper

from .logs import configure_logs, log
from .office import Office, open_office
from .posting import mail_domain

MODULE = "testamur.wiring.sealing_child"

#: It yields to the process that answers requests.
NICENESS = 5

#: How long it waits, when issuing is halted or others hold the last chunk.
PAUSE_SECONDS = 0.1

#: After so many failures in a row, the timestamp authority is not asked for a while:
#: documents would each wait for as long as it takes not to answer.
MAX_UNSTAMPED = 3
UNSTAMPED_SECONDS = 15.0

#: A visible stamp: its size, and how far it is from the page's corner, in points.
STAMP_WIDTH, STAMP_HEIGHT, STAMP_MARGIN = 190.0, 48.0, 24.0

ADD_SEAL = text("""
    INSERT INTO document_seals (document_id, version, signer_id, job_seq, number, level,
      sealed_at)
    VALUES (:document, :version, :signer, :job, :number, :level, :now)
""")

IS_SEALED = text("""
    SELECT 1 FROM document_seals WHERE document_id = :document AND signer_id = :signer
""")

ALREADY_SIGNED = Reason(
    "already_signed", "This certificate has signed the document already."
)
GONE = Reason("document_not_found", "The document was deleted meanwhile.")
UNSTAMPED = Reason(
    TimestampUnavailable.CODE,
    "The timestamp authority could not be asked, so the document was not signed. Sign "
    "it again in a while; the operator's log says more.",
)
CHANGED = Reason(
    "document_changed",
    "The document got a new version while it was being signed. Sign it again.",
)


class Sealer:
    """Signs the documents of chunks with an open signer."""

    def __init__(self, office: Office, signer: OpenedSigner, job: Job) -> None:
        self._office = office
        self._signer = signer
        self._job = job
        order = job.profile.signing
        assert order is not None
        self._order: SigningOrder = order
        self._draw = Stamper()
        self._name = common_name(signer.chain[0])
        self._is_to_last = office.settings.signature_level is Level.B_LTA
        # What makes it last comes afterwards.
        self._level = office.settings.signature_level.with_another(Level.B_T)
        self._unstamped = 0
        self._ask_again_at = 0.0
        self._done = SqlDoneRows(office.database, office.clock)

    def sign_chunk(self, lease: Lease) -> None:
        """Sign each document of the leased chunk, once."""
        signed: list[tuple[int, Document, Version, bytes]] = []
        failed: list[tuple[int, Reason]] = []
        for number, cells in self._office.registry.rows(lease):
            (name,) = orjson.loads(cells)
            outcome = self._sign(int(name))
            if isinstance(outcome, Reason):
                failed.append((number, outcome))
            else:
                signed.append((number, *outcome))
        fp("seal.after_signing")
        # The bytes are stored before anything says that they are there.
        digests = [self._office.blobs.put(data) for _, _, _, data in signed]
        fp("seal.after_files")
        try:
            self._keep(lease, signed, digests, failed)
        except IntegrityError:
            # Somebody else gave one of them a version. Look again at all.
            raise Fault("a document was changed meanwhile", passing=True) from None

    def _sign(self, name: int) -> tuple[Document, Version, bytes] | Reason:
        desk = self._office.paper_desk
        document = desk.papers.document(self._job.tenant_id, name)
        if document is None:
            return GONE
        with self._office.database.reading() as connection:
            values = {"document": name, "signer": self._order.signer_id}
            if connection.execute(IS_SEALED, values).first() is not None:
                return ALREADY_SIGNED
        version = desk.papers.versions(name)[-1]
        with self._office.blobs.open(version.digest) as file:
            data = file.read()
        if hashlib.sha256(data).hexdigest() != version.digest:
            raise Fault(f"document {name}: its file is damaged", passing=False)
        try:
            return document, version, self._signed(document, data)
        except Refusal as refusal:
            return Reason(refusal.code, refusal.detail)
        except TimestampUnavailable as trouble:
            log.warning("a document has no timestamp", trouble=str(trouble))
            return UNSTAMPED

    def _signed(self, document: Document, data: bytes) -> bytes:
        return sign_pdf(
            data,
            self._signer,
            SignatureWish(
                signed_at=self._office.clock(),
                reason=self._order.reason,
                location=self._order.location,
                visible=self._stamp(document, data) if self._order.is_visible else None,
                level=self._level,
            ),
            method=self._office.settings.sign_method,
            timestamp=self._token,
            draw=self._draw,
        )

    def _token(self, digest: bytes) -> bytes:
        """Return a timestamp, or refuse at once when there were none lately."""
        ask = self._office.timestamps
        assert ask is not None
        if time.monotonic() < self._ask_again_at:
            raise TimestampUnavailable("it failed lately, and is left alone")
        try:
            token = ask(digest)
        except TimestampUnavailable:
            self._unstamped += 1
            if self._unstamped >= MAX_UNSTAMPED:
                self._ask_again_at = time.monotonic() + UNSTAMPED_SECONDS
            raise
        self._unstamped = 0
        return token

    def _stamp(self, document: Document, data: bytes) -> VisibleStamp:
        """Return a stamp in the lower right corner of the last page."""
        facts = self._office.examiner.examine(data)
        width, _ = facts.page_sizes[-1]
        box_width = min(STAMP_WIDTH, width - 2 * STAMP_MARGIN)
        return VisibleStamp(
            page=facts.pages - 1,
            box=(
                width - STAMP_MARGIN - box_width,
                STAMP_MARGIN,
                box_width,
                STAMP_HEIGHT,
            ),
            lines=(
                "Digitally signed by",
                self._name,
                rfc3339(self._office.clock())[:16].replace("T", " ") + " UTC",
                *([self._order.reason] if self._order.reason else []),
            ),
            url=f"{self._office.public_url}/signed/{document.uuid}",
        )

    def _keep(
        self,
        lease: Lease,
        signed: Sequence[tuple[int, Document, Version, bytes]],
        digests: Sequence[str],
        failed: list[tuple[int, Reason]],
    ) -> None:
        now = self._office.clock()
        done: list[tuple[int, dict[str, Any]]] = []
        with self._office.database.writing() as connection:
            changes = SqlChanges(connection, mail_domain(self._office))
            for (number, document, version, data), digest in zip(
                signed, digests, strict=True
            ):
                known = changes.document(self._job.tenant_id, document.id)
                if known is None:
                    failed.append((number, GONE))
                    continue
                sealed = seal(
                    changes,
                    known,
                    of=version.digest,
                    digest=digest,
                    size=len(data),
                    level=self._level,
                    now=now,
                )
                if sealed is None:
                    # What was signed may name somebody who was erased since.
                    note_digests(connection, [digest])
                    failed.append((number, CHANGED))
                    continue
                values = {
                    "document": document.id,
                    "version": version.number + 1,
                    "signer": self._order.signer_id,
                    "job": self._job.seq,
                    "number": number,
                    "level": str(self._level),
                    "now": now,
                }
                connection.execute(ADD_SEAL, values)
                if self._is_to_last:
                    lasting.want(connection, document.id, version.number + 1, now)
                done.append((number, {"level": str(self._level), "sha256": digest}))
            self._done.keep(connection, lease, done, failed)
            append(
                connection,
                at=now,
                tenant_id=self._job.tenant_id,
                actor=self._job.profile.asked_by or lease.worker,
                act="document.seal",
                subject=str(self._order.signer_id),
                detail={
                    "job": self._job.id,
                    "firstRow": lease.first_row,
                    "lastRow": lease.last_row,
                    "documents": len(done),
                },
            )


def common_name(certificate: bytes) -> str:
    """Return what the subject of a certificate (DER) is called for short."""
    subject = load_der_x509_certificate(certificate).subject
    for kind in (NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME):
        for part in subject.get_attributes_for_oid(kind):
            return str(part.value)
    return subject.rfc4514_string()


def work(office: Office, signer: OpenedSigner, job: Job, name: str) -> None:
    """Sign until the job has no chunk left that anybody works on."""
    queue = SqlQueue(office.database, office.clock, verbs=(JobVerb.SIGN,), only=job)
    sealer = Sealer(office, signer, job)
    stopping = threading.Event()
    while True:
        try:
            if work_once(
                queue,
                {JobVerb.SIGN: sealer.sign_chunk},
                worker=name,
                stopping=stopping,
            ):
                continue
        except Fault as trouble:
            if not trouble.passing:
                raise
            time.sleep(PAUSE_SECONDS)
        if not is_open(office, job):
            return
        time.sleep(PAUSE_SECONDS)


def is_open(office: Office, job: Job) -> bool:
    """Say whether a chunk of the job has no outcome."""
    with office.database.reading() as connection:
        found = connection.execute(
            text(
                "SELECT 1 FROM chunks WHERE job_seq = :job "
                "AND state IN ('waiting', 'leased') LIMIT 1"
            ),
            {"job": job.seq},
        ).first()
    return found is not None


def main() -> None:
    """Be the signer of one job: `NAME PARENT TENANT SIGNER ACTOR`."""
    name, parent, tenant_id, signer_id, actor = sys.argv[1:]
    die_with(int(parent))
    configure_logs()
    os.nice(NICENESS)
    lines = sys.stdin
    pin = Pin(lines.readline().rstrip("\n"))
    office = open_office(read_settings())
    status = 0
    try:
        try:
            signer = office.signers.open(tenant_id, int(signer_id), pin, by=actor)
        except Refusal as refusal:
            say(
                {
                    "refusal": [
                        refusal.kind,
                        refusal.code,
                        refusal.detail,
                        refusal.at,
                        refusal.retry_after_seconds,
                    ]
                }
            )
            return
        except Fault as fault:
            say({"fault": [type(fault).__name__, str(fault)]})
            return
        finally:
            del pin
        with signer:
            say({"opened": True})
            job_id = lines.readline().strip()
            if job_id.startswith("{"):
                from .signed_prints import sign_prints

                order = orjson.loads(job_id)
                issued = office.desk.find(tenant_id, order["prints"])
                sign_prints(office, signer, issued, order["reason"], actor)
            elif job_id:  # else whoever asked has changed their mind
                job = office.batch_desk.find(tenant_id, job_id)
                work(office, signer, job, name)
    except Fault as trouble:
        log.error("not signed", trouble=str(trouble))
        status = 1
    finally:
        office.close()
    # Children of ours, such as what examines, need not be waited for.
    sys.stdout.flush()
    os._exit(status)


def say(line: dict[str, Any]) -> None:
    """Tell the parent something."""
    sys.stdout.write(orjson.dumps(line).decode() + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
