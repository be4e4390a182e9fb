"""The Pocketbook wire, as its clients find it: over HTTP, at a running server."""

import re
import threading
from datetime import UTC, datetime, timedelta

import httpx
import orjson
import pytest
import requests

from support.picture_host import PictureHost, answer
from support.server import (
    ALLOWED_ADDRESS,
    HEADER,
    PICTURE,
    good_rows,
    pictures,
    problem,
    sheet,
)

ID = re.compile(r"[0-9a-f]{24}")
REFERENCE = re.compile(r"PB-[A-Z0-9]+")
MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{3})?Z")

RESULTS_HEADER = (
    "row,name,status,certificateId,voucherId,referenceNumber,recipientEmail,error"
)
BAD_ROW = "Broken,A description,one.png,education,no address"


def moment(text: str) -> datetime:
    """Read a timestamp of the wire."""
    assert MOMENT.fullmatch(text), text
    return datetime.fromisoformat(text)


@pytest.fixture
def host():
    """Return a server of pictures that this machine's operator allows."""
    with PictureHost(answer(PICTURE), address=ALLOWED_ADDRESS) as one:
        yield one


@pytest.fixture
def half_done(tenant, host):
    """
    Return a job of which fifty rows are done, while the others wait for pictures.

    Rows with pictures of their own are worked on fifty at a time.
    """
    going_on = threading.Event()

    def script(call):
        if int(call.path.strip("/")) > 50:
            going_on.wait(60)
        answer(PICTURE)(call)

    host.script = script
    rows = [
        f"Course {n},A description,{host.url(f'/{n}')},education,p{n}@example.com"
        for n in range(1, 101)
    ]
    job = tenant.job(sheet(*rows), None)
    while tenant.status(job)["processedCount"] < 50:
        pass
    yield job
    going_on.set()
    tenant.wait(job)


# Create


def test_a_new_job_is_answered_as_documented(tenant):
    """201, with the documented fields and where the job can be read."""
    made = tenant.create(sheet(*good_rows(3)), pictures())

    assert made.status_code == 201
    body = made.json()
    assert body["success"] is True
    job = body["data"]
    assert ID.fullmatch(job["jobId"])
    assert made.headers["location"] == f"/api/bulk-mint/{job['jobId']}"
    assert job["status"] == "queued"
    counts = ("totalCount", "processedCount", "successCount", "failedCount")
    assert [job[name] for name in counts] == [3, 0, 0, 0]
    assert abs(moment(job["createdAt"]) - datetime.now(UTC)) < timedelta(minutes=1)


def test_a_job_needs_no_zip_when_rows_name_urls(tenant, host):
    """Without `images`, each row's picture is fetched from its imageUrl."""
    url = host.url("/shared.png")
    job = tenant.job(sheet(*good_rows(3, image=url)))

    assert tenant.wait(job)["successCount"] == 3
    assert len(host.calls) == 1


def test_a_job_with_a_zip_needs_no_image_column(tenant):
    """With `images`, rows find their picture by their number."""
    rows = [f"Course {n},Text,education,p{n}@example.com" for n in (1, 2)]
    metadata = sheet(*rows, header="name,description,category,recipientEmail")

    job = tenant.job(metadata, pictures("1.png", "2.png"))

    assert tenant.wait(job)["successCount"] == 2


@pytest.mark.parametrize(
    ("sent", "has_batch"),
    [("true", True), ("false", False), ("", False), (None, False)],
)
def test_create_batch_is_a_word(tenant, sent, has_batch):
    """`true` makes a batch and names it; `false`, empty or absent does not."""
    data = {} if sent is None else {"createBatch": sent}

    made = tenant.create(sheet(*good_rows(1)), pictures(), data=data)

    assert made.status_code == 201
    job = made.json()["data"]
    assert ("batchId" in job) is has_batch
    assert ("batchId" in tenant.status(job["jobId"])) is has_batch


@pytest.mark.parametrize("sent", ["TRUE", "True", "1", "yes", "[]", " true"])
def test_create_batch_is_no_guess(tenant, sent):
    """J12: anything else is refused by name, rather than taken for one of the two."""
    refused = tenant.create(
        sheet(*good_rows(1)), pictures(), data={"createBatch": sent}
    )

    assert refused.status_code == 422
    assert problem(refused)["param"] == "createBatch"


def test_the_same_idempotency_key_makes_one_job(tenant):
    """A client that heard nothing can ask again and gets the job it made."""
    named = {"Idempotency-Key": "spring-2026"}
    content = (sheet(*good_rows(1)), pictures())

    first = tenant.create(*content, headers=named).json()["data"]["jobId"]
    again = tenant.create(*content, headers=named).json()["data"]["jobId"]
    other = tenant.create(sheet(*good_rows(2)), pictures(), headers=named)

    assert first == again
    assert other.status_code == 422
    assert problem(other)["code"] == "idempotency_key_reused"


def test_a_single_file_may_come_without_a_length(tenant):
    """Chunked bodies are taken: the documented JavaScript client sends one."""
    request = tenant.client.build_request(
        "POST", "/api/bulk-mint", files={"metadata": sheet(*good_rows(1))}
    )
    body = request.read()

    made = tenant.client.post(
        "/api/bulk-mint",
        content=iter([body[:100], body[100:]]),
        headers={"content-type": request.headers["content-type"]},
    )

    assert made.status_code == 201


