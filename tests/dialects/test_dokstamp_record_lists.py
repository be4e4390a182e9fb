"""DokStamp's wire for academic records: lists, deleting, modules, many at once."""

from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest

from support.directories import Directory


@pytest.fixture
def directory(tenant):
    """Return an empty directory."""
    return Directory(tenant)


@pytest.mark.parametrize(
    ("resource", "referring"),
    [
        ("institutions", "organizations"),
        ("institutions", "modules"),
        ("institutions", "courses"),
        ("courses", "cohorts"),
        ("courses", "enrollments"),
        ("students", "enrollments"),
    ],
)
def test_what_is_referred_to_is_not_deleted(directory, resource, referring):
    """It is said what refers to it; without that it can go."""
    one = resource.removesuffix("s")
    made = directory.post(referring)
    name = made[one]["uuid"]

    errors = directory.errors("DELETE", f"/{resource}/{name}")
    batch = directory.destroy(resource, name)
    directory.client.delete(f"/{referring}/{made['uuid']}")
    gone = directory.client.delete(f"/{resource}/{name}")

    sentence = f"This {one} cannot be deleted: {referring} refer to it."
    assert errors == {"uuid": [sentence]}
    assert batch.json()["errors"] == {"uuids.0": [sentence]}
    assert gone.status_code == 204


def test_a_batch_is_deleted_as_a_whole_or_not(directory):
    """Each that cannot be is named by its place; the others stay as well."""
    uuids = [directory("students") for _ in range(4)]
    directory("enrollments", student_uuid=uuids[2])

    refused = directory.destroy("students", *uuids[:3], str(uuid4()))
    still, _ = directory.listed("/students")
    gone = directory.destroy("students", uuids[0], uuids[1], uuids[0])
    left, meta = directory.listed("/students")

    assert refused.status_code == 422
    assert set(refused.json()["errors"]) == {"uuids.2", "uuids.3"}
    assert [one["uuid"] for one in still] == uuids
    assert (gone.status_code, gone.content) == (204, b"")
    assert [one["uuid"] for one in left] == uuids[2:]
    assert meta["total"] == 2


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ({}, {"uuids": ["The uuids field is required."]}),
        ({"uuids": []}, {"uuids": ["The uuids field is required."]}),
        ({"uuids": "x"}, {"uuids": ["The uuids field must be an array."]}),
        (
            {"uuids": ["00000000-0000-4000-8000-000000000000"] * 1_001},
            {"uuids": ["The uuids field must not have more than 1000 items."]},
        ),
        (
            {"uuids": [1, None]},
            {
                "uuids.0": ["The uuids.0 field must be a valid UUID."],
                "uuids.1": ["The uuids.1 field must be a valid UUID."],
            },
        ),
    ],
)
def test_a_batch_has_one_to_a_thousand_uuids(directory, body, errors):
    """Anything else is refused, and says how it should be."""
    path = "/courses/batch/destroy"

    assert directory.errors("DELETE", path, json=body) == errors


def test_a_client_reads_all_pages(directory):
    """The loop of the service's own guide: filter, 200 a page, until the last."""
    course = directory("courses")
    for number in range(7):
        status = ("completed", "enrolled")[number % 2]
        directory("enrollments", course_uuid=course, completion_status=status)
    found, page, last = [], 1, 1
    while page <= last:
        answer = directory.client.get(
            f"/enrollments?where[completion_status]=completed&per_page=3&page={page}"
        ).json()
        found += answer["data"]
        last = answer["meta"]["last_page"]
        page += 1

    beyond, meta = directory.listed("/enrollments", page=9, per_page=200)

    assert (len(found), last) == (4, 2)
    assert {one["completion_status"] for one in found} == {"completed"}
    assert beyond == []
    assert (meta["total"], meta["last_page"], meta["from"]) == (7, 1, None)


def test_filters_hold_together_and_orders_turn_round(directory):
    """Several `where` must all hold; `sort[order]` alone means the newest first."""
    course = directory("courses", code="LAW")
    student = directory("students", email="ada@example.com")
    grades = [7, None, 9.5, 8]
    made = [
        directory(
            "enrollments",
            course_uuid=course,
            student_uuid=student,
            grade=grade,
            completion_status="completed" if grade else "enrolled",
        )
        for grade in grades
    ]
    directory("enrollments", student_uuid=student)

    def asked(**parameters):
        spelt = {name.replace("__", "[") + "]": v for name, v in parameters.items()}
        found, meta = directory.listed("/enrollments", **spelt)
        assert meta["total"] == len(found)
        return [one["uuid"] for one in found]

    both = {"where__course_uuid": course, "where__student_uuid": student}
    assert asked(**both) == made
    assert asked(**both, where__completion_status="enrolled") == [made[1]]
    assert asked(where__course_uuid=course, sort__order="desc") == made[::-1]
    by_grade = [made[1], made[0], made[3], made[2]]
    assert asked(**both, sort__column="grade") == by_grade
    assert asked(**both, sort__column="grade", sort__order="desc") == by_grade[::-1]
    assert len(asked(where__cohort_uuid="")) == len(asked(where__cohort_uuid="null"))
    assert asked(where__course_uuid=str(uuid4())) == []
    [ada], _ = directory.listed("/students", **{"where[email]": "ADA@example.com"})
    assert ada["uuid"] == student
    [law], _ = directory.listed("/courses", **{"where[code]": "LAW"})
    assert law["uuid"] == course


