"""One installation, without its edges: the rooms on a database and a folder."""

import csv
import hashlib
import io
import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import text

from testamur.adapters.files.acts_record import ActsRecord
from testamur.adapters.files.blobs import DirectoryBlobs
from testamur.adapters.sql.admission import SqlLedger
from testamur.adapters.sql.certificates import SqlCertificates
from testamur.adapters.sql.database import Database
from testamur.adapters.sql.fsck import violations
from testamur.adapters.sql.migrate import migrate
from testamur.adapters.sql.queue import SqlQueue
from testamur.adapters.sql.registry import SqlRegistry
from testamur.adapters.sql.results import SqlResults
from testamur.adapters.sql.shelf import SqlShelf
from testamur.adapters.sql.steering import SqlDesk
from testamur.core.clock import Clock, system_clock
from testamur.core.ids import new_id
from testamur.core.policy import CURRENT_PRICES, PLANS
from testamur.core.refusals import Reason
from testamur.core.words import Job, Lease, Profile, Tenant
from testamur.delivery.downloads import Downloads
from testamur.intake.admit import UploadedFile
from testamur.intake.door import Door, Wishes
from testamur.intake.gallery import Gallery
from testamur.intake.pictures import Picture
from testamur.intake.ports import NewJob
from testamur.issuance.issue import facts_of, issue_chunk
from testamur.jobs.desk import JobDesk
from testamur.jobs.runner import work_once

from .issuing import NO_TEMPLATES
from .vouching import Vouching

COLUMNS = (
    "name",
    "description",
    "imageUrl",
    "category",
    "recipientEmail",
    "recipientName",
    "attribute_Course",
)

#: What to do with a row: its picture's address says what fetching it does.
GOOD = "https://pictures.example/good.png"
#: Not there, ever.
MISSING = "https://pictures.example/missing.png"


def row(number: int, **changed: str) -> dict[str, str]:
    """Return a good row, with *changed* cells."""
    plain = {
        "name": f"Harbour pilot {number}",
        "description": "Knows the tides.",
        "imageUrl": GOOD,
        "category": "Course",
        "recipientEmail": f"pilot{number}@example.org",
        "recipientName": f"Ada {number}",
        "attribute_Course": f"Tides {number}",
    }
    return plain | changed


def failing(number: int, **changed: str) -> dict[str, str]:
    """Return a row that fails each time it is tried."""
    return row(number, **{"recipientEmail": "nobody", **changed})


def csv_of(rows: Iterable[Mapping[str, str]]) -> bytes:
    """Write *rows* as a CSV."""
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, COLUMNS)
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


class Stamp:
    """
    Stands for the decoding child: the picture is what was sent.

    Decoding is held to its promises elsewhere, and a child per worker would cost
    half a second in each of hundreds of crashes.
    """

    def normalise(self, data: bytes) -> Picture:
        """Return a picture of these bytes."""
        return Picture(data, "image/png", 64, 64, b"small " + data, "image/png")

    def close(self) -> None:
        """Nothing to end."""


def fetch(url: str) -> bytes | Reason:
    """Return the picture at *url*: its own address, unless it is to be missing."""
    if "missing" in url:
        return Reason("url_status", "There is no picture at this address.")
    return url.encode()


@dataclass(frozen=True)
class Names:
    """What a recipient could have seen of a row's certificate."""

    certificate: str
    reference: str
    voucher: str
    issued_at: int
    expires_at: int


