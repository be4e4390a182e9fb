"""
Uploaded files: what `uploads.ports.FileShelf` says, and verbs for others' transactions.

`find`, `use`, `release` and `drop` take the connection of a transaction that somebody
else began: a file is spent if, and only if, that transaction is committed.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, text

from testamur.core.refusals import Refusal
from testamur.core.words import KeptFile

from .database import Database

FILE = (
    "id, tenant_id, digest, original_name, media_type, extension, size, created_at, "
    "used_at, used_for, expires_at"
)

OF_TENANT = f"SELECT {FILE} FROM uploaded_files WHERE tenant_id = :tenant AND id = :id"

FIND = text(OF_TENANT)
LOCK = text(OF_TENANT + " FOR UPDATE")

FIND_ANY = text(f"SELECT {FILE} FROM uploaded_files WHERE id = :id")

# Who uploads again what is there gets that, and what was to go soon stays.
PUT = text(f"""
    INSERT INTO uploaded_files (id, tenant_id, digest, original_name, media_type,
      extension, size, created_at, expires_at)
    VALUES (:id, :tenant, :digest, :original_name, :media_type, :extension, :size,
      :now, :expires_at)
    ON CONFLICT (tenant_id, digest) DO UPDATE SET expires_at = CASE
      WHEN excluded.expires_at > uploaded_files.expires_at THEN excluded.expires_at
      WHEN excluded.expires_at IS NOT NULL THEN uploaded_files.expires_at END
    RETURNING {FILE}
""")

USE = text("""
    UPDATE uploaded_files SET used_at = :now, used_for = :what
    WHERE tenant_id = :tenant AND id = :id AND used_at IS NULL
""")

RELEASE = text("""
    UPDATE uploaded_files SET used_at = NULL, used_for = NULL
    WHERE tenant_id = :tenant AND id = :id AND used_for = :what
""")

RENAME = text(f"""
    UPDATE uploaded_files SET original_name = :name
    WHERE tenant_id = :tenant AND id = :id RETURNING {FILE}
""")

DROP = text("""
    DELETE FROM uploaded_files WHERE tenant_id = :tenant AND id = :id RETURNING digest
""")

SWEEP = text("""
    DELETE FROM uploaded_files WHERE id IN
      (SELECT id FROM uploaded_files
       WHERE expires_at <= :now AND used_at IS NULL ORDER BY expires_at LIMIT :limit)
      AND used_at IS NULL
    RETURNING digest
""")

#: What nothing names any more is removed later, when that is certain.
FORGET_BYTES = text("""
    INSERT INTO erased_files (digest) VALUES (:digest) ON CONFLICT DO NOTHING
