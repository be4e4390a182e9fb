"""A rehearsal through the front door: what it says, and that nothing came of it."""

import csv
import io
import json
import socket
import time
from pathlib import Path

import pytest

from support.images import quarters, saved
from support.server import PICTURE, Server, Tenant, good_rows, pictures, sheet
from support.snapshots import everything, rehearsed
from support.zips import Entry, build

HEADER = "name,description,category,recipientEmail,recipientName,imageUrl"
MORE = f"{HEADER},expiryDays,attribute_a,attribute_b,attribute_validUntil"

#: A row for each way to fail, and a few good ones between them.
HOSTILE = [
    "Course,What for,education,ana@example.org,Ana,good.png,,,,",
    ",What for,education,ana@example.org,Ana,good.png,,,,",
    ",,,,,,,,,",
    "Course,What for,education,ana@example.org",
    "Course,What for,education,nobody,Ana,good.png,,,,",
    "Course,What for,education,jürgen@example.org,Ana,good.png,,,,",
    "Course,What for,education,ana@example.org,Ana,missing.png,,,,",
    "Course,What for,education,ana@example.org,Ana,broken.png,,,,",
    "Course,What for,education,ana@example.org,Ana,text.png,,,,",
    "Course,What for,education,ana@example.org,Ana,small.png,,,,",
    "Course,What for,education,ana@example.org,Ana,twin.png,,,,",
    "Course,What for,education,ana@example.org,Ana,http://10.0.0.1/a.png,,,,",
    "Course,What for,education,ana@example.org,Ana,https://u:p@x.example/a.png,,,,",
    "Course,What for,education,ana@example.org,Ana,https://169.254.169.254/,,,,",
    "Course,What for,education,ana@example.org,Ana,good.png,4000,,,",
    "Course,What for,education,ana@example.org,Ana,good.png,,,,2020-01-01",
    "Course,What for,education,ana@example.org,Ana,good.png,,,,soon",
    "Course,What for,education,ana@example.org,Ana \u202e,good.png,,,,",
    f"{'x' * 256},What for,education,ana@example.org,Ana,good.png,,,,",
    "Course,What for,education,ana@example.org,Ana,good.png,,,,2999-12-31",
]