class Workshop:
    """Everything between the edges, joined as `testamur.wiring` joins it."""

    def __init__(
        self,
        url: str,
        folder: Path,
        *,
        clock: Clock = system_clock,
        lease_seconds: int = 30,
        fetch: Callable[[str], bytes | Reason] = fetch,
    ) -> None:
        self.folder = folder
        self.clock = clock
        self.database = Database(url)
        migrate(self.database)
        self.blobs = DirectoryBlobs(folder / "blobs")
        self.ledger = SqlLedger(self.database, clock)
        self.queue = SqlQueue(self.database, clock, lease_seconds=lease_seconds)
        self.record = ActsRecord(folder / "record")
        self.registry = SqlRegistry(self.database, clock, self.record.append)
        self.shelf = SqlShelf(self.database, clock)
        self.desk = SqlDesk(self.database, clock)
        self.owners = JobDesk(self.desk)
        self.certificates = SqlCertificates(self.database)
        self.results = SqlResults(self.database)
        self.downloads = Downloads(
            self.results, self.blobs, facts_of, "https://certificates.example"
        )
        self.vouching = Vouching(self.database, folder, clock)
        self.door = Door(self.ledger, self.blobs, self.vouching.letterhead_of)
        self.gallery = Gallery(self.shelf, self.blobs, lambda: fetch, decoder=Stamp())

    def close(self) -> None:
        """Close the database, and fetch no more."""
        self.gallery.close()
        self.database.close()

    # --- what callers do -----------------------------------------------------

    def tenant(self, slug: str = "harbour") -> Tenant:
        """Return the tenant called *slug*, new or not."""
        with self.database.writing() as connection:
            connection.execute(
                text(
                    "INSERT INTO tenants (id, slug, name, plan, created_at) VALUES "
                    "(:id, :slug, :slug, 'unlimited', :now) "
                    "ON CONFLICT (slug) DO NOTHING"
                ),
                {"id": new_id(), "slug": slug, "now": self.clock()},
            )
            tenant_id = connection.scalar(
                text("SELECT id FROM tenants WHERE slug = :slug"), {"slug": slug}
            )
        assert tenant_id is not None
        return Tenant(tenant_id, slug, slug, PLANS["unlimited"])

    def enter(
        self,
        tenant: Tenant,
        content: bytes,
        *,
        images: bytes | None = None,
        key: str | None = None,
        batch: str | None = None,
    ) -> Job:
        """Submit a CSV, and a ZIP of images, through the door."""
        spool = self.folder / f"spool-{os.urandom(6).hex()}"
        spool.mkdir()
        files = []
        for name, data in (("rows", content), ("images", images)):
            if data is None:
                files.append(None)
                continue
            path = spool / name
            path.write_bytes(data)
            files.append(UploadedFile(path, hashlib.sha256(data).hexdigest()))
        assert files[0] is not None
        return self.door.enter(
            tenant,
            dialect="pocketbook",
            rows_file=files[0],
            images_file=files[1],
            wishes=Wishes(batch_name=batch, idempotency_key=key),
        )

    def admit(
        self,
        tenant: Tenant,
        rows: Sequence[Mapping[str, str]],
        *,
        chunk_rows: int = 4,
        key: str | None = None,
        content: str = "one",
    ) -> Job:
        """Write a job down with chunks of a size that suits the test."""
        digest = hashlib.sha256(content.encode()).hexdigest()
        return self.ledger.admit(
            NewJob(
                tenant_id=tenant.id,
                verb="issue",
                dialect="pocketbook",
                profile=Profile(
                    columns=COLUMNS,
                    rows_digest=digest,
                    images_digest=None,
                    expiry_days=30,
                    price_version=CURRENT_PRICES,
                    reference_prefix="PB-",
                    letterhead=self.vouching.letterhead_of(tenant),
                ),
                total=len(rows),
                chunk_rows=chunk_rows,
                batch_name=None,
                idempotency_key=key,
                submission_digest=digest,
            ),
            (
                (number, [cells.get(column, "") for column in COLUMNS])
                for number, cells in enumerate(rows, 1)
            ),
        )

    # --- what workers do -----------------------------------------------------

    def issue(self, lease: Lease) -> None:
        """Issue the leased chunk."""
        issue_chunk(
            lease,
            registry=self.registry,
            pictures=self.gallery,
            signing=self.vouching.signing,
            looks=NO_TEMPLATES,
        )

    def work_once(self, worker: str = "worker") -> bool:
        """Lease one chunk and issue it; say whether there was one."""
        return work_once(self.queue, {"issue": self.issue}, worker=worker)

    def drain(self, worker: str = "worker") -> None:
        """Work until nothing waits."""
        give_up_at = time.monotonic() + 60
        while self.work_once(worker) or self._rests():
            assert time.monotonic() < give_up_at
        self.settle()

    def settle(self) -> int:
        """Publish what is kept, and finish the jobs that are done; say how many."""
        self.vouching.publish()
        return self.queue.settle()

    def free(self, worker: str | None = None) -> None:
        """Do what `Office.free` does when *worker*, or every worker, is dead."""
        self.queue.lapse(worker=worker, all_of_them=worker is None)
        self.shelf.end_fetches(worker=worker)
        self.settle()

    def restart(self) -> None:
        """Do what `testamur serve` does when it starts: nothing else is needed."""
        self.free()

    def _rests(self) -> bool:
        """Say whether a chunk waits for its pictures, after a moment if so."""
        query = (
            "SELECT 1 FROM chunks c JOIN jobs j ON j.seq = c.job_seq WHERE c.state = "
            "'waiting' AND j.state IN ('queued', 'processing') LIMIT 1"
        )
        with self.database.reading() as connection:
            rests = connection.exec_driver_sql(query).first() is not None
        if rests:
            time.sleep(0.02)
        return rests

    # --- what became of it ---------------------------------------------------

    def job(self, job: Job) -> Job:
        """Return *job* as it is now."""
        return self.owners.find(job.tenant_id, job.id)

    def outcomes(self, job: Job) -> dict[int, str]:
        """Say what became of each row, as its owner reads it in the CSV."""
        content = b"".join(self.downloads.csv(self.job(job)).chunks(0)).decode()
        return {
            int(line["row"]): line["status"]
            for line in csv.DictReader(io.StringIO(content, newline=""))
        }

    def names(self, job: Job) -> dict[int, Names]:
        """Return what recipients could have seen, by row."""
        with self.database.reading() as connection:
            found = connection.execute(
                text(
                    "SELECT c.number, c.id, c.reference, v.id, c.issued_at, "
                    "v.expires_at FROM certificates c JOIN vouchers v "
                    "ON v.job_seq = c.job_seq AND v.number = c.number "
                    "WHERE c.job_seq = :job"
                ),
                {"job": job.seq},
            )
            return {number: Names(*rest) for number, *rest in found}

    def billed(self, job: Job) -> int:
        """Return how many certificates of *job* are billed."""
        return self.number("SELECT sum(quantity) FROM usage WHERE job_seq = :job", job)

    def number(self, query: str, job: Job, **values: int) -> int:
        """Return the one number that *query* gives for *job* and *values*."""
        with self.database.reading() as connection:
            return int(connection.scalar(text(query), {"job": job.seq, **values}) or 0)

    def jobs(self) -> list[Job]:
        """Return every job, oldest first."""
        query = text("SELECT tenant_id, id FROM jobs ORDER BY seq")
        with self.database.reading() as connection:
            found = connection.execute(query).fetchall()
        return [self.owners.find(tenant_id, job_id) for tenant_id, job_id in found]

    def wrong(self) -> list[str]:
        """Return what `testamur fsck` would say; nothing, when all is well."""
        found = list(violations(self.database))
        stored = self.blobs.digests()
        for digest in stored:
            data = self.blobs.path(digest).read_bytes()
            if hashlib.sha256(data).hexdigest() != digest:
                found.append(f"file {digest} is damaged")
        found += [f"{digest} is missing" for digest in self._named() - set(stored)]
        return found

    def _named(self) -> set[str]:
        """Return the files that pictures and uploads must have."""
        named = self.shelf.files()
        # Jobs made by `admit` had no upload.
        made = {hashlib.sha256(b"one").hexdigest(), hashlib.sha256(b"two").hexdigest()}
        return named - made
