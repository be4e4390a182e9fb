"""Certificates of the DokStamp API, over HTTP."""

import hashlib
import uuid
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from support.server import Server
from support.university import University, days_from_now, diploma
from testamur.wiring.soundness import unsound


@pytest.fixture
def university(tenant):
    """Return a university that has its records here."""
    return University(tenant)


def errors(answer: httpx.Response) -> dict[str, list[str]]:
    """Return what a 422 says, by field."""
    assert answer.status_code == 422, answer.text
    body = answer.json()
    assert body["success"] is False
    assert body["message"] == "The given data was invalid."
    found: dict[str, list[str]] = body["errors"]
    return found


def test_an_issued_certificate_is_a_credential_that_names_the_uploaded_pdf(university):
    """
    It has a page, a signed credential in the log, and the PDF as it was uploaded; the
    credential commits to that by its digest.
    """
    content = diploma("Inês Furtado")
    [file] = university.uploaded(content)

    made = university.certificate(file_uuid=file, issued_at="2026-07-15T10:00:00Z")

    url = made["public_verification_url"]
    credential = httpx.get(f"{url}.json").json()
    assert made["status"] == "issued"
    assert made["issued_at"] == "2026-07-15T10:00:00.000000Z"
    assert made["course"]["name"] == "Marine Biology"
    assert made["files"] == [{"type": "certificate", "uuid": file}]
    assert httpx.get(url).status_code == 200
    assert httpx.get(f"{url}.pdf").content == content
    digest = b64encode(hashlib.sha256(content).digest()).decode()
    assert credential["relatedResource"] == [
        {"id": f"{url}/document", "digestSRI": f"sha256-{digest}"}
    ]
    assert httpx.get(f"{url}/document").content == content
    assert httpx.get(made["log_proof_url"]).status_code == 200
    verdict = httpx.post(
        f"{university.tenant.server.url}/v1/verify", json=credential
    ).json()
    assert verdict["verified"] is True, verdict


def test_its_picture_and_bundle_are_those_of_any_certificate(university):
    """The first page is drawn for the page and for links, and the bundle checks."""
    url = university.certificate()["public_verification_url"]

    png, card = httpx.get(f"{url}.png"), httpx.get(f"{url}/card.jpg")
    bundle = httpx.get(f"{url}.zip")

    assert png.headers["content-type"] == "image/png"
    assert card.headers["content-type"] == "image/jpeg"
    verdict = httpx.post(
        f"{university.tenant.server.url}/v1/verify",
        content=bundle.content,
        headers={"content-type": "application/zip"},
    ).json()
    assert verdict["verified"] is True, verdict


@pytest.mark.parametrize(
    "wish", [{"status": "draft"}, {"status": None, "finish": False}, {"status": None}]
)
def test_a_draft_is_shown_to_nobody(university, wish):
    """Of both generations' ways to ask for one, and of saying nothing."""
    made = university.certificate(**wish)

    assert made["status"] == "draft"
    assert made["public_verification_url"] is None
    assert made["recipient"] is None


@pytest.mark.parametrize("wish", [{"status": "issued"}, {"finish": True}])
@pytest.mark.parametrize("method", ["PATCH", "PUT"])
def test_a_draft_is_changed_and_then_issued(university, wish, method):
    """It says what it was changed to say; whoever it was for before, has nothing."""
    before = university.student("Rui Melo")
    draft = university.certificate(status="draft", student_uuid=before)
    after = university.student("Rita Melo")
    body = {"student_uuid": after, **wish}
    if method == "PUT":
        body |= {
            "institution_uuid": university.institution,
            "course_uuid": university.course,
        }

    answer = university.client.request(
        method, f"/certificates/{draft['uuid']}", json=body
    )

    assert answer.status_code == 200, answer.text
    made = answer.json()["data"]
    assert made["status"] == "issued"
    assert made["student"] == {"uuid": after, "name": "Rita Melo"}
    assert "Rita Melo" in httpx.get(made["public_verification_url"]).text


def test_who_the_student_was_at_issue_stays_so(university):
    """Later changes of the record do not reach what was issued."""
    student = university.student("Ana Reis", country="PT", document_id="123")
    made = university.certificate(student_uuid=student)

    changed = university.client.patch(f"/students/{student}", json={"name": "Ana Cruz"})

    assert changed.status_code == 200
    found = university.client.get(f"/certificates/{made['uuid']}").json()["data"]
    assert found["recipient"]["name"] == "Ana Reis"
    assert found["recipient"]["document_id"] == "123"
    assert found["student"]["name"] == "Ana Reis"


def test_an_issued_certificate_does_not_change(university):
    """A PATCH is refused, and says what to do instead."""
    made = university.certificate()

    answer = university.client.patch(
        f"/certificates/{made['uuid']}", json={"student_uuid": university.student()}
    )

    assert "Revoke it" in errors(answer)["status"][0]