def hostile_files() -> dict[str, tuple[str, bytes]]:
    """Return a form whose rows fail in every way that a row can."""
    entries = [
        Entry("good.png", PICTURE),
        Entry("broken.png", PICTURE[: len(PICTURE) // 2]),
        Entry("text.png", b"this is no picture"),
        Entry("small.png", saved(quarters(20, 10), "PNG")),
        Entry("a/twin.png", PICTURE),
        Entry("b/twin.png", PICTURE),
    ]
    return form(sheet(*HOSTILE, header=MORE), build(entries))


def form(rows: bytes, images: bytes | None = None) -> dict[str, tuple[str, bytes]]:
    """Return rows and images as a form takes them."""
    files = {"rows": ("rows.csv", rows)}
    return files if images is None else files | {"images": ("images.zip", images)}


def test_a_rehearsal_fails_the_rows_that_the_job_fails(tenant: Tenant):
    """
    Row by row, code by code and word by word, the report says what issuing says.
    """
    report = rehearsed(tenant, hostile_files())
    answer = tenant.client.post("/v1/jobs", files=hostile_files())
    job = answer.json()["id"]
    tenant.wait(job)
    status = tenant.client.get(f"/v1/jobs/{job}").json()

    first: dict[int, tuple[str, str]] = {}
    for one in report["findings"]:
        if one["severity"] == "fails":
            first.setdefault(one["row"], (one["code"], one["message"]))
    issued = {one["row"]: (one["code"], one["message"]) for one in status["failures"]}
    assert first == issued
    assert len(issued) == len(HOSTILE) - 2
    assert report["summary"]["wouldFail"] == status["rows"]["failed"]
    assert report["summary"]["wouldSucceed"] == status["rows"]["succeeded"]


def test_a_rehearsal_has_no_effect(server: Server, tenant: Tenant):
    """
    No table and no file is other than before: no job, no picture, no use, no key.
    """
    before = everything(server)

    rehearsed(tenant, hostile_files())
    rehearsed(tenant, form(sheet(*good_rows(3)), pictures()))

    assert everything(server) == before


def test_rows_as_json_are_rehearsed(tenant: Tenant):
    """
    The body of a job is the body of a rehearsal; addresses of images are not asked.
    """
    row = {
        "name": "Course",
        "description": "What for",
        "category": "education",
        "recipientEmail": "ana@gmial.com",
        "recipientName": "ANA IBÁÑEZ",
        "imageUrl": "https://images.example/ana.png",
    }

    answer = tenant.client.post("/v1/rehearsals", json={"rows": [row]})

    report = answer.json()
    assert [one["code"] for one in report["findings"]] == [
        "name_capitals",
        "address_typo",
    ]
    assert report["summary"]["imagesNotFetched"] == 1
    assert report["summary"]["doubtful"] == 1
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("query", "accept"), [("?format=csv", "*/*"), ("", "text/csv")]
)
def test_every_finding_comes_as_csv(tenant: Tenant, query: str, accept: str):
    """
    The table has them all, in the order of the rows, and computes nothing.
    """
    rows = [f"Course,What for,one.png,education,nobody{n}" for n in range(1_500)]
    rows[3] = "Course,What for,one.png,education,=cmd|calc"

    answer = tenant.client.post(
        f"/v1/rehearsals{query}",
        files=form(sheet(*rows), pictures()),
        headers={"accept": accept},
    )

    lines = list(csv.DictReader(io.StringIO(answer.text, newline="")))
    assert answer.headers["content-type"].startswith("text/csv")
    assert int(answer.headers["content-length"]) == len(answer.content)
    assert [int(line["row"]) for line in lines] == list(range(1, 1_501))
    assert lines[3]["value"] == "'=cmd|calc"


def test_a_long_report_is_cut_and_its_totals_are_right(tenant: Tenant):
    """
    JSON has the first thousand findings; counts are of all of them.
    """
    rows = [f"Course,What for,one.png,education,nobody{n}" for n in range(1_500)]

    report = rehearsed(tenant, form(sheet(*rows), pictures()))

    assert len(report["findings"]) == report["summary"]["shown"] == 1_000
    assert report["summary"]["findings"] == report["summary"]["wouldFail"] == 1_500
    (code,) = report["codes"]
    assert (code["code"], code["count"]) == ("email_format", 1_500)
    assert code["firstRows"] == list(range(1, 11))


@pytest.mark.parametrize(
    ("files", "status", "code"),
    [
        (form(b""), 422, "empty_csv"),
        (form(sheet(*good_rows(1)), b"no zip"), 422, "zip_corrupt"),
        ({"images": ("images.zip", b"")}, 422, "parameter_missing"),
    ],
)
def test_a_file_that_no_job_is_made_of_is_refused(
    tenant: Tenant, files: dict[str, tuple[str, bytes]], status: int, code: str
):
    """
    Faults of a file as a whole are answered as the real door answers them.
    """
    rehearsal = tenant.client.post("/v1/rehearsals", files=files)
    job = tenant.client.post("/v1/jobs", files=files)

    assert rehearsal.json()["code"] == job.json()["code"]
    assert rehearsal.json()["detail"] == job.json()["detail"]
    assert rehearsal.status_code == job.status_code


def test_rehearsals_are_limited_by_the_plan(server: Server):
    """
    Thirty an hour on the standard plan; refused files do not count, nor do jobs.
    """
    tenant = server.tenant("standard")
    row = {"name": "a", "description": "b", "category": "c"}
    row |= {"recipientEmail": "a@example.org", "imageUrl": "https://x.example/"}

    for _ in range(3):
        refused = tenant.client.post("/v1/rehearsals", json={"rows": []})
        assert refused.status_code == 422
    codes = [
        tenant.client.post("/v1/rehearsals", json={"rows": [row]}).status_code
        for _ in range(31)
    ]

    assert codes == [200] * 30 + [429]
    assert tenant.client.post("/v1/jobs", json={"rows": [row]}).status_code == 202


def test_a_rehearsal_stops_when_nobody_waits_for_it(server: Server, tenant: Tenant):
    """
    A client that goes away takes its rehearsal along, with minutes of work left.
    """
    large = saved(quarters(3000, 3000), "PNG")
    images = build(Entry(f"{number}.png", large) for number in range(1, 201))
    rows = sheet(*good_rows(200, image=""))
    request = tenant.client.build_request("POST", "/", files=form(rows, images))
    body, kind = request.read(), request.headers["content-type"]
    head = (
        f"POST /v1/rehearsals HTTP/1.1\r\nhost: x\r\nx-api-key: {tenant.key}\r\n"
        f"content-type: {kind}\r\ncontent-length: {len(body)}\r\n\r\n"
    )

    with socket.create_connection(("127.0.0.1", server.port)) as client:
        client.sendall(head.encode() + body)

    end = time.monotonic() + 20
    while "nobody waits for this rehearsal" not in server.log:
        assert time.monotonic() < end
        time.sleep(0.02)
    assert list((server.data / "spool").rglob("*/????????*")) == []


def test_the_command_line_says_it_in_its_exit_status(server: Server, tmp_path: Path):
    """
    0 when nothing would fail, 1 when a row would; the report is on standard output.
    """
    tenant = server.tenant()
    good, bad = tmp_path / "good.csv", tmp_path / "bad.csv"
    good.write_bytes(sheet(*good_rows(2, image="https://x.example/a.png")))
    bad.write_bytes(sheet(*HOSTILE[:5], header=MORE))
    words = ("issue", "--tenant", tenant.slug, "--rehearse", "--json")

    report = json.loads(server.run(*words, str(good)))
    with pytest.raises(AssertionError):
        server.run(*words, str(bad))

    assert report["summary"]["wouldSucceed"] == 2
