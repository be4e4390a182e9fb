"""DokStamp's wire for academic records, over HTTP."""

import re
from uuid import uuid4

import pytest

from support.directories import Directory

NAMES = (
    "institutions",
    "organizations",
    "modules",
    "courses",
    "cohorts",
    "students",
    "enrollments",
)
UUID4 = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
)
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")


@pytest.fixture
def directory(tenant):
    """Return an empty directory."""
    return Directory(tenant)


@pytest.mark.parametrize("resource", NAMES)
def test_a_record_is_made_read_changed_and_deleted(directory, resource):
    """Each kind of record, from POST to 404, the same at every step."""
    client = directory.client

    made = directory.post(resource)
    path = f"/{resource}/{made['uuid']}"
    read = client.get(path)
    listed, meta = directory.listed(f"/{resource}")
    patched = client.patch(path, json={})
    deleted = client.delete(path)

    assert UUID4.fullmatch(made["uuid"])
    assert MOMENT.fullmatch(made["created_at"])
    assert read.json()["data"] == made
    assert listed[0].items() <= made.items()
    assert meta["total"] == 1
    assert patched.json()["data"] == made
    assert (deleted.status_code, deleted.content) == (204, b"")
    assert client.get(path).status_code == 404
    assert client.delete(path).json()["message"] == "Resource not found."
    assert directory.listed(f"/{resource}") == (
        [],
        {
            "current_page": 1,
            "from": None,
            "last_page": 1,
            "path": str(client.base_url.join(f"/{resource}")),
            "per_page": 15,
            "to": None,
            "total": 0,
        },
    )


def test_records_are_spelt_as_the_service_does(directory):
    """What is referred to is told of: by its name, a cohort by its code."""
    institution = directory("institutions", name="Universidade")
    course = directory("courses", name="Law", institution_uuid=institution)
    cohort = directory("cohorts", code="2024-A", course_uuid=course)
    student = directory("students", name="Ada")

    made = directory.post(
        "enrollments",
        student_uuid=student,
        course_uuid=course,
        cohort_uuid=cohort,
        grade=9.25,
        completion_status="completed",
        completed_at="2024-12-01T10:00:00Z",
    )
    of_course = directory.client.get(f"/courses/{course}").json()["data"]

    assert {key: made[key] for key in made if not key.endswith("_at")} == {
        "uuid": made["uuid"],
        "completion_status": "completed",
        "grade": 9.25,
        "student": {"uuid": student, "name": "Ada"},
        "course": {"uuid": course, "name": "Law"},
        "cohort": {"uuid": cohort, "code": "2024-A"},
    }
    assert (made["enrolled_at"], made["completed_at"]) == ("2024-02-01", "2024-12-01")
    assert of_course["institution"] == {"uuid": institution, "name": "Universidade"}
    assert (of_course["organization"], of_course["status"]) == (None, "draft")


REQUIRED = "The {} field is required."

