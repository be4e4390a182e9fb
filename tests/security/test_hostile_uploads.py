"""
Sections C, Z, M and J of the catalogue of hostile inputs, over HTTP and to the end.

The rooms have the whole catalogue. Here is a selection that goes through every door
between a client and the tables: each refusal says why and leaves nothing behind,
neither a file nor a job, and each bad picture fails its row and no other.
"""

import gzip
import hashlib
import os
import time
import zlib

import httpx
import pytest

from support.images import png, quarters, saved, with_chunk
from support.server import HEADER, PICTURE, good_rows, pictures, problem, sheet
from support.serving import Client
from support.zips import Entry, build, overlapping, plain, quoting, unicode_path

GOOD = sheet(*good_rows(2))
MEGABYTE = 1024 * 1024

#: Each takes a fraction of a second; a machine that tests on every core, longer.
SOON_SECONDS = 4


def with_header(*columns):
    """Return a CSV with more columns."""
    return sheet(
        *[row + ",x" * len(columns) for row in good_rows(1)],
        header=",".join((HEADER, *columns)),
    )


def named_twice():
    """Return a ZIP whose entry has a second name for those who read extras."""
    return build([Entry("a.png", extra=unicode_path(b"a.png", b"b.png"))])


CSV = {
    "C01-unterminated-quote": (GOOD + b'"never,closed', 422, "csv_unterminated_quote"),
    "C03-cell-of-200-kB": (sheet("A" * 200_000 + ",B,C,D,E"), 422, "cell_too_long"),
    "C04-million-columns": (b"," * 1_000_000 + b"\n", 422, "too_many_columns"),
    "C05-duplicate-column": (with_header("name"), 422, "duplicate_column"),
    "C07-wrong-case": (GOOD.replace(b"name", b"Name", 1), 422, "missing_column"),
    "C08-unknown-column": (with_header("grade"), 422, "unknown_column"),
    "C09-million-rows": (GOOD + b",\n" * 1_000_000, 422, "too_many_rows"),
    "C10-only-bom": (b"\xef\xbb\xbf", 422, "empty_csv"),
    "C12-byte-in-row-500": (
        sheet(*good_rows(499)) + b"A,\xff,C,D,E\n",
        422,
        "not_utf8",
    ),
    "C19-proto": (with_header("__proto__"), 422, "bad_attribute_name"),
    "C19-empty-suffix": (with_header("attribute_"), 422, "bad_attribute_name"),
    "C20-quotes": (
        GOOD + b'"' * 9 * MEGABYTE,
        422,
        ("cell_too_long", "csv_unterminated_quote"),
    ),
    "C21-zip": (pictures(), 415, "not_csv"),
    "C21-html": (b"<!DOCTYPE html><p>hi", 415, "not_csv"),
    "C21-gzip": (gzip.compress(GOOD), 415, "not_csv"),
    "C21-pdf": (b"%PDF-1.7\n" + bytes(100), 415, "not_csv"),
    "J14-larger-than-the-plan": (b"x" * (10 * MEGABYTE + 1), 413, None),
}

ZIP = {
    "Z01-overlap": (overlapping(), 422, "zip_overlap"),
    "Z01-quoted-headers": (quoting(), 422, "zip_overlap"),
    "Z02-ratio": (
        build([Entry("a.png", bytes(3_000_000), method=8)]),
        422,
        "zip_ratio",
    ),
    "Z05-too-many-entries": (
        plain(*[f"{n}.png" for n in range(2_001)]),
        422,
        "zip_too_many_entries",
    ),
    "Z06-up-and-out": (plain("../../etc/cron.d/x"), 422, "zip_path"),
    "Z07-nul": (plain("nul\0.png"), 422, "zip_name"),
    "Z08-case": (plain("A.png", "a.PNG"), 422, "zip_duplicate_name"),
    "Z09-symlink": (
        build([Entry("a.png", attributes=0o120777 << 16)]),
        422,
        "zip_special_file",
    ),
    "Z10-encrypted": (build([Entry("a.png", flags=1)]), 422, "zip_encrypted"),
    "Z11-lzma": (build([Entry("a.png", method=14)]), 422, "zip_method"),
    "Z12-names-differ": (
        build([Entry("a.png", local={"name": b"b.png"})]),
        422,
        "zip_inconsistent",
    ),
    "Z13-two-archives": (plain("a.png") + plain("b.png"), 422, "zip_ambiguous"),
    "Z16-polyglot": (PICTURE + plain("a.png"), 422, "zip_ambiguous"),
    "Z17-reversed-text": (plain("\u202egnp.exe"), 422, "zip_name"),
    "Z20-second-name": (named_twice(), 422, "zip_name"),
    "Z21-truncated": (plain("a.png", "b.png")[:-30], 422, "zip_corrupt"),
}


