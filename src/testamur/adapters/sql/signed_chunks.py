"""What was signed, chunk by chunk, for whoever checks all of it again."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import text

from testamur.issuance.ports import Kept

from .certificates import KEPT, kept_from
from .database import Database

CHUNKS = text("""
    SELECT b.chunk_id, c.job_seq, c.first_row, c.last_row, b.digests, k.public
    FROM leaf_batches b JOIN chunks c ON c.id = b.chunk_id
    JOIN signings s ON s.chunk_id = b.chunk_id JOIN issuer_keys k ON k.id = s.key_id
    WHERE b.chunk_id > :after ORDER BY b.chunk_id LIMIT 1
""")

# By the rows' numbers, which have an index.
ITS = "c.job_seq = :job AND c.number BETWEEN :first AND :last AND c.chunk_id = :chunk"

IDS = text(f"SELECT c.id FROM certificates c WHERE {ITS} ORDER BY c.number")

CERTIFICATES = text(f"{KEPT.format('certificates c')} WHERE {ITS}")

LISTS = text("SELECT id, name, seed, used, size FROM status_lists ORDER BY id")

TAKEN = text("""
    SELECT c.status_index FROM signings g JOIN chunks k ON k.id = g.chunk_id
    JOIN certificates c ON c.job_seq = k.job_seq AND c.chunk_id = g.chunk_id
      AND c.number BETWEEN k.first_row AND k.last_row
    WHERE g.status_list_id = :id AND c.status_index IS NOT NULL
    UNION ALL
    SELECT status_index FROM secured WHERE status_list_id = :id
""")


@dataclass(frozen=True, slots=True)
class SignedChunk:
    """The certificates of one chunk, and what was published of them."""

    chunk_id: int
    #: The public half of the key that signed.
    public: bytes
    #: Its leaves, SHA-256 each, in the order of the certificates.
    digests: Sequence[bytes]
    #: The ids of all its certificates, in row order.
    ids: Sequence[str]
    #: Those of them that are not erased, by id.
    kept: dict[str, Kept]


@dataclass(frozen=True, slots=True)
class TakenPlaces:
    """A status list, and the indices in it that credentials have."""

    name: str
    seed: bytes
    used: int
    size: int
    indices: Sequence[int]


def signed_chunks(database: Database) -> Iterator[SignedChunk]:
    """Give every chunk that was signed; one is in memory at a time."""
    after = 0
    while True:
        with database.reading() as connection:
            found = connection.execute(CHUNKS, {"after": after}).first()
            if found is None:
                return
            after = found.chunk_id
            values = {
                "job": found.job_seq,
                "first": found.first_row,
                "last": found.last_row,
                "chunk": after,
            }
            ids = connection.scalars(IDS, values).all()
            rows = connection.execute(CERTIFICATES, values).fetchall()
        kept = [kept_from(row) for row in rows]
        leaves = bytes(found.digests)
        yield SignedChunk(
            chunk_id=after,
            public=bytes(found.public),
            digests=[leaves[at : at + 32] for at in range(0, len(leaves), 32)],
            ids=ids,
            kept={one.id: one for one in kept},
        )


def taken_places(database: Database) -> Iterator[TakenPlaces]:
    """Give every status list with the places that are taken in it."""
    with database.reading() as connection:
        lists = connection.execute(LISTS).fetchall()
    for one in lists:
        with database.reading() as connection:
            indices = connection.scalars(TAKEN, {"id": one.id}).all()
        yield TakenPlaces(one.name, bytes(one.seed), one.used, one.size, indices)
