"""One tenant's academic directory, without a server."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from testamur.adapters.sql.database import Database
from testamur.adapters.sql.records import tallies
from testamur.adapters.sql.records.store import SqlRecords
from testamur.core.lists import Query
from testamur.core.records import Definition, Draft, Record
from testamur.records.definitions import (
    COURSES,
    DEFINITIONS,
    ENROLLMENTS,
    INSTITUTIONS,
    STUDENTS,
)
from testamur.records.directory import Directory

#: What every enrolment of these tests says, unless it says something else.
ENROLLED = {"enrolled_at": "2024-02-01", "completion_status": "enrolled"}


@dataclass
class World:
    """One tenant's directory, and what is easily made in it."""

    database: Database
    tenant: str
    directory: Directory
    store: SqlRecords

    def make(self, definition: Definition, **values: Any) -> Record:
        """Create a record."""
        whole = {field.name: field.default for field in definition.fields}
        draft = Draft({**whole, **values})
        return self.directory.create(self.tenant, definition, draft)

    def change(self, definition: Definition, record: Record, **values: Any) -> Record:
        """Change a record."""
        return self.directory.change(
            self.tenant, definition, record.uuid, Draft(values)
        )

    def institution(self, name: str = "Institution") -> Record:
        """Create an institution."""
        return self.make(INSTITUTIONS, name=name, country="PT")

    def course(self, institution: Record, code: str = "C1", **values: Any) -> Record:
        """Create a course."""
        return self.make(
            COURSES, name=code, code=code, institution=institution.uuid, **values
        )

    def student(self, number: int = 1) -> Record:
        """Create a student."""
        return self.make(
            STUDENTS,
            name=f"Student {number}",
            email=f"student{number}@example.com",
            date_of_birth="2001-02-03",
        )

    def enrollment(self, student: Record, course: Record, **values: Any) -> Record:
        """Create an enrolment."""
        return self.make(
            ENROLLMENTS,
            **{
                **ENROLLED,
                "student": student.uuid,
                "course": course.uuid,
                **values,
            },
        )

    def pages(self, definition: Definition, *where: Any, **query: Any) -> list[str]:
        """Return the UUIDs on all pages; every page has the same total."""
        size = query.pop("per_page", 3)
        found: list[str] = []
        totals = set()
        for number in range(1, 1_000):
            asked = Query(tuple(where), query.get("sort"), number, size)
            page, total = self.directory.page(self.tenant, definition, asked)
            totals.add(total)
            found += [one.uuid for one in page]
            if len(page) < size:
                break
        assert totals == {len(found)}
        return found


@contextmanager
def narrow_blocks(
    database: Database, *, fine: int = 2, coarse: int = 4
) -> Iterator[None]:
    """Count in blocks of four and of sixteen; whatever is stored meanwhile goes."""
    before = dict(tallies.SHIFTS)
    tallies.SHIFTS.update({tallies.FINE: fine, tallies.COARSE: coarse})
    try:
        yield
        with database.reading() as connection:
            for definition in DEFINITIONS:
                query = tallies.disagreement(definition)
                assert connection.execute(text(query)).all() == []
    finally:
        tallies.SHIFTS.update(before)
        with database.writing() as connection:
            for table in ("record_tallies", *(d.resource for d in DEFINITIONS[::-1])):
                connection.execute(text(f"DELETE FROM {table}"))


def plain(world: World, condition: str, **values: Any) -> list[str]:
    """Return the UUIDs of enrolments as SQL finds them, in the order of making."""
    with world.database.reading() as connection:
        return list(
            connection.scalars(
                text(
                    "SELECT uuid FROM enrollments WHERE tenant_id = :tenant AND "
                    f"{condition} ORDER BY seq"
                ),
                {"tenant": world.tenant, **values},
            )
        )
