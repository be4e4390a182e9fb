"""
What clients of Thought Industries' API name: templates, background jobs, learners.

Whatever is read is one tenant's; of another's nothing is found.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import Connection, bindparam, text

from testamur.core.ids import new_id

from .database import Database
from .house_state import PUT
from .publication import is_published
from .schema import ti_certifications, ti_templates

WAITING, READY, BROKEN = "waiting", "ready", "broken"

#: How many values go into one list of a query.
PART = 1_000

TEMPLATE = (
    "t.id, t.resource_type, t.resource_id, t.title, t.fields, t.revision, t.state, "
    "t.has_asset, t.template_id, t.version, t.code, t.message, t.made_at, "
    "t.changed_at, t.tenant_id, t.job_id"
)

TEMPLATES_BY = "SELECT " + TEMPLATE + " FROM ti_templates t WHERE t.tenant_id = :tenant"

#: One after another within a tenant, so that two calls make no twins.
LOCK = text("SELECT id FROM tenants WHERE id = :tenant FOR UPDATE")

CHANGE_TEMPLATE = text("""
    UPDATE ti_templates SET resource_type = :resource_type, resource_id = :resource_id,
      title = :title, fields = :fields, has_asset = :has_asset, changed_at = :now
    WHERE tenant_id = :tenant AND id = :id
""")

# What prepares it now prepares an old state: its claim is void.
AWAIT_TEMPLATE = text("""
    UPDATE ti_templates SET revision = revision + 1, state = 'waiting',
      claimed_until = NULL, code = NULL, message = NULL, job_id = :job
    WHERE tenant_id = :tenant AND id = :id
""")

ADD_JOB = text("""
    INSERT INTO ti_jobs (id, tenant_id, type, description, made_at, total, broken)
    VALUES (:id, :tenant, :type, :description, :now, :total, 0)
""")

JOB = text("""
    SELECT j.id, j.type, j.description, j.made_at, j.total, j.started_at, j.broken,
      (SELECT count(*) FROM ti_templates t
       WHERE t.job_id = j.id AND t.state = 'waiting') AS waiting,
      (SELECT min(t.message) FROM ti_templates t
       WHERE t.job_id = j.id AND t.state = 'broken') AS message
    FROM ti_jobs j WHERE j.tenant_id = :tenant AND j.id = :id
""")

CLAIM = """
    UPDATE ti_templates SET claimed_until = :until WHERE id IN
      (SELECT id FROM ti_templates WHERE state = 'waiting'
         AND (claimed_until IS NULL OR claimed_until < :now) {only}
       ORDER BY changed_at, id LIMIT :limit {lock})
    RETURNING id
"""

CLAIMED = "SELECT " + TEMPLATE + " FROM ti_templates t WHERE t.id IN :ids"

START_JOBS = (
    "UPDATE ti_jobs SET started_at = :now WHERE started_at IS NULL AND id IN :ids"
)

FINISH = text("""
    UPDATE ti_templates SET state = :state, template_id = :template, version = :version,
      code = :code, message = :message, claimed_until = NULL
    WHERE id = :id AND revision = :revision AND state = 'waiting'
    RETURNING job_id
""")

COUNT_BROKEN = text("UPDATE ti_jobs SET broken = broken + 1 WHERE id = :job")

RELEASE = text("""
    UPDATE ti_templates SET claimed_until = NULL
    WHERE state = 'waiting' AND claimed_until IS NOT NULL
""")

IS_WAITING = text("""
    SELECT 1 FROM ti_templates WHERE state = 'waiting'
      AND (claimed_until IS NULL OR claimed_until < :now) LIMIT 1
