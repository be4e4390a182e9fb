"""The native API under /v1, over HTTP."""

import httpx
import pytest

from support.server import good_rows, pictures, sheet

ROW = {
    "name": "Course",
    "description": "Text",
    "imageUrl": "one.png",
    "category": "education",
    "recipientEmail": "a@example.com",
}


@pytest.fixture(scope="module")
def owner(server):
    """Return a tenant."""
    return server.tenant()


@pytest.fixture(scope="module")
def job(owner):
    """Return a job of which two rows succeeded and one failed."""
    answer = owner.client.post(
        "/v1/jobs",
        files={
            "rows": sheet(*good_rows(2), "Broken,Text,one.png,education,nobody"),
            "images": pictures(),
        },
        data={"batchName": "Spring"},
    )
    assert answer.status_code == 202, answer.text
    owner.wait(answer.json()["id"])
    return answer.json()["id"]


def test_a_job_is_accepted_and_read(owner, job):
    """Counts that add up, every moment, and links that lead somewhere."""
    found = owner.client.get(f"/v1/jobs/{job}").json()

    assert found["rows"] == {
        "total": 3,
        "processed": 3,
        "succeeded": 2,
        "failed": 1,
        "cancelled": 0,
    }
    assert (found["state"], found["isFinished"]) == ("completed", True)
    assert [(one["row"], one["code"]) for one in found["failures"]] == [
        (3, "email_format")
    ]
    for link in found["links"].values():
        assert owner.client.get(link).status_code == 200
    created, started, finished = (
        found[name] for name in ("createdAt", "startedAt", "finishedAt")
    )
    assert created <= started <= finished


def test_a_list_says_nothing_about_failed_rows(owner, job):
    """An empty list of failures would be a lie; there is none."""
    listed = owner.client.get("/v1/jobs?state=completed&limit=100").json()

    [mine] = [one for one in listed["jobs"] if one["id"] == job]
    assert mine["rows"]["failed"] == 1
    assert "failures" not in mine
    assert listed["total"] == len(listed["jobs"])


def test_both_dialects_speak_of_the_same_jobs(owner, job):
    """What one makes, the other shows, downloads and counts."""
    theirs = owner.status(job)

    assert (theirs["successCount"], theirs["failedCount"]) == (2, 1)
    assert (
        owner.client.get(f"/v1/jobs/{job}/results.csv").content
        == owner.client.get(f"/api/bulk-mint/{job}/download/csv").content
    )


def test_rows_may_come_as_json(owner):
    """The same checks, the same outcomes."""
    rows = [{**ROW, "imageUrl": "https://127.0.0.1/a.png"}, {**ROW, "name": ""}]

    answer = owner.client.post("/v1/jobs", json={"rows": rows})

    assert answer.status_code == 202
    owner.wait(answer.json()["id"])
    found = owner.client.get(answer.headers["location"]).json()
    assert (found["state"], found["rows"]["failed"]) == ("failed", 2)
    assert found["failures"][1]["code"] == "missing_value"


def test_headers_and_encoding_of_ones_own_are_named(owner):
    """A mapping and an encoding: the file stays as it is."""
    rows = "Kurs,Text,Art,Adresse\nCaf\u00e9,B,C,a@example.com\n".encode("cp1252")
    mapping = (
        '{"Kurs": "name", "Text": "description", "Art": "category",'
        ' "Adresse": "recipientEmail"}'
    )

    answer = owner.client.post(
        "/v1/jobs",
        files={"rows": rows, "images": pictures()},
        data={"mapping": mapping, "encoding": "windows-1252"},
    )

    assert answer.status_code == 202, answer.text
    assert owner.wait(answer.json()["id"])["successCount"] == 1
    page = owner.client.get(f"/v1/certificates?jobId={answer.json()['id']}").json()
    assert page["certificates"][0]["name"] == "Caf\u00e9"