def test_a_form_that_its_client_forgot_is_explained(tenant):
    """Node's own fetch sends 17 characters instead of a form of form-data."""
    refused = tenant.client.post(
        "/api/bulk-mint",
        content=b"[object FormData]",
        headers={"content-type": "multipart/form-data; boundary=--------------0123"},
    )

    assert refused.status_code == 400
    assert "node-fetch" in problem(refused)["message"]


# File-level faults


FILE_FAULTS = {
    "no-metadata": ({"images": pictures()}, 422, "parameter_missing", "metadata"),
    "C07-missing-column": (
        {"metadata": b"name,description,imageUrl,category\nA,B,C,D\n"},
        422,
        "missing_column",
        "recipientEmail",
    ),
    "C07-wrong-case": (
        {"metadata": sheet(*good_rows(1)).replace(b"name,", b"Name,", 1)},
        422,
        "missing_column",
        "name",
    ),
    "C10-empty": ({"metadata": b""}, 422, "empty_csv", ""),
    "C10-header-only": ({"metadata": HEADER.encode()}, 422, "empty_csv", ""),
    "C12-not-utf8": (
        {"metadata": sheet("Caf\u00e9,B,C,D,e@example.com").decode().encode("latin-1")},
        422,
        "not_utf8",
        "UTF-8",
    ),
    "C05-duplicate-column": (
        {"metadata": sheet("A,B,C,D,E,F", header=HEADER + ",name")},
        422,
        "duplicate_column",
        "name",
    ),
    "C08-unknown-column": (
        {"metadata": sheet("A,B,C,D,E,F", header=HEADER + ",grade")},
        422,
        "unknown_column",
        "grade",
    ),
    "C09-too-many-rows": (
        {"metadata": sheet(*good_rows(1_001))},
        422,
        "too_many_rows",
        "1000 rows",
    ),
    "C21-not-a-csv": ({"metadata": PICTURE}, 415, "not_csv", "CSV"),
    "zip-is-no-zip": (
        {"metadata": sheet(*good_rows(1)), "images": b"no archive"},
        415,
        "not_zip",
        "ZIP",
    ),
    "unknown-part": (
        {"metadata": sheet(*good_rows(1)), "pictures": pictures()},
        422,
        None,
        "pictures",
    ),
}


@pytest.mark.parametrize("case", FILE_FAULTS)
def test_a_file_that_is_wrong_as_a_whole_is_refused(server, case):
    """No job is made, and the message says what to change."""
    sent, status, code, said = FILE_FAULTS[case]
    tenant = server.tenant("standard")

    refused = tenant.client.post("/api/bulk-mint", files=sent)

    assert refused.status_code == status, refused.text
    error = problem(refused)
    assert code in (None, error["code"])
    assert error["type"] == "invalid_request_error"
    assert said in error["message"] + str(error.get("param"))
    assert tenant.client.get("/api/bulk-mint").json()["data"]["jobs"] == []


# Rows


ROW_FAULTS = {
    "bad-email": ("A,B,one.png,C,not-an-address", "Invalid email format"),
    "no-email": ("A,B,one.png,C,", "recipientEmail"),
    "no-name": (",B,one.png,C,a@example.com", "name"),
    "C06-column-count": ("A,B,one.png,C,a@example.com,more", "6 cells"),
    "Q08-expiry": ("A,B,one.png,C,a@example.com,1e5", "expiryDays"),
    "C02-control-character": ("A\0,B,one.png,C,a@example.com", "name"),
    "Z19-no-image": ("A,B,absent.png,C,a@example.com", "absent.png"),
    "SSRF-loopback": (
        "A,B,https://127.0.0.1/a.png,C,a@example.com",
        "Invalid image URL",
    ),
}


@pytest.mark.parametrize("case", ROW_FAULTS)
def test_a_row_that_is_wrong_fails_alone(tenant, case):
    """The others are issued; status and CSV say why, with the row counted from 1."""
    row, said = ROW_FAULTS[case]
    header = HEADER
    rows = good_rows(2)
    if case == "Q08-expiry":
        header += ",expiryDays"
        rows = [f"{one},30" for one in rows]

    job = tenant.job(sheet(rows[0], row, rows[1], header=header), pictures())

    done = tenant.wait(job)
    assert (done["status"], done["successCount"], done["failedCount"]) == (
        "completed",
        2,
        1,
    )
    [error] = done["errors"]
    assert error["row"] == 2
    assert said in error["error"]
    lines = tenant.results(job)
    assert [line["status"] for line in lines] == ["success", "failed", "success"]
    assert lines[1]["error"] == error["error"]


def test_a_job_without_one_success_is_failed_and_says_why(tenant):
    """`failed` is for jobs of which nothing could be issued; `error` is a sentence."""
    job = tenant.job(sheet(BAD_ROW, BAD_ROW), pictures())

    done = tenant.wait(job)

    assert done["status"] == "failed"
    assert "Invalid email format" in done["error"]
    assert len(done["errors"]) == 2


ONE = sheet(*good_rows(1)).decode()

