"""Documents and signatures, put together: the verbs, the mails, and the records."""

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any, BinaryIO

from testamur.adapters.sql.papers.store import SqlPapers
from testamur.core.lists import Query
from testamur.core.papers import (
    Answer,
    Document,
    DocumentFields,
    DocumentStatus,
    DocumentType,
    Invited,
    Listing,
    NewDocument,
    SignatureRequest,
    SigningView,
    Version,
)
from testamur.core.refusals import Fault, Kind, Reason, Refusal
from testamur.core.words import Caller
from testamur.delivery.letter import Letter
from testamur.delivery.ports import Leased
from testamur.documents import links
from testamur.documents.files import Documents
from testamur.documents.invitation import LANGUAGE, invitation
from testamur.documents.kinds import Kinds
from testamur.documents.people import People
from testamur.documents.ports import Examined, Recorded
from testamur.documents.recording import Recorder
from testamur.documents.requests import Requests
from testamur.documents.signing import Signing
from testamur.rendering.record.recording import Recording

from .logs import log
from .office import Office
from .posting import Writers, mail_domain

#: How often is looked for documents whose record is missing.
LOOK_SECONDS = 5.0
STOP_SECONDS = 2.0


@dataclass(frozen=True)
class PaperDesk:
    """Everything about documents that one process needs."""

    office: Office

    @cached_property
    def papers(self) -> SqlPapers:
        """The tables."""
        return SqlPapers(self.office.database, mail_domain(self.office))

    @cached_property
    def kinds(self) -> Kinds:
        """Document types."""
        return Kinds(self.papers, self.office.clock)

    @cached_property
    def people(self) -> People:
        """Signatories."""
        return People(self.papers, self.office.clock)

    @cached_property
    def documents(self) -> Documents:
        """Documents."""
        return Documents(
            self.papers, self.office.blobs, self.examine, self.office.clock
        )

    def examine(self, data: bytes) -> Examined | Reason:
        """
        Return what a PDF is, or why it may not be signed.

        Raises:
            Refusal: TOO_OFTEN, when too many wait already.
            Fault: passing, when it cannot be looked at at present.
        """
        try:
            facts = self.office.examiner.examine(data)
        except Refusal as wrong:
            if wrong.kind is not Kind.INVALID:
                raise
            return Reason(wrong.code, wrong.detail)
        return Examined(signatures=facts.signatures, pages=facts.pages)

    @cached_property
    def requests(self) -> Requests:
        """Signature requests."""
        return Requests(self.papers, lambda: self.link_key, self.office.clock)

    @cached_property
    def signing(self) -> Signing:
        """What a signatory does."""
        return Signing(self.papers, self.office.clock)

    @cached_property
    def recorder(self) -> Recorder:
        """What makes signature records."""
        recording = Recording(self.office.settings.fonts)

        def record(said: Mapping[str, Any], document: bytes) -> Recorded:
            return Recorded(*recording.record(said, document))

        return Recorder(
            self.papers,
            self.office.blobs,
            record,
            lambda uuid: f"{self.office.public_url}/signed/{uuid}",
            self.office.clock,
        )

    @cached_property
    def link_key(self) -> bytes:
        """What the links of signatories follow from."""
        return self.office.secret.derive(links.PURPOSE)

    @cached_property
    def wake(self) -> threading.Event:
        """Set when a document was signed."""
        return threading.Event()

    def letter(self, one: Leased) -> Letter | None:
        """Return what a signatory is written; None, if they need not sign any more."""
        view = self.papers.asked(int(one.message["request"]), self.office.clock())
        if view is None or not view.can_answer:
            return None
        token = links.token_of(self.link_key, view.request.uuid)
        said = invitation(view, f"{self.office.public_url}/sign/{token}")
        return Letter(
            from_name=said.from_name,
            to_name=said.to_name,
            subject=said.subject,
            heading=said.heading,
            lines=said.lines,
            link=said.link,
            closing=said.closing,
            language=LANGUAGE,
        )

    @property
    def writers(self) -> Writers:
        """What writes out the mails that documents need."""
        return {"signature_request": self.letter}