@pytest.fixture(scope="module")
def standard(server):
    """Return a tenant with the documented limits; refused uploads do not count."""
    return server.tenant("standard")


def assert_refused(server, answer, before, status, code):
    """A refusal explains itself, and leaves as many bytes and jobs as there were."""
    assert answer.status_code == status, answer.text
    error = problem(answer)
    codes = code if isinstance(code, tuple) else (code,)
    assert code is None or error["code"] in codes
    assert len(error["message"].split()) >= 3
    assert server.stored() == before


@pytest.mark.parametrize("case", CSV)
def test_a_hostile_csv_is_refused_and_leaves_nothing(server, standard, case):
    """Soon, however it was made."""
    data, status, code = CSV[case]
    before, since = server.stored(), time.monotonic()

    refused = standard.create(data, pictures())

    assert_refused(server, refused, before, status, code)
    assert time.monotonic() - since < SOON_SECONDS


@pytest.mark.parametrize("case", ZIP)
def test_a_hostile_zip_is_refused_and_leaves_nothing(server, standard, case):
    """Before anything of it is unpacked."""
    data, status, code = ZIP[case]
    before, since = server.stored(), time.monotonic()

    refused = standard.create(GOOD, data)

    assert_refused(server, refused, before, status, code)
    assert problem(refused)["param"].startswith("images")
    assert time.monotonic() - since < SOON_SECONDS


BOMB = with_chunk(PICTURE, b"zTXt", b"k\0\0" + zlib.compress(bytes(60_000_000)))

IMAGES = {
    "M01-claims-65535": (png(65_535, 65_535, pixels=b""), "image_pixels"),
    "M02-one-bit-13000": (png(13_000, 13_000, bits=1, colour=0), "image_pixels"),
    "M04-ztxt-bomb": (BOMB, "bad_image"),
    "M05-animated-gif": (
        saved(
            quarters(),
            "GIF",
            save_all=True,
            append_images=[quarters(200, 100).rotate(180)],
        ),
        "image_animated",
    ),
    "M06-tiff": (saved(quarters(), "TIFF"), "image_format"),
    "M07-svg": (
        b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>",
        "image_format",
    ),
    "M08-html": (b"<!DOCTYPE html><script>alert(1)</script>", "bad_image"),
    "M12-truncated": (PICTURE[:-40], "image_truncated"),
    "M13-one-pixel": (png(1, 1), "image_too_small"),
    "M13-empty": (b"", "image_too_small"),
    "Z04-nested-zip": (plain("x.png"), "bad_image"),
}


def test_every_hostile_picture_fails_its_row_and_no_other(server, tenant):
    """One job with all of them, and good rows between; workers live on."""
    workers = {one.pid for one in server.workers()}
    entries, rows = [Entry("good.png", PICTURE)], []
    for number, (data, _) in enumerate(IMAGES.values()):
        entries.append(Entry(f"bad{number}.png", data))
        rows += good_rows(1, image=f"bad{number}.png") + good_rows(1, image="good.png")
    entries.append(Entry("crc.png", PICTURE, local={"crc": 1}, central={"crc": 1}))
    rows += good_rows(1, image="crc.png")

    job = tenant.job(sheet(*rows), build(entries))

    done = tenant.wait(job)
    found = {error["row"]: error["code"] for error in done["errors"]}
    wanted = {2 * n + 1: code for n, (_, code) in enumerate(IMAGES.values())}
    assert found == {**wanted, len(rows): "zip_crc"}
    assert done["successCount"] == len(IMAGES)
    assert {one.pid for one in server.workers()} == workers


def test_what_a_picture_carries_along_is_not_handed_on(tenant):
    """M09, M10: other people's metadata and other issuers' statements are dropped."""
    carrying = with_chunk(PICTURE, b"iTXt", b"openbadges\0\0\0\0\0someone else's")
    carrying = with_chunk(carrying, b"tEXt", b"Comment\0secret") + b"<script>"
    job = tenant.done(sheet(*good_rows(1)), build([Entry("one.png", carrying)]))

    archive = tenant.archive(job)

    [name] = [name for name in archive.namelist() if name.startswith("images/")]
    stored = archive.read(name)
    assert stored.startswith(b"\x89PNG")
    assert b"openbadges" not in stored
    assert b"secret" not in stored
    assert b"<script>" not in stored


def part(name, content, *, filename='; filename="x"', headers=""):
    """Return one part of a form, with its boundary in front."""
    return (
        (
            f'--BOUNDARY\r\nContent-Disposition: form-data; name="{name}"{filename}\r\n'
            f"{headers}\r\n"
        ).encode()
        + content
        + b"\r\n"
    )