LENIENT = {
    "C14-semicolon": ONE.replace(",", ";").encode(),
    "C14-tab": ONE.replace(",", "\t").encode(),
    "C11-mark": b"\xef\xbb\xbf" + ONE.encode(),
    "C12-utf-16": ONE.encode("utf-16"),
    "C13-crlf": ONE.replace("\n", "\r\n").encode(),
    "C13-cr": ONE.replace("\n", "\r").encode(),
    "C15-trailing-blank-rows": (ONE + "\n,,,,\n\n").encode(),
    "other-order": b"category,recipientEmail,name,description\nA,a@example.com,B,C\n",
}


@pytest.mark.parametrize("case", LENIENT)
def test_a_file_that_says_the_same_otherwise_is_read(tenant, case):
    """What spreadsheet programs write, in every country."""
    done = tenant.wait(tenant.job(LENIENT[case], pictures()))

    assert (done["totalCount"], done["successCount"]) == (1, 1)


def test_a_blank_row_in_the_middle_fails_and_keeps_its_number(tenant):
    """C15: the rows behind it are counted as in the file."""
    first, third = good_rows(2)

    done = tenant.wait(tenant.job(sheet(first, "", third, BAD_ROW), pictures()))

    assert [(one["row"], one["code"]) for one in done["errors"]] == [
        (2, "empty_row"),
        (4, "email_format"),
    ]


IMAGE_RULES = {
    "exactly": (["one.png"], ["one.png", "other.png"], None),
    "other-capitals": (["ONE.PNG"], ["one.png", "other.png"], None),
    "in-a-folder": (["one.png"], ["deep/one.png", "deep/other.png"], None),
    "by-row-number": (["", ""], ["1.png", "002.png"], None),
    "the-only-one": (["", ""], ["whatever.png"], None),
    "Z19-not-there": (["two.png"], ["one.png", "other.png"], "image_not_found"),
    "Z19-which-one": ([""], ["one.png", "other.png"], "image_not_found"),
    "Z19-two-of-it": (["one.png"], ["a/one.png", "b/one.png"], "image_ambiguous"),
}


@pytest.mark.parametrize("case", IMAGE_RULES)
def test_a_row_finds_its_image_or_says_what_it_looked_for(tenant, case):
    """By name, by number, or the only one there is; never by a guess."""
    cells, names, code = IMAGE_RULES[case]
    rows = [good_rows(1, image=cell)[0] for cell in cells]

    done = tenant.wait(tenant.job(sheet(*rows), pictures(*names)))

    assert done["successCount"] == (0 if code else len(rows))
    assert {one["code"] for one in done["errors"]} == ({code} if code else set())


def test_a_status_names_a_thousand_failures_and_the_csv_all(tenant):
    """The first ones, in row order."""
    done = tenant.wait(tenant.job(sheet(*[BAD_ROW] * 1_003), pictures()))

    assert [one["row"] for one in done["errors"]] == list(range(1, 1_001))
    states = [line["status"] for line in tenant.results(done["jobId"])]
    assert states == ["failed"] * 1_003


# Status


def test_a_finished_job_has_every_documented_field(tenant):
    """No ETA any more, when it was completed, and an empty list of errors."""
    job = tenant.done(sheet(*good_rows(2)), pictures())

    found = tenant.status(job)

    assert set(found) == {
        "jobId",
        "status",
        "totalCount",
        "processedCount",
        "successCount",
        "failedCount",
        "createdAt",
        "updatedAt",
        "completedAt",
        "errors",
    }
    assert found["errors"] == []
    created, updated, completed = (
        moment(found[name]) for name in ("createdAt", "updatedAt", "completedAt")
    )
    assert created <= completed <= updated


def test_a_running_job_shows_progress_and_an_honest_eta(half_done, tenant):
    """What is kept is counted, and the ETA lies ahead."""
    found = tenant.status(half_done)

    assert found["status"] == "processing"
    assert (found["processedCount"], found["successCount"]) == (50, 50)
    assert "completedAt" not in found
    assert moment(found["estimatedCompletionTime"]) > moment(found["createdAt"])
    assert moment(found["updatedAt"]) >= moment(found["createdAt"])


@pytest.mark.parametrize(
    "name", ["507f1f77bcf86cd799439013", "x", "..%2f..", "%00", "%ff", "a" * 8_000]
)
def test_a_job_that_is_not_there_is_not_found(tenant, name):
    """J22: whatever the id looks like, 404."""
    answers = [
        tenant.client.get(f"/api/bulk-mint/{name}"),
        tenant.client.post(f"/api/bulk-mint/{name}/retry"),
        tenant.client.post(f"/api/bulk-mint/{name}/cancel"),
        tenant.client.get(f"/api/bulk-mint/{name}/download/csv"),
        tenant.client.get(f"/api/bulk-mint/{name}/download/zip"),
    ]

    for refused in answers:
        assert refused.status_code == 404
        assert problem(refused)["type"] == "not_found_error"


# List


def test_a_list_is_paged_newest_first(tenant, server):
    """Every job once, page after page, and the figures say how many pages."""
    with server.asleep():
        made = [tenant.job(sheet(*good_rows(1)), pictures()) for _ in range(7)]
        pages = [
            tenant.client.get(f"/api/bulk-mint?page={page}&limit=3").json()["data"]
            for page in (1, 2, 3, 4)
        ]

    listed = [[job["jobId"] for job in page["jobs"]] for page in pages]
    assert listed == [made[6:3:-1], made[3:0:-1], made[:1], []]
    assert [page["pagination"] for page in pages] == [
        {"page": page, "limit": 3, "totalPages": 3, "totalItems": 7}
        for page in (1, 2, 3, 4)
    ]


