"""Every picture of a job, resolved once: `intake.ports.PictureShelf`."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import bindparam, text

from testamur.core.clock import MINUTE, Clock
from testamur.core.refusals import Reason
from testamur.core.words import StoredPicture
from testamur.intake.ports import Claims, NewPicture

from .database import Database
from .job_rows import read_profile

#: A claim also ends with its worker's lease, so this only bounds a worker that hangs.
CLAIM_LASTS = 5 * MINUTE

#: How many are claimed at least, if there are as many: entries of a ZIP, and URLs,
#: where most of the time is spent waiting for other people's servers. Otherwise
#: half of what is left, so that workers share the last ones evenly.
CLAIM_ENTRIES = 4
CLAIM_URLS = 16

PICTURE = (
    "p.id, p.digest, p.media_type, p.width, p.height, p.size, p.crc32, "
    "p.thumbnail_digest, p.thumbnail_media_type"
)

KNOWN = text(f"""
    SELECT p.source, p.state, p.round, p.claimed_by, p.claimed_until, p.code,
      p.message, {PICTURE}
    FROM pictures p WHERE p.job_seq = :job AND p.source IN :sources
""").bindparams(bindparam("sources", expanding=True))

# Somebody else's claim stands while they hold a lease; a failure for its round.
CLAIM = text("""
    INSERT INTO pictures (job_seq, source, state, round, claimed_by, claimed_until)
    VALUES (:job, :source, 'claimed', :round, :worker, :until)
    ON CONFLICT (job_seq, source) DO UPDATE SET state = 'claimed', round = :round,
      claimed_by = :worker, claimed_until = :until
    WHERE (pictures.state = 'failed' AND pictures.round < :round)
       OR (pictures.state = 'claimed' AND
           (pictures.claimed_until < :now OR pictures.claimed_by = :worker OR
            NOT EXISTS (SELECT 1 FROM chunks c WHERE c.state = 'leased'
                        AND c.worker = pictures.claimed_by)))
""")

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
    WHERE job_seq = :job AND source = :source AND state = 'claimed'
      AND claimed_by = :worker
""")

FILES = text("""
    SELECT digest FROM pictures WHERE state = 'stored'
    UNION SELECT thumbnail_digest FROM pictures WHERE state = 'stored'
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
        urls = sum(source.startswith("url:") for source in claims.theirs)
        most = max(CLAIM_URLS if urls else CLAIM_ENTRIES, len(claims.theirs) // 2)
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

    def files(self) -> set[str]:
        """Return the digest of every file that any job needs."""
        with self._database.reading() as connection:
            found = connection.execute(FILES).fetchall()
            profiles = connection.execute(text("SELECT profile FROM jobs")).fetchall()
        named = {digest for (digest,) in found}
        for (profile,) in profiles:
            read = read_profile(profile)
            named |= {read.rows_digest, read.images_digest or read.rows_digest}
        return named

    def _look(
        self, job: int, sources: Sequence[str], round: int, worker: str
    ) -> Claims:
        known: dict[str, StoredPicture | Reason] = {}
        ours: list[str] = []
        theirs: list[str] = []
        with self._database.reading() as connection:
            for start in range(0, len(sources), MOST_SOURCES):
                part = list(sources[start : start + MOST_SOURCES])
                found = set()
                for row in connection.execute(KNOWN, {"job": job, "sources": part}):
                    found.add(row.source)
                    if row.state == "stored":
                        known[row.source] = picture_from(row[7:])
                    elif row.state == "failed" and row.round >= round:
                        known[row.source] = Reason(row.code, row.message)
                    elif row.state == "claimed" and row.claimed_by == worker:
                        ours.append(row.source)
                    else:
                        theirs.append(row.source)
                theirs += [source for source in part if source not in found]
        return Claims(known, ours, theirs)