""")

USER = "id, email, address, external_id, fields"
USERS_BY = "SELECT " + USER + " FROM ti_users WHERE tenant_id = :tenant AND "

PUT_USER = text("""
    INSERT INTO ti_users (tenant_id, id, email, address, external_id, fields, made_at,
      changed_at)
    VALUES (:tenant, :id, :email, :address, :external_id, :fields, :now, :now)
    ON CONFLICT (tenant_id, id) DO UPDATE SET email = excluded.email,
      address = excluded.address, external_id = excluded.external_id,
      fields = excluded.fields, changed_at = excluded.changed_at
""")

FORGET_CERTIFIED = text("""
    DELETE FROM ti_certifications WHERE tenant_id = :tenant AND user_id IN
      (SELECT id FROM ti_users WHERE tenant_id = :tenant AND address = :address)
""")
FORGET_USERS = text("""
    DELETE FROM ti_users WHERE tenant_id = :tenant AND address = :address
""")

CERTIFIED = (
    "SELECT id, user_id, digest, attempt, identifier, job_id, number, made_at "
    "FROM ti_certifications WHERE tenant_id = :tenant AND "
)

PLACE = text("""
    UPDATE ti_certifications SET job_id = :job, number = :number WHERE id = :id
""")

END_ALL = text("""
    UPDATE ti_certifications SET ended_at = :now
    WHERE tenant_id = :tenant AND user_id = :user AND resource_type = :resource_type
      AND resource_id = :resource_id AND job_id IS NOT NULL AND ended_at IS NULL
""")
HAS_ANY = text("""
    SELECT 1 FROM ti_certifications
    WHERE tenant_id = :tenant AND user_id = :user AND resource_type = :resource_type
      AND resource_id = :resource_id AND job_id IS NOT NULL LIMIT 1
""")

OUTCOMES = f"""
    SELECT r.number, c.id AS kept, f.code, f.message, j.finished_at,
      CASE WHEN {is_published("c.chunk_id")} THEN c.id END AS certificate
    FROM jobs j JOIN rows r ON r.job_seq = j.seq
    LEFT JOIN certificates c ON c.job_seq = r.job_seq AND c.number = r.number
    LEFT JOIN failures f ON f.job_seq = r.job_seq AND f.number = r.number AND f.is_final
    WHERE j.tenant_id = :tenant AND j.id = :job