def test_a_list_is_filtered_by_every_status(tenant, server):
    """Each filter gives the jobs in that status, `cancelled` too, and counts them."""
    jobs = {
        "completed": tenant.done(sheet(*good_rows(1)), pictures()),
        "failed": tenant.job(sheet(BAD_ROW), pictures()),
    }
    tenant.wait(jobs["failed"])
    with server.asleep():
        jobs["cancelled"] = tenant.job(sheet(*good_rows(1)), pictures())
        tenant.client.post(f"/api/bulk-mint/{jobs['cancelled']}/cancel")
        jobs["queued"] = tenant.job(sheet(*good_rows(1)), pictures())
        pages = {
            status: tenant.client.get(f"/api/bulk-mint?status={status}").json()["data"]
            for status in (*jobs, "processing")
        }

    for status, page in pages.items():
        listed = [job["jobId"] for job in page["jobs"]]
        assert listed == ([jobs[status]] if status in jobs else [])
        assert page["pagination"]["totalItems"] == len(listed)
        assert page["pagination"]["totalPages"] == len(listed)


def test_a_listed_job_has_the_documented_fields(tenant):
    """As in a status, without its errors."""
    tenant.done(sheet(*good_rows(1), BAD_ROW), pictures())

    [job] = tenant.client.get("/api/bulk-mint").json()["data"]["jobs"]

    assert {
        "jobId",
        "status",
        "totalCount",
        "processedCount",
        "successCount",
        "failedCount",
        "createdAt",
        "completedAt",
    } <= set(job)
    assert (job["successCount"], job["failedCount"]) == (1, 1)
    assert "errors" not in job


QUERIES = """
    page=0 page=-1 page=1.5 page=1e3 page=0x10 page=%201 page=1_000 page=%D9%A1
    page=9223372036854775807 page= limit=0 limit=101 limit=100000 limit=ten
    status=QUEUED status=done status= status=queued&status=failed status[]=queued
    page=1&page=2 sort=name offset=3 page=%ff
"""


@pytest.mark.parametrize("query", [*QUERIES.split(), "page=" + "9" * 5_000])
def test_a_query_that_was_never_documented_is_refused(tenant, query):
    """Q01-Q04: 422, and the parameter is named."""
    refused = tenant.client.get(f"/api/bulk-mint?{query}")

    assert refused.status_code == 422
    assert problem(refused)["type"] == "invalid_request_error"


# Retry and cancel


def test_a_completed_job_with_failures_is_retried_in_place(tenant, server):
    """The documented workflow: same job id, queued again, the failed rows only."""
    job = tenant.done(sheet(*good_rows(3), BAD_ROW, BAD_ROW), pictures())
    before = tenant.results(job)

    with server.asleep():
        retried = tenant.client.post(f"/api/bulk-mint/{job}/retry")
        again = tenant.client.post(f"/api/bulk-mint/{job}/retry")
        waiting = tenant.status(job)

    assert retried.status_code == again.status_code == 200
    data = retried.json()["data"]
    assert (data["jobId"], data["status"], data["retriedCount"]) == (job, "queued", 2)
    assert data["message"] == "Job retry initiated for 2 failed certificates"
    assert again.json()["data"]["jobId"] == job
    assert again.json()["data"]["retriedCount"] == 0
    assert (waiting["status"], waiting["successCount"], waiting["failedCount"]) == (
        "queued",
        3,
        0,
    )
    assert tenant.wait(job)["failedCount"] == 2
    assert tenant.results(job) == before


def test_a_retry_mends_what_has_been_mended(tenant, host):
    """A picture that was missing and is there now: its row succeeds, one new one."""
    host.script = answer(b"", status="404 Not Found")
    rows = [*good_rows(2), *good_rows(1, image=host.url("/late.png"), start=3)]
    job = tenant.done(sheet(*rows), pictures())
    assert tenant.status(job)["failedCount"] == 1
    before = tenant.results(job)

    host.script = answer(PICTURE)
    retried = tenant.client.post(f"/api/bulk-mint/{job}/retry").json()["data"]

    assert retried["message"] == "Job retry initiated for 1 failed certificate"
    done = tenant.wait(job)
    assert (done["status"], done["successCount"], done["errors"]) == (
        "completed",
        3,
        [],
    )
    after = tenant.results(job)
    assert after[:2] == before[:2]
    assert after[2]["status"] == "success"


def test_a_failed_row_is_tried_again_once_by_itself(tenant, host):
    """A picture that is there at the second try needs no retry by hand."""
    misses = iter([answer(b"", status="404 Not Found")])
    host.script = lambda call: next(misses, answer(PICTURE))(call)

    job = tenant.job(sheet(*good_rows(1, image=host.url("/shy.png"))))

    assert tenant.wait(job)["successCount"] == 1
    assert len(host.calls) == 2


def test_the_automatic_retry_happens_once(tenant, host):
    """What fails twice has failed."""
    host.script = answer(b"", status="404 Not Found")

    job = tenant.job(sheet(*good_rows(1, image=host.url("/gone.png"))))

    assert tenant.wait(job)["status"] == "failed"
    assert len(host.calls) == 2
    assert "Invalid image URL" in tenant.status(job)["error"]


