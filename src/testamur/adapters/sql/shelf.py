"""Every picture of a job, resolved once: `intake.ports.PictureShelf`."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import bindparam, text

from testamur.core.clock import MINUTE, SECOND, Clock
from testamur.core.refusals import Reason
from testamur.core.words import StoredPicture
from testamur.intake.ports import Claims, NewPicture

from .database import Database
from .job_rows import read_profile

#: A claim also ends with its worker's lease, so this only bounds a worker that hangs.
CLAIM_LASTS = 5 * MINUTE

#: A fetch goes on while its chunk rests, so it has no lease to end with.
FETCH_LASTS = 90 * SECOND

#: How many are claimed at least, if there are as many. Otherwise half of what is
#: left, so that workers share the last ones evenly.
CLAIM_AT_LEAST = 4

PICTURE = (
    "p.id, p.digest, p.media_type, p.width, p.height, p.size, p.crc32, "
    "p.thumbnail_digest, p.thumbnail_media_type"
)

KNOWN = text(f"""
    SELECT p.source, p.state, p.round, p.claimed_by, p.claimed_until, p.code,
      p.message, p.original_digest, {PICTURE}
    FROM pictures p WHERE p.job_seq = :job AND p.source IN :sources
""").bindparams(bindparam("sources", expanding=True))

# Somebody else's claim stands while they hold a lease; a failure for its round.
CLAIM = text("""
    INSERT INTO pictures (job_seq, source, state, round, claimed_by, claimed_until)
    VALUES (:job, :source, 'claimed', :round, :worker, :until)
    ON CONFLICT (job_seq, source) DO UPDATE SET state = 'claimed', round = :round,
      claimed_by = :worker, claimed_until = :until
    WHERE (pictures.state = 'failed' AND pictures.round < :round)
       OR pictures.state = 'fetched'
       OR (pictures.state = 'claimed' AND
           (pictures.claimed_until < :now OR pictures.claimed_by = :worker OR
            NOT EXISTS (SELECT 1 FROM chunks c WHERE c.state = 'leased'
                        AND c.worker = pictures.claimed_by)))
""")

BEGIN_FETCH = text("""
    INSERT INTO pictures (job_seq, source, state, round, claimed_by, claimed_until)
    VALUES (:job, :source, 'fetching', :round, :worker, :until)
    ON CONFLICT (job_seq, source) DO UPDATE SET state = 'fetching', round = :round,
      claimed_by = :worker, claimed_until = :until
    WHERE (pictures.state = 'failed' AND pictures.round < :round)
       OR (pictures.state = 'fetching' AND pictures.claimed_until < :now)
""")

FETCHED = text("""
    UPDATE pictures SET state = 'fetched', original_digest = :digest,
      claimed_by = NULL, claimed_until = NULL
    WHERE job_seq = :job AND source = :source AND state = 'fetching'
      AND claimed_by = :worker
""")

END_FETCHES = """
    UPDATE pictures SET claimed_until = 0 WHERE state = 'fetching' {only}
"""

STORE = text("""
    UPDATE pictures SET state = 'stored', digest = :digest, media_type = :media_type,
      width = :width, height = :height, size = :size, crc32 = :crc32,
      thumbnail_digest = :thumbnail_digest,
      thumbnail_media_type = :thumbnail_media_type, code = NULL, message = NULL,
      claimed_by = NULL, claimed_until = NULL
    WHERE job_seq = :job AND source = :source AND state = 'claimed'
      AND claimed_by = :worker
""")

FAIL = text("""
    UPDATE pictures SET state = 'failed', code = :code, message = :message,
      claimed_by = NULL, claimed_until = NULL
    WHERE job_seq = :job AND source = :source AND state IN ('claimed', 'fetching')
      AND claimed_by = :worker
""")

FILES = text("""
    SELECT digest FROM pictures WHERE state = 'stored'
    UNION SELECT thumbnail_digest FROM pictures WHERE state = 'stored'
    UNION SELECT original_digest FROM pictures WHERE original_digest IS NOT NULL
