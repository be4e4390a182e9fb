"""Documents and who signs them, in tables: `documents.ports.Papers`."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError

from testamur.core.lists import Query
from testamur.core.papers import (
    Document,
    DocumentType,
    Listing,
    Signatory,
    SignatureRequest,
    SigningView,
    Version,
)
from testamur.core.refusals import Kind, Refusal
from testamur.core.words import KeptFile

from .. import events, uploaded_files
from ..database import Database
from . import rows
from .changes import SqlChanges
from .lists import DOCUMENTS, KINDS, SIGNATORIES, listing

#: Only those who were asked have a link.
BY_TOKEN = text(
    f"{rows.REQUESTS} WHERE r.token_digest = :value AND r.asked_at IS NOT NULL"
)
BY_ID = text(f"{rows.REQUESTS} WHERE r.id = :value")

WHOLE = text(
    f"SELECT {', '.join(f'd.{name}' for name in rows.DOCUMENT.split(', '))}, "
    "t.name AS tenant_name FROM documents d JOIN tenants t ON t.id = d.tenant_id "
    "WHERE d.id = :id"
)

UNRECORDED = text("""
    SELECT id FROM documents
    WHERE status = 'signed' AND record_digest IS NULL AND id > :after
    ORDER BY id LIMIT :limit
""")

BY_UUID = text("SELECT id FROM documents WHERE uuid = :uuid")

HAS_MODULE = text("SELECT 1 FROM modules WHERE tenant_id = :tenant AND uuid = :uuid")

FILES = text("""
    SELECT digest FROM document_files
    UNION SELECT record_digest FROM documents WHERE record_digest IS NOT NULL
""")


class SqlPapers:
    """The tables of *database*; mails that are asked for have ids in *mail_domain*."""

    def __init__(self, database: Database, mail_domain: str) -> None:
        self._database = database
        self._mail_domain = mail_domain

    @contextmanager
    def changing(self) -> Iterator[SqlChanges]:
        """
        Lend what changes them; an exception undoes it all.

        Raises:
            Refusal: CONFLICT, when two changed the same thing at once and this one
                came last.
        """
        try:
            with self._database.writing() as connection:
                changes = SqlChanges(connection, self._mail_domain)
                yield changes
                for tenant_id, happening, now in changes.happenings:
                    events.put(self._database, connection, tenant_id, [happening], now)
        except IntegrityError as clash:
            raise Refusal(
                Kind.CONFLICT,
                "changed_meanwhile",
                "Something that this needs was changed at the same moment. Look again.",
            ) from clash

    def kind(self, tenant_id: str, type_id: int) -> DocumentType | None:
        """Return a document type of the tenant's."""
        with self._database.reading() as connection:
            return rows.find_kind(connection, tenant_id, type_id)

    def kinds(self, tenant_id: str, query: Query) -> Listing:
        """Return document types of the tenant's."""
        with self._database.reading() as connection:
            return listing(connection, KINDS, tenant_id, query)

    def document(self, tenant_id: str, name: int | str) -> Document | None:
        """Return a document of the tenant's, by its id or UUID."""
        with self._database.reading() as connection:
            return rows.find_document(connection, tenant_id, name)

    def documents(self, tenant_id: str, query: Query) -> Listing:
        """Return documents of the tenant's."""
        with self._database.reading() as connection:
            return listing(connection, DOCUMENTS, tenant_id, query)

    def versions(self, document_id: int) -> Sequence[Version]:
        """Return the files of a document, the oldest first."""
        with self._database.reading() as connection:
            return rows.versions_of(connection, document_id)

    def requests(self, document_id: int) -> Sequence[SignatureRequest]:
        """Return the signature requests of a document, in their order."""
        with self._database.reading() as connection:
            return rows.requests_of(connection, document_id)

    def signatory(self, tenant_id: str, name: int | str) -> Signatory | None:
        """Return a signatory of the tenant's, by their id or UUID."""
        with self._database.reading() as connection:
            return rows.find_signatory(connection, tenant_id, name)

    def signatories(self, tenant_id: str, query: Query) -> Listing:
        """Return signatories of the tenant's."""
        with self._database.reading() as connection:
            return listing(connection, SIGNATORIES, tenant_id, query)

    def shown(self, token_digest: bytes, now: int) -> SigningView | None:
        """Return what a token opens; None when it opens nothing."""
        with self._database.reading() as connection:
            return _view(connection, BY_TOKEN, token_digest, now)

    def asked(self, request_id: int, now: int) -> SigningView | None:
        """The same, by the request's id."""
        with self._database.reading() as connection:
            return _view(connection, BY_ID, request_id, now)

    def unrecorded(self, after: int, limit: int) -> Sequence[int]:
        """Return the ids of signed documents that have no signature record yet."""
        values = {"after": after, "limit": limit}
        with self._database.reading() as connection:
            return list(connection.scalars(UNRECORDED, values))

    def whole(self, document_id: int) -> tuple[Document, str] | None:
        """Return a document, whoever's it is, and what its tenant is called."""
        with self._database.reading() as connection:
            return _whole(connection, document_id)

    def by_uuid(self, uuid: str) -> tuple[Document, str] | None:
        """The same, by its UUID."""
        with self._database.reading() as connection:
            found = connection.scalar(BY_UUID, {"uuid": uuid})
            return None if found is None else _whole(connection, found)

    def file(self, tenant_id: str, file_uuid: str) -> KeptFile | None:
        """Return an uploaded file of the tenant's."""
        with self._database.reading() as connection:
            return uploaded_files.find(connection, tenant_id, file_uuid)

    def has_module(self, tenant_id: str, module_uuid: str) -> bool:
        """Say whether a module of the tenant's has this UUID."""
        values = {"tenant": tenant_id, "uuid": module_uuid}
        with self._database.reading() as connection:
            return connection.scalar(HAS_MODULE, values) is not None

    def files(self) -> set[str]:
        """Return the digest of every file that a document has."""
        with self._database.reading() as connection:
            return set(connection.scalars(FILES))


def _whole(connection: Connection, document_id: int) -> tuple[Document, str] | None:
    row = connection.execute(WHOLE, {"id": document_id}).first()
    if row is None:
        return None
    values = dict(row._mapping)
    tenant_name = values.pop("tenant_name")
    return rows.document(_Row(values)), tenant_name


def _view(
    connection: Connection, query: Any, value: bytes | int, now: int
) -> SigningView | None:
    row = connection.execute(query, {"value": value}).first()
    if row is None:
        return None
    request = rows.request(row)
    found = _whole(connection, request.document_id)
    assert found is not None
    document, tenant_name = found
    version = rows.versions_of(connection, document.id)[-1]
    return SigningView(request, document, tenant_name, version, now)


class _Row:
    """Values as a row has them."""

    def __init__(self, values: dict[str, Any]) -> None:
        self._mapping = values

    def __getattr__(self, name: str) -> Any:
        return self._mapping[name]