def test_a_retry_without_failures_changes_nothing(tenant):
    """Safe to call whenever: the answer is the job as it is, with a count of 0."""
    job = tenant.done(sheet(*good_rows(1)), pictures())

    retried = tenant.client.post(f"/api/bulk-mint/{job}/retry")

    assert retried.status_code == 200
    data = retried.json()["data"]
    assert (data["jobId"], data["status"], data["retriedCount"]) == (
        job,
        "completed",
        0,
    )


def test_a_running_job_has_nothing_to_retry_yet(half_done, tenant):
    """It goes on as it was, and the answer says when to come back."""
    retried = tenant.client.post(f"/api/bulk-mint/{half_done}/retry").json()["data"]

    assert (retried["status"], retried["retriedCount"]) == ("processing", 0)
    assert "once it is done" in retried["message"]
    assert tenant.status(half_done)["processedCount"] == 50


def test_a_queued_job_is_cancelled(tenant, server):
    """As documented; a second call answers the same, and nothing is issued."""
    with server.asleep():
        job = tenant.job(sheet(*good_rows(5)), pictures())
        answers = [tenant.client.post(f"/api/bulk-mint/{job}/cancel") for _ in range(2)]

    for cancelled in answers:
        assert cancelled.status_code == 200
        data = cancelled.json()["data"]
        assert data["message"] == "Job cancelled successfully"
        assert (data["jobId"], data["status"]) == (job, "cancelled")
        assert (data["processedCount"], data["totalCount"]) == (0, 5)
    assert [line["status"] for line in tenant.results(job)] == ["cancelled"] * 5


def test_a_running_job_is_cancelled_and_keeps_what_it_issued(half_done, tenant):
    """What was issued stays, can be downloaded, and nothing more is issued."""
    cancelled = tenant.client.post(f"/api/bulk-mint/{half_done}/cancel").json()["data"]

    assert (cancelled["status"], cancelled["processedCount"]) == ("cancelled", 50)
    lines = tenant.results(half_done)
    states = [line["status"] for line in lines]
    assert states == ["success"] * 50 + ["cancelled"] * 50
    names = tenant.archive(half_done).namelist()
    assert len([name for name in names if name.startswith("metadata/")]) == 50
    found = tenant.status(half_done)
    assert (found["status"], found["cancelledCount"]) == ("cancelled", 50)
    assert tenant.client.get(f"/c/{lines[0]['certificateId']}.json").status_code == 200


def test_a_finished_job_is_not_cancelled(tenant):
    """409, and it stays what it was."""
    job = tenant.done(sheet(*good_rows(1)), pictures())

    refused = tenant.client.post(f"/api/bulk-mint/{job}/cancel")

    assert refused.status_code == 409
    assert problem(refused)["type"] == "conflict_error"
    assert tenant.status(job)["status"] == "completed"


def test_a_cancelled_job_is_not_retried(tenant, server):
    """409: its rows did not fail, and cancelling is for ever."""
    with server.asleep():
        job = tenant.job(sheet(*good_rows(1)), pictures())
        cancelled = tenant.client.post(f"/api/bulk-mint/{job}/cancel")
    assert cancelled.status_code == 200, cancelled.text

    refused = tenant.client.post(f"/api/bulk-mint/{job}/retry")

    assert refused.status_code == 409
    assert problem(refused)["code"] == "job_cancelled"


# Downloads


def test_the_csv_has_eight_fields_in_every_line(tenant):
    """Also where cells hold commas, quotes and line feeds, and where a row failed."""
    rows = [
        '"Smith, ""John""",Text,one.png,education,john@example.com',
        "Plain,Text,one.png,education,plain@example.com",
        '"No, address",Text,one.png,education,bob',
    ]
    job = tenant.done(sheet(*rows), pictures())

    download = tenant.client.get(f"/api/bulk-mint/{job}/download/csv")

    assert download.status_code == 200
    assert download.headers["content-type"].startswith("text/csv")
    assert f'filename="job-{job}.csv"' in download.headers["content-disposition"]
    assert download.text.splitlines()[0] == RESULTS_HEADER
    lines = tenant.results(job)
    assert all(len(line) == 8 and None not in line.values() for line in lines)
    assert [line["row"] for line in lines] == ["1", "2", "3"]
    assert [line["name"] for line in lines] == ['Smith, "John"', "Plain", "No, address"]
    assert lines[2]["status"] == "failed"
    assert [lines[2][name] for name in RESULTS_HEADER.split(",")[3:6]] == [""] * 3
    assert lines[2]["recipientEmail"] == "bob"
    for line in lines[:2]:
        assert ID.fullmatch(line["certificateId"])
        assert ID.fullmatch(line["voucherId"])
        assert REFERENCE.fullmatch(line["referenceNumber"])
        assert line["error"] == ""
    ids = [line[name] for line in lines[:2] for name in ("certificateId", "voucherId")]
    assert len(set(ids)) == 4


def test_the_csv_computes_nothing_in_a_spreadsheet(tenant):
    """C16: what would be a formula gets an apostrophe; JSON keeps it as it was."""
    row = '"=HYPERLINK(""http://x"")",Text,one.png,education,a@example.com'
    job = tenant.done(sheet(row), pictures())

    [line] = tenant.results(job)

    assert line["name"] == '\'=HYPERLINK("http://x")'
    archive = tenant.archive(job)
    [name] = [name for name in archive.namelist() if name.startswith("metadata/")]
    assert orjson.loads(archive.read(name))["name"] == '=HYPERLINK("http://x")'


