"""Changes to documents and what belongs to them, in one transaction."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, text

from testamur.core.events import EventType, Happening
from testamur.core.papers import (
    Document,
    DocumentStatus,
    DocumentType,
    FileKind,
    Signatory,
    SignatureRequest,
    Version,
)

from .. import audit, outbox, uploaded_files
from . import rows


def _insert(table: str, columns: str) -> str:
    names = [name for name in columns.split(", ") if name != "id"]
    marks = ", ".join(f":{name}" for name in names)
    return f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks})"


ADD_KIND = text(_insert("document_types", rows.KIND) + " RETURNING id")
CHANGE_KIND = text("""
    UPDATE document_types SET description = :description,
      signed_by_third = :signed_by_third,
      multiples_third_signers = :multiples_third_signers, indexers = :indexers,
      updated_at = :updated_at
    WHERE id = :id
""")
REMOVE_KIND = text("""
    DELETE FROM document_types WHERE id = :id
      AND NOT EXISTS (SELECT 1 FROM documents WHERE document_type_id = :id)
""")

ADD_DOCUMENT = text(_insert("documents", rows.DOCUMENT) + " RETURNING id")
CHANGE_DOCUMENT = text("""
    UPDATE documents SET description = :description, indexers = :indexers,
      status = :status, in_order = :in_order, sent_at = :sent_at,
      signed_at = :signed_at, refused_at = :refused_at,
      institution_signed_at = :institution_signed_at,
      signature_level = :signature_level, record_digest = :record_digest,
      updated_at = :updated_at
    WHERE id = :id
""")
ADD_VERSION = text("""
    INSERT INTO document_files (document_id, version, kind, digest, size, created_at)
    VALUES (:document, :number, :kind, :digest, :size, :now)
""")

ADD_SIGNATORY = text(
    _insert("signatories", rows.SIGNATORY + ", address")
    + " ON CONFLICT (tenant_id, address) DO NOTHING RETURNING id"
)
CHANGE_SIGNATORY = text("""
    UPDATE signatories SET name = :name, email = :email, address = :address,
      document_number = :document_number, updated_at = :updated_at
    WHERE id = :id AND NOT EXISTS (SELECT 1 FROM signatories other
      WHERE other.tenant_id = :tenant_id AND other.address = :address
        AND other.id <> :id)
""")
REMOVE_SIGNATORY = text("""
    DELETE FROM signatories WHERE id = :id
      AND NOT EXISTS (SELECT 1 FROM signature_requests WHERE signatory_id = :id)
""")
SIGNATORY_AT = text(
    f"SELECT {rows.SIGNATORY} FROM signatories "
    "WHERE tenant_id = :tenant AND address = :address"
)

ADD_REQUEST = text("""
    INSERT INTO signature_requests (uuid, document_id, signatory_id, place,
      token_digest, created_at)
    VALUES (:uuid, :document, :signatory, :place, :digest, :now) RETURNING id
""")
REMOVE_REQUEST = text("DELETE FROM signature_requests WHERE id = :id")
ASK = text("""
    UPDATE signature_requests SET asked_at = :now, expires_at = :expires_at,
      mailed_at = coalesce(
        (SELECT sent_at FROM outbox WHERE outbox.id = mail_id), mailed_at),
      mail_id = :mail
    WHERE id = :id
""")
VIEW = text("""
    UPDATE signature_requests SET viewed_at = :now WHERE id = :id AND viewed_at IS NULL
""")
SETTLE = text("""
    UPDATE signature_requests SET viewed_at = coalesce(viewed_at, :viewed_at),
      signed_at = :signed_at, refused_at = :refused_at, reason = :reason, name = :name,
      email = :email, typed_name = :typed_name, client = :client,
      user_agent = :user_agent, seen_digest = :seen_digest
    WHERE id = :id AND signed_at IS NULL AND refused_at IS NULL
