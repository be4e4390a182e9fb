"""Certificates made chunk by chunk, by the parts that make them."""

import hashlib
import itertools
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Never

from sqlalchemy import text

from support.clocks import HandClock
from support.vouching import Vouching
from testamur.adapters.sql.admission import SqlLedger
from testamur.adapters.sql.database import Database
from testamur.adapters.sql.queue import SqlQueue
from testamur.adapters.sql.registry import SqlRegistry
from testamur.adapters.sql.shelf import SqlShelf
from testamur.core.ids import new_id
from testamur.core.policy import PLANS
from testamur.core.refusals import Reason
from testamur.core.words import Job, Lease, Profile, StoredPicture, Tenant
from testamur.intake.ports import NewJob, NewPicture
from testamur.issuance.issue import issue_chunk
from testamur.issuance.ports import ToPrint

COLUMNS = (
    "name",
    "description",
    "category",
    "recipientEmail",
    "recipientName",
    "expiryDays",
    "imageUrl",
    "attribute_grade",
    "attribute_Course",
)


def row(**cells: str) -> dict[str, str]:
    """Return a good row, with *cells* changed."""
    plain = {
        "name": "Harbour pilot",
        "description": "Knows the tides.",
        "category": "Course",
        "recipientEmail": "ada@example.org",
        "recipientName": "Ada Lovelace",
        "imageUrl": "picture.png",
    }
    return plain | cells


class NoTemplates:
    """For jobs that have none."""

    def problems(self, profile: Profile, certificates: Sequence[ToPrint]) -> Never:
        """Draw nothing: nobody may ask."""
        raise AssertionError("a job here has a template")


NO_TEMPLATES = NoTemplates()


class OnePicture:
    """Gives every row the same picture, kept as the real gallery keeps it."""

    def __init__(self, shelf: SqlShelf) -> None:
        self._shelf = shelf

    def resolve(
        self, lease: Lease, wanted: Mapping[int, str]
    ) -> Mapping[int, StoredPicture | Reason]:
        """Return the picture for each row number in *wanted*."""
        sources = sorted(set(wanted.values()))
        job = lease.job.seq
        claims = self._shelf.claim(job, sources, round=0, worker=lease.worker)
        made = {source: new_picture(source) for source in claims.ours}
        self._shelf.record(job, made, worker=lease.worker)
        known = self._shelf.claim(job, sources, round=0, worker=lease.worker).known
        return {number: known[source] for number, source in wanted.items()}


def new_picture(source: str) -> NewPicture:
    """Return a picture whose bytes would be those of its name."""
    data = source.encode()
    return NewPicture(
        digest=hashlib.sha256(data).hexdigest(),
        media_type="image/png",
        width=1600,
        height=1130,
        size=len(data),
        crc32=zlib.crc32(data),
        thumbnail_digest=hashlib.sha256(b"small " + data).hexdigest(),
        thumbnail_media_type="image/jpeg",
    )


class IssuingWorld:
    """Tenants and what is issued for them, in *database*."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.clock = HandClock()
        self._ledger = SqlLedger(database, self.clock)
        self._queue = SqlQueue(database, self.clock)
        self._registry = SqlRegistry(database, self.clock)
        self._pictures = OnePicture(SqlShelf(database, self.clock))
        self._folder = TemporaryDirectory()
        self.vouching = Vouching(database, Path(self._folder.name), self.clock)
        self._numbers = itertools.count(1)

    def tenant(self, name: str = "Harbour College") -> str:
        """Return the id of a new tenant."""
        tenant_id = new_id()
        with self.database.writing() as connection:
            connection.execute(
                text(
                    "INSERT INTO tenants (id, slug, name, plan, created_at) "
                    "VALUES (:id, :id, :name, 'standard', :now)"
                ),
                {"id": tenant_id, "name": name, "now": self.clock()},
            )
        return tenant_id

    def issue(
        self,
        tenant_id: str,
        rows: Sequence[Mapping[str, str]],
        *,
        batch: str | None = None,
        chunk_rows: int = 3,
        publish: bool = True,
    ) -> Job:
        """Admit *rows* as one job, issue every chunk of it, and publish the log."""
        submission = hashlib.sha256(str(next(self._numbers)).encode()).hexdigest()
        job = self._ledger.admit(
            NewJob(
                tenant_id=tenant_id,
                verb="issue",
                dialect="pocketbook",
                profile=Profile(
                    columns=COLUMNS,
                    rows_digest=submission,
                    images_digest=submission,
                    expiry_days=30,
                    price_version="2026-11",
                    reference_prefix="PB-",
                    letterhead=self.vouching.letterhead_of(
                        Tenant(
                            tenant_id, tenant_id, "Harbour College", PLANS["standard"]
                        )
                    ),
                ),
                total=len(rows),
                chunk_rows=chunk_rows,
                batch_name=batch,
                idempotency_key=None,
                submission_digest=submission,
            ),
            (
                (number, [cells.get(column, "") for column in COLUMNS])
                for number, cells in enumerate(rows, 1)
            ),
        )
        while lease := self._queue.lease("worker"):
            issue_chunk(
                lease,
                registry=self._registry,
                pictures=self._pictures,
                signing=self.vouching.signing,
                looks=NO_TEMPLATES,
            )
            self.clock.pass_seconds(1)
        if publish:
            self.vouching.publish()
        return job