def test_certificates_are_paged_and_filtered(owner, job):
    """Newest first, each once; by job, batch, address and reference."""
    owner.done(sheet(*good_rows(1, start=50)), pictures())  # newer than both
    query = f"/v1/certificates?jobId={job}&limit=1"
    first = owner.client.get(query).json()
    second = owner.client.get(f"{query}&after={first['next']}").json()
    both = first["certificates"] + second["certificates"]

    assert [one["row"] for one in both] == [2, 1]
    assert second["next"] is None
    one = both[0]
    for name, value, wanted in (
        ("batchId", one["batchId"], both),
        ("reference", one["referenceNumber"].lower(), [one]),
        ("email", one["recipientEmail"].upper(), [one]),
    ):
        found = owner.client.get("/v1/certificates", params={name: value}).json()
        assert found["certificates"] == wanted, name
    assert owner.client.get(f"/v1/certificates/{one['id']}").json() == one
    assert httpx.get(one["url"]).status_code == 200


def test_a_key_is_shown_once_and_works_until_it_is_revoked(owner, server):
    """Its text is in the first answer and in no other."""
    made = owner.client.post("/v1/keys", json={"name": "ci", "scopes": ["bulk:mint"]})
    key = made.json()
    listed = owner.client.get("/v1/keys")

    assert made.status_code == 201
    assert key["key"].startswith("pk_")
    assert key["key"] not in listed.text
    assert key["id"] in listed.text
    headers = {"Authorization": f"Bearer {key['key']}"}
    assert httpx.get(f"{server.url}/v1/tenant", headers=headers).status_code == 200
    assert owner.client.delete(f"/v1/keys/{key['id']}").status_code == 204


@pytest.mark.parametrize(
    ("method", "path", "options", "status", "code"),
    [
        ("GET", "/v1/jobs?state=done", {}, 422, "parameter_invalid"),
        ("GET", "/v1/jobs?status=queued", {}, 422, "unknown_parameter"),
        ("GET", "/v1/usage?since=2026-02-30", {}, 422, "date_format"),
        ("GET", "/v1/usage?since=2026-W01-1", {}, 422, "date_format"),
        ("GET", "/v1/usage?since=9999-01-01", {}, 422, "date_range"),
        (
            "GET",
            "/v1/usage?since=2026-02-02&until=2026-01-01",
            {},
            422,
            "period_range",
        ),
        ("GET", "/v1/certificates?after=x", {}, 422, "unknown_cursor"),
        ("POST", "/v1/keys", {"json": {"scopes": ["root"]}}, 422, "unknown_scope"),
        ("POST", "/v1/keys", {"json": {"scopes": []}}, 422, "parameter_invalid"),
        ("POST", "/v1/keys", {"json": {"isAdmin": True}}, 422, "unknown_field"),
        ("POST", "/v1/keys", {"content": b"{}"}, 415, "content_type"),
        ("POST", "/v1/jobs", {"files": {"images": b"x"}}, 422, "parameter_missing"),
        ("GET", "/v1/jobs/nothing", {}, 404, "job_not_found"),
        ("PUT", "/v1/jobs", {}, 405, "method_not_allowed"),
    ],
)
def test_a_problem_says_what_to_change(owner, method, path, options, status, code):
    """RFC 9457: type, title, status and detail, and our own code and request id."""
    refused = owner.client.request(method, path, **options)

    assert refused.status_code == status, refused.text
    assert refused.headers["content-type"] == "application/problem+json"
    body = refused.json()
    assert (body["status"], body["code"]) == (status, code)
    assert body["requestId"] == refused.headers["x-request-id"]
    assert body["title"]
    assert body["detail"]


def test_a_json_row_is_no_csv_cell(owner):
    """Commas, quotes and line breaks need no escape; a formula stays one."""
    row = {**ROW, "name": 'A, "B"', "description": "one\ntwo", "imageUrl": "1.png"}

    refused = owner.client.post("/v1/jobs", json={"rows": [{**row, "x": "y"}]})
    taken = owner.client.post("/v1/jobs", json={"rows": [row]})

    assert refused.status_code == 422
    assert taken.status_code == 202
    owner.wait(taken.json()["id"])
