"""Ten million enrolments: what the last page costs, beside the first."""

import random
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

from testamur.access.tenants import Tenants
from testamur.adapters.sql.access_store import AccessStore
from testamur.adapters.sql.database import Database
from testamur.adapters.sql.migrate import migrate
from testamur.adapters.sql.records.loading import load
from testamur.adapters.sql.records.shapes import Shape
from testamur.adapters.sql.records.store import SqlRecords
from testamur.core.clock import system_clock
from testamur.core.lists import Query
from testamur.core.records import Definition, Draft
from testamur.records.definitions import (
    COHORTS,
    COURSES,
    DEFINITIONS,
    ENROLLMENTS,
    INSTITUTIONS,
    STUDENTS,
)
from testamur.records.directory import Directory

PER_PAGE = 200
ROUNDS = 25

#: Not many rounds of what takes long.
MEASURE_MILLISECONDS = 10_000

#: How long loading may take; what was loaded by then is measured.
LOAD_SECONDS = 1_800.0

#: Nobody else writes here, so that fewer and larger transactions are quicker.
AT_ONCE = 65_536

COURSE_COUNT = 200
STUDENT_COUNT = 10_000


def main(size: int = 1_000_000, url: str | None = None) -> None:
    """Print how fast enrolments are loaded, and what pages of them cost."""
    with tempfile.TemporaryDirectory() as folder:
        database = Database(url or f"sqlite:///{Path(folder) / 'records.db'}")
        migrate(database)
        try:
            _measure(database, size)
        finally:
            database.close()


def _measure(database: Database, size: int) -> None:
    engine = "SQLite" if database.is_sqlite else "PostgreSQL"
    slug = f"bench-{random.randrange(10**9)}"
    tenants = Tenants(AccessStore(database), system_clock)
    tenant = tenants.create(slug, name="Bench").id
    records = SqlRecords(database, DEFINITIONS)
    directory = Directory(records, DEFINITIONS, system_clock)
    shapes = {
        one.resource: Shape(one, {each.resource: each for each in DEFINITIONS})
        for one in DEFINITIONS
    }

    def made(definition: Definition, **values: Any) -> Any:
        whole = {field.name: field.default for field in definition.fields}
        return directory.create(tenant, definition, Draft({**whole, **values}))

    institution = made(INSTITUTIONS, name="Bench", country="PT")
    courses = [
        made(COURSES, name=f"Course {n}", code=f"C{n}", institution=institution.uuid)
        for n in range(COURSE_COUNT)
    ]
    cohorts = [
        made(COHORTS, code=f"G{n}", course=course.uuid)
        for n, course in enumerate(courses)
    ]
    nobody = {field.name: field.default for field in STUDENTS.fields}
    people = (
        {
            **nobody,
            "name": f"Student {n}",
            "email": f"student{n}@example.com",
            "date_of_birth": "2001-02-03",
        }
        for n in range(STUDENT_COUNT)
    )
    load(database, shapes["students"], tenant, people, system_clock())
    with database.reading() as connection:
        students = [
            seq
            for (seq,) in connection.exec_driver_sql(
                f"SELECT seq FROM students ORDER BY seq DESC LIMIT {STUDENT_COUNT}"
            )
        ]
    began = time.perf_counter()

    def enrolled() -> Iterator[dict[str, Any]]:
        """Cohort by cohort, as they come; a tenth of them anywhere."""
        chance = random.Random(7)
        for n in range(size):
            if n % 1_000 == 0 and time.perf_counter() - began > LOAD_SECONDS:
                return
            which = n * COURSE_COUNT // size
            if chance.random() < 0.1:
                which = chance.randrange(COURSE_COUNT)
            yield {
                "completion_status": chance.choice(("completed", "enrolled")),
                "grade": None,
                "enrolled_at": f"20{n * 20 // size:02d}-09-01",
                "completed_at": None,
                "student": chance.choice(students),
                "course": courses[which].seq,
                "cohort": cohorts[which].seq,
            }

    count = load(
        database,
        shapes["enrollments"],
        tenant,
        enrolled(),
        system_clock(),
        at_once=AT_ONCE,
    )
    took = time.perf_counter() - began
    print(f"{count:,} enrolments on {engine}: loaded at {count / took:,.0f}/s, tallied")
    if not database.is_sqlite:
        with database.engine.connect().execution_options(
            isolation_level="AUTOCOMMIT"
        ) as connection:
            connection.exec_driver_sql("VACUUM ANALYZE enrollments")

    mine = courses[COURSE_COUNT // 2]
    for title, where, sort in (
        ("all of them", (), None),
        ("where[completion_status]", (("completion_status", "completed"),), None),
        ("where[course_uuid]", (("course_uuid", mine.uuid),), None),
        ("newest first", (), ("created_at", True)),
        ("not tallied: by enrolled_at", (), ("enrolled_at", False)),
    ):
        _pages(records, tenant, title, where, sort)


def _pages(records: SqlRecords, tenant: str, title: str, where: Any, sort: Any) -> None:
    _, total = records.page(tenant, ENROLLMENTS, Query(where, sort, 1, PER_PAGE))
    last = max(1, total // PER_PAGE)  # the last one that is full
    pages = {"first": 1, "middle": (last + 1) // 2, "last": last}
    rounds: dict[str, list[float]] = {name: [] for name in pages}
    # In turn, so that whatever else the machine does befalls all of them.
    for _ in range(ROUNDS):
        for name, page in pages.items():
            query = Query(where, sort, page, PER_PAGE)
            began = time.perf_counter()
            records.page(tenant, ENROLLMENTS, query)
            rounds[name].append(1_000 * (time.perf_counter() - began))
        if sum(map(sum, rounds.values())) > MEASURE_MILLISECONDS:
            break
    took = {name: median(found) for name, found in rounds.items()}
    figures = ", ".join(f"{name} {ms:.2f} ms" for name, ms in took.items())
    print(
        f"  {title:<28} {total:>10,} in all, pages of {PER_PAGE}: {figures} "
        f"(last / first {took['last'] / took['first']:.2f})",
        flush=True,
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000, *sys.argv[2:3])