def test_the_zip_has_metadata_and_picture_of_every_certificate(tenant):
    """results.csv, a JSON file per certificate, and each different picture once."""
    rows = [
        "One,Text,one.png,education,a@example.com,Ada,7,History",
        "Two,Text,one.png,education,b@example.com,,,",
    ]
    header = HEADER + ",recipientName,expiryDays,attribute_Course"
    job = tenant.done(sheet(*rows, header=header), pictures())

    download = tenant.client.get(f"/api/bulk-mint/{job}/download/zip")
    archive = tenant.archive(job)

    assert download.headers["content-type"] == "application/zip"
    assert f'filename="job-{job}.zip"' in download.headers["content-disposition"]
    names = archive.namelist()
    assert archive.read("results.csv") == (
        tenant.client.get(f"/api/bulk-mint/{job}/download/csv").content
    )
    lines = tenant.results(job)
    documents = [
        orjson.loads(archive.read(name))
        for name in names
        if name.startswith("metadata/")
    ]
    assert [one["certificateId"] for one in documents] == [
        line["certificateId"] for line in lines
    ]
    assert documents[0]["attributes"] == [{"trait_type": "Course", "value": "History"}]
    assert documents[0]["recipientName"] == "Ada"
    assert {one["image"] for one in documents} <= set(names)
    lives = [moment(one["expiresAt"]) - moment(one["issuedAt"]) for one in documents]
    assert lives == [timedelta(days=7), timedelta(days=30)]


def test_downloads_tell_what_is_known_while_the_job_runs(half_done, tenant):
    """Rows that wait are `pending`; the ZIP holds what there is."""
    lines = tenant.results(half_done)
    archive = tenant.archive(half_done)

    states = [line["status"] for line in lines]
    assert states == ["success"] * 50 + ["pending"] * 50
    assert len(archive.namelist()) == 1 + 50 + 1


@pytest.mark.parametrize("kind", ["csv", "zip"])
def test_a_head_is_a_download_without_its_body(tenant, kind):
    """J21: same status, same type; a length only where the download has one."""
    job = tenant.done(sheet(*good_rows(2)), pictures())
    path = f"/api/bulk-mint/{job}/download/{kind}"

    head, get = tenant.client.head(path), tenant.client.get(path)

    assert head.status_code == get.status_code == 200
    assert head.content == b""
    for name in ("content-type", "content-disposition", "content-length", "etag"):
        assert head.headers.get(name) == get.headers.get(name)
    assert httpx.head(tenant.server.url + path).status_code == 401


def test_a_broken_off_zip_is_resumed(tenant):
    """The rest from any byte on, the same bytes; nothing where there is no rest."""
    job = tenant.done(sheet(*good_rows(5)), pictures())
    path = f"/api/bulk-mint/{job}/download/zip"
    whole = tenant.client.get(path)
    size = len(whole.content)

    rest = tenant.client.get(path, headers={"Range": "bytes=1000-"})
    beyond = tenant.client.get(path, headers={"Range": f"bytes={size}-"})
    many = tenant.client.get(path, headers={"Range": "bytes=0-0,1-1,2-2"})

    assert rest.status_code == 206
    assert rest.headers["content-range"] == f"bytes 1000-{size - 1}/{size}"
    assert rest.content == whole.content[1000:]
    assert beyond.status_code == 416
    assert beyond.headers["content-range"] == f"bytes */{size}"
    assert problem(beyond)["code"] == "range_not_satisfiable"
    assert many.status_code == 200
    assert many.content == whole.content


def test_who_has_the_zip_already_is_not_sent_it_again(tenant):
    """Nor who has another one taken for the same."""
    job = tenant.done(sheet(*good_rows(1)), pictures())
    path = f"/api/bulk-mint/{job}/download/zip"
    tag = tenant.client.head(path).headers["etag"]

    same = tenant.client.get(path, headers={"If-None-Match": f'"x", W/{tag}'})
    other = tenant.client.get(path, headers={"If-None-Match": '"x"'})

    assert (same.status_code, same.content) == (304, b"")
    assert same.headers["etag"] == tag
    assert other.status_code == 200


def test_there_is_no_third_download(tenant):
    """404, naming the two there are."""
    job = tenant.done(sheet(*good_rows(1)), pictures())

    refused = tenant.client.get(f"/api/bulk-mint/{job}/download/pdf")

    assert refused.status_code == 404
    assert "csv" in problem(refused)["message"]


def test_the_template_needs_no_key_and_can_be_sent_back(server, host):
    """Two lines, readable from any web page; with a picture of one's own it works."""
    template = httpx.get(f"{server.url}/api/bulk-mint/template/csv")

    assert template.status_code == 200
    assert template.headers["content-type"].startswith("text/csv")
    assert (
        "pocketbook-bulk-mint-template.csv" in (template.headers["content-disposition"])
    )
    assert template.headers["access-control-allow-origin"] == "*"
    header, example = template.text.splitlines()
    assert header == (
        "name,description,imageUrl,category,recipientEmail,recipientName,"
        "attribute_Course,attribute_Level"
    )
    assert len(example.split(",")) == 8
    filled = template.text.replace("https://example.com/certificate.png", host.url())
    assert server.tenant().done(filled.encode())


# Who calls


