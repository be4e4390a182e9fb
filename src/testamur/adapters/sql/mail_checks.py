"""What the DNS said last of domains that mails are from, and when it is to be asked."""

import orjson
from sqlalchemy import text

from testamur.core.mail_checks import MailCheck, MailFinding, Weight

from .database import Database

PUT = text("""
    INSERT INTO mail_checks (domain, checked_at, findings)
    VALUES (:domain, :checked_at, :findings)
    ON CONFLICT (domain) DO UPDATE
      SET checked_at = excluded.checked_at, findings = excluded.findings
""")

GET = text("SELECT checked_at, findings FROM mail_checks WHERE domain = :domain")

LARGE = text("""
    SELECT 1 FROM outbox WHERE state = 'queued' AND job_seq IS NOT NULL
    GROUP BY job_seq HAVING count(*) >= :count LIMIT 1
""")


class SqlMailChecks:
    """The checks in the tables of *database*."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, check: MailCheck) -> None:
        """Remember a check in place of the one before."""
        values = {
            "domain": check.domain,
            "checked_at": check.checked_at,
            "findings": orjson.dumps(list(check.findings)).decode(),
        }
        with self._database.writing() as connection:
            connection.execute(PUT, values)

    def latest(self, domain: str) -> MailCheck | None:
        """Return what was found last; None before the first check."""
        with self._database.reading() as connection:
            row = connection.execute(GET, {"domain": domain}).first()
        if row is None:
            return None
        findings = [
            MailFinding(**{**one, "weight": Weight(one["weight"])})
            for one in orjson.loads(row.findings)
        ]
        return MailCheck(domain, row.checked_at, findings)

    def is_large_send_ahead(self, count: int) -> bool:
        """Say whether so many mails of one job wait to be sent."""
        with self._database.reading() as connection:
            return connection.scalar(LARGE, {"count": count}) is not None