"""


@dataclass(frozen=True, slots=True)
class StoredTemplate:
    """A certificate template."""

    id: str
    resource_type: str
    resource_id: str
    title: str
    fields: dict[str, Any]
    revision: int
    state: str
    has_asset: bool
    #: What it became, and the version of that; None before it is prepared.
    template_id: str | None
    version: int | None
    code: str | None
    message: str | None
    made_at: int
    changed_at: int
    tenant_id: str
    job_id: str | None

    @property
    def identity(self) -> tuple[str, str, str]:
        """What names it besides its id."""
        return self.resource_type, self.resource_id, self.title


@dataclass(frozen=True, slots=True)
class StoredJob:
    """A background job that prepares templates."""

    id: str
    type: str
    description: str
    made_at: int
    total: int
    started_at: int | None
    #: How many of its templates could not be prepared, and how many still wait.
    broken: int
    waiting: int
    #: What is wrong with one that could not.
    message: str | None


@dataclass(frozen=True, slots=True)
class StoredUser:
    """A learner."""

    id: str
    email: str
    address: str
    external_id: str | None
    fields: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Certification:
    """A request to certify somebody, and the row of a job that it became."""

    id: str
    user_id: str
    digest: str
    attempt: int
    identifier: str | None
    job_id: str | None
    number: int | None
    made_at: int


@dataclass(frozen=True, slots=True)
class RowOutcome:
    """What became of a row so far: at most one of certificate and code is set."""

    certificate: str | None
    code: str | None
    message: str | None
    #: Whether nothing more will become of it.
    is_over: bool


@dataclass(frozen=True, slots=True)
class Finished:
    """What became of a template that was prepared."""

    template: StoredTemplate
    template_id: str | None = None
    version: int | None = None
    #: Why it cannot be used.
    code: str | None = None
    message: str | None = None


class Changes:
    """One tenant's things, inside a transaction."""

    def __init__(
        self, database: Database, connection: Connection, tenant_id: str, now: int
    ) -> None:
        self._database = database
        self._connection = connection
        self.tenant_id = tenant_id
        self.now = now

    def templates(
        self, ids: Iterable[str], resource_ids: Iterable[str]
    ) -> list[StoredTemplate]:
        """Return the templates with these ids, and those of these resources."""
        found: dict[str, StoredTemplate] = {}
        for column, values in (("id", ids), ("resource_id", resource_ids)):
            query = f"{TEMPLATES_BY} AND t.{column}"
            for row in self._among(query, values):
                found[row.id] = _template(row)
        return list(found.values())

    def add_templates(self, new: Sequence[StoredTemplate]) -> None:
        """Add templates that wait to be prepared."""
        self._database.bulk_insert(
            self._connection,
            ti_templates,
            (
                *("id", "tenant_id", "resource_type", "resource_id", "title"),
                *("fields", "revision", "state", "has_asset", "job_id", "made_at"),
                "changed_at",
            ),
            [
                (
                    *(one.id, self.tenant_id, *one.identity, _json(one.fields)),
                    *(1, WAITING, one.has_asset, one.job_id, self.now, self.now),
                )
                for one in new
            ],
        )

    def change_templates(
        self, changed: Sequence[StoredTemplate], looks: Sequence[StoredTemplate]
    ) -> None:
        """Keep what is different; those in *looks* are prepared anew."""
        if changed:
            self._connection.execute(
                CHANGE_TEMPLATE,
                [
                    {
                        "tenant": self.tenant_id,
                        "id": one.id,
                        "resource_type": one.resource_type,
                        "resource_id": one.resource_id,
                        "title": one.title,
                        "fields": _json(one.fields),
                        "has_asset": one.has_asset,
                        "now": self.now,
                    }
                    for one in changed
                ],
            )
        if looks:
            self._connection.execute(
                AWAIT_TEMPLATE,
                [
                    {"tenant": self.tenant_id, "id": one.id, "job": one.job_id}
                    for one in looks
                ],
            )

    def add_job(self, job_id: str, kind: str, description: str, total: int) -> None:
        """Add a background job that prepares *total* templates."""
        self._connection.execute(
            ADD_JOB,
            {
                "id": job_id,
                "tenant": self.tenant_id,
                "type": kind,
                "description": description,
                "now": self.now,
                "total": total,
            },
        )

    def users(
        self, ids: Iterable[str], addresses: Iterable[str], external_ids: Iterable[str]
    ) -> list[StoredUser]:
        """Return learners who are named in any of these ways, changed last first."""
        found: dict[str, StoredUser] = {}
        for column, values in (
            ("id", ids),
            ("address", addresses),
            ("external_id", external_ids),
        ):
            query = USERS_BY + column
            for row in self._among(query, values, " ORDER BY changed_at DESC, id"):
                found[row.id] = _user(row)
        return list(found.values())

    def put_users(self, users: Sequence[StoredUser]) -> None:
        """Keep learners as they are now."""
        if not users:
            return
        self._connection.execute(
            PUT_USER,
            [
                {
                    "tenant": self.tenant_id,
                    "id": one.id,
                    "email": one.email,
                    "address": one.address,
                    "external_id": one.external_id,
                    "fields": _json(one.fields),
                    "now": self.now,
                }
                for one in users
            ],
        )

    def certifications(self, digests: Iterable[str]) -> dict[str, Certification]:
        """Return the latest of each digest that has not ended, by digest."""
        found: dict[str, Certification] = {}
        query = CERTIFIED + "ended_at IS NULL AND digest"
        for row in self._among(query, digests, " ORDER BY attempt"):
            found[row.digest] = Certification(*row)
        return found

    def attempts(self, digests: Iterable[str]) -> dict[str, int]:
        """Return how often each digest was tried so far."""
        found: dict[str, int] = {}
        query = (
            "SELECT digest, max(attempt) AS attempts FROM ti_certifications "
            "WHERE tenant_id = :tenant AND digest"
        )
        for row in self._among(query, digests, " GROUP BY digest"):
            found[row.digest] = row.attempts
        return found

    def identifiers(self, among: Iterable[str]) -> set[str]:
        """Return which of these identifiers are taken."""
        query = (
            "SELECT identifier FROM ti_certifications "
            "WHERE tenant_id = :tenant AND identifier"
        )
        return {row.identifier for row in self._among(query, among)}

    def add_certifications(self, new: Sequence[tuple[Certification, str, str]]) -> None:
        """Add certifications, each with its resource's type and id."""
        self._database.bulk_insert(
            self._connection,
            ti_certifications,
            (
                *("id", "tenant_id", "user_id", "resource_type", "resource_id"),
                *("digest", "attempt", "identifier", "made_at"),
            ),
            [
                (
                    *(one.id, self.tenant_id, one.user_id, kind, resource),
                    *(one.digest, one.attempt, one.identifier, self.now),
                )
                for one, kind, resource in new
            ],
        )

    def end(self, user_id: str, resource_type: str, resource_id: str) -> bool:
        """Have a user be certified anew from now on; False: never was before."""
        values = {
            "tenant": self.tenant_id,
            "user": user_id,
            "resource_type": resource_type,
            "resource_id": resource_id,
            "now": self.now,
        }
        self._connection.execute(END_ALL, values)
        return self._connection.execute(HAS_ANY, values).first() is not None

    def _among(
        self, query: str, values: Iterable[str], rest: str = ""
    ) -> Iterator[Any]:
        """Give the rows of *query*, whose last column is one of *values*."""
        listed = list(dict.fromkeys(values))
        statement = text(f"{query} IN :these{rest}").bindparams(
            bindparam("these", expanding=True)
        )
        for start in range(0, len(listed), PART):
            these = {"tenant": self.tenant_id, "these": listed[start : start + PART]}
            yield from self._connection.execute(statement, these).fetchall()