def test_a_revoked_certificate_is_so_for_ever_and_everywhere(university):
    """In this API, on its page, and in the status list; twice does no harm."""
    made = university.certificate()
    path = f"/certificates/{made['uuid']}/revoke"

    first = university.client.put(path, json={"revocation_reason": "Wrong grade"})
    second = university.client.put(path)

    assert first.status_code == second.status_code == 200
    revoked = first.json()["data"]
    assert revoked["status"] == "revoked"
    assert revoked["revocation_reason"] == "Wrong grade"
    assert revoked["revoked_at"] == second.json()["data"]["revoked_at"]
    assert "Wrong grade" in httpx.get(made["public_verification_url"]).text
    listed = university.client.get("/certificates?where[status]=revoked").json()
    assert [one["uuid"] for one in listed["data"]] == [made["uuid"]]


def test_a_draft_cannot_be_revoked(university):
    """There is nothing to take back."""
    draft = university.certificate(status="draft")

    answer = university.client.put(f"/certificates/{draft['uuid']}/revoke")

    assert "status" in errors(answer)


def test_a_file_is_spent_on_one_certificate(university):
    """A second one needs a file of its own, and the first stays as it is."""
    wish = university.wish()
    university.made("/certificates", **wish)

    answer = university.client.post(
        "/certificates", json={**wish, "student_uuid": university.student()}
    )

    assert "already been used" in errors(answer)["file_uuid"][0]


def test_of_many_requests_for_one_file_at_once_one_succeeds(university):
    """Whoever comes second is told; nobody gets somebody else's certificate."""
    [file] = university.uploaded(diploma("one"))
    wishes = [university.wish(file_uuid=file) for _ in range(8)]

    with ThreadPoolExecutor(8) as threads:
        answers = list(
            threads.map(
                lambda wish: university.client.post("/certificates", json=wish), wishes
            )
        )

    statuses = sorted(answer.status_code for answer in answers)
    assert statuses == [201, *[422] * 7]