@dataclass(frozen=True)
class SiteDocuments:
    """`web.routes.dokstamp.documents.DocumentVerbs` by this room."""

    desk: PaperDesk

    def list(self, tenant_id: str, query: Query) -> Listing:
        """Return documents of the tenant's."""
        return self.desk.documents.list(tenant_id, query)

    def find(self, tenant_id: str, name: int | str) -> Document:
        """Return one, or refuse."""
        return self.desk.documents.find(tenant_id, name)

    def kind_of(self, document: Document) -> DocumentType:
        """Return its type."""
        return self.desk.kinds.find(document.tenant_id, document.document_type_id)

    def versions(self, document: Document) -> Sequence[Version]:
        """Return its files, the oldest first."""
        return self.desk.documents.versions(document)

    def requests(self, document: Document) -> Sequence[SignatureRequest]:
        """Return its signature requests, in their order."""
        return self.desk.documents.requests(document)

    def create(self, by: Caller, new: NewDocument) -> Document:
        """Keep a new document, or refuse."""
        return self.desk.documents.create(by.tenant.id, new, by=by.credential_id)

    def change(
        self, tenant_id: str, name: int | str, fields: DocumentFields
    ) -> Document:
        """Keep what is said of one, or refuse."""
        return self.desk.documents.change(tenant_id, name, fields)

    def remove(self, by: Caller, names: Sequence[int | str], at: str | None) -> None:
        """Remove documents, all or none; *at* is the field that names them."""
        self.desk.documents.remove(by.tenant.id, names, by=by.credential_id, at=at)

    def newest(self, document: Document) -> tuple[Version, BinaryIO]:
        """Return the newest file of a document, the record made first if need be."""
        self.desk.recorder.ensure(document.id)
        version = self.desk.documents.versions(document)[-1]
        return version, self.desk.documents.open(version.digest)

    def record(self, document: Document) -> BinaryIO:
        """
        Return the signature record of a document.

        Raises:
            Refusal: NOT_FOUND, before everybody has signed.
        """
        if document.status is DocumentStatus.SIGNED:
            self.desk.recorder.ensure(document.id)
            document = self.find(document.tenant_id, document.id)
        if document.record_digest is None:
            raise Refusal(
                Kind.NOT_FOUND,
                "no_record",
                "There is no signature record before everybody has signed.",
            )
        return self.desk.documents.open(document.record_digest)

    def link(
        self,
        tenant_id: str,
        name: int | str,
        invited: Sequence[Invited],
        in_order: bool | None,
    ) -> Sequence[SignatureRequest]:
        """Have signatories be asked to sign a document, or refuse."""
        return self.desk.requests.link(tenant_id, name, invited, in_order=in_order)

    def unlink(self, tenant_id: str, name: int | str, signatory: int | str) -> None:
        """Have a signatory not be asked any more, or refuse."""
        self.desk.requests.unlink(tenant_id, name, signatory)

    def send(self, by: Caller, name: int | str) -> Sequence[SignatureRequest]:
        """Ask everybody whose turn it is and who was not asked yet, or refuse."""
        return self.desk.requests.send(by.tenant.id, name, by=by.credential_id)

    def now(self) -> int:
        """Return the present moment."""
        return self.desk.office.clock()


@dataclass(frozen=True)
class SiteSigning:
    """`web.routes.signing.SigningVerbs` by this room."""

    desk: PaperDesk

    def look(self, token: str) -> SigningView | None:
        """Return what *token* opens; None when it opens nothing."""
        return self.desk.signing.look(token)

    def open(self, token: str) -> SigningView | None:
        """As `look`, and keep when they first did."""
        return self.desk.signing.open(token)

    def answer(self, token: str, answer: Answer) -> SigningView | None:
        """Keep what the signatory decided; return how it stands then, or refuse."""
        view = self.desk.signing.answer(token, answer)
        if view and view.document.status is DocumentStatus.SIGNED:
            self.desk.wake.set()
        return view

    def file(self, view: SigningView) -> BinaryIO:
        """Open the file that is shown."""
        return self.desk.documents.open(view.version.digest)

    def check(
        self, uuid: str
    ) -> tuple[Document, str, Sequence[Version], Sequence[SignatureRequest]] | None:
        """Return a document, whose it is, its files and its signature requests."""
        papers = self.desk.papers
        found = papers.by_uuid(uuid)
        if found is None:
            return None
        document, tenant_name = found
        versions, requests = papers.versions(document.id), papers.requests(document.id)
        return document, tenant_name, versions, requests


@contextmanager
def recording(desk: PaperDesk) -> Iterator[None]:
    """Make missing signature records in a thread, for as long as the block runs."""
    stopping = threading.Event()

    def work() -> None:
        while not stopping.is_set():
            try:
                for trouble in desk.recorder.catch_up():
                    log.warning("a signature record waits", trouble=str(trouble))
            except Fault as trouble:
                log.warning("signature records wait", trouble=str(trouble))
            except Exception:
                log.exception("signature records wait")
            desk.wake.wait(LOOK_SECONDS)
            desk.wake.clear()

    thread = threading.Thread(target=work, name="signature-records", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        desk.wake.set()
        thread.join(STOP_SECONDS)