def ask_as(server, **headers):
    """List jobs with these headers."""
    return httpx.get(
        f"{server.url}/api/bulk-mint",
        headers={name.replace("_", "-"): value for name, value in headers.items()},
    )


def test_every_documented_way_to_say_who_calls_works(server, tenant):
    """A key as x-api-key or as bearer, and a JWT; the scheme in any case."""
    token = tenant.token_with()

    assert token.count(".") == 2
    for headers in (
        {"x_api_key": tenant.key},
        {"Authorization": f"Bearer {tenant.key}"},
        {"Authorization": f"Bearer {token}"},
        {"Authorization": f"bearer {token}"},
        {"x_api_key": tenant.key, "X_Tenant": tenant.slug},
        {"x_api_key": tenant.key, "Authorization": f"Bearer {tenant.key}"},
    ):
        assert ask_as(server, **headers).status_code == 200, headers


def test_keys_and_tokens_of_the_command_line_work(server):
    """What an operator makes beside a running server is known to it at once."""
    server.run("tenant", "create", "by-hand", "--name", "By Hand")
    key = server.run("key", "create", "--tenant", "by-hand").splitlines()[-1]
    words = ("token", "create", "--tenant", "by-hand", "--scope", "bulk:mint")
    token = server.run(*words, "--ttl", "1h").splitlines()[-1]

    assert re.fullmatch(r"pk_[0-9a-f]{64}", key)
    assert ask_as(server, x_api_key=key).status_code == 200
    assert ask_as(server, Authorization=f"Bearer {token}").status_code == 200


STRANGERS = {
    "nothing": ({}, 401, "missing_api_key"),
    "A11-made-up-key": ({"x_api_key": "pk_" + "0" * 64}, 401, "invalid_api_key"),
    "A11-half-a-key": ({"x_api_key": "pk_1234"}, 401, "invalid_api_key"),
    "A11-not-a-key": ({"x_api_key": "secret"}, 401, "invalid_api_key"),
    "basic": ({"Authorization": "Basic YTpi"}, 401, "invalid_token"),
    "A08-not-a-token": ({"Authorization": "Bearer a.b.c"}, 401, "invalid_token"),
    "A08-long": ({"Authorization": "Bearer " + "a" * 9_000}, 401, "invalid_token"),
    "A01-alg-none": (
        {"Authorization": "Bearer eyJhbGciOiJub25lIn0.e30."},
        401,
        "invalid_token",
    ),
}


@pytest.mark.parametrize("case", STRANGERS)
def test_strangers_are_told_how_to_say_who_they_are(server, case):
    """A01-A11: 401 with the header that asks for a bearer, and nothing else."""
    headers, status, code = STRANGERS[case]

    refused = ask_as(server, **headers)

    assert refused.status_code == status
    assert problem(refused)["code"] == code
    assert problem(refused)["type"] == "authentication_error"
    assert refused.headers["www-authenticate"].startswith("Bearer")


def test_a_stranger_with_a_large_upload_hears_the_refusal(server, tmp_path):
    """The answer comes early, and is not lost to a reset while the file is sent."""
    path = tmp_path / "certificates.csv"
    path.write_bytes(b"x" * 9_000_000)

    for _ in range(3):
        with path.open("rb") as file:
            refused = requests.post(
                f"{server.url}/api/bulk-mint",
                files={"metadata": file},
                headers={"x-api-key": "pk_" + "0" * 64},
                timeout=20,
            )

        assert refused.status_code == 401


def test_two_identities_at_once_are_neither(server, tenant):
    """A12: 400, because whichever we took would be a guess."""
    refused = ask_as(
        server, x_api_key=tenant.key, Authorization=f"Bearer {tenant.token_with()}"
    )

    assert refused.status_code == 400
    assert problem(refused)["code"] == "ambiguous_credentials"


def test_a_key_without_the_scope_is_told_which(server, tenant):
    """403: `bulk:mint` does not retry, and `bulk:retry` does not list."""
    job = tenant.done(sheet(*good_rows(1)), pictures())
    minting = {"x-api-key": tenant.key_with("bulk:mint")}
    retrying = {"x-api-key": tenant.key_with("bulk:retry")}

    no_retry = httpx.post(f"{server.url}/api/bulk-mint/{job}/retry", headers=minting)
    no_list = httpx.get(f"{server.url}/api/bulk-mint", headers=retrying)

    assert no_retry.status_code == no_list.status_code == 403
    assert problem(no_retry)["type"] == "permission_error"
    assert "bulk:retry" in problem(no_retry)["message"]
    assert "bulk:mint" in problem(no_list)["message"]


# What it costs


def test_a_preview_says_what_so_many_would_cost(tenant):
    """In cents exactly, tier by tier, and they add up."""
    answers = {
        count: tenant.client.get(f"/api/billing/cost-preview/{count}").json()["data"]
        for count in (1, 1_000, 1_001, 1_000_000)
    }

    for count, preview in answers.items():
        assert preview["count"] == count
        assert sum(tier["count"] for tier in preview["tiers"]) == count
        assert (
            sum(tier["count"] * tier["unitCostCents"] for tier in preview["tiers"])
            == preview["totalCostCents"]
        )
        assert preview["totalCost"] == preview["totalCostCents"] / 100
    assert answers[1_001]["totalCostCents"] == 10_008


