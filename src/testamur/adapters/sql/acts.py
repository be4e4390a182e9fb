"""Acts on certificates, and how each stands: `issuance.ports.ActStore`."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import orjson
from sqlalchemy import Connection, Row, text

from testamur.core.acts import Act, Chosen, Done
from testamur.core.events import EventType, Happening
from testamur.core.failpoints import fp
from testamur.core.ids import is_id
from testamur.core.lifecycle import JobEvent, Standing, StandingEvent, sources
from testamur.core.refusals import Kind, Refusal

from . import events
from .audit import append
from .database import Database

#: How many of what was not found, or is revoked, are named.
MAX_NAMED = 100

_REFERENCE = re.compile(r"[A-Za-z0-9-]{1,64}")

#: SQLite has one writer. Here acts of a tenant wait for one another.
LOCK_TENANT = text("SELECT id FROM tenants WHERE id = :tenant FOR NO KEY UPDATE")

# A choice of certificates takes the place of the braces; `c` is what it is about.
OF_TENANT = (
    "FROM certificates c JOIN jobs j ON j.seq = c.job_seq "
    "LEFT JOIN standings s ON s.job_seq = c.job_seq AND s.number = c.number "
    "WHERE j.tenant_id = :tenant AND {which}"
)

# What has no line stands as everything stands at first.
MOVABLE = f"coalesce(s.standing, '{Standing.ACTIVE}') IN {{sources}}"

COUNT = f"SELECT count(*) {OF_TENANT}"

NAMED = f"SELECT c.id, c.reference, s.standing {OF_TENANT}"

TO_CHANGE = f"""
    SELECT c.id, l.name || '/' || c.status_index AS place
    FROM certificates c JOIN jobs j ON j.seq = c.job_seq
    LEFT JOIN standings s ON s.job_seq = c.job_seq AND s.number = c.number
    LEFT JOIN signings g ON g.chunk_id = c.chunk_id
    LEFT JOIN status_lists l ON l.id = g.status_list_id
    WHERE j.tenant_id = :tenant AND {{which}} AND {MOVABLE}
    ORDER BY c.job_seq, c.number
"""

ADD_ACT = text("""
    INSERT INTO acts (id, tenant_id, verb, reason, actor, done_at, count)
    VALUES (:act, :tenant, :verb, :reason, :actor, :now, :count)
""")

PUT_STANDINGS = """
    INSERT INTO standings (job_seq, number, standing, since, act_id, status_list_id,
      status_index)
    SELECT c.job_seq, c.number, :standing, :now, :act, g.status_list_id,
      c.status_index
    FROM certificates c JOIN jobs j ON j.seq = c.job_seq
    LEFT JOIN signings g ON g.chunk_id = c.chunk_id
    WHERE j.tenant_id = :tenant AND {which}
    ON CONFLICT (job_seq, number) DO UPDATE SET standing = excluded.standing,
      since = excluded.since, act_id = excluded.act_id
    WHERE standings.standing IN {sources}
"""

END_STANDINGS = f"""
    DELETE FROM standings WHERE (job_seq, number) IN
      (SELECT c.job_seq, c.number {OF_TENANT} AND {MOVABLE})
"""

BY_THIS = "s.act_id = :act"

# Readers sign a list anew when its version is another.
CHANGE_LISTS = f"""
    UPDATE status_lists SET version = version + 1, changed_at = :now WHERE id IN
      (SELECT s.status_list_id {OF_TENANT} AND {{changed}})
"""

ADD_LEAF = text(
    "INSERT INTO leaf_batches (act, count, digests) VALUES (:act, 1, :leaf)"
)

# A bit of its own, as those of credentials have that were never certificates.
PUT_LOST = """
    INSERT INTO secured_standings (status_list_id, status_index, standing, since,
      act_id)
    SELECT id, :place, :standing, :now, :act FROM status_lists
    WHERE name = :name AND tenant_id = :tenant
    ON CONFLICT (status_list_id, status_index) DO UPDATE SET
      standing = excluded.standing, since = excluded.since, act_id = excluded.act_id
    WHERE secured_standings.standing <> 'revoked'