""")

#: In this order: each names what follows it.
REMOVE_DOCUMENT = (
    text("DELETE FROM signature_requests WHERE document_id = :id"),
    text("DELETE FROM lasting WHERE document_id = :id"),
    text("DELETE FROM document_seals WHERE document_id = :id"),
    text("DELETE FROM document_files WHERE document_id = :id"),
    text("DELETE FROM documents WHERE id = :id"),
)


#: Events of what the audit log tells.
TOLD = {
    "signature.send": EventType.SIGNATURE_REQUESTED,
    "signature.resend": EventType.SIGNATURE_REQUESTED,
    "document.sign": EventType.SIGNATURE_COMPLETED,
    "document.refuse": EventType.SIGNATURE_DECLINED,
}

#: What of it is told: an id and a count, and nobody's name.
SPELLED = {"request": "signatureRequestId", "recipients": "recipientCount"}

STATUS = text("SELECT status FROM documents WHERE uuid = :uuid")


class SqlChanges:
    """`documents.ports.Changes` over *connection*; mails have ids in *mail_domain*."""

    def __init__(self, connection: Connection, mail_domain: str) -> None:
        self._connection = connection
        #: Whose it is, what was done, and when: told of once it is true.
        self.happenings: list[tuple[str, Happening, int]] = []
        self._mail_domain = mail_domain
        self._lock = "" if connection.dialect.name == "sqlite" else "FOR UPDATE"

    def document(self, tenant_id: str, name: int | str) -> Document | None:
        """Return a document of the tenant's; nobody else changes it from here on."""
        return rows.find_document(self._connection, tenant_id, name, lock=self._lock)

    def requests(self, document_id: int) -> Sequence[SignatureRequest]:
        """Return the signature requests of a document, in their order."""
        return rows.requests_of(self._connection, document_id)

    def versions(self, document_id: int) -> Sequence[Version]:
        """Return the files of a document, the oldest first."""
        return rows.versions_of(self._connection, document_id)

    def kind(self, tenant_id: str, type_id: int) -> DocumentType | None:
        """Return a document type of the tenant's."""
        return rows.find_kind(self._connection, tenant_id, type_id)

    def add_kind(self, kind: DocumentType) -> int:
        """Keep a new document type; return its id."""
        return self._added(ADD_KIND, rows.kind_values(kind))

    def change_kind(self, kind: DocumentType) -> None:
        """Keep what a document type is now."""
        self._connection.execute(CHANGE_KIND, rows.kind_values(kind))

    def remove_kind(self, type_id: int) -> bool:
        """Remove a document type; False when documents have it."""
        return self._connection.execute(REMOVE_KIND, {"id": type_id}).rowcount == 1

    def use_file(self, document: Document, now: int) -> bool:
        """Spend the document's uploaded file on it; False when it is spent."""
        return uploaded_files.use(
            self._connection,
            document.tenant_id,
            document.file_uuid,
            f"document {document.uuid}",
            now=now,
        )

    def add_document(self, document: Document) -> int:
        """Keep a new document; return its id."""
        return self._added(ADD_DOCUMENT, rows.document_values(document))

    def change_document(self, document: Document) -> None:
        """Keep what a document is now."""
        self._connection.execute(CHANGE_DOCUMENT, rows.document_values(document))

    def remove_document(self, document_id: int) -> None:
        """Remove a document with all that belongs to it but its uploaded file."""
        for statement in REMOVE_DOCUMENT:
            self._connection.execute(statement, {"id": document_id})

    def add_version(
        self, document_id: int, kind: FileKind, digest: str, size: int, now: int
    ) -> Version:
        """Give a document its next version."""
        known = self.versions(document_id)
        number = known[-1].number + 1 if known else 1
        values = {
            "document": document_id,
            "number": number,
            "kind": kind.value,
            "digest": digest,
            "size": size,
            "now": now,
        }
        self._connection.execute(ADD_VERSION, values)
        return Version(number, kind, digest, size, now)

    def signatory(self, tenant_id: str, name: int | str) -> Signatory | None:
        """Return a signatory of the tenant's, by their id or UUID."""
        return rows.find_signatory(self._connection, tenant_id, name)

    def signatory_at(self, tenant_id: str, address: str) -> Signatory | None:
        """Return the tenant's signatory with this address, as it is compared."""
        values = {"tenant": tenant_id, "address": address}
        row = self._connection.execute(SIGNATORY_AT, values).first()
        return None if row is None else rows.signatory(row)

    def add_signatory(self, signatory: Signatory, address: str) -> int | None:
        """Keep a new signatory and return their id; None: the address is taken."""
        values = _signatory_values(signatory, address)
        found = self._connection.execute(ADD_SIGNATORY, values).scalar()
        return None if found is None else int(found)

    def change_signatory(self, signatory: Signatory, address: str) -> bool:
        """Keep what a signatory is now; False: the address is taken."""
        values = _signatory_values(signatory, address)
        return self._connection.execute(CHANGE_SIGNATORY, values).rowcount == 1

    def remove_signatory(self, signatory_id: int) -> bool:
        """Remove a signatory; False when a document has them."""
        values = {"id": signatory_id}
        return self._connection.execute(REMOVE_SIGNATORY, values).rowcount == 1

    def add_request(self, request: SignatureRequest, token_digest: bytes) -> int:
        """Keep a new signature request; return its id."""
        values = {
            "uuid": request.uuid,
            "document": request.document_id,
            "signatory": request.signatory_id,
            "place": request.place,
            "digest": token_digest,
            "now": request.created_at,
        }
        return self._added(ADD_REQUEST, values)

    def remove_request(self, request_id: int) -> None:
        """Remove a signature request."""
        self._connection.execute(REMOVE_REQUEST, {"id": request_id})

    def ask(
        self, tenant_id: str, request: SignatureRequest, expires_at: int, now: int
    ) -> None:
        """Write to the signatory of *request*, once all of this is true."""
        mail = outbox.put(
            self._connection,
            tenant_id=tenant_id,
            recipient=request.email,
            message={"about": "signature_request", "request": request.id},
            domain=self._mail_domain,
            now=now,
        )
        values = {"id": request.id, "expires_at": expires_at, "mail": mail, "now": now}
        self._connection.execute(ASK, values)

    def view(self, request_id: int, now: int) -> None:
        """Keep when a signatory first saw the document."""
        self._connection.execute(VIEW, {"id": request_id, "now": now})

    def settle(self, request: SignatureRequest) -> bool:
        """Keep what a signatory answered; False: they had answered already."""
        values = {
            name: getattr(request, name)
            for name in (
                *("id", "viewed_at", "signed_at", "refused_at", "reason", "name"),
                *("email", "typed_name", "client", "user_agent", "seen_digest"),
            )
        }
        return self._connection.execute(SETTLE, values).rowcount == 1

    def note(
        self,
        tenant_id: str,
        actor: str,
        act: str,
        subject: str,
        detail: Mapping[str, object],
        now: int,
    ) -> None:
        """Have the audit log tell of it. The last thing that is done."""
        audit.append(
            self._connection,
            at=now,
            tenant_id=tenant_id,
            actor=actor,
            act=act,
            subject=subject,
            detail=detail,
        )
        for type_ in self._types(act, subject):
            data = {"documentId": subject} | {
                told: detail[name] for name, told in SPELLED.items() if name in detail
            }
            self.happenings.append((tenant_id, Happening(type_, subject, data), now))

    def _types(self, act: str, uuid: str) -> Sequence[EventType]:
        types = [TOLD[act]] if act in TOLD else []
        if act == "document.sign" and self._connection.scalar(
            STATUS, {"uuid": uuid}
        ) == str(DocumentStatus.SIGNED):
            types.append(EventType.DOCUMENT_COMPLETED)
        return types

    def _added(self, statement: Any, values: dict[str, Any]) -> int:
        return int(self._connection.execute(statement, values).scalar_one())


def _signatory_values(signatory: Signatory, address: str) -> dict[str, Any]:
    values = {name: getattr(signatory, name) for name in rows.SIGNATORY.split(", ")}
    return {**values, "address": address}