@pytest.mark.parametrize(
    "count", ["0", "-1", "1e9", "1000001", "1000000000", "%D9%A3", "1.5", "many"]
)
def test_a_count_that_is_none_is_refused(tenant, count):
    """Q11: 422, naming the range."""
    refused = tenant.client.get(f"/api/billing/cost-preview/{count}")

    assert refused.status_code == 422
    assert "1,000,000" in problem(refused)["message"]


def test_failed_rows_cost_nothing(tenant):
    """Usage counts what was issued."""
    tenant.done(sheet(*good_rows(3), BAD_ROW), pictures())

    usage = tenant.client.get("/v1/usage").json()

    assert usage["certificates"] == 3
    assert [line["amountMinor"] for line in usage["lines"]] == [30]


# The plan's limits


def admitted(ask, *, at_most):
    """Ask until refused; return how often that was not the case, and the refusal."""
    for count in range(at_most + 1):
        answer = ask()
        if answer.status_code == 429:
            return count, answer
        assert answer.is_success, answer.text
    raise AssertionError(f"{at_most + 1} requests, and none refused")


def assert_waits(refused, *, at_most):
    """A refusal names the same moment as header, field and words."""
    error = problem(refused)
    wait = int(refused.headers["retry-after"])
    assert 0 < wait <= at_most
    assert error["retry_after"] == wait
    assert (error["type"], error["code"]) == (
        "rate_limit_error",
        "rate_limit_exceeded",
    )
    assert f"in {wait} s" in error["message"]


def test_ten_jobs_an_hour(server):
    """The eleventh is refused; uploads that made no job did not count."""
    tenant = server.tenant("standard")
    for _ in range(12):
        assert tenant.create(b"no,header\n1,2\n").status_code == 422

    count, refused = admitted(
        lambda: tenant.create(sheet(*good_rows(1)), pictures()), at_most=10
    )

    assert count == 10
    assert_waits(refused, at_most=360)


def test_a_repeat_with_its_idempotency_key_is_not_counted(server):
    """Who did not hear the answer to the tenth job can still ask for it."""
    tenant = server.tenant("standard")
    named = {"Idempotency-Key": "tenth"}
    content = (sheet(*good_rows(1)), pictures())
    for _ in range(9):
        tenant.job(*content)

    made = [tenant.create(*content, headers=named) for _ in range(3)]

    assert [one.status_code for one in made] == [201] * 3
    assert tenant.create(*content).status_code == 429


def test_a_hundred_polls_of_a_job_in_fifteen_minutes(server):
    """Each job has a count of its own, as has the list."""
    tenant = server.tenant("standard")
    job = tenant.job(sheet(*good_rows(1)), pictures())
    other = tenant.job(sheet(*good_rows(1)), pictures())

    # One more for every nine seconds that this takes.
    count, refused = admitted(
        lambda: tenant.client.get(f"/api/bulk-mint/{job}"), at_most=105
    )

    assert 100 <= count <= 105
    assert_waits(refused, at_most=9)
    assert tenant.client.get(f"/api/bulk-mint/{other}").status_code == 200
    assert tenant.client.get("/api/bulk-mint").status_code == 200
    count, refused = admitted(lambda: tenant.client.get("/api/bulk-mint"), at_most=105)
    assert_waits(refused, at_most=9)


def test_fifty_downloads_an_hour(server):
    """CSV and ZIP together."""
    tenant = server.tenant("standard")
    job = tenant.done(sheet(*good_rows(1)), pictures())
    kinds = iter(["csv", "zip"] * 30)

    count, refused = admitted(
        lambda: tenant.client.get(f"/api/bulk-mint/{job}/download/{next(kinds)}"),
        at_most=50,
    )

    assert count == 50
    assert_waits(refused, at_most=72)


def test_five_retries_an_hour(server):
    """Whether or not there was something to retry."""
    tenant = server.tenant("standard")
    job = tenant.done(sheet(*good_rows(1)), pictures())

    count, refused = admitted(
        lambda: tenant.client.post(f"/api/bulk-mint/{job}/retry"), at_most=5
    )

    assert count == 5
    assert_waits(refused, at_most=720)


def test_nobody_waits_for_another_tenant(server):
    """I32: limits are a tenant's own."""
    busy, other = server.tenant("standard"), server.tenant("standard")
    for _ in range(11):
        last = busy.create(sheet(*good_rows(1)), pictures())

    assert last.status_code == 429
    assert other.create(sheet(*good_rows(1)), pictures()).status_code == 201


# Envelope


def test_every_refusal_has_the_documented_envelope(tenant):
    """Both documented bodies at once; a wrong method says which are right."""
    wrong = tenant.client.delete("/api/bulk-mint")
    nowhere = tenant.client.get("/api/nothing-here")
    wallet = tenant.client.post("/api/certificate/auth", json={})

    assert wrong.status_code == 405
    assert wrong.headers["allow"] == "GET, HEAD, POST"
    assert nowhere.status_code == wallet.status_code == 404
    for refused in (wrong, nowhere, wallet):
        assert re.fullmatch(r"req_[0-9a-f]{24}", problem(refused)["request_id"])


def test_not_a_form_is_told_so(tenant):
    """415 for what is no form."""
    refused = tenant.client.post("/api/bulk-mint", json={"metadata": "name"})

    assert refused.status_code == 415
    assert "multipart/form-data" in problem(refused)["message"]