END = b"--BOUNDARY--\r\n"
FORM = "multipart/form-data; boundary=BOUNDARY"

BODIES = {
    "J11-1001-parts": (part("metadata", b"") * 1_001 + END, FORM, (400, 413, 422)),
    "J11-field-of-10-MB": (
        part("createBatch", b"x" * 10 * MEGABYTE, filename="") + END,
        FORM,
        (400, 413, 422),
    ),
    "J11-1-MB-part-header": (
        part("metadata", GOOD, headers="X: " + "x" * MEGABYTE + "\r\n") + END,
        FORM,
        (400, 413),
    ),
    "J11-preamble": (b"x" * MEGABYTE + part("metadata", GOOD) + END, FORM, (400, 413)),
    "J11-no-boundary": (part("metadata", GOOD) + END, "multipart/form-data", (400,)),
    "J11-unterminated": (part("metadata", GOOD), FORM, (400,)),
    "J11-nested": (
        part("metadata", GOOD, headers="Content-Type: multipart/mixed; boundary=x\r\n")
        + part("metadata", GOOD)
        + END,
        FORM,
        (400, 415, 422),
    ),
    "J12-two-metadata": (part("metadata", GOOD) * 2 + END, FORM, (422,)),
    "J12-metadata-as-text": (part("metadata", b"a", filename="") + END, FORM, (422,)),
    "J12-unknown-part": (
        part("metadata", GOOD) + part("isAdmin", b"true", filename="") + END,
        FORM,
        (422,),
    ),
    "J09-text-plain": (GOOD, "text/plain", (415,)),
    "J09-empty-body": (b"", FORM, (400,)),
    "noise": (os.urandom(100_000), FORM, (400,)),
}


@pytest.mark.parametrize("case", BODIES)
def test_a_crooked_form_is_refused_and_leaves_nothing(server, standard, case):
    """J09, J11, J12: 4xx soon, no file, no job."""
    body, content_type, statuses = BODIES[case]
    before, since = server.stored(), time.monotonic()

    refused = standard.client.post(
        "/api/bulk-mint", content=body, headers={"content-type": content_type}
    )

    assert refused.status_code in statuses, refused.text
    assert_refused(server, refused, before, refused.status_code, None)
    assert time.monotonic() - since < SOON_SECONDS


@pytest.mark.parametrize(
    "filename",
    [
        '; filename="../../x"',
        '; filename="' + "x" * 10_000 + '"',
        "; filename=\"a\"; filename*=UTF-8''%00",
        '; filename="C:\\\\con"',
    ],
    ids=["up-and-out", "10-kB", "two-forms", "device"],
)
def test_a_file_name_is_the_senders_business(server, tenant, filename):
    """J13: it names nothing here."""
    answer = tenant.client.post(
        "/api/bulk-mint",
        content=part("metadata", GOOD, filename=filename) + END,
        headers={"content-type": FORM},
    )

    if answer.status_code == 201:
        tenant.wait(answer.json()["data"]["jobId"])
        names = {path.name for path in server.data.rglob("*")}
        assert names.isdisjoint({"x", "a", "con"})
    else:
        assert answer.status_code in (400, 422)


def test_a_packed_body_is_not_unpacked(server, standard):
    """J23: 415 for a request in gzip, or the bytes as they are: never a bomb."""
    before = server.stored()

    refused = standard.client.post(
        "/api/bulk-mint",
        content=gzip.compress(part("metadata", GOOD) + END),
        headers={"content-type": FORM, "content-encoding": "gzip"},
    )

    assert refused.status_code == 415
    assert server.stored() == before


def test_an_upload_that_breaks_off_leaves_nothing(server, standard):
    """J14: a client that goes away half-way is forgotten, file and job."""
    before = server.stored()
    body = part("metadata", GOOD * 1_000)

    with Client(server.port) as client:
        client.say(
            b"POST /api/bulk-mint HTTP/1.1\r\nHost: x\r\nContent-Type: "
            + FORM.encode()
            + b"\r\nx-api-key: "
            + standard.key.encode()
            + b"\r\nContent-Length: %d\r\n\r\n" % (len(body) * 2)
            + body
        )
        time.sleep(0.1)
    end = time.monotonic() + 10
    while server.stored() != before:
        assert time.monotonic() < end
        time.sleep(0.02)