def test_hundreds_of_requests_at_once_are_all_answered(university):
    """Each with the certificate of its own student and file."""
    count = 150
    contents = [diploma(f"Student {number}") for number in range(count)]
    files = university.uploaded(*contents)
    wishes = [
        university.wish(
            student_uuid=university.student(f"Student {number}"), file_uuid=file
        )
        for number, file in enumerate(files)
    ]

    with ThreadPoolExecutor(count) as threads:
        answers = list(
            threads.map(
                lambda wish: university.client.post("/certificates", json=wish), wishes
            )
        )

    assert {answer.status_code for answer in answers} == {201}
    made = [answer.json()["data"] for answer in answers]
    assert [one["files"][0]["uuid"] for one in made] == files
    for number in (0, count // 2, count - 1):
        url = made[number]["public_verification_url"]
        assert httpx.get(f"{url}.pdf").content == contents[number]
        assert f"Student {number}" in httpx.get(url).text
    assert list(unsound(university.tenant.server.office)) == []


def test_a_certificate_without_a_file_is_a_draft_or_nothing(university):
    """What is issued has a document."""
    wish = university.wish(status="draft", file_uuid=None)
    draft = university.made("/certificates", **wish)

    answer = university.client.patch(
        f"/certificates/{draft['uuid']}", json={"status": "issued"}
    )

    assert errors(answer) == {"file_uuid": ["The file uuid field is required."]}


def test_a_file_that_is_no_pdf_makes_no_certificate(university):
    """A picture is refused by name, and so is what only calls itself a PDF."""
    from support.images import quarters, saved

    [picture] = university.uploaded(saved(quarters(), "PNG"))
    [broken] = university.uploaded(b"%PDF-1.7\nnothing of the kind\n%%EOF\n")

    for file in (picture, broken):
        answer = university.client.post(
            "/certificates", json=university.wish(file_uuid=file)
        )
        assert "PDF" in errors(answer)["file_uuid"][0]


def test_deleting_a_draft_leaves_its_file_free(university):
    """It can be used for another certificate."""
    wish = university.wish(status="draft")
    draft = university.made("/certificates", **wish)

    deleted = university.client.delete(f"/certificates/{draft['uuid']}")

    assert deleted.status_code == 204
    assert university.client.get(f"/certificates/{draft['uuid']}").status_code == 404
    assert university.certificate(**wish, finish=None)["status"] == "draft"


def test_batch_destroy_deletes_drafts_and_revokes_what_was_issued(university):
    """Nothing that was published disappears: its page says that it is revoked."""
    issued, draft = university.certificate(), university.certificate(status="draft")
    kept = university.certificate()

    answer = university.client.request(
        "DELETE",
        "/certificates/batch/destroy",
        json={"uuids": [issued["uuid"], draft["uuid"]]},
    )

    assert (answer.status_code, answer.content) == (204, b"")
    listed = university.client.get("/certificates").json()
    assert [one["uuid"] for one in listed["data"]] == [kept["uuid"]]
    page = httpx.get(issued["public_verification_url"], headers={"Accept": "*/*"})
    assert "Revoked" in page.text


def test_batch_destroy_is_all_or_nothing(university):
    """One that is not there is named, and nothing is done."""
    made = university.certificate()
    nobody = str(uuid.uuid4())

    answer = university.client.request(
        "DELETE",
        "/certificates/batch/destroy",
        json={"uuids": [made["uuid"], nobody]},
    )

    assert errors(answer) == {"uuids.1": ["The selected uuids.1 is invalid."]}
    found = university.client.get(f"/certificates/{made['uuid']}").json()["data"]
    assert found["status"] == "issued"


def test_lists_are_filtered_sorted_and_paged(university):
    """By status and by what they refer to, with exact totals and a last page."""
    student = university.student()
    dates = ["2026-03-01", "2026-01-01", "2026-02-01"]
    for date in dates:
        university.certificate(student_uuid=student, issued_at=date)
    university.certificate(status="draft", student_uuid=student)
    university.certificate()

    def listed(query: str) -> dict:
        answer = university.client.get(f"/certificates?{query}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    issued = f"where[status]=issued&where[student_uuid]={student}"
    falling = listed(f"{issued}&sort[column]=issued_at&sort[order]=desc&per_page=2")
    assert [one["issued_at"][:10] for one in falling["data"]] == [
        "2026-03-01",
        "2026-02-01",
    ]
    assert falling["meta"]["total"] == 3
    assert falling["meta"]["last_page"] == 2
    assert listed("where[status]=draft")["meta"]["total"] == 1
    assert listed(f"where[student_uuid]={uuid.uuid4()}")["data"] == []
    assert listed(f"where[course_uuid]={university.course}")["meta"]["total"] == 5


def test_a_certificate_expires_by_itself(university):
    """Its end is in the credential, and the list knows when it has come."""
    made = university.certificate(expires_at=days_from_now(30))

    credential = httpx.get(f"{made['public_verification_url']}.json").json()

    assert credential["validUntil"][:10] == made["expires_at"][:10]
    past = university.client.post(
        "/certificates", json=university.wish(expires_at="2020-01-01")
    )
    assert "expires_at" in errors(past)


def test_every_field_that_is_wrong_is_named_at_once(university):
    """With the service's own sentences."""
    answer = university.client.post(
        "/certificates",
        json={
            "institution_uuid": 12,
            "student_uuid": str(uuid.uuid4()),
            "status": "glorious",
            "issued_at": "yesterday",
        },
    )

    found = errors(answer)
    assert found["institution_uuid"] == [
        "The institution uuid field must be a valid UUID."
    ]
    assert found["course_uuid"] == ["The course uuid field is required."]
    assert found["student_uuid"] == ["The selected student uuid is invalid."]
    assert found["status"] == ["The selected status is invalid."]
    assert found["issued_at"] == ["The issued at field must be a valid date."]


def test_what_belongs_to_others_is_not_there(university, server: Server):
    """Another tenant's student and file are invalid; its certificate is not found."""
    other = University(server.tenant())
    theirs = other.certificate()
    [file] = other.uploaded(diploma("theirs"))

    answer = university.client.post(
        "/certificates",
        json=university.wish(student_uuid=other.student(), file_uuid=file),
    )

    assert errors(answer)["student_uuid"] == ["The selected student uuid is invalid."]
    foreign = university.client.post(
        "/certificates", json=university.wish(file_uuid=file)
    )
    assert errors(foreign) == {"file_uuid": ["The selected file uuid is invalid."]}
    for method, path in (
        ("GET", f"/certificates/{theirs['uuid']}"),
        ("PATCH", f"/certificates/{theirs['uuid']}"),
        ("PUT", f"/certificates/{theirs['uuid']}/revoke"),
        ("DELETE", f"/certificates/{theirs['uuid']}"),
    ):
        body = {} if method in ("PATCH", "PUT") else None
        found = university.client.request(method, path, json=body)
        assert found.status_code == 404, path
        assert found.json()["message"] == "Resource not found."


def test_records_that_a_certificate_refers_to_stay(university):
    """Student, course and institution cannot be deleted under it."""
    student = university.student()
    university.certificate(student_uuid=student)

    for path in (
        f"/students/{student}",
        f"/courses/{university.course}",
        f"/institutions/{university.institution}",
    ):
        assert "certificates" in errors(university.client.delete(path))["uuid"][0]


def test_a_row_that_cannot_be_issued_leaves_nothing_behind(university):
    """The reason is the answer, and the file is free for another try."""
    student = university.student()
    [file] = university.uploaded(diploma("long"))
    course = university.made(
        "/courses",
        name="M" * 255,
        description="d" * 5_000,
        institution_uuid=university.institution,
    )["uuid"]
    wish = university.wish(student_uuid=student, file_uuid=file, course_uuid=course)

    refused = university.client.post("/certificates", json=wish)

    assert refused.status_code == 422, refused.text
    assert university.client.get("/certificates").json()["meta"]["total"] == 0
    again = university.certificate(student_uuid=student, file_uuid=file)
    assert again["status"] == "issued"


def test_a_certificate_is_also_one_of_the_native_api(university):
    """It is listed, corrected and exported like any other."""
    made = university.certificate()
    name = made["public_verification_url"].rpartition("/")[2]

    found = university.tenant.client.get(f"/v1/certificates/{name}").json()

    assert found["referenceNumber"] == made["reference_number"]
    assert found["recipientName"] == "Inês Furtado"
