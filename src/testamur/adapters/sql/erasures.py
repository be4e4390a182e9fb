"""Erasing rows and all that follows from them: `issuance.ports.ErasureStore`."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import orjson
from sqlalchemy import Connection, bindparam, text

from testamur.core.acts import Act
from testamur.core.columns import ERASED, RECIPIENT_EMAIL
from testamur.core.failpoints import fp
from testamur.core.lifecycle import JobEvent, Standing, StandingEvent, sources
from testamur.core.refusals import Kind, Refusal
from testamur.issuance.ports import HeldRow

from .acts import (
    ADD_ACT,
    ADD_LEAF,
    BY_THIS,
    CHANGE_LISTS,
    CLOSE_LISTS,
    KNOWN,
    LOCK_TENANT,
    PUT_STANDINGS,
    tell_of,
)
from .audit import append
from .database import Database
from .erased_papers import note_digests
from .erased_people import SqlPeopleToErase, emptied_mails
from .house_state import GET, PUT
from .job_rows import read_profile
from .thought_industries import forget
from .vault.forgetting import forget_certificates, forget_customer

#: How many rows, or files, are dealt with at once.
PART = 1_000

#: In `house`: the newest erasure after which freed pages were not overwritten.
UNTIDY = "erased_by"

#: Where erasures leave old versions behind, for PostgreSQL.
TABLES = (
    "rows",
    "certificates",
    "vouchers",
    "renditions",
    "prints",
    "failures",
    "pictures",
    "drafts",
    "jobs",
    "batches",
    "ti_users",
    "ti_certifications",
    "academic_certificates",
    "students",
    "record_tallies",
    "uploaded_files",
    "users",
    "tokens",
    "refresh_tokens",
    "outbox",
    "suppressions",
    "signatories",
    "signature_requests",
    "documents",
    "document_files",
    "vault_certificates",
    "vault_customers",
    "vault_files",
)

#: What is said of a failed row afterwards.
MESSAGE = "What this row said was erased with its person."

HOLDING = """
    SELECT j.id, r.number, j.profile, r.cells, c.id
    FROM jobs j JOIN rows r ON r.job_seq = j.seq
    LEFT JOIN certificates c ON c.job_seq = r.job_seq AND c.number = r.number
    WHERE j.tenant_id = :tenant AND {cells} LIKE :pattern ESCAPE '!'
    ORDER BY j.seq, r.number
"""

ROWS_OF = """
    SELECT c.id, j.id AS job_id, c.number FROM certificates c
    JOIN jobs j ON j.seq = c.job_seq WHERE j.tenant_id = :tenant AND c.id {these}
"""

JOB = "SELECT seq, state FROM jobs WHERE tenant_id = :tenant AND id = :name"

PRESENT = """
    SELECT r.number, r.cells, c.id FROM rows r
    LEFT JOIN certificates c ON c.job_seq = r.job_seq AND c.number = r.number
    WHERE r.job_seq = :job AND r.number {these} AND r.cells <> :erased
    ORDER BY r.number
"""

CERTIFICATES_THERE = "SELECT count(*) FROM certificates WHERE id {these}"

#: What is done to the rows of one job, in this order.
ERASE_ROWS = (
    "DELETE FROM vouchers WHERE job_seq = :job AND number {these}",
    "DELETE FROM renditions WHERE job_seq = :job AND number {these}",
    "DELETE FROM prints WHERE job_seq = :job AND number {these}",
    "UPDATE certificates SET die_id = NULL, signature = NULL, picture_id = NULL "
    "WHERE job_seq = :job AND number {these}",
    "UPDATE failures SET code = 'row_erased', message = :message "
    "WHERE job_seq = :job AND number {these}",
    "UPDATE rows SET cells = :erased WHERE job_seq = :job AND number {these}",
    "INSERT INTO erasures (job_seq, number, act_id) SELECT job_seq, number, :act "
    "FROM rows WHERE job_seq = :job AND number {these}",
)

# A draft holds a digest of what its chunk says. It is of no more use: the job is
# at rest, or its workers died before the backup that was restored.
DROP_DRAFTS = text("""
    DELETE FROM drafts WHERE chunk_id IN (SELECT id FROM chunks WHERE job_seq = :job)
""")

# Pictures that no certificate of the job shows were those of its erased rows, or of
# rows that failed, which need them no more.
DROP_PICTURES = text("""
    DELETE FROM pictures WHERE job_seq = :job AND id NOT IN
      (SELECT picture_id FROM certificates
       WHERE job_seq = :job AND picture_id IS NOT NULL)
    RETURNING source, digest, thumbnail_digest, original_digest
""")

DOCUMENTS = text("""
    SELECT j.profile, j.idempotency_key, b.name FROM jobs j
    LEFT JOIN batches b ON b.job_seq = j.seq WHERE j.seq = :job
