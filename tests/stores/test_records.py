"""The academic directory in tables: one exercise, on both databases."""

import random
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from support.access import AccessRoom
from support.record_worlds import ENROLLED, World, narrow_blocks, plain
from testamur.adapters.sql.database import Database
from testamur.adapters.sql.fsck import violations
from testamur.adapters.sql.records.loading import load
from testamur.adapters.sql.records.shapes import Shape
from testamur.adapters.sql.records.store import SqlRecords
from testamur.core.lists import Query
from testamur.core.records import Definition, Field, Found, Holds, Record
from testamur.core.refusals import Refusal
from testamur.records.definitions import (
    COHORTS,
    COURSES,
    DEFINITIONS,
    ENROLLMENTS,
    ORGANIZATIONS,
    STUDENTS,
)
from testamur.records.directory import Directory


@pytest.fixture
def open_world(database: Database) -> Iterator[Any]:
    """Return what makes worlds, each a tenant's; in the end everything agrees."""

    def opened(slug: str, definitions: Any = DEFINITIONS) -> World:
        store = SqlRecords(database, definitions)
        tenant = AccessRoom(database).tenant(slug).id
        clock = iter(range(1, 1_000_000)).__next__
        return World(database, tenant, Directory(store, definitions, clock), store)

    yield opened
    assert list(violations(database)) == []


@pytest.fixture
def world(open_world: Any) -> World:
    """Return the world of one tenant."""
    return open_world("academy")


@pytest.mark.parametrize("seed", range(4))
def test_tallied_pages_are_those_of_plain_sql(open_world, database, seed):
    """Whatever was stored, changed and deleted, of two tenants in turn."""
    chance = random.Random(seed)
    with narrow_blocks(database):
        worlds = [open_world(slug) for slug in ("academy", "bakery")]
        kept: dict[str, list[Any]] = {}
        for world in worlds:
            institution = world.institution()
            courses = [world.course(institution, f"C{n}") for n in range(3)]
            cohorts = [world.make(COHORTS, code="A", course=c.uuid) for c in courses]
            kept[world.tenant] = [world.student(), courses, cohorts, []]
        for _ in range(120):
            world = chance.choice(worlds)
            student, courses, cohorts, enrolled = kept[world.tenant]
            which = chance.randrange(3)
            cohort = chance.choice([None, cohorts[which].uuid])
            said = {
                "completion_status": chance.choice(("enrolled", "completed")),
                "course": courses[which].uuid,
                "cohort": cohort,
            }
            step = chance.random()
            if not enrolled or step < 0.6:
                said |= {"student": student.uuid, "enrolled_at": "2024-02-01"}
                enrolled.append(world.make(ENROLLMENTS, **said))
            elif step < 0.8:
                world.change(ENROLLMENTS, chance.choice(enrolled), **said)
            else:
                gone = chance.sample(enrolled, min(len(enrolled), 3))
                world.directory.destroy(
                    world.tenant, ENROLLMENTS, [one.uuid for one in gone]
                )
                kept[world.tenant][3] = [one for one in enrolled if one not in gone]

        for world in worlds:
            _, courses, cohorts, _ = kept[world.tenant]
            for where, condition in [
                ((), "TRUE"),
                (("completion_status", "enrolled"), "completion_status = 'enrolled'"),
                (("cohort_uuid", None), "cohort_seq IS NULL"),
                *(
                    (("course_uuid", one.uuid), f"course_seq = {one.seq}")
                    for one in courses
                ),
                *(
                    (("cohort_uuid", one.uuid), f"cohort_seq = {one.seq}")
                    for one in cohorts
                ),
            ]:
                asked = [where] if where else []
                expected = plain(world, condition)
                assert world.pages(ENROLLMENTS, *asked) == expected
                falling = world.pages(ENROLLMENTS, *asked, sort=("created_at", True))
                assert falling == expected[::-1]
            assert world.pages(ENROLLMENTS, ("course_uuid", str(uuid4()))) == []


def test_every_order_is_its_opposite_backwards(world):
    """Also where many are equal, and some have nothing: those are the smallest."""
    course = world.course(world.institution())
    student = world.student()
    for grade in (900, None, 700, 900, None, 800, 700, 900):
        world.enrollment(student, course, grade=grade)
    values = {}
    page, _ = world.directory.page(world.tenant, ENROLLMENTS, Query(per_page=100))
    for one in page:
        values[one.uuid] = (one.values["grade"] or -1, one.seq)

    rising = world.pages(ENROLLMENTS, sort=("grade", False))

    assert rising == sorted(values, key=values.__getitem__)
    assert world.pages(ENROLLMENTS, sort=("grade", True)) == rising[::-1]
    both = [("completion_status", "enrolled"), ("student_uuid", student.uuid)]
    assert world.pages(ENROLLMENTS, *both, sort=("grade", True)) == rising[::-1]