class SqlThoughtIndustries:
    """All of it in the tables of *database*."""

    def __init__(self, database: Database) -> None:
        self._database = database
        lock = "" if database.is_sqlite else "FOR UPDATE SKIP LOCKED"
        self._claim = text(CLAIM.format(only="AND has_asset = :has_asset", lock=lock))
        self._claim_one = text(CLAIM.format(only="AND id = :id", lock=lock))

    @contextmanager
    def changing(self, tenant_id: str, now: int) -> Iterator[Changes]:
        """Lend one tenant's things in a transaction that nobody else changes."""
        with self._database.writing() as connection:
            if not self._database.is_sqlite:
                connection.execute(LOCK, {"tenant": tenant_id})
            yield Changes(self._database, connection, tenant_id, now)

    @contextmanager
    def reading(self, tenant_id: str) -> Iterator[Changes]:
        """Lend one tenant's things to be looked at."""
        with self._database.reading() as connection:
            yield Changes(self._database, connection, tenant_id, 0)

    # Background jobs

    def job(self, tenant_id: str, job_id: str) -> StoredJob | None:
        """Return a background job of the tenant's."""
        with self._database.reading() as connection:
            row = connection.execute(JOB, {"tenant": tenant_id, "id": job_id}).first()
        return None if row is None else StoredJob(*row)

    def is_waiting(self, now: int) -> bool:
        """Say whether a template waits to be prepared, and nobody does it."""
        with self._database.reading() as connection:
            return connection.execute(IS_WAITING, {"now": now}).first() is not None

    def claim(
        self,
        now: int,
        until: int,
        *,
        limit: int = 1,
        has_asset: bool = False,
        only: str | None = None,
    ) -> list[StoredTemplate]:
        """
        Take up to *limit* waiting templates, the longest waiting first, until then.

        Those that have an asset or those that have none; or *only* this one.
        """
        values = {"now": now, "until": until, "limit": limit, "id": only}
        values |= {"has_asset": has_asset}
        statement = self._claim if only is None else self._claim_one
        with self._database.writing() as connection:
            ids = list(connection.scalars(statement, values))
            if not ids:
                return []
            these: Any = bindparam("ids", expanding=True)
            query = text(CLAIMED).bindparams(these)
            found = [_template(row) for row in connection.execute(query, {"ids": ids})]
            jobs = sorted({one.job_id for one in found if one.job_id is not None})
            if jobs:
                start = text(START_JOBS).bindparams(these)
                connection.execute(start, {"ids": jobs, "now": now})
        return sorted(found, key=lambda one: (one.changed_at, one.id))

    def finish(self, finished: Sequence[Finished]) -> None:
        """Keep what became of templates, but for those that were changed meanwhile."""
        with self._database.writing() as connection:
            for one in finished:
                values = {
                    "id": one.template.id,
                    "revision": one.template.revision,
                    "state": READY if one.code is None else BROKEN,
                    "template": one.template_id or one.template.template_id,
                    "version": one.version,
                    "code": one.code,
                    "message": one.message,
                }
                row = connection.execute(FINISH, values).first()
                if row is not None and row.job_id and one.code is not None:
                    connection.execute(COUNT_BROKEN, {"job": row.job_id})

    def release(self) -> None:
        """Give up every claim: whoever prepared templates is dead."""
        with self._database.writing() as connection:
            connection.execute(RELEASE)

    # Certifying

    def place(self, placed: Sequence[tuple[str, str, int]]) -> None:
        """Keep which row of which job each certification became."""
        values = [{"id": one, "job": job, "number": row} for one, job, row in placed]
        if values:
            with self._database.writing() as connection:
                connection.execute(PLACE, values)

    def outcomes(
        self, tenant_id: str, job_id: str, numbers: Sequence[int]
    ) -> dict[int, RowOutcome]:
        """Return what became of these rows of a job of the tenant's."""
        found: dict[int, RowOutcome] = {}
        query = OUTCOMES
        values: dict[str, Any] = {"tenant": tenant_id, "job": job_id}
        if len(numbers) == 1:
            query += " AND r.number = :number"
            values["number"] = numbers[0]
        wanted = set(numbers)
        with self._database.reading() as connection:
            for row in connection.execute(text(query), values):
                if row.number in wanted:
                    is_cancelled = row.finished_at is not None and row.kept is None
                    is_over = bool(row.certificate or row.code or is_cancelled)
                    found[row.number] = RowOutcome(
                        row.certificate, row.code, row.message, is_over
                    )
        return found

    def forget(self, tenant_id: str, address: str) -> None:
        """Keep nothing of the learner with this address, as addresses are compared."""
        with self._database.writing() as connection:
            if forget(connection, tenant_id, address):
                # What is freed is overwritten by whoever tidies up after erasures.
                connection.execute(PUT, {"name": "erased_by", "value": new_id()})


def forget(connection: Connection, tenant_id: str, address: str) -> bool:
    """Delete the learner with this address, and what they asked for; say if one was."""
    values = {"tenant": tenant_id, "address": address}
    connection.execute(FORGET_CERTIFIED, values)
    return connection.execute(FORGET_USERS, values).rowcount > 0


def _template(row: Any) -> StoredTemplate:
    values = dict(row._mapping)
    values |= {
        "fields": orjson.loads(row.fields),
        "has_asset": bool(row.has_asset),
    }
    return StoredTemplate(**values)


def _user(row: Any) -> StoredUser:
    return StoredUser(**{**row._mapping, "fields": orjson.loads(row.fields)})


def _json(value: object) -> str:
    return orjson.dumps(value).decode()