""")

# One upload of a tenant after another: two of the same files in different orders would
# wait for each other.
LOCK_TENANT = text("SELECT id FROM tenants WHERE id = :tenant FOR NO KEY UPDATE")

#: How many files are swept at once.
PART = 500

#: What a listing may ask of a field, and how that is asked of the table.
CONDITIONS: Mapping[str, str] = {
    "id": "id = :{0}",
    "original_name": "original_name = :{0}",
    "media_type": "media_type = :{0}",
    "extension": "extension = :{0}",
    "size": "size = :{0}",
}

SORTED_BY: Mapping[str, str] = {
    "created_at": "seq",
    "original_name": "original_name",
    "size": "size",
    "used_at": "used_at",
    "media_type": "media_type",
    "extension": "extension",
}


def find(connection: Connection, tenant_id: str, file_id: str) -> KeptFile | None:
    """Return the tenant's file; None for another's, or one that is not there."""
    row = connection.execute(FIND, {"tenant": tenant_id, "id": file_id}).first()
    return None if row is None else KeptFile(*row)


def use(
    connection: Connection, tenant_id: str, file_id: str, what: str, *, now: int
) -> bool:
    """
    Spend the tenant's file on *what* (such as `certificate 0b9c...`); say whether it
    was free.

    Of two transactions that do it at once, one is told no. Spend a file before
    writing to jobs, so that nobody who removes what is left over stands in the way.
    """
    values = {"tenant": tenant_id, "id": file_id, "what": what, "now": now}
    return connection.execute(USE, values).rowcount == 1


def release(connection: Connection, tenant_id: str, file_id: str, what: str) -> bool:
    """Have a file that was spent on *what* be free again; say whether it was."""
    values = {"tenant": tenant_id, "id": file_id, "what": what}
    return connection.execute(RELEASE, values).rowcount == 1


def drop(connection: Connection, tenant_id: str, file_id: str) -> bool:
    """
    Forget the tenant's file, spent or not; say whether there was one.

    Its bytes are removed after the transaction, unless something else has the same.
    """
    values = {"tenant": tenant_id, "id": file_id}
    digest = connection.execute(DROP, values).scalar()
    if digest is None:
        return False
    connection.execute(FORGET_BYTES, {"digest": digest})
    return True


class SqlUploadedFiles:
    """Uploaded files in the tables of *database*."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = FIND if database.is_sqlite else LOCK

    def put(self, files: Sequence[KeptFile]) -> Sequence[KeptFile]:
        """
        Keep *files*, all or none; return them in this order.

        Where a tenant has the same bytes already, that file is returned instead.
        """
        kept: dict[str, KeptFile] = {}
        with self._database.writing() as connection:
            if not self._database.is_sqlite:
                for tenant_id in sorted({file.tenant_id for file in files}):
                    connection.execute(LOCK_TENANT, {"tenant": tenant_id})
            for file in files:
                if file.digest in kept:
                    continue
                values = {
                    "id": file.id,
                    "tenant": file.tenant_id,
                    "digest": file.digest,
                    "original_name": file.original_name,
                    "media_type": file.media_type,
                    "extension": file.extension,
                    "size": file.size,
                    "now": file.created_at,
                    "expires_at": file.expires_at,
                }
                row = connection.execute(PUT, values).one()
                kept[file.digest] = KeptFile(*row)
        return [kept[file.digest] for file in files]

    def find(self, tenant_id: str, file_id: str) -> KeptFile | None:
        """Return the tenant's file; None for another's, or one that is not there."""
        with self._database.reading() as connection:
            return find(connection, tenant_id, file_id)

    def find_any(self, file_id: str) -> KeptFile | None:
        """Return the file, whoever's it is; None when there is none."""
        with self._database.reading() as connection:
            row = connection.execute(FIND_ANY, {"id": file_id}).first()
        return None if row is None else KeptFile(*row)

    def listing(
        self,
        tenant_id: str,
        where: Mapping[str, object],
        *,
        is_used: bool | None,
        sort: tuple[str, bool] | None,
        start: int,
        limit: int,
    ) -> tuple[Sequence[KeptFile], int]:
        """
        Return *limit* of the tenant's files from the *start*-th on, and their number.

        *where*: what fields must be. *sort*: a field, and whether the largest comes
        first; otherwise the oldest do.
        """
        values: dict[str, Any] = {"tenant": tenant_id}
        conditions = ["tenant_id = :tenant"]
        for name, value in where.items():
            conditions.append(CONDITIONS[name].format(name))
            values[name] = value
        if is_used is not None:
            conditions.append(f"used_at IS {'NOT ' if is_used else ''}NULL")
        chosen = " AND ".join(conditions)
        field, is_falling = sort or ("created_at", False)
        way = "DESC" if is_falling else "ASC"
        column = SORTED_BY[field]
        order = f"{column} {way}" + ("" if column == "seq" else f", seq {way}")
        query = text(
            f"SELECT {FILE} FROM uploaded_files WHERE {chosen} "
            f"ORDER BY {order} LIMIT :limit OFFSET :start"
        )
        count = text(f"SELECT count(*) FROM uploaded_files WHERE {chosen}")
        with self._database.reading() as connection:
            total = int(connection.scalar(count, values) or 0)
            rows = connection.execute(query, {**values, "limit": limit, "start": start})
            return [KeptFile(*row) for row in rows], total

    def rename(self, tenant_id: str, file_id: str, name: str) -> KeptFile | None:
        """Give the tenant's file another name; None when there is no such file."""
        values = {"tenant": tenant_id, "id": file_id, "name": name}
        with self._database.writing() as connection:
            row = connection.execute(RENAME, values).first()
        return None if row is None else KeptFile(*row)

    def remove(
        self,
        tenant_id: str,
        file_ids: Sequence[str],
        refuse: Callable[[Sequence[tuple[int, KeptFile | None]]], Refusal | None],
    ) -> None:
        """
        Forget the tenant's files, all or none.

        *refuse* is shown each, by its place in *file_ids*, as it is now, and may say
        no: nobody spends one meanwhile.

        Raises:
            Refusal: what *refuse* returned.
        """
        with self._database.writing() as connection:
            found: list[tuple[int, KeptFile | None]] = []
            # In one order for everybody, so that no two wait for each other.
            for place, name in sorted(enumerate(file_ids), key=lambda one: one[1]):
                values = {"tenant": tenant_id, "id": name}
                row = connection.execute(self._lock, values).first()
                found.append((place, None if row is None else KeptFile(*row)))
            refusal = refuse(sorted(found, key=lambda one: one[0]))
            if refusal is not None:
                raise refusal
            for name in file_ids:
                drop(connection, tenant_id, name)

    def sweep(self, now: int) -> int:
        """Forget files that were to go by *now* and that nothing uses; say how many."""
        swept = 0
        while True:
            with self._database.writing() as connection:
                values = {"now": now, "limit": PART}
                digests = connection.execute(SWEEP, values).scalars().all()
                for digest in digests:
                    connection.execute(FORGET_BYTES, {"digest": digest})
            swept += len(digests)
            if len(digests) < PART:
                return swept

    def files(self) -> set[str]:
        """Return the digest of every file that anybody uploaded."""
        query = text("SELECT digest FROM uploaded_files")
        with self._database.reading() as connection:
            return set(connection.scalars(query))