""")

#: SQLite takes 32,766 parameters; a chunk never names as many sources.
MOST_SOURCES = 1_000


def picture_from(row: Sequence[Any]) -> StoredPicture:
    """Make a picture of the columns selected as `PICTURE`."""
    return StoredPicture(*row)


class SqlShelf:
    """The shelf in the tables of *database*."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def claim(
        self, job: int, sources: Sequence[str], *, round: int, worker: str
    ) -> Claims:
        """Take the right to resolve a few of *sources* that nobody resolves yet."""
        claims = self._look(job, sources, round, worker)
        if claims.ours or not claims.theirs:
            return claims
        most = max(CLAIM_AT_LEAST, len(claims.theirs) // 2)
        now = self._clock()
        values = {
            "job": job,
            "round": round,
            "worker": worker,
            "now": now,
            "until": now + CLAIM_LASTS,
        }
        with self._database.writing() as connection:
            claimed = 0
            # In one order for everybody, so that no two wait for each other.
            for source in sorted(claims.theirs):
                claimed += connection.execute(
                    CLAIM, {**values, "source": source}
                ).rowcount
                if claimed == most:
                    break
        return self._look(job, sources, round, worker)

    def record(
        self, job: int, found: Mapping[str, NewPicture | Reason], *, worker: str
    ) -> None:
        """Write down what became of claimed sources."""
        with self._database.writing() as connection:
            for source, picture in found.items():
                values = {"job": job, "source": source, "worker": worker}
                if isinstance(picture, Reason):
                    values |= {"code": picture.code, "message": picture.message}
                    connection.execute(FAIL, values)
                else:
                    fields = NewPicture.__dataclass_fields__
                    values |= {name: getattr(picture, name) for name in fields}
                    connection.execute(STORE, values)

    def begin_fetch(
        self, job: int, sources: Sequence[str], *, round: int, worker: str
    ) -> Sequence[str]:
        """Take the right to fetch those of *sources* that nobody fetches yet."""
        now = self._clock()
        values = {
            "job": job,
            "round": round,
            "worker": worker,
            "now": now,
            "until": now + FETCH_LASTS,
        }
        with self._database.writing() as connection:
            return [
                source
                for source in sorted(sources)
                if connection.execute(
                    BEGIN_FETCH, {**values, "source": source}
                ).rowcount
            ]

    def record_fetched(
        self, job: int, source: str, digest: str, *, worker: str
    ) -> None:
        """Write down that what a URL leads to is stored under *digest*."""
        values = {"job": job, "source": source, "digest": digest, "worker": worker}
        with self._database.writing() as connection:
            connection.execute(FETCHED, values)

    def drop_fetch(self, job: int, source: str, *, worker: str) -> None:
        """Give the right to fetch *source* back."""
        only = "AND claimed_by = :worker AND job_seq = :job AND source = :source"
        values = {"job": job, "source": source, "worker": worker}
        with self._database.writing() as connection:
            connection.execute(text(END_FETCHES.format(only=only)), values)

    def end_fetches(self, *, worker: str | None = None) -> None:
        """Let others fetch what *worker*, or anybody, was fetching: it is dead."""
        only = "" if worker is None else "AND claimed_by = :worker"
        with self._database.writing() as connection:
            connection.execute(text(END_FETCHES.format(only=only)), {"worker": worker})

    def files(self) -> set[str]:
        """Return the digest of every file that any job needs."""
        with self._database.reading() as connection:
            found = connection.execute(FILES).fetchall()
            profiles = connection.execute(text("SELECT profile FROM jobs")).fetchall()
        named = {digest for (digest,) in found}
        for (profile,) in profiles:
            read = read_profile(profile)
            named |= {read.rows_digest, read.images_digest or ""}
        return named - {""}  # what was uploaded goes when a person of it is erased

    def _look(
        self, job: int, sources: Sequence[str], round: int, worker: str
    ) -> Claims:
        known: dict[str, StoredPicture | Reason] = {}
        ours: list[str] = []
        theirs: list[str] = []
        originals: dict[str, str] = {}
        unfetched: list[str] = []
        now = self._clock()
        with self._database.reading() as connection:
            for start in range(0, len(sources), MOST_SOURCES):
                part = list(sources[start : start + MOST_SOURCES])
                found = set()
                for row in connection.execute(KNOWN, {"job": job, "sources": part}):
                    found.add(row.source)
                    if row.state == "stored":
                        known[row.source] = picture_from(row[8:])
                    elif row.state == "failed" and row.round >= round:
                        known[row.source] = Reason(row.code, row.message)
                    elif row.state == "claimed" and row.claimed_by == worker:
                        ours.append(row.source)
                        if row.original_digest:
                            originals[row.source] = row.original_digest
                    elif _is_url(row.source) and (
                        row.state == "failed"
                        or (row.state == "fetching" and row.claimed_until < now)
                    ):
                        unfetched.append(row.source)
                    else:
                        theirs.append(row.source)
                for source in part:
                    if source not in found:
                        (unfetched if _is_url(source) else theirs).append(source)
        return Claims(known, ours, theirs, originals, unfetched)


def _is_url(source: str) -> bool:
    return source.startswith("url:")
