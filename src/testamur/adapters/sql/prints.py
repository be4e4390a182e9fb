"""Certificates' files that were made of templates, as `wiring.printing` keeps them."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from sqlalchemy import text

from .database import Database
from .publication import is_published

# Erased while it was made: then nothing is kept.
ADD = text("""
    INSERT INTO prints
      (job_seq, number, format, prefix_digest, tail, size, crc32, digest)
    SELECT c.job_seq, c.number, :format, :prefix_digest, :tail, :size, :crc32, :digest
    FROM certificates c WHERE c.id = :id AND NOT EXISTS (SELECT 1 FROM erasures e
      WHERE e.job_seq = c.job_seq AND e.number = c.number)
    ON CONFLICT (job_seq, number, format) DO NOTHING
""")

FIND = text("""
    SELECT p.prefix_digest, p.tail, p.size, p.crc32, p.digest FROM certificates c
    JOIN prints p ON p.job_seq = c.job_seq AND p.number = c.number
    WHERE c.id = :id AND p.format = :format
""")

OF_ROWS = text("""
    SELECT number, prefix_digest, tail, size, crc32, digest FROM prints
    WHERE job_seq = :job AND number BETWEEN :first AND :last AND format = :format
    ORDER BY number
""")

ALL = text("""
    SELECT c.id, p.prefix_digest, p.tail, p.size, p.crc32, p.digest FROM prints p
    JOIN certificates c ON c.job_seq = p.job_seq AND c.number = p.number
    ORDER BY p.job_seq, p.number
""")

_OPEN = f"""
    FROM certificates c WHERE c.job_seq = :job AND {is_published("c.chunk_id")}
      AND c.die_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM prints p
        WHERE p.job_seq = c.job_seq AND p.number = c.number AND p.format = :format)
"""

MISSING = text(
    f"SELECT c.id, c.number {_OPEN} AND c.number > :after AND c.number <= :last "
    "ORDER BY c.number LIMIT :limit"
)
COUNT_MISSING = text(f"SELECT count(*) {_OPEN}")

COUNT = text("SELECT count(*) FROM prints WHERE job_seq = :job AND format = :format")


class Print(NamedTuple):
    """A file: the beginning that others share, and a tail of its own."""

    #: SHA-256 (hex) of the beginning, in the blob store; None: there is none.
    prefix_digest: str | None
    tail: bytes
    #: Of the whole file.
    size: int
    crc32: int
    digest: bytes


class SqlPrints:
    """The prints in *database*."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, certificate_id: str, format: str) -> Print | None:
        """Return the certificate's file in *format*, if it was made."""
        values = {"id": certificate_id, "format": format}
        with self._database.reading() as connection:
            row = connection.execute(FIND, values).first()
        return None if row is None else Print(row[0], bytes(row[1]), *row[2:])

    def keep(self, made: Sequence[tuple[str, Print]], format: str) -> None:
        """Keep files by certificate; of two for one certificate, the first."""
        with self._database.writing() as connection:
            for certificate_id, one in made:
                values = {"id": certificate_id, "format": format, **one._asdict()}
                connection.execute(ADD, values)

    def of_rows(
        self, job: int, first: int, last: int, format: str
    ) -> Sequence[tuple[int, Print]]:
        """Return the files of a job's rows *first* to *last* that were made."""
        values = {"job": job, "first": first, "last": last, "format": format}
        with self._database.reading() as connection:
            return [
                (row[0], Print(row[1], bytes(row[2]), row[3], row[4], bytes(row[5])))
                for row in connection.execute(OF_ROWS, values)
            ]

    def missing(
        self, job: int, format: str, *, after: int, last: int, limit: int
    ) -> Sequence[tuple[str, int]]:
        """
        Return up to *limit* certificates without a file, each with its row, of the
        rows beyond *after* up to *last*.
        """
        values = {
            "job": job,
            "format": format,
            "after": after,
            "last": last,
            "limit": limit,
        }
        with self._database.reading() as connection:
            return [(row[0], row[1]) for row in connection.execute(MISSING, values)]

    def count(self, job: int, format: str) -> int:
        """Return how many of the job's certificates have a file in *format*."""
        values = {"job": job, "format": format}
        with self._database.reading() as connection:
            return int(connection.scalar(COUNT, values) or 0)

    def every(self) -> Iterator[tuple[str, Print]]:
        """Give every file, with its certificate's id."""
        with self._database.reading() as connection:
            streamed = connection.execution_options(yield_per=100)
            for row in streamed.execute(ALL):
                yield (
                    row[0],
                    Print(row[1], bytes(row[2]), row[3], row[4], bytes(row[5])),
                )

    def count_missing(self, job: int, format: str) -> int:
        """Return how many of the job's certificates have no file in *format*."""
        values = {"job": job, "format": format}
        with self._database.reading() as connection:
            return int(connection.scalar(COUNT_MISSING, values) or 0)
