"""The transparency log's tables: `tlog.ports.LogStore` and `LogLookup`."""

from collections.abc import Sequence

from sqlalchemy import Connection, text

from testamur.tlog.ports import LeafBatch, LogState, Tile

from .database import Database

HASH = 32

STATE = text("""
    SELECT origin, size, root, edge, decided_at, published_size FROM log_state
    WHERE id = 1
""")

BEGIN = text("""
    INSERT INTO log_state (id, origin, size, root, edge, decided_at)
    VALUES (1, :origin, 0, :root, :edge, :now) ON CONFLICT (id) DO NOTHING
""")

WAITING = text("""
    SELECT id, digests FROM (
      SELECT id, digests, sum(count) OVER (ORDER BY id) - count AS before
      FROM (SELECT id, count, digests FROM leaf_batches WHERE first_index IS NULL
            ORDER BY id LIMIT :limit) AS oldest
    ) AS counted WHERE before < :limit ORDER BY id
""")

SWAP = text("""
    UPDATE log_state SET size = :size, root = :root, edge = :edge,
      decided_at = :decided_at
    WHERE id = 1 AND size = :old_size AND root = :old_root
""")

PLACE = text("""
    UPDATE leaf_batches SET first_index = :first WHERE id = :id AND first_index IS NULL
""")

PUT_TILE = text("""
    INSERT INTO log_tiles (level, n, hashes) VALUES (:level, :n, :hashes)
    ON CONFLICT (level, n) DO UPDATE SET hashes = excluded.hashes
""")

PUBLISH = text("""
    UPDATE log_state SET published_size = :size WHERE id = 1 AND size >= :size
      AND coalesce(published_size, -1) < :size
""")

PUT_NOTE = text("INSERT INTO log_checkpoints (size, note) VALUES (:size, :note)")

COSIGN = text("UPDATE log_checkpoints SET note = :note WHERE size = :size")

TILE = text("SELECT hashes FROM log_tiles WHERE level = :level AND n = :n")

# The batch that holds leaf :start, and those after it that begin before :stop.
LEAVES = text("""
    SELECT first_index, digests FROM leaf_batches
    WHERE first_index >= coalesce((SELECT max(first_index) FROM leaf_batches
                                   WHERE first_index <= :start), 0)
      AND first_index < :stop ORDER BY first_index
""")

PUBLISHED = text("""
    SELECT c.size, c.note FROM log_state s
    JOIN log_checkpoints c ON c.size = s.published_size WHERE s.id = 1
""")

SOURCES = {int: "chunk_id", str: "act"}


class SqlLogStore:
    """The log in the tables of *database*."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(self, origin: str, root: bytes, now: int) -> LogState:
        """Return the log as it is, begun as an empty tree if there is none."""
        if (found := self._state()) is not None:
            return found
        with self._database.writing() as connection:
            connection.execute(
                BEGIN, {"origin": origin, "root": root, "edge": b"", "now": now}
            )
        found = self._state()
        assert found is not None
        return found

    def origin(self) -> str | None:
        """Return the name that the log was begun with; None before that."""
        state = self._state()
        return state.origin if state else None

    def waiting(self, max_leaves: int) -> Sequence[LeafBatch]:
        """Return the oldest batches without a place, up to *max_leaves* leaves."""
        with self._database.reading() as connection:
            found = connection.execute(WAITING, {"limit": max_leaves})
            return [LeafBatch(id_, bytes(digests)) for id_, digests in found]

    def extend(
        self,
        before: LogState,
        after: LogState,
        places: Sequence[tuple[int, int]],
        tiles: Sequence[Tile],
    ) -> bool:
        """Decide *after*, or nothing when the log is not *before* any more."""
        with self._database.writing() as connection:
            swapped = connection.execute(
                SWAP,
                {
                    "size": after.size,
                    "root": after.root,
                    "edge": b"".join(after.edge),
                    "decided_at": after.decided_at,
                    "old_size": before.size,
                    "old_root": before.root,
                },
            )
            if swapped.rowcount != 1:
                return False
            _place(connection, places)
            connection.execute(
                PUT_TILE,
                [
                    {"level": tile.level, "n": tile.n, "hashes": tile.hashes}
                    for tile in tiles
                ],
            )
        return True

    def publish(self, size: int, note: str) -> None:
        """Keep the checkpoint *note* of *size*, which everybody can read now."""
        with self._database.writing() as connection:
            # A twin of this call may have been quicker.
            if connection.execute(PUBLISH, {"size": size}).rowcount == 1:
                connection.execute(PUT_NOTE, {"size": size, "note": note})

    def published(self) -> tuple[int, str] | None:
        """Return size and checkpoint of what everybody can read."""
        with self._database.reading() as connection:
            found = connection.execute(PUBLISHED).first()
        return (found.size, found.note) if found else None

    def place(self, source: int | str, digest: bytes) -> int | None:
        """Return the index of the leaf with this digest, once it has one."""
        query = text(
            "SELECT first_index, digests FROM leaf_batches WHERE first_index IS NOT "
            f"NULL AND {SOURCES[type(source)]} = :source"
        )
        with self._database.reading() as connection:
            found = connection.execute(query, {"source": source}).first()
        if found is None:
            return None
        digests = bytes(found.digests)
        at = digests.find(digest)
        while at % HASH and at >= 0:  # a match across two digests is not one
            at = digests.find(digest, at + 1)
        return None if at < 0 else int(found.first_index) + at // HASH

    def cosign(self, size: int, note: str) -> None:
        """Put *note*, with more lines under the same text, for that kept of *size*."""
        with self._database.writing() as connection:
            connection.execute(COSIGN, {"size": size, "note": note})

    def tile(self, level: int, n: int) -> bytes | None:
        """Return the hashes of a tile, as many as there are by now."""
        with self._database.reading() as connection:
            found = connection.scalar(TILE, {"level": level, "n": n})
        return None if found is None else bytes(found)

    def leaves(self, start: int, stop: int) -> bytes:
        """Return the digests of the leaves from *start* on, *stop* not included."""
        with self._database.reading() as connection:
            found = connection.execute(LEAVES, {"start": start, "stop": stop})
            return b"".join(
                bytes(digests)[max(0, start - first) * HASH : (stop - first) * HASH]
                for first, digests in found
            )

    def _state(self) -> LogState | None:
        with self._database.reading() as connection:
            row = connection.execute(STATE).first()
        if row is None:
            return None
        return LogState(
            origin=row.origin,
            size=row.size,
            root=bytes(row.root),
            edge=_edge(row.size, bytes(row.edge)),
            decided_at=row.decided_at,
            published_size=row.published_size,
        )


def _place(connection: Connection, places: Sequence[tuple[int, int]]) -> None:
    for id_, first in places:
        placed = connection.execute(PLACE, {"id": id_, "first": first}).rowcount
        assert placed == 1, f"leaf batch {id_} has a place already"


def _edge(size: int, hashes: bytes) -> tuple[bytes, ...]:
    """Part the edge's hashes into levels: the size says how many each has."""
    levels = []
    while size:
        end = size % 256 * HASH
        levels.append(hashes[:end])
        hashes = hashes[end:]
        size //= 256
    return tuple(levels)
