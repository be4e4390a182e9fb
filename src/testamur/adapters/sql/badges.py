"""Badges of the academic directory, as its tables have them."""

from typing import Any

from sqlalchemy import Row, text

from .academic_certificates import IS_SHOWN
from .database import Database

ISSUER = text("""
    SELECT i.uuid, i.name, i.website, i.badge_image_uuid, t.slug
    FROM institutions i JOIN tenants t ON t.id = i.tenant_id
    WHERE i.uuid = :uuid AND i.is_badges_enabled
""")

CLASS = text("""
    SELECT o.uuid, o.name, o.description, i.uuid AS institution,
      i.name AS institution_name, i.badge_image_uuid
    FROM courses o JOIN institutions i ON i.seq = o.institution_seq
    WHERE o.uuid = :uuid AND i.is_badges_enabled
""")

ASSERTION = text(f"""
    SELECT t.uuid, o.uuid AS course, c.id AS certificate, t.awarded_at, t.valid_until,
      t.snapshot, z.standing, a.reason
    FROM academic_certificates t
    JOIN institutions i ON i.seq = t.institution_seq
    JOIN courses o ON o.seq = t.course_seq
    JOIN certificates c ON c.job_seq = t.job_seq AND c.number = t.number
    LEFT JOIN standings z ON z.job_seq = c.job_seq AND z.number = c.number
    LEFT JOIN acts a ON a.id = z.act_id
    WHERE t.uuid = :uuid AND i.is_badges_enabled AND {IS_SHOWN}
""")


class SqlBadges:
    """Whoever's they are: what is found is told to anybody."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def issuer(self, uuid: str) -> Row[Any] | None:
        """Return an institution that has badges."""
        return self._find(ISSUER, uuid)

    def badge_class(self, uuid: str) -> Row[Any] | None:
        """Return a course of such an institution."""
        return self._find(CLASS, uuid)

    def assertion(self, uuid: str) -> Row[Any] | None:
        """Return a certificate of such an institution, once it is in the log."""
        return self._find(ASSERTION, uuid)

    def _find(self, query: Any, uuid: str) -> Row[Any] | None:
        with self._database.reading() as connection:
            return connection.execute(query, {"uuid": uuid}).first()
