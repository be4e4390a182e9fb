"""`records.ports.Records` on a database."""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager

from sqlalchemy import Connection, bindparam, text
from sqlalchemy.exc import IntegrityError

from testamur.core.lists import Query, Value
from testamur.core.records import (
    Curriculum,
    Definition,
    Holds,
    Mention,
    Record,
    Referrer,
    Unique,
)
from testamur.records.ports import Overtaken, Plain, Stored

from ..database import Database
from . import curricula
from .listing import listing
from .shapes import Shape
from .tallies import Place, apply, facets, places

#: Says whether a tenant has what a UUID names, inside a transaction.
Elsewhere = Callable[[Connection, str, str], bool]


class SqlRecords:
    """
    The records of all tenants.

    *elsewhere* knows what is no record, and can be referred to: by its name.
    """

    def __init__(
        self,
        database: Database,
        definitions: Sequence[Definition],
        elsewhere: Mapping[str, Elsewhere] | None = None,
    ) -> None:
        self._database = database
        self._elsewhere = elsewhere or {}
        by_resource = {one.resource: one for one in definitions}
        self._shapes = {one.resource: Shape(one, by_resource) for one in definitions}

    def find(self, tenant_id: str, definition: Definition, uuid: str) -> Record | None:
        """Return a record, or None."""
        with self._database.reading() as connection:
            return self._find(connection, tenant_id, definition, uuid)

    def page(
        self, tenant_id: str, definition: Definition, query: Query
    ) -> tuple[Sequence[Record], int]:
        """Return one page of records, and how many there are in all."""
        shape = self._shapes[definition.resource]
        with self._database.reading() as connection:
            where: list[tuple[str, Value]] = []
            for said_as, value in query.where:
                field = definition.said[said_as]
                if field.holds is Holds.RECORD and value is not None:
                    seq = self._seq(connection, tenant_id, field.target, str(value))
                    if seq is None:
                        return [], 0
                    value = seq
                where.append((said_as, shape.compared(field.name, value)))
            rows, total = listing(
                connection,
                shape.listing,
                tenant_id,
                Query(tuple(where), query.sort, query.page, query.per_page),
            )
        return [shape.record(row) for row in rows], total

    def curriculum(self, course: int) -> Curriculum:
        """Return the modules of a course."""
        with self._database.reading() as connection:
            return curricula.curriculum(connection, course)

    @contextmanager
    def changing(self, tenant_id: str) -> Iterator["SqlChanges"]:
        """Lend what changes a tenant's records in one transaction."""
        try:
            with self._database.writing() as connection:
                changes = self.inside(connection, tenant_id)
                yield changes
                changes.tally()
        except IntegrityError as error:
            # What was looked at a moment ago is another by now.
            raise Overtaken from error

    def inside(self, connection: Connection, tenant_id: str) -> "SqlChanges":
        """
        Return what is done with a tenant's records in a transaction of the caller's.

        Who changes records in it calls `tally` last of all; who only has them kept
        as they are, so that something can refer to them, need not.
        """
        return SqlChanges(
            connection,
            tenant_id,
            self._shapes,
            self._elsewhere,
            is_sqlite=self._database.is_sqlite,
        )

    def _find(
        self, connection: Connection, tenant_id: str, definition: Definition, uuid: str
    ) -> Record | None:
        shape = self._shapes[definition.resource]
        row = connection.execute(
            shape.find, {"tenant": tenant_id, "uuid": uuid}
        ).one_or_none()
        return None if row is None else shape.record(row)

    def _seq(
        self, connection: Connection, tenant_id: str, resource: str, uuid: str
    ) -> int | None:
        table = self._shapes[resource].definition.resource
        found: int | None = connection.scalar(
            text(f"SELECT seq FROM {table} WHERE tenant_id = :tenant AND uuid = :uuid"),
            {"tenant": tenant_id, "uuid": uuid},
        )
        return found


