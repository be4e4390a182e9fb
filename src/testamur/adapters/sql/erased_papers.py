"""
What documents say of a signatory who is erased.

That somebody signed stays, with the moment and the hash of what they saw, because the
others signed the same document. Who it was goes, and with it every file that prints
it: signature records, and what was made of them. A record is made again of what the
tables say by then.
"""

from collections.abc import Iterable
from typing import Any

import orjson
from sqlalchemy import Connection, text

SIGNATORY = text("""
    SELECT id, name, address FROM signatories WHERE tenant_id = :tenant AND uuid = :uuid
""")

DOCUMENTS = """
    SELECT id, description, indexers, status, record_digest FROM documents
    WHERE tenant_id = :tenant AND id IN
      (SELECT document_id FROM signature_requests WHERE signatory_id = :signatory)
    ORDER BY id {lock}
"""

# Of what nobody was asked yet, or somebody else refused, they are no signatory more.
DROP_REQUEST = text("""
    DELETE FROM signature_requests
    WHERE document_id = :document AND signatory_id = :signatory
      AND signed_at IS NULL AND refused_at IS NULL AND :status <> 'pending'
""")

# What waits for them will never be signed by all.
REFUSE = text("""
    UPDATE signature_requests SET refused_at = :now, reason = :name
    WHERE document_id = :document AND signatory_id = :signatory
      AND signed_at IS NULL AND refused_at IS NULL
""")

END_DOCUMENT = text("""
    UPDATE documents SET status = 'refused', refused_at = :now, updated_at = :now
    WHERE id = :document
""")

EMPTY_REQUEST = text("""
    UPDATE signature_requests SET name = :name, email = :address,
      typed_name = CASE WHEN typed_name IS NULL THEN NULL ELSE :name END,
      reason = CASE WHEN reason IS NULL THEN NULL ELSE :name END,
      client = NULL, user_agent = NULL
    WHERE document_id = :document AND signatory_id = :signatory
""")

# The first version with the record in it, and whatever was made of that.
_GOES = """
    document_id = :document AND version >=
      (SELECT min(o.version) FROM document_files o
       WHERE o.document_id = :document AND o.kind = 'recorded')
"""
DROP_VERSIONS = text(f"DELETE FROM document_files WHERE {_GOES} RETURNING digest")

#: What names versions.
DROP_NAMES = (
    text(f"DELETE FROM lasting WHERE {_GOES}"),
    text(f"DELETE FROM document_seals WHERE {_GOES}"),
)

PUT_DOCUMENT = text("""
    UPDATE documents SET description = :description, indexers = :indexers,
      record_digest = NULL, institution_signed_at =
        (SELECT max(f.created_at) FROM document_files f
         WHERE f.document_id = documents.id AND f.kind = 'sealed'),
      signature_level = CASE WHEN EXISTS (SELECT 1 FROM document_files f
         WHERE f.document_id = documents.id AND f.kind = 'sealed')
        THEN signature_level END
    WHERE id = :document
""")

DROP_SIGNATORY = text("""
    DELETE FROM signatories WHERE id = :signatory AND NOT EXISTS
      (SELECT 1 FROM signature_requests WHERE signatory_id = :signatory)
""")

EMPTY_SIGNATORY = text("""
    UPDATE signatories SET name = :name, email = :address, address = :address,
      document_number = NULL, updated_at = :now
    WHERE id = :signatory
""")

ADD_FILE = text("""
    INSERT INTO erased_files (digest) VALUES (:digest) ON CONFLICT DO NOTHING
""")


def note_digests(connection: Connection, digests: Iterable[str]) -> None:
    """Have files be removed after the transaction, unless something needs them."""
    values = [{"digest": one} for one in sorted(set(digests))]
    if values:
        connection.execute(ADD_FILE, values)


def erase_signatory(
    connection: Connection,
    tenant_id: str,
    uuid: str,
    *,
    name: str,
    address: str,
    now: int,
    lock: str,
) -> None:
    """Have a signatory be called *name*, and be at *address*, wherever they were."""
    asked = {"tenant": tenant_id, "uuid": uuid}
    found = connection.execute(SIGNATORY, asked).first()
    if found is None:
        return
    values = {
        "tenant": tenant_id,
        "signatory": found.id,
        "name": name,
        "address": address,
        "now": now,
    }
    documents = connection.execute(text(DOCUMENTS.format(lock=lock)), values).all()
    for document in documents:
        _erase_in(connection, document, found, values)
    if connection.execute(DROP_SIGNATORY, values).rowcount == 0:
        connection.execute(EMPTY_SIGNATORY, values)


def _erase_in(
    connection: Connection, document: Any, person: Any, values: dict[str, Any]
) -> None:
    one = {**values, "document": document.id, "status": document.status}
    connection.execute(DROP_REQUEST, one)
    if connection.execute(REFUSE, one).rowcount:
        connection.execute(END_DOCUMENT, one)
    connection.execute(EMPTY_REQUEST, one)
    for statement in DROP_NAMES:
        connection.execute(statement, one)
    digests = list(connection.scalars(DROP_VERSIONS, one))
    if document.record_digest is not None:
        digests.append(document.record_digest)
    note_digests(connection, digests)
    told = [person.name.lower(), person.address]
    name = values["name"]
    indexers = {
        key: name if _tells(value, told) else value
        for key, value in orjson.loads(document.indexers).items()
    }
    said = document.description
    one["description"] = name if _tells(said, told) else said
    one["indexers"] = orjson.dumps(indexers).decode()
    connection.execute(PUT_DOCUMENT, one)


def _tells(said: str, told: Iterable[str]) -> bool:
    return any(one in said.lower() for one in told)