@pytest.mark.parametrize(
    ("query", "at"),
    [
        ("where[colour]=red", "where[colour]"),
        ("where[]=red", "where[]"),
        ("where[grade][gt]=5", "where[grade][gt]"),
        ("where[completion_status]=done", "where[completion_status]"),
        ("where[course_uuid]=7", "where[course_uuid]"),
        ("where[completion_status]=enrolled%00", "where[completion_status]"),
        ("sort[column]=student", "sort[column]"),
        ("sort[column]=grade&sort[order]=up", "sort[order]"),
        ("page=0", "page"),
        ("page=1e9", "page"),
        ("page=%D9%A1", "page"),
        ("per_page=1001", "per_page"),
        ("per_page=-1", "per_page"),
        ("page=1&page=2", "page"),
        ("where=completed", "where"),
        ("Where[grade]=9", "Where[grade]"),
        ("sort=grade", "sort"),
        ("where[course_uuid]=%FF", "request"),
    ],
)
def test_a_question_that_is_not_understood_is_refused(directory, query, at):
    """By name; nobody gets all of a list who asked for a part of it."""
    errors = directory.errors("GET", f"/enrollments?{query}")

    assert list(errors) == [at]


def test_modules_belong_to_courses(directory):
    """Attached in an order, grouped, told of with the course, and detached again."""
    course, modules = directory("courses"), [directory("modules") for _ in range(3)]
    path = f"/courses/{course}"
    post = directory.client.post

    attached = post(f"{path}/attach/modules", json={"modules": modules[1:]})
    again = post(f"{path}/attach/modules", json={"module_uuids": modules[:2]})
    grouped = post(
        f"{path}/modules/groups",
        json={"name": "Core", "modules": [{"uuid": modules[2]}]},
    )
    same_name = directory.errors(
        "POST", f"{path}/modules/groups", json={"name": "Core", "modules": modules}
    )
    kept = directory.errors("DELETE", f"/modules/{modules[2]}")
    read = directory.client.get(path).json()["data"]
    detached = post(f"{path}/detach/modules", json={"modules": modules[2:]})

    def uuids(told):
        return [one["uuid"] for one in told["modules"]]

    assert uuids(attached.json()["data"]) == modules[1:]
    assert uuids(again.json()["data"]) == [modules[1], modules[2], modules[0]]
    assert grouped.status_code == 201
    assert uuids(grouped.json()["data"]) == [modules[2]]
    assert same_name == {"name": ["The name has already been taken."]}
    assert kept == {"uuid": ["This module cannot be deleted: courses refer to it."]}
    assert read["module_groups"] == [grouped.json()["data"]]
    assert uuids(detached.json()["data"]) == [modules[1], modules[0]]
    assert detached.json()["data"]["module_groups"][0]["modules"] == []
    assert directory.client.delete(f"/modules/{modules[2]}").status_code == 204
    assert directory.client.delete(path).status_code == 204


@pytest.mark.parametrize("path", ["attach/modules", "detach/modules", "modules/groups"])
def test_modules_of_others_are_not_put_into_courses(directory, server, path):
    """Nor mine into a course of theirs; each module that is not there is named."""
    other = Directory(server.tenant())
    course, module = directory("courses"), directory("modules")
    theirs = [other("courses"), other("modules")]
    body = {"name": "Core", "modules": [module, theirs[1], 7]}

    no_uuid = directory.errors("POST", f"/courses/{course}/{path}", json=body)
    body["modules"].pop()
    foreign = directory.errors("POST", f"/courses/{course}/{path}", json=body)
    body["modules"].pop()
    elsewhere = directory.client.post(f"/courses/{theirs[0]}/{path}", json=body)

    assert no_uuid == {"modules.2": ["The modules.2 field must be a valid UUID."]}
    assert foreign == {"modules.1": ["The selected modules.1 is invalid."]}
    assert elsewhere.status_code == 404
    assert directory.client.get(f"/courses/{course}").json()["data"]["modules"] == []


def test_hundreds_are_made_at_once(directory):
    """Each is there, each once, and all are counted."""
    course, student = directory("courses"), directory("students")
    body = {"course_uuid": course, "student_uuid": student, "enrolled_at": "2024-01-01"}

    def make(_):
        return directory.client.post("/enrollments", json=body)

    with ThreadPoolExecutor(32) as pool:
        answers = list(pool.map(make, range(200)))

    uuids = {one.json()["data"]["uuid"] for one in answers}
    found, meta = directory.listed(
        "/enrollments", **{"where[course_uuid]": course, "per_page": 1_000}
    )
    assert {one.status_code for one in answers} == {201}
    assert {one["uuid"] for one in found} == uuids
    assert (len(uuids), meta["total"]) == (200, 200)


def test_one_of_many_gets_the_address(directory):
    """The others hear that it is taken, and nothing else."""
    body = directory.body("students")

    def make(_):
        return directory.client.post("/students", json=body)

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(make, range(48)))

    statuses = sorted(one.status_code for one in answers)
    assert statuses == [201] + [422] * 47
    assert {str(one.json().get("errors")) for one in answers} == {
        "None",
        "{'email': ['The email has already been taken.']}",
    }


def test_a_parameter_that_is_no_filter_is_passed_over(directory):
    """What clients of such services send everywhere; the answer is the same."""
    plain = directory.listed("/enrollments", per_page=2)

    more = "include=student&with[]=course&with[]=cohort&limit=5&_=1"
    answer = directory.client.get(f"/enrollments?per_page=2&{more}")

    assert answer.status_code == 200, answer.text
    assert (answer.json()["data"], answer.json()["meta"]) == plain