class SqlChanges:
    """`records.ports.Changes` inside one transaction."""

    def __init__(
        self,
        connection: Connection,
        tenant_id: str,
        shapes: Mapping[str, Shape],
        elsewhere: Mapping[str, Elsewhere],
        *,
        is_sqlite: bool,
    ) -> None:
        self._connection = connection
        self._tenant_id = tenant_id
        self._shapes = shapes
        self._elsewhere = elsewhere
        self._is_sqlite = is_sqlite
        #: By resource: what has to be added to the tallies in the end.
        self._counted: dict[str, Counter[Place]] = {}

    def stored(
        self, definition: Definition, uuids: Collection[str], *, to_change: bool
    ) -> Mapping[str, Stored]:
        """Return those of the records that there are, and keep them as they are."""
        shape = self._shapes[definition.resource]
        lock = "" if self._is_sqlite else " FOR UPDATE" if to_change else " FOR SHARE"
        found = self._connection.execute(
            text(shape.stored + lock).bindparams(bindparam("uuids", expanding=True)),
            {"tenant": self._tenant_id, "uuids": list(uuids)},
        )
        return {one.uuid: one for one in map(shape.as_stored, found)}

    def is_elsewhere(self, what: str, uuid: str) -> bool:
        """Say whether the tenant has something that is no record."""
        known = self._elsewhere.get(what)
        return known is not None and known(self._connection, self._tenant_id, uuid)

    def is_taken(
        self, definition: Definition, unique: Unique, values: Mapping[str, Plain]
    ) -> Collection[int]:
        """Return the `seq` of whatever has the same values where none may."""
        shape = self._shapes[definition.resource]
        parts = ["tenant_id = :tenant"]
        compared: dict[str, Plain] = {"tenant": self._tenant_id}
        for name in unique.fields:
            column = definition.by_name[name].compared_in
            value = shape.compared(name, values[name])
            if value is None:
                parts.append(f"{column} IS NULL")
            else:
                parts.append(f"{column} = :{column}")
                compared[column] = value
        found = self._connection.scalars(
            text(f"SELECT seq FROM {definition.resource} WHERE {' AND '.join(parts)}"),
            compared,
        )
        return set(found)

    def referred(
        self,
        definition: Definition,
        referrer: Referrer,
        records: Sequence[Stored],
    ) -> Collection[str]:
        """Return the UUIDs of those records that *referrer* refers to."""
        # Of a course with a million enrolments the first one is enough.
        statement = text(
            f"SELECT t.uuid FROM {definition.resource} t WHERE t.seq IN :seqs "
            f"AND EXISTS (SELECT 1 FROM {referrer.table} r "
            f"WHERE r.{referrer.column} = t.{'seq' if referrer.by_seq else 'uuid'})"
        ).bindparams(bindparam("seqs", expanding=True))
        return set(
            self._connection.scalars(statement, {"seqs": [one.seq for one in records]})
        )

    def add(
        self, definition: Definition, uuid: str, values: Mapping[str, Plain], now: int
    ) -> None:
        """Store a new record."""
        shape = self._shapes[definition.resource]
        row = {
            **shape.row(values),
            "uuid": uuid,
            "tenant": self._tenant_id,
            "now": now,
        }
        seq = self._connection.scalar(shape.insert, row)
        assert seq is not None
        self._count(definition, seq, values, 1)

    def change(
        self,
        definition: Definition,
        before: Stored,
        values: Mapping[str, Plain],
        now: int,
    ) -> None:
        """Store all *values* of a record that there is."""
        shape = self._shapes[definition.resource]
        row = {**shape.row(values), "seq": before.seq, "now": now}
        self._connection.execute(shape.update, row)
        self._count(definition, before.seq, before.values, -1)
        self._count(definition, before.seq, values, 1)

    def remove(self, definition: Definition, records: Sequence[Stored]) -> None:
        """Delete records, and what is part of them."""
        if not records:
            return
        seqs = [{"seq": one.seq} for one in records]
        for table, column in definition.parts:
            self._connection.execute(
                text(f"DELETE FROM {table} WHERE {column} = :seq"), seqs
            )
        self._connection.execute(
            text(f"DELETE FROM {definition.resource} WHERE seq = :seq"), seqs
        )
        for one in records:
            self._count(definition, one.seq, one.values, -1)

    def read(self, definition: Definition, uuid: str) -> Record:
        """Return a record as it is now."""
        shape = self._shapes[definition.resource]
        row = self._connection.execute(
            shape.find, {"tenant": self._tenant_id, "uuid": uuid}
        ).one()
        return shape.record(row)

    def attach(self, course: int, modules: Sequence[int]) -> None:
        """Put modules at the end of a course's, unless it has them."""
        curricula.attach(self._connection, course, modules)

    def detach(self, course: int, modules: Sequence[int]) -> None:
        """Take modules out of a course, and out of its groups."""
        curricula.detach(self._connection, course, modules)

    def group(self, course: int, uuid: str, name: str, modules: Sequence[int]) -> None:
        """Store a group of a course's modules."""
        curricula.group(self._connection, course, uuid, name, modules)

    def groups(self, course: int) -> Sequence[Mention]:
        """Return the groups of a course."""
        return curricula.groups(self._connection, course)

    def tally(self) -> None:
        """Count what was done. The caller commits then, and does nothing else."""
        for resource in sorted(self._counted):
            apply(self._connection, self._tenant_id, resource, self._counted[resource])

    def _count(
        self, definition: Definition, seq: int, values: Mapping[str, Plain], by: int
    ) -> None:
        counted = self._counted.setdefault(definition.resource, Counter())
        for place in places(seq, facets(definition, values)):
            counted[place] += by
