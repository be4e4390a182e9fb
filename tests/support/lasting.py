"""Documents that an institution signed, and what makes them last."""

import hashlib
import ipaddress
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from testamur.adapters.files.blobs import DirectoryBlobs
from testamur.adapters.http.fetch import Fetcher
from testamur.adapters.http.timestamps import TimestampAuthority
from testamur.adapters.sql.database import Database
from testamur.adapters.sql.papers import lasting
from testamur.adapters.sql.papers.changes import SqlChanges
from testamur.adapters.sql.papers.store import SqlPapers
from testamur.adapters.sql.uploaded_files import SqlUploadedFiles
from testamur.core.papers import Document, Level, NewDocument, TypeFields
from testamur.core.words import KeptFile
from testamur.documents.files import Documents, make_lasting, seal
from testamur.documents.kinds import Kinds
from testamur.documents.lasting.maker import Maker
from testamur.documents.pades.sign import sign_pdf
from testamur.documents.pades.timestamps import Timestamps
from testamur.documents.pades.wish import SignatureWish
from testamur.documents.ports import Examined

from . import pki
from .access import AccessRoom
from .paperwork import pdf

LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"),)


@dataclass
class Place:
    """Where everything is; it can be handed to another process."""

    database_url: str
    folder: Path
    authority_url: str
    root: bytes

    def open(self) -> Database:
        """Open the database."""
        return Database(self.database_url)

    @property
    def blobs(self) -> DirectoryBlobs:
        """The files."""
        return DirectoryBlobs(self.folder / "blobs")

    @property
    def timestamps(self) -> Timestamps:
        """The authority."""
        return Timestamps(TimestampAuthority(self.authority_url, allow=LOOPBACK))

    def maker(self, database: Database, now: int) -> Maker:
        """Return what makes documents last, at the moment *now*."""
        return Maker(
            lasting.SqlLasting(database, make_lasting),
            self.blobs,
            Fetcher(allow=LOOPBACK, allow_http=True, retries=0).fetch,
            self.timestamps.token,
            (self.root,),
            lambda: now,
            {},
        )


def step(place: Place, now: int) -> None:
    """Make one document last. Runs in a process that a test may kill."""
    database = place.open()
    place.maker(database, now).step()
    database.close()


class House:
    """The room on one database."""

    def __init__(self, place: Place, database: Database, seal: pki.HeldKey) -> None:
        self.place = place
        self.database = database
        self.now = 1_795_000_000_000
        self.papers = SqlPapers(database, "example.org")
        self.tenant = AccessRoom(database).tenant("acme").id
        self._seal = seal

    def signed(self) -> Document:
        """Return a document that was signed a moment ago, and is to last."""
        data = pdf(uuid4().hex)
        file = KeptFile(
            id=str(uuid4()),
            tenant_id=self.tenant,
            digest=self.place.blobs.put(data),
            original_name="a.pdf",
            media_type="application/pdf",
            extension="pdf",
            size=len(data),
            created_at=self.now,
            used_at=None,
            used_for=None,
            expires_at=None,
        )
        SqlUploadedFiles(self.database).put([file])
        clock = lambda: self.now  # noqa: E731
        kind = Kinds(self.papers, clock).create(
            self.tenant, TypeFields(description="Diploma")
        )
        documents = Documents(
            self.papers, self.place.blobs, lambda _: Examined(), clock
        )
        new = NewDocument("Diploma", kind.id, file.id, None, "module_uuid", ())
        made = documents.create(self.tenant, new, by="key")
        self.sign(made)
        return made

    def sign(self, document: Document) -> None:
        """Sign the newest file of a document, to last."""
        version = self.papers.versions(document.id)[-1]
        with self.place.blobs.open(version.digest) as file:
            data = sign_pdf(
                file.read(),
                self._seal,
                SignatureWish(signed_at=self.now, level=Level.B_T),
                timestamp=self.place.timestamps.token,
            )
        digest = self.place.blobs.put(data)
        with self.database.writing() as connection:
            changes = SqlChanges(connection, "example.org")
            known = changes.document(self.tenant, document.id)
            assert known is not None
            seal(
                changes,
                known,
                of=version.digest,
                digest=digest,
                size=len(data),
                level=Level.B_T,
                now=self.now,
            )
            lasting.want(connection, document.id, version.number + 1, self.now)

    def step(self) -> bool | None:
        """Make a document last that is due now."""
        return self.place.maker(self.database, self.now).step()

    def kinds(self, document: Document) -> list[str]:
        """Return what each of its files is."""
        return [str(one.kind) for one in self.papers.versions(document.id)]

    def level(self, document: Document) -> str | None:
        """Return how long its signatures last."""
        found = self.papers.document(self.tenant, document.id)
        assert found is not None
        return found.signature_level

    def newest(self, document: Document) -> bytes:
        """Return its newest file, which is whole."""
        version = self.papers.versions(document.id)[-1]
        with self.place.blobs.open(version.digest) as file:
            data = file.read()
        assert hashlib.sha256(data).hexdigest() == version.digest
        return data

    def waits(self, document: Document) -> tuple[str, int, str | None]:
        """Return how making it last stands: state, attempts, and why not yet."""
        with self.database.reading() as connection:
            row = connection.exec_driver_sql(
                "SELECT state, attempts, last_error FROM lasting "
                f"WHERE document_id = {document.id}"
            ).one()
        return row[0], row[1], row[2]