#: What is sent, and what is said of each field of it.
WRONG = {
    "empty": ("students", {}, {"name", "email", "date_of_birth"}, REQUIRED),
    "null": (
        "students",
        {"name": None, "email": "", "date_of_birth": " \t"},
        {"name", "email", "date_of_birth"},
        REQUIRED,
    ),
    "long": (
        "institutions",
        {"name": "x" * 256, "country": "PT"},
        {"name"},
        "The {} field must not be greater than 255 characters.",
    ),
    "no-text": (
        "institutions",
        {"name": 17, "country": ["PT"], "legal_name": {}, "tax_id": True},
        {"name", "country", "legal_name", "tax_id"},
        "The {} field must be a string.",
    ),
    "choice": (
        "institutions",
        {"name": "A", "country": "PT", "status": "closed"},
        {"status"},
        "The selected {} is invalid.",
    ),
    "url": (
        "institutions",
        {"name": "A", "country": "PT", "website": "javascript:alert(1)"},
        {"website"},
        "The {} field must be a valid URL.",
    ),
    "truth": (
        "institutions",
        {"name": "A", "country": "PT", "is_badges_enabled": "maybe"},
        {"is_badges_enabled"},
        "The {} field must be true or false.",
    ),
    "badges-without-image": (
        "institutions",
        {"name": "A", "country": "PT", "is_badges_enabled": True},
        {"badge_image_uuid"},
        "The {} field is required when is badges enabled is true.",
    ),
    "image-of-nobody": (
        "institutions",
        {"name": "A", "country": "PT", "badge_image_uuid": str(uuid4())},
        {"badge_image_uuid"},
        "The selected {} is invalid.",
    ),
    "email": (
        "students",
        {"name": "A", "email": "ada at example", "date_of_birth": "2001-02-03"},
        {"email"},
        "The {} field must be a valid email address.",
    ),
    "date": (
        "students",
        {"name": "A", "email": "a@example.com", "date_of_birth": "2001-02-30"},
        {"date_of_birth"},
        "The {} field must be a valid date.",
    ),
    "invisible": (
        "students",
        {"name": "A\u202eB", "email": "a@example.com", "date_of_birth": "2001-02-03"},
        {"name"},
        "The {} field cannot be stored: character 2 is U+202E (RIGHT-TO-LEFT "
        "OVERRIDE), which changes the order in which letters are read. Delete it; "
        "right-to-left letters need none.",
    ),
    "no-uuid": (
        "enrollments",
        {"student_uuid": 1, "course_uuid": "1", "enrolled_at": "2024-01-01"},
        {"student_uuid", "course_uuid"},
        "The {} field must be a valid UUID.",
    ),
    "nobodys": (
        "enrollments",
        {
            "student_uuid": str(uuid4()),
            "course_uuid": str(uuid4()),
            "enrolled_at": "2024-01-01",
        },
        {"student_uuid", "course_uuid"},
        "The selected {} is invalid.",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_every_wrong_field_is_named(directory, case):
    """All at once, each in the service's own words; nothing is stored."""
    resource, body, fields, sentence = WRONG[case]

    errors = directory.errors("POST", f"/{resource}", json=body)

    assert errors == {
        field: [sentence.format(field.replace("_", " "))] for field in fields
    }
    assert directory.listed(f"/{resource}")[0] == []


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("grade", -1, "must be at least 0."),
        ("grade", 10.01, "must not be greater than 10."),
        ("grade", 9.999, "must have 0-2 decimal places."),
        ("grade", "good", "must be a number."),
        ("grade", True, "must be a number."),
        ("grade", 1e300, "must not be greater than 10."),
        ("grade", "9" * 4_000, "must be a number."),
        ("enrolled_at", 20240201, "must be a valid date."),
        ("enrolled_at", "01/02/2024", "must be a valid date."),
        ("completed_at", "2024-02-01T", "must be a valid date."),
    ],
)
def test_a_value_that_cannot_be_is_refused(directory, field, value, said):
    """Numbers and days: out of range, too fine, or none at all."""
    made = directory.post("enrollments")

    errors = directory.errors(
        "PATCH", f"/enrollments/{made['uuid']}", json={field: value}
    )

    assert errors == {field: [f"The {field.replace('_', ' ')} field {said}"]}


@pytest.mark.parametrize("body", ["[]", "null", "7", '"name"'])
def test_a_body_is_an_object(directory, body):
    """Anything else is refused as a whole."""
    errors = directory.errors(
        "POST",
        "/students",
        content=body,
        headers={"Content-Type": "application/json"},
    )

    assert errors == {"request": ["The body must be a JSON object."]}


def test_what_is_no_field_is_passed_over(directory):
    """As the service does: it is neither stored nor refused."""
    made = directory.post("students", nickname="Ada", uuid=str(uuid4()), tenant_id="x")

    assert "nickname" not in made
    assert "tenant_id" not in made


def test_an_address_belongs_to_one_student(directory, server):
    """In whatever letters; another tenant's students do not count."""
    first = directory.post("students", email="Ada@Example.com")
    other = Directory(server.tenant())
    body = {**directory.body("students"), "email": " ada@example.COM "}

    refused = directory.errors("POST", "/students", json=body)
    own = directory.client.patch(f"/students/{first['uuid']}", json=body)
    elsewhere = other.client.post("/students", json=body)

    assert refused == {"email": ["The email has already been taken."]}
    assert own.json()["data"]["email"] == "ada@example.COM"
    assert elsewhere.status_code == 201