def test_a_length_beyond_the_plan_is_refused_before_it_is_sent(server, standard):
    """J14: 413 on the headers alone, and the connection is closed."""
    before = server.stored()

    with Client(server.port) as client:
        told = client.ask(
            b"POST /api/bulk-mint HTTP/1.1\r\nHost: x\r\nContent-Type: "
            + FORM.encode()
            + b"\r\nx-api-key: "
            + standard.key.encode()
            + b"\r\nContent-Length: 400000000\r\n\r\n"
        )

    assert told.status == 413
    assert b"connection: close" in told.head
    assert server.stored() == before


JSON = {
    "J01-depth": (b"[" * 100_000 + b"]" * 100_000, 400),
    "J02-5000-digits": (b'{"rows":[{"name":' + b"9" * 5_000 + b"}]}", 400),
    "J02-nan": (b'{"rows":[{"name":NaN}]}', 400),
    "J03-not-utf8": (b'{"rows":[{"name":"\xff"}]}', 400),
    "J03-surrogate": (b'{"rows":[{"name":"\\ud800"}]}', 400),
    "J03-utf16": ('{"rows":[]}'.encode("utf-16"), 400),
    "J04-duplicate-key": (b'{"rows":[],"rows":[{}]}', 400),
    "J05-16-MB": (b"[" + b"0," * 8_000_000 + b"0]", 413),
    "J06-unknown-field": (b'{"rows":[{}],"tenantId":"x"}', 422),
    "J07-wrong-type": (b'{"rows":{"name":"A"}}', 422),
    "J07-null": (b"null", 422),
    "J08-no-rows": (b'{"rows":[]}', 422),
    "J08-1001-rows": (b'{"rows":[' + b"{}," * 1_000 + b"{}]}", 422),
}


@pytest.mark.parametrize("case", JSON)
def test_hostile_json_is_refused_and_leaves_nothing(server, standard, case):
    """J01-J08: a 4xx that names the place, whatever parsers disagree about."""
    body, status = JSON[case]
    before, since = server.stored(), time.monotonic()

    refused = standard.client.post(
        "/v1/jobs", content=body, headers={"content-type": "application/json"}
    )

    assert refused.status_code == status, refused.text
    assert refused.headers["content-type"] == "application/problem+json"
    assert server.stored() == before
    assert time.monotonic() - since < SOON_SECONDS


def test_other_content_under_a_used_name_leaves_nothing(server, tenant):
    """An Idempotency-Key that was used before: refused, in both dialects."""
    named = {"Idempotency-Key": "one"}
    row = {
        "name": "A",
        "description": "B",
        "imageUrl": "https://example.invalid/a.png",
        "category": "C",
        "recipientEmail": "a@example.com",
    }
    assert tenant.create(GOOD, headers=named).status_code == 201
    for job in tenant.client.get("/v1/jobs").json()["jobs"]:
        tenant.client.post(f"/v1/jobs/{job['id']}/cancel")
    before = server.stored()

    refused = tenant.create(sheet(*good_rows(7)), headers=named)
    also = tenant.client.post("/v1/jobs", json={"rows": [row]}, headers=named)

    assert refused.status_code == also.status_code == 422
    assert also.json()["code"] == "idempotency_key_reused"
    assert server.stored() == before


def test_what_is_accepted_is_kept_once(server, tenant):
    """The same bytes twice take their room once: the measure above can grow."""
    content = sheet(*good_rows(3), f"{os.urandom(8).hex()},,,,")
    before = server.stored()

    first = tenant.job(content)
    between = server.stored()
    second = tenant.job(content)

    tenant.wait(first)
    tenant.wait(second)
    assert between == (before[0] + len(content), before[1] + 1)
    assert server.stored() == (between[0], between[1] + 1)
    digest = hashlib.sha256(content).hexdigest()
    assert (server.data / "blobs" / digest[:2] / digest[2:]).exists()


def test_a_download_has_no_name_that_an_upload_chose(tenant):
    """Z17: entries of the results are named by us."""
    name = "con \U0001f600 x.png"
    job = tenant.done(
        sheet(*good_rows(1, image=name)), build([Entry(name, PICTURE, flags=0x0800)])
    )

    names = tenant.archive(job).namelist()

    assert all(name.isascii() for name in names)
    assert len(names) == 3


def test_a_key_in_the_address_is_not_read(server, tenant):
    """A11: a key in a query would end up in logs and histories."""
    answer = httpx.get(f"{server.url}/api/bulk-mint?api_key={tenant.key}")

    assert answer.status_code == 401


def test_pictures_that_no_row_names_are_counted_when_the_job_is_done(tenant):
    """Z18: accepted, not stored, and the issuer hears of it."""
    job = tenant.done(
        sheet(*good_rows(2, image="one.png")), pictures("one.png", "two.png")
    )

    assert tenant.status(job)["unusedImages"] == 1