def steps_of(world: World, query: Query) -> int:
    """Return how many steps SQLite takes for a page of enrolments."""
    steps = 0

    def count() -> None:
        nonlocal steps
        steps += 1

    with world.database.engine.connect() as connection:
        driver = connection.connection.driver_connection
    driver.set_progress_handler(count, 10)
    try:
        world.directory.page(world.tenant, ENROLLMENTS, query)
    finally:
        driver.set_progress_handler(None, 0)
    return steps


@pytest.mark.parametrize(
    "filtered_by", [None, "completion_status", "course_uuid", "cohort_uuid"]
)
def test_the_last_page_of_many_costs_what_the_only_one_does(
    world, database, filtered_by
):
    """Counted in steps of the database, of which there would be a hundred times."""
    if not database.is_sqlite:
        return  # the same statements; only SQLite counts its steps
    with narrow_blocks(database, fine=5, coarse=10):
        courses = [world.course(world.institution(n), n) for n in ("A", "B")]
        cohorts = [world.make(COHORTS, code="A", course=c.uuid) for c in courses]
        student = world.student()
        shape = Shape(ENROLLMENTS, {one.resource: one for one in DEFINITIONS})
        value = {
            None: None,
            "completion_status": "enrolled",
            "course_uuid": courses[1].uuid,
            "cohort_uuid": cohorts[1].uuid,
        }[filtered_by]
        where = ((filtered_by, value),) if filtered_by else ()

        def loaded(count: int) -> int:
            """Load more; return how many are listed then."""
            rows = (
                {
                    **ENROLLED,
                    "grade": None,
                    "completed_at": None,
                    "student": student.seq,
                    "course": courses[n % 2].seq,
                    "cohort": cohorts[n % 2].seq,
                }
                for n in range(count)
            )
            load(database, shape, world.tenant, rows, 0)
            return world.directory.page(world.tenant, ENROLLMENTS, Query(where))[1]

        def steps(page: int, sort: Any = None) -> int:
            return steps_of(world, Query(where, sort, page, 10))

        loaded(64)
        only = steps(1)
        last = loaded(6_000) // 10

        assert only > 0
        for page in (1, last // 2, last):
            assert steps(page) < 2 * only
            assert steps(page, ("created_at", True)) < 2 * only


def test_what_is_loaded_is_there_and_counted(world, database):
    """In bulk, past the end of a block, and beside what came one by one."""
    before = world.student(0)
    nobody = {field.name: field.default for field in STUDENTS.fields}
    rows = (
        {
            **nobody,
            "name": "Loaded",
            "email": f"Loaded{n}@Example.com",
            "date_of_birth": "1999-09-09",
        }
        for n in range(5_000)
    )

    shape = Shape(STUDENTS, {one.resource: one for one in DEFINITIONS})
    assert load(database, shape, world.tenant, rows, 7) == 5_000

    after = world.student(1)
    found = world.pages(STUDENTS, per_page=1_000)
    assert len(set(found)) == 5_002
    assert (found[0], found[-1]) == (before.uuid, after.uuid)
    query = Query((("email", "LOADED77@example.com"),))
    [loaded], total = world.directory.page(world.tenant, STUDENTS, query)
    assert (loaded.values["email"], total) == ("Loaded77@Example.com", 1)


def together(*calls: Any) -> list[Any]:
    """Run all calls at once; return what each returned, or was refused with."""
    start = threading.Barrier(len(calls))

    def run(call: Any) -> Any:
        start.wait()
        try:
            return call()
        except Refusal as refusal:
            return refusal

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def test_one_of_many_who_want_the_same_address_gets_it(world):
    """All at once, in every spelling; the others are told that it is taken."""
    wanted = ["ada@example.com", "Ada@Example.com", " ADA@EXAMPLE.COM"] * 8

    outcomes = together(
        *(
            lambda email=email: world.make(
                STUDENTS, name="Ada", email=email, date_of_birth="1990-01-01"
            )
            for email in wanted
        )
    )

    made = [one for one in outcomes if isinstance(one, Record)]
    refused = [one for one in outcomes if isinstance(one, Refusal)]
    assert (len(made), len(refused)) == (1, 23)
    assert {(p.at, p.detail) for one in refused for p in one.parts} == {
        ("email", "The email has already been taken.")
    }


def test_no_count_is_lost_when_many_write(world):
    """Creating, changing and deleting at once: the tallies are what there is."""
    course = world.course(world.institution())
    students = [world.student(n) for n in range(8)]

    def busy(student: Record) -> None:
        made = [world.enrollment(student, course) for _ in range(6)]
        world.change(ENROLLMENTS, made[0], completion_status="completed")
        uuids = [one.uuid for one in made[1:4]]
        world.directory.destroy(world.tenant, ENROLLMENTS, uuids)

    together(*(lambda one=one: busy(one) for one in students))

    assert len(world.pages(ENROLLMENTS)) == 24
    assert len(world.pages(ENROLLMENTS, ("completion_status", "completed"))) == 8


def test_what_is_referred_to_stays_whoever_is_quicker(world):
    """A course is deleted while students enrol: one of the two is refused."""
    institution = world.institution()
    for number in range(5):
        course = world.course(institution, f"C{number}")
        student = world.student(number)

        deleted, *enrolled = together(
            lambda c=course: world.directory.delete(world.tenant, COURSES, c.uuid),
            *[lambda c=course, s=student: world.enrollment(s, c)] * 4,
        )

        made = [one for one in enrolled if isinstance(one, Record)]
        if deleted is None:
            assert made == []
        else:
            assert "enrollments refer to it" in deleted.detail
            assert len(made) == 4


def test_a_parent_stays_while_others_agree_on_it(world):
    """A course's organization is one of its institution, also after changes."""
    mine, other = world.institution("Mine"), world.institution("Other")
    within = world.make(ORGANIZATIONS, name="Faculty", institution=mine.uuid)
    with pytest.raises(Refusal) as elsewhere:
        world.course(other, "X", organization=within.uuid)
    course = world.course(mine, "Y", organization=within.uuid)

    with pytest.raises(Refusal) as moved:
        world.change(ORGANIZATIONS, within, institution=other.uuid)
    with pytest.raises(Refusal) as taken_along:
        world.change(COURSES, course, institution=other.uuid)
    world.change(COURSES, course, institution=other.uuid, organization=None)
    world.change(ORGANIZATIONS, within, institution=other.uuid)

    assert [one.at for one in elsewhere.value.parts] == ["organization_uuid"]
    assert [one.at for one in moved.value.parts] == ["institution_uuid"]
    assert [one.at for one in taken_along.value.parts] == ["organization_uuid"]


BADGES = Definition(
    "badges",
    "badge",
    (
        Field("title", Holds.LINE, is_required=True, found=Found.BY_INDEX),
        Field("colour", Holds.CHOICE, choices=("red", "blue"), default="red"),
        Field("course", Holds.RECORD, target="courses", found=Found.BY_TALLY),
    ),
    told_as="title",
)


def test_one_definition_and_one_table_are_one_resource_more(open_world, database):
    """Nothing else is written: it is stored, listed, counted, and refers."""
    with database.writing() as connection:
        serial = (
            "INTEGER PRIMARY KEY AUTOINCREMENT"
            if database.is_sqlite
            else "BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY"
        )
        connection.execute(
            text(
                f"CREATE TABLE badges (seq {serial}, uuid TEXT, tenant_id TEXT, "
                "title TEXT, colour TEXT, course_seq BIGINT REFERENCES courses (seq), "
                "created_at BIGINT, updated_at BIGINT)"
            )
        )
    world = open_world("academy", (*DEFINITIONS, BADGES))
    course = world.course(world.institution())
    badge = world.make(BADGES, title="First", course=course.uuid)
    world.make(BADGES, title="Second")

    assert world.pages(BADGES, ("course_uuid", course.uuid)) == [badge.uuid]
    assert world.pages(BADGES, ("title", "First")) == [badge.uuid]
    with pytest.raises(Refusal, match="badges refer to it"):
        world.directory.delete(world.tenant, COURSES, course.uuid)
    world.directory.delete(world.tenant, BADGES, badge.uuid)
    world.directory.delete(world.tenant, COURSES, course.uuid)
    with database.writing() as connection:
        connection.execute(text("DROP TABLE badges"))


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ("UPDATE record_tallies SET count = count + 1 WHERE facet = ''", "tallied"),
        ("DELETE FROM record_tallies WHERE facet LIKE 'completion%'", "tallied"),
        ("UPDATE enrollments SET completion_status = 'dropped'", "tallied"),
        ("UPDATE students SET tenant_id = :other", "something of another tenant"),
        ("UPDATE cohorts SET course_seq = :course", "has another course"),
    ],
)
def test_fsck_notices_what_does_not_agree(open_world, database, broken, said):
    """Tallies, tenants, and what two records must have in common."""
    world, other = open_world("academy"), open_world("bakery")
    institution = world.institution()
    course, elsewhere = world.course(institution), world.course(institution, "C2")
    cohort = world.make(COHORTS, code="A", course=course.uuid)
    world.enrollment(world.student(), course, cohort=cohort.uuid)
    assert list(violations(database)) == []

    with database.writing() as connection:
        known = {"other": other.tenant, "course": elsewhere.seq}
        named = {name: known[name] for name in known if f":{name}" in broken}
        connection.execute(text(broken), named)

    assert any(said in line for line in violations(database))
    with database.writing() as connection:
        for table in ("record_tallies", *(d.resource for d in DEFINITIONS[::-1])):
            connection.execute(text(f"DELETE FROM {table}"))