"""

END_LOST = """
    DELETE FROM secured_standings WHERE standing = 'suspended'
      AND status_index = :place AND status_list_id =
        (SELECT id FROM status_lists WHERE name = :name AND tenant_id = :tenant)
"""

CHANGE_LOST_LIST = text("""
    UPDATE status_lists SET version = version + 1, changed_at = :now
    WHERE name = :name AND tenant_id = :tenant
""")

TENANT = text("SELECT 1 FROM tenants WHERE id = :tenant")

CLOSE_LISTS = text("UPDATE status_lists SET used = size WHERE tenant_id = :tenant")

JOB_OF = {
    "job": text("SELECT seq, state FROM jobs WHERE id = :name AND tenant_id = :tenant"),
    "batch": text(
        "SELECT j.seq, j.state FROM batches b JOIN jobs j ON j.seq = b.job_seq "
        "WHERE b.id = :name AND j.tenant_id = :tenant"
    ),
}

OWNER = """
    SELECT j.tenant_id FROM jobs j LEFT JOIN batches b ON b.job_seq = j.seq
    LEFT JOIN certificates c ON c.job_seq = j.seq WHERE {column} = :name LIMIT 1
"""

KNOWN = text("SELECT 1 FROM acts WHERE id = :act")

#: What the certificates of an act are afterwards, but for those reinstated.
BECOMES = {
    StandingEvent.REVOKE: Standing.REVOKED,
    StandingEvent.SUSPEND: Standing.SUSPENDED,
}

#: Verbs of acts, and what each does to a certificate: a corrected one is revoked.
EVENTS = {str(event): event for event in StandingEvent} | {
    "correct": StandingEvent.REVOKE
}


#: What is told of the certificates of an act.
TOLD = {
    "revoke": EventType.CERTIFICATE_REVOKED,
    "suspend": EventType.CERTIFICATE_SUSPENDED,
    "reinstate": EventType.CERTIFICATE_REINSTATED,
    "erase": EventType.CERTIFICATE_REVOKED,
}


def tell_of(database: Database, connection: Connection, act: Act) -> None:
    """Have an event of each certificate be told once the act is true."""
    type_ = TOLD[act.verb]
    happenings = [
        Happening(type_, one, {"certificateId": one, "actId": act.id})
        for one in act.certificates
    ]
    events.put(database, connection, act.tenant_id, happenings, act.at)


class SqlActs:
    """The acts and standings in the tables of *database*."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def perform(
        self, act: Act, chosen: Chosen, write_down: Callable[[Act], None]
    ) -> Done:
        """Do *act* to the chosen certificates of its tenant, all of it or nothing."""
        with self._database.writing() as connection:
            self._lock(connection, act.tenant_id)
            choice = self._choice(connection, act.tenant_id, chosen)
            if chosen.ids is not None or chosen.references is not None:
                _look_at(StandingEvent(act.verb), chosen, choice.named(connection))
            total = choice.count(connection)
            done = self._do(connection, act, choice)
            if not done.certificates:
                return Done(None, 0, total)
            write_down(done)
            tell_of(self._database, connection, done)
            fp("act.before_commit")
        changed = len(done.certificates)
        return Done(done, changed, total - changed)

    def perform_again(self, act: Act) -> int | None:
        """Do an act that is on record, as far as its certificates are there."""
        with self._database.writing() as connection:
            if connection.scalar(KNOWN, {"act": act.id}):
                return None
            if not connection.scalar(TENANT, {"tenant": act.tenant_id}):
                return len(act.certificates)
            self._lock(connection, act.tenant_id)
            choice = self._by_name(act.tenant_id, "c.id", act.certificates)
            there = {row.id for row in choice.named(connection)}
            self._do(connection, act, choice, is_known=True)
            if len(there) < len(act.certificates):
                self._tell_lost(connection, act, there)
        return len(act.certificates) - len(there)

    def _tell_lost(self, connection: Connection, act: Act, there: set[str]) -> None:
        """Set, or clear, the bits of certificates that the database lost."""
        # Their places may be handed out already: hand out none beside them.
        connection.execute(CLOSE_LISTS, {"tenant": act.tenant_id})
        event = EVENTS[act.verb]
        values: dict[str, Any] = {"tenant": act.tenant_id, "act": act.id, "now": act.at}
        values["standing"] = str(BECOMES.get(event, Standing.ACTIVE))
        change = END_LOST if event is StandingEvent.REINSTATE else PUT_LOST
        for certificate, place in zip(act.certificates, act.places, strict=False):
            name, _, index = place.partition("/")
            if certificate not in there and index:
                lost = values | {"name": name, "place": int(index)}
                connection.execute(text(change), lost)
                connection.execute(CHANGE_LOST_LIST, lost)

    def owner_of(self, chosen: Chosen) -> str | None:
        """Return whose the first of the chosen certificates, their job or batch is."""
        names = (
            ("c.id", (chosen.ids or (None,))[0]),
            ("c.reference", (chosen.references or (None,))[0]),
            ("j.id", chosen.job_id),
            ("b.id", chosen.batch_id),
        )
        with self._database.reading() as connection:
            for column, name in names:
                if name is not None and "\0" not in name:
                    query = text(OWNER.format(column=column))
                    found = connection.scalar(query, {"name": name})
                    return None if found is None else str(found)
        return None

    def knows(self, act_id: str) -> bool:
        """Say whether the act was done."""
        with self._database.reading() as connection:
            return connection.scalar(KNOWN, {"act": act_id}) is not None

    def _lock(self, connection: Connection, tenant_id: str) -> None:
        if not self._database.is_sqlite:
            connection.execute(LOCK_TENANT, {"tenant": tenant_id})

    def _choice(
        self, connection: Connection, tenant_id: str, chosen: Chosen
    ) -> "_Choice":
        if chosen.ids is not None:
            sound = [one for one in chosen.ids if is_id(one)]
            return self._by_name(tenant_id, "c.id", sound)
        if chosen.references is not None:
            sound = [one for one in chosen.references if _REFERENCE.fullmatch(one)]
            return self._by_name(tenant_id, "c.reference", sound)
        what = "batch" if chosen.job_id is None else "job"
        name = chosen.batch_id or chosen.job_id or ""
        found = None
        if is_id(name):
            values = {"tenant": tenant_id, "name": name}
            found = connection.execute(JOB_OF[what], values).first()
        if found is None:
            raise Refusal(
                Kind.NOT_FOUND,
                f"{what}_not_found",
                f"There is no such {what}. Check its id.",
                at=f"{what}Id",
            )
        if found.state in sources(JobEvent.CANCEL):
            raise Refusal(
                Kind.CONFLICT,
                "job_unfinished",
                "Certificates of this job are still being issued. Cancel it, or wait "
                "until it is finished; then all of them are meant.",
                at=f"{what}Id",
            )
        return _Choice("c.job_seq = :job", {"tenant": tenant_id, "job": found.seq})

    def _by_name(self, tenant_id: str, column: str, names: Sequence[str]) -> "_Choice":
        if self._database.is_sqlite:  # whose statements take few parameters
            which = f"{column} IN (SELECT value FROM json_each(:names))"
            return _Choice(
                which, {"tenant": tenant_id, "names": orjson.dumps(names).decode()}
            )
        which = f"{column} = ANY(:names)"
        return _Choice(which, {"tenant": tenant_id, "names": list(names)})

    def _do(
        self,
        connection: Connection,
        act: Act,
        choice: "_Choice",
        *,
        is_known: bool = False,
    ) -> Act:
        """Do *act*; return it with what it changed, or as it *is_known*."""
        event = EVENTS[act.verb]
        ids: list[str] = []
        places: list[str] = []
        for row in choice.to_change(connection, event):
            ids.append(row.id)
            places.append(row.place or "")
        done = act
        if not is_known:
            done = replace(act, certificates=tuple(ids), places=tuple(places))
        if not done.certificates:
            return done
        more = {"act": act.id, "now": act.at, "verb": act.verb}
        more |= {"reason": act.reason, "actor": act.actor, "count": len(ids)}
        connection.execute(ADD_ACT, choice.values | more)
        if event is StandingEvent.REINSTATE:
            choice.run(connection, CHANGE_LISTS, more, event, changed=MOVABLE)
            choice.run(connection, END_STANDINGS, more, event)
        else:
            more["standing"] = str(BECOMES[event])
            choice.run(connection, PUT_STANDINGS, more, event)
            choice.run(connection, CHANGE_LISTS, more, event, changed=BY_THIS)
        connection.execute(ADD_LEAF, {"act": act.id, "leaf": done.digest})
        append(
            connection,
            at=act.at,
            tenant_id=act.tenant_id,
            actor=act.actor,
            act=f"certificate.{act.verb}",
            subject=act.id,
            detail={"certificates": len(ids)},
        )
        return done


