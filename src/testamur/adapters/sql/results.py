"""Rows with what became of them: `delivery.ports.Results` on both engines."""

from collections.abc import Sequence

from sqlalchemy import TextClause, text

from testamur.delivery.ports import ResultRow

from .database import Database
from .publication import is_published


class SqlResults:
    """The results in the tables of *database*."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._page = _page(is_sqlite=database.is_sqlite)

    def between(self, job: int, first: int, last: int) -> Sequence[ResultRow]:
        """Return rows *first* to *last* of the job with this `seq`, in row order."""
        values = {"job": job, "first": first, "last": last}
        with self._database.reading() as connection:
            found = connection.execute(self._page, values)
            return [_shown(ResultRow(*row[:-1]), row[-1]) for row in found]


def _shown(row: ResultRow, is_published: bool | None) -> ResultRow:
    """Tell of a certificate that is not published only that it is on its way."""
    if row.certificate_id is None or is_published:
        return row
    return ResultRow._make(
        (row.number, row.cells, *(None,) * (len(row) - 3), True)  # is_on_its_way
    )


def _page(*, is_sqlite: bool) -> TextClause:
    """
    Return the query of a page: one range of rows, one look per row elsewhere.

    SQLite does just that with a plain join. PostgreSQL merges a page with the
    whole job, or a page with a page in a nested loop, as its statistics (which
    never know the newest job) have it; LIMIT keeps it from having a choice.
    """

    def look(table: str, alias: str, columns: str, where: str) -> str:
        if is_sqlite:
            return f"LEFT JOIN {table} {alias} ON {where}"
        named = ", ".join(f"{alias}.{column}" for column in columns.split())
        return (
            f"LEFT JOIN LATERAL (SELECT {named} FROM {table} {alias} "
            f"WHERE {where} LIMIT 1) {alias} ON TRUE"
        )

    def of_row(alias: str) -> str:
        return f"{alias}.job_seq = r.job_seq AND {alias}.number = r.number"

    final = f"{of_row('f')} AND f.is_final = TRUE"
    picture = "digest media_type size crc32"
    kept = "id reference issued_at picture_id chunk_id"
    return text(f"""
        SELECT r.number, r.cells, c.id, c.reference, c.issued_at, v.id, v.expires_at,
          p.digest, p.media_type, p.size, p.crc32, f.code, f.message, d.size, d.crc32,
          FALSE,
          {is_published("c.chunk_id")}
        FROM rows r
        {look("certificates", "c", kept, of_row("c"))}
        {look("vouchers", "v", "id expires_at", of_row("v"))}
        {look("pictures", "p", picture, "p.id = c.picture_id")}
        {look("failures", "f", "code message", final)}
        {look("prints", "d", "size crc32", f"{of_row('d')} AND d.format = 'pdf'")}
        WHERE r.job_seq = :job AND r.number BETWEEN :first AND :last
        ORDER BY r.number
    """)