""")

# Digests of what was uploaded would confirm a guess of it.
PUT_JOB = text("""
    UPDATE jobs SET profile = :profile, submission_digest = '', idempotency_key = :key
    WHERE seq = :job
""")

PUT_BATCH = text("UPDATE batches SET name = :batch WHERE job_seq = :job")

FILES = text("SELECT digest FROM erased_files ORDER BY digest LIMIT :limit")


def _of_files(query: str) -> Any:
    return text(query).bindparams(bindparam("digests", expanding=True))


FORGET_FILES = _of_files("DELETE FROM erased_files WHERE digest IN :digests")

NEEDED = (
    tuple(
        _of_files(f"SELECT {column} FROM pictures WHERE {column} IN :digests")
        for column in ("digest", "thumbnail_digest", "original_digest")
    )
    + tuple(
        # Who sent a template may have sent the same file as images.
        _of_files(f"SELECT {column} FROM template_versions WHERE {column} IN :digests")
        for column in ("package_digest", "prepared_digest")
    )
    + (
        _of_files("SELECT prefix_digest FROM prints WHERE prefix_digest IN :digests"),
        _of_files("SELECT digest FROM uploaded_files WHERE digest IN :digests"),
        _of_files("SELECT digest FROM document_files WHERE digest IN :digests"),
        _of_files(
            "SELECT record_digest FROM documents WHERE record_digest IN :digests"
        ),
        _of_files("SELECT digest FROM vault_files WHERE digest IN :digests"),
        _of_files("SELECT pdf_digest FROM vault_files WHERE pdf_digest IN :digests"),
        _of_files(
            "SELECT verified_digest FROM vault_certificates "
            "WHERE verified_digest IN :digests"
        ),
    )
)

PROFILES = text("SELECT profile FROM jobs")

DONE_TIDYING = text("DELETE FROM house WHERE name = :name AND value = :value")


@dataclass(frozen=True, slots=True)
class _Found:
    """What is to be erased of one job."""

    seq: int
    name: str
    numbers: Sequence[int]
    certificates: Sequence[str]
    #: Addresses that its rows name as their recipients', folded,
    addresses: frozenset[str]
    #: and those of them that a certificate was issued to.
    issued_to: frozenset[str]


class SqlErasures:
    """Erasures in the tables of *database*."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._people = SqlPeopleToErase(database)
        is_sqlite = database.is_sqlite
        self._these = (
            "IN (SELECT value FROM json_each(:these))" if is_sqlite else "= ANY(:these)"
        )
        cells = "r.cells" if is_sqlite else 'lower(r.cells COLLATE "C")'
        self._holding = text(HOLDING.format(cells=cells))
        self._rows_of = text(ROWS_OF.format(these=self._these))
        self._there = text(CERTIFICATES_THERE.format(these=self._these))
        # Nobody may have failed rows tried again meanwhile.
        self._job = text(JOB + ("" if is_sqlite else " FOR UPDATE"))
        self._present = text(PRESENT.format(these=self._these))
        self._erase = [text(one.format(these=self._these)) for one in ERASE_ROWS]
        which = f"c.job_seq = :job AND c.number {self._these}"
        revocable = sources(StandingEvent.REVOKE)
        listed = ", ".join(f"'{state}'" for state in revocable)
        self._revoke = (
            text(PUT_STANDINGS.format(which=which, sources=f"({listed})")),
            text(CHANGE_LISTS.format(which=which, changed=BY_THIS)),
        )

    def holding(self, tenant_id: str, plain: str) -> Iterator[HeldRow]:
        """Give the tenant's rows whose cells contain *plain*, in any letters."""
        escaped = "".join(
            f"!{letter}" if letter in "!%_" else letter for letter in plain.lower()
        )
        values = {"tenant": tenant_id, "pattern": f"%{escaped}%"}
        with self._database.reading() as connection:
            streamed = connection.execution_options(yield_per=PART)
            for job, number, profile, cells, issued in streamed.execute(
                self._holding, values
            ):
                yield HeldRow(
                    job, number, read_profile(profile), cells, issued is not None
                )

    def rows_of(self, tenant_id: str, certificate_ids: Sequence[str]) -> Sequence[str]:
        """Return the names of the certificates' rows, erased or not."""
        values = {"tenant": tenant_id, "these": self._list(certificate_ids)}
        with self._database.reading() as connection:
            found = {
                row.id: f"{row.job_id}/{row.number}"
                for row in connection.execute(self._rows_of, values)
            }
        missing = [one for one in certificate_ids if one not in found]
        if missing:
            raise Refusal(
                Kind.NOT_FOUND,
                "certificate_not_found",
                f"There is no certificate {', '.join(missing[:100])}. Nothing was "
                "erased; take out what is not there, or correct it.",
                at="certificateIds",
            )
        return list(found.values())

    def erase(
        self,
        act: Act,
        rows: Sequence[str],
        email: str | None,
        write_down: Callable[[Act], None],
    ) -> Act | None:
        """Erase these rows of the tenant's, and whoever has *email*: all or nothing."""
        with self._database.writing() as connection:
            self._lock(connection, act.tenant_id)
            persons: tuple[str, ...] = ()
            if email is not None:
                persons = self._people.find(connection, act.tenant_id, email)
                more = self._people.rows(connection, act.tenant_id, email)
                rows = list(dict.fromkeys((*rows, *more)))
            found = self._find(connection, act.tenant_id, rows, must_rest=True)
            if not found and not persons:
                return None
            done = replace(
                act,
                certificates=tuple(id_ for one in found for id_ in one.certificates),
                rows=tuple(f"{one.name}/{n}" for one in found for n in one.numbers),
                persons=persons,
            )
            self._do(connection, done, found)
            write_down(done)
            tell_of(self._database, connection, done)
            fp("erase.before_commit")
        return done

    def erase_again(self, act: Act) -> int | None:
        """Do an erasure that is on record, as far as its rows are there."""
        with self._database.writing() as connection:
            if connection.scalar(KNOWN, {"act": act.id}):
                return None
            self._lock(connection, act.tenant_id)
            found = self._find(connection, act.tenant_id, act.rows, must_rest=False)
            names = {"these": self._list(act.certificates)}
            there = int(connection.scalar(self._there, names) or 0)
            if found or act.persons:
                self._do(connection, act, found)
            if there < len(act.certificates):
                # Their places may be handed out already: hand out none beside them.
                connection.execute(CLOSE_LISTS, {"tenant": act.tenant_id})
        return len(act.certificates) - there

    def knows(self, act_id: str) -> bool:
        """Say whether the act was done."""
        with self._database.reading() as connection:
            return connection.scalar(KNOWN, {"act": act_id}) is not None

    def is_untidy(self) -> bool:
        """Say whether an erasure left something for `tidy`."""
        with self._database.reading() as connection:
            return (
                connection.scalar(GET, {"name": UNTIDY}) is not None
                or connection.execute(FILES, {"limit": 1}).first() is not None
            )

    def tidy(
        self,
        remove: Callable[[str], None],
        remove_mails: Callable[[Collection[str]], None] = lambda ids: None,
    ) -> None:
        """Remove files that nothing needs; overwrite what was freed."""
        while self._remove_some(remove):
            pass
        with self._database.reading() as connection:
            untidy = connection.scalar(GET, {"name": UNTIDY})
            if untidy is None:
                return
            mails = emptied_mails(connection)
        remove_mails(mails)
        self._database.overwrite_freed(TABLES)
        with self._database.writing() as connection:  # unless another came meanwhile
            connection.execute(DONE_TIDYING, {"name": UNTIDY, "value": untidy})

    def _remove_some(self, remove: Callable[[str], None]) -> bool:
        """
        Remove some files, while nobody can begin to refer to one; False: all are.
        """
        with self._database.writing() as connection:
            if not self._database.is_sqlite:
                connection.exec_driver_sql(
                    # In the order in which whoever uses a file writes to them.
                    "LOCK TABLE vault_files, uploaded_files, jobs, pictures, "
                    "template_versions IN SHARE MODE"
                )
            digests = list(connection.scalars(FILES, {"limit": PART}))
            if not digests:
                return False
            needed: set[str] = set()
            for query in NEEDED:
                needed.update(connection.scalars(query, {"digests": digests}))
            for profile in connection.scalars(PROFILES):
                read = read_profile(profile)
                needed |= {read.rows_digest, read.images_digest or ""}
            for digest in digests:
                if digest not in needed:
                    remove(digest)
            connection.execute(FORGET_FILES, {"digests": digests})
        return True

    def _lock(self, connection: Connection, tenant_id: str) -> None:
        if not self._database.is_sqlite:
            connection.execute(LOCK_TENANT, {"tenant": tenant_id})

    def _find(
        self,
        connection: Connection,
        tenant_id: str,
        names: Iterable[str],
        *,
        must_rest: bool,
    ) -> list[_Found]:
        """Return what of the rows is there and not erased, by job."""
        wanted: dict[str, list[int]] = {}
        for name in names:
            job, _, number = name.partition("/")
            wanted.setdefault(job, []).append(int(number))
        found, busy = [], []
        for job, numbers in wanted.items():
            values = {"tenant": tenant_id, "name": job}
            row = connection.execute(self._job, values).first()
            if row is None:
                continue
            one = self._find_in(connection, row.seq, job, numbers)
            if one.numbers and must_rest and row.state in sources(JobEvent.CANCEL):
                busy.append(job)
            elif one.numbers:
                found.append(one)
        if busy:
            raise Refusal(
                Kind.CONFLICT,
                "job_unfinished",
                f"Rows of this person are still being worked on, in {_jobs(busy)}. "
                "Nothing was erased. Cancel them, or wait until they are finished.",
            )
        return found

    def _find_in(
        self, connection: Connection, seq: int, name: str, numbers: Sequence[int]
    ) -> _Found:
        present: list[int] = []
        certificates: list[str] = []
        addresses: set[str] = set()
        issued_to: set[str] = set()
        profile = read_profile(
            connection.execute(DOCUMENTS, {"job": seq}).one().profile
        )
        place = profile.columns.index(RECIPIENT_EMAIL)
        for part in _parts(numbers):
            values = {"job": seq, "these": self._list(part), "erased": ERASED}
            for number, cells, certificate in connection.execute(self._present, values):
                present.append(number)
                if certificate is not None:
                    certificates.append(certificate)
                said = orjson.loads(cells)
                if len(said) > place and "@" in said[place]:
                    address = said[place].strip().lower()
                    addresses.add(address)
                    if certificate is not None:
                        issued_to.add(address)
        return _Found(
            seq,
            name,
            present,
            certificates,
            frozenset(addresses),
            frozenset(issued_to),
        )

    def _do(self, connection: Connection, act: Act, found: Sequence[_Found]) -> None:
        values: dict[str, Any] = {
            "act": act.id,
            "tenant": act.tenant_id,
            "verb": act.verb,
            "reason": act.reason,
            "actor": act.actor,
            "now": act.at,
            "count": sum(len(one.certificates) for one in found),
            "standing": str(Standing.REVOKED),
            "message": MESSAGE,
            "erased": ERASED,
        }
        connection.execute(ADD_ACT, values)
        # Uploaded files before jobs, as everybody who writes to both.
        for one in found:
            for part in _parts(one.numbers):
                self._people.erase_certificates(
                    connection, act.tenant_id, one.seq, part
                )
        self._people.erase(connection, act.tenant_id, act.persons, act.at)
        for one in found:
            self._do_in(connection, one, values)
            for address in one.issued_to:
                forget(connection, act.tenant_id, address)
                forget_customer(connection, act.tenant_id, address)
        connection.execute(PUT, {"name": UNTIDY, "value": act.id})
        connection.execute(ADD_LEAF, {"act": act.id, "leaf": act.digest})
        append(
            connection,
            at=act.at,
            tenant_id=act.tenant_id,
            actor=act.actor,
            act=f"certificate.{act.verb}",
            subject=act.id,
            detail={
                "certificates": values["count"],
                "rows": sum(len(one.numbers) for one in found),
                **({"persons": len(act.persons)} if act.persons else {}),
            },
        )

    def _do_in(
        self, connection: Connection, found: _Found, values: Mapping[str, Any]
    ) -> None:
        of_job = {**values, "job": found.seq}
        for part in _parts(found.numbers):
            its = {**of_job, "these": self._list(part)}
            for statement in (*self._revoke, *self._erase):
                connection.execute(statement, its)
            forget_certificates(connection, its)
        connection.execute(DROP_DRAFTS, of_job)
        dropped = connection.execute(DROP_PICTURES, of_job).fetchall()
        profile, key, batch = connection.execute(DOCUMENTS, of_job).one()
        fields = orjson.loads(profile)
        files = {digest for row in dropped for digest in row[1:] if digest}
        files |= {fields["rows_digest"], fields["images_digest"] or ""} - {""}
        note_digests(connection, files)
        fields["rows_digest"] = ""
        if fields["images_digest"] is not None:
            fields["images_digest"] = ""
            # So that as many images are said to be in nobody's use as before.
            from_zip = sum(row.source.startswith("zip:") for row in dropped)
            fields["images"] = max(0, fields["images"] - from_zip)
        of_job["profile"] = orjson.dumps(fields).decode()
        of_job["key"] = None if _names(key, found.addresses) else key
        connection.execute(PUT_JOB, of_job)
        if _names(batch, found.addresses):
            connection.execute(PUT_BATCH, {**of_job, "batch": "Erased"})

    def _list(self, values: Sequence[int] | Sequence[str]) -> Any:
        """Return *values* as one parameter: SQLite's statements take few."""
        if self._database.is_sqlite:
            return orjson.dumps(list(values)).decode()
        return list(values)


def _parts(numbers: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(numbers), PART):
        yield numbers[start : start + PART]


def _names(told: str | None, addresses: frozenset[str]) -> bool:
    return told is not None and any(one in told.lower() for one in addresses)


def _jobs(names: Sequence[str]) -> str:
    listed = ", ".join(names[:100])
    return f"the job {listed}" if len(names) == 1 else f"the jobs {listed}"