@pytest.mark.parametrize("resource", ["organizations", "modules", "courses", "cohorts"])
def test_a_code_is_unique_where_it_is_looked_for(directory, resource):
    """Within its institution, or its course; elsewhere it may be used again."""
    parent = "course_uuid" if resource == "cohorts" else "institution_uuid"
    body = {**directory.body(resource), "code": "A-1"}
    assert directory.client.post(f"/{resource}", json=body).status_code == 201

    errors = directory.errors("POST", f"/{resource}", json=body)
    elsewhere = directory.post(resource, code="A-1")

    assert errors == {"code": ["The code has already been taken."]}
    assert elsewhere[parent.removesuffix("_uuid")]["uuid"] != body[parent]


def test_a_course_may_have_a_second_version(directory):
    """The same code, another version: another course."""
    body = {**directory.body("courses"), "code": "LAW", "version": "2023"}

    answers = [
        directory.client.post("/courses", json={**body, **more}).status_code
        for more in ({}, {"version": "2024"}, {"version": None}, {}, {"version": ""})
    ]

    assert answers == [201, 201, 201, 422, 422]


def test_patch_changes_what_it_says_and_put_all(directory):
    """What PUT does not say is as if it had never been said."""
    made = directory.post("courses", code="LAW", area="Law", status="active")
    path = f"/courses/{made['uuid']}"

    patched = directory.client.patch(path, json={"area": "Civil law"}).json()["data"]
    incomplete = directory.errors("PUT", path, json={"area": "Law"})
    whole = {"name": "Law", "institution": made["institution"]}
    put = directory.client.put(path, json=whole).json()["data"]

    changed = {"area": "Civil law", "updated_at": patched["updated_at"]}
    assert patched == {**made, **changed}
    assert set(incomplete) == {"name", "institution_uuid"}
    assert (put["name"], put["code"], put["area"]) == ("Law", None, None)
    assert put["status"] == "draft"


@pytest.mark.parametrize("resource", NAMES)
def test_what_is_read_can_be_sent_back(directory, resource):
    """PUT takes what GET answers, and changes nothing by it."""
    made = directory.post(resource)

    sent = directory.client.put(f"/{resource}/{made['uuid']}", json=made)

    assert sent.json()["data"] == made


def test_another_tenants_records_are_nobodys(directory, server):
    """404 in a path, 422 in a body or a batch; they stay as they are."""
    other = Directory(server.tenant())
    student, course = other("students"), other("courses")

    path = f"/students/{student}"
    answers = [
        directory.client.get(path).status_code,
        directory.client.patch(path, json={"name": "Mine"}).status_code,
        directory.client.delete(path).status_code,
    ]
    errors = directory.errors(
        "POST",
        "/enrollments",
        json={
            "student_uuid": student,
            "course_uuid": course,
            "enrolled_at": "2024-1-1",
        },
    )
    batch = directory.destroy("students", student)
    listed, _ = directory.listed("/enrollments", **{"where[course_uuid]": course})

    assert answers == [404, 404, 404]
    assert errors["student_uuid"] == ["The selected student uuid is invalid."]
    assert errors["course_uuid"] == ["The selected course uuid is invalid."]
    assert batch.json()["errors"] == {"uuids.0": ["The selected uuids.0 is invalid."]}
    assert listed == []
    assert other.client.get(path).json()["data"]["name"].startswith("Student")


@pytest.mark.parametrize(
    "name", ["7", "x", "%00", "00000000-0000-4000-8000-000000000000x", "batch"]
)
def test_a_path_has_a_uuid(directory, name):
    """Anything else is refused, whether something is there or not."""
    assert directory.errors("GET", f"/students/{name}") == {
        "uuid": ["The uuid field must be a valid UUID."]
    }


def test_a_uuid_may_be_in_capitals(directory):
    """In the path, in a body and in a filter it means the same."""
    student = directory("students").upper()
    made = directory.post("enrollments", student_uuid=student)

    found, _ = directory.listed("/enrollments", **{"where[student_uuid]": student})

    assert directory.client.get(f"/students/{student}").status_code == 200
    assert [one["uuid"] for one in found] == [made["uuid"]]


def test_every_request_names_its_tenant(server, tenant):
    """Without X-Tenant nobody is known; with another's there is nothing."""
    other = server.tenant()

    without = tenant.client.get("/students")
    anothers = tenant.client.get("/students", headers={"X-Tenant": other.slug})

    assert (without.status_code, without.json()["message"]) == (401, "Unauthenticated.")
    assert anothers.status_code in (401, 404)
