"""How rows of these tables are asked for, and what they are."""

from collections.abc import Sequence
from typing import Any

import orjson
from sqlalchemy import Connection, text

from testamur.core.papers import (
    Document,
    DocumentStatus,
    DocumentType,
    FileKind,
    Indexer,
    Level,
    Rule,
    Signatory,
    SignatureRequest,
    Version,
)

KIND = (
    "id, tenant_id, description, signed_by_third, multiples_third_signers, indexers, "
    "created_at, updated_at"
)

DOCUMENT = (
    "id, uuid, tenant_id, document_type_id, description, module_uuid, file_uuid, "
    "indexers, status, in_order, sent_at, signed_at, refused_at, "
    "institution_signed_at, signature_level, record_digest, created_at, updated_at"
)

SIGNATORY = "id, uuid, tenant_id, name, email, document_number, created_at, updated_at"

#: Whoever has not answered is called as they are called now.
REQUESTS = """
    SELECT r.id, r.uuid, r.document_id, r.signatory_id, r.place, r.created_at,
      r.asked_at, coalesce(o.sent_at, r.mailed_at) AS sent_at, r.expires_at,
      r.viewed_at, r.signed_at, r.refused_at, r.reason,
      coalesce(r.name, s.name) AS name, coalesce(r.email, s.email) AS email,
      r.typed_name, r.client, r.user_agent, r.seen_digest
    FROM signature_requests r JOIN signatories s ON s.id = r.signatory_id
      LEFT JOIN outbox o ON o.id = r.mail_id
"""

OF_DOCUMENT = text(f"{REQUESTS} WHERE r.document_id = :document ORDER BY r.place, r.id")

VERSIONS = text("""
    SELECT version AS number, kind, digest, size, created_at FROM document_files
    WHERE document_id = :document ORDER BY version
""")

FIND_KIND = text(
    f"SELECT {KIND} FROM document_types WHERE tenant_id = :tenant AND id = :id"
)


def named(name: int | str) -> str:
    """Return the column that *name* is looked for in: an id, or a UUID."""
    return "id" if isinstance(name, int) else "uuid"


def find_document(
    connection: Connection, tenant_id: str, name: int | str, *, lock: str = ""
) -> Document | None:
    """Return a document of the tenant's, by its id or UUID."""
    query = text(
        f"SELECT {DOCUMENT} FROM documents WHERE tenant_id = :tenant "
        f"AND {named(name)} = :name {lock}"
    )
    row = connection.execute(query, {"tenant": tenant_id, "name": name}).first()
    return None if row is None else document(row)


def find_kind(
    connection: Connection, tenant_id: str, type_id: int
) -> DocumentType | None:
    """Return a document type of the tenant's."""
    row = connection.execute(FIND_KIND, {"tenant": tenant_id, "id": type_id}).first()
    return None if row is None else kind(row)


def find_signatory(
    connection: Connection, tenant_id: str, name: int | str
) -> Signatory | None:
    """Return a signatory of the tenant's, by their id or UUID."""
    query = text(
        f"SELECT {SIGNATORY} FROM signatories WHERE tenant_id = :tenant "
        f"AND {named(name)} = :name"
    )
    row = connection.execute(query, {"tenant": tenant_id, "name": name}).first()
    return None if row is None else signatory(row)


def requests_of(connection: Connection, document_id: int) -> Sequence[SignatureRequest]:
    """Return the signature requests of a document, in their order."""
    rows = connection.execute(OF_DOCUMENT, {"document": document_id})
    return [request(row) for row in rows]


def versions_of(connection: Connection, document_id: int) -> Sequence[Version]:
    """Return the files of a document, the oldest first."""
    rows = connection.execute(VERSIONS, {"document": document_id})
    return [Version(**{**row._mapping, "kind": FileKind(row.kind)}) for row in rows]


def kind(row: Any) -> DocumentType:
    """Return the document type in *row*."""
    values = dict(row._mapping)
    values |= {
        "signed_by_third": bool(row.signed_by_third),
        "multiples_third_signers": bool(row.multiples_third_signers),
        "indexers": tuple(
            Indexer(name, Rule(rule)) for name, rule in orjson.loads(row.indexers)
        ),
    }
    return DocumentType(**values)


def kind_values(one: DocumentType) -> dict[str, Any]:
    """Return what its row holds."""
    return {
        "id": one.id,
        "tenant_id": one.tenant_id,
        "description": one.description,
        "signed_by_third": one.signed_by_third,
        "multiples_third_signers": one.multiples_third_signers,
        "indexers": orjson.dumps(
            [[indexer.name, indexer.rule.value] for indexer in one.indexers]
        ).decode(),
        "created_at": one.created_at,
        "updated_at": one.updated_at,
    }


def document(row: Any) -> Document:
    """Return the document in *row*."""
    values = dict(row._mapping)
    values |= {
        "indexers": orjson.loads(row.indexers),
        "status": DocumentStatus(row.status),
        "in_order": bool(row.in_order),
        "signature_level": row.signature_level and Level(row.signature_level),
    }
    return Document(**values)


def document_values(one: Document) -> dict[str, Any]:
    """Return what its row holds."""
    values = {name: getattr(one, name) for name in DOCUMENT.split(", ")}
    values |= {
        "indexers": orjson.dumps(dict(one.indexers)).decode(),
        "status": one.status.value,
        "signature_level": one.signature_level and one.signature_level.value,
    }
    return values


def signatory(row: Any) -> Signatory:
    """Return the signatory in *row*."""
    return Signatory(**row._mapping)


def request(row: Any) -> SignatureRequest:
    """Return the signature request in *row*."""
    return SignatureRequest(**row._mapping)