@dataclass(frozen=True, slots=True)
class _Choice:
    """Some of a tenant's certificates: a condition on `c`, and its values."""

    which: str
    values: dict[str, Any]

    def count(self, connection: Connection) -> int:
        return int(connection.scalar(text(COUNT.format(which=self.which)), self.values))

    def named(self, connection: Connection) -> Sequence[Row[Any]]:
        query = text(NAMED.format(which=self.which))
        return connection.execute(query, self.values).fetchall()

    def to_change(
        self, connection: Connection, event: StandingEvent
    ) -> Iterable[Row[Any]]:
        query = TO_CHANGE.format(which=self.which, sources=_listed(sources(event)))
        return connection.execute(text(query), self.values)

    def run(
        self,
        connection: Connection,
        statement: str,
        more: Mapping[str, Any],
        event: StandingEvent,
        *,
        changed: str = "",
    ) -> None:
        listed = _listed(sources(event))
        changed = changed.format(sources=listed)
        query = statement.format(which=self.which, sources=listed, changed=changed)
        connection.execute(text(query), {**self.values, **more})


def _listed(words: Sequence[str]) -> str:
    return "(" + ", ".join(f"'{word}'" for word in words) + ")"


def _look_at(event: StandingEvent, chosen: Chosen, found: Sequence[Row[Any]]) -> None:
    """Refuse what is not there, and what would bring back the revoked."""
    by_id = chosen.ids is not None
    names = dict.fromkeys((chosen.ids if by_id else chosen.references) or ())
    field = "certificateIds" if by_id else "references"
    known = {row.id if by_id else row.reference: row.standing for row in found}
    missing = [name for name in names if name not in known]
    if missing:
        raise Refusal(
            Kind.NOT_FOUND,
            "certificate_not_found",
            f"There is no certificate {_together(missing)}. Nothing was done; take "
            "them out, or correct them.",
            at=field,
        )
    revoked = [name for name in names if known[name] == Standing.REVOKED]
    if revoked and event is not StandingEvent.REVOKE:
        raise Refusal(
            Kind.CONFLICT,
            "certificate_revoked",
            f"{_together(revoked)} is revoked, and that is for ever. Nothing was "
            "done; take out what is revoked.",
            at=field,
        )


def _together(names: Sequence[str]) -> str:
    told = ", ".join(name[:64] for name in names[:MAX_NAMED])
    more = len(names) - MAX_NAMED
    return f"{told} and {more} more" if more > 0 else told
