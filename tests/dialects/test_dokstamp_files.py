"""`/files` as DokStamp's clients use it, over HTTP."""

import hashlib
import io
import secrets
import subprocess
import time
import uuid

import httpx
import pytest
import requests

from testamur.core.policy import MIB
from testamur.uploads.files import clean_name, media_type_of

PDF = b"%PDF-1.7\n% a diploma\n"
PNG = b"\x89PNG\r\n\x1a\n" + b"x" * 40
JPEG = b"\xff\xd8\xff\xe0" + b"x" * 40

LATE_PDF = b"x" * 900 + PDF


@pytest.fixture
def web(tenant):
    """Return the tenant's client, which names it."""
    tenant.client.headers["X-Tenant"] = tenant.slug
    return tenant.client


def pdf(size=100) -> bytes:
    """Return a file that begins like a PDF, and is nobody else's."""
    return PDF + secrets.token_hex(size // 2).encode()


def upload(web, *files):
    """Upload (name, content) pairs; return the answer."""
    return web.post("/files", files=[("files[]", one) for one in files])


def uploaded(web, *files):
    """Upload what is taken; return what is said of it."""
    answer = upload(web, *files)
    assert answer.status_code == 201, answer.text
    return answer.json()["data"]


def spend(server, tenant, name):
    """Have a file be used."""
    from testamur.adapters.sql import uploaded_files

    office = server.office
    with office.database.writing() as connection:
        owner = office.tenants.find(tenant.slug).id
        assert uploaded_files.use(connection, owner, name, "x", now=office.clock())


def test_three_hundred_files_are_uploaded_in_one_request(web, server):
    """In their order, in seconds, and each of them can be downloaded."""
    sent = [(f"diploma-{n}.pdf", pdf(20_000)) for n in range(300)]

    started = time.monotonic()
    found = uploaded(web, *sent)
    seconds = time.monotonic() - started

    assert [one["original_name"] for one in found] == [name for name, _ in sent]
    assert [one["size"] for one in found] == [len(data) for _, data in sent]
    assert len({one["uuid"] for one in found}) == 300
    for place in (0, 150, 299):
        got = httpx.get(f"{server.url}/files/{found[place]['uuid']}/download")
        assert got.content == sent[place][1]
    assert seconds < 60  # one, where nobody else is working


def test_a_file_is_told_as_the_service_tells_it(web, server):
    """All of its fields, and its own uuid."""
    [found] = uploaded(web, ("diploma-1.pdf", data := pdf()))

    name = found["uuid"]
    assert uuid.UUID(name).version == 4
    assert found == {
        "uuid": name,
        "original_name": "diploma-1.pdf",
        "mime_type": "application/pdf",
        "extension": "pdf",
        "size": len(data),
        "used_at": None,
        "file": f"{server.office.public_url}/files/{name}/download",
        "created_at": found["created_at"],
    }
    assert found["created_at"].endswith("000Z")
    assert web.get(f"/files/{name}").json() == {"data": found}


def test_curl_uploads_as_documented(server, tenant, tmp_path):
    """The service's own example, with its header and its brackets."""
    for number in (1, 2, 3):
        (tmp_path / f"diploma-{number}.pdf").write_bytes(pdf())
    done = subprocess.run(
        [
            *("curl", "-sS", "-X", "POST", f"{server.url}/files"),
            *("-H", f"Authorization: Bearer {tenant.key}"),
            *("-H", "Accept: application/json", "-H", f"X-Tenant: {tenant.slug}"),
            *("-F", "files[]=@diploma-1.pdf", "-F", "files[]=@diploma-2.pdf"),
            *("-F", "files[]=@diploma-3.pdf"),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=30,
    )

    names = [f'"original_name":"diploma-{number}.pdf"' for number in (1, 2, 3)]
    places = [done.stdout.find(name) for name in names]
    assert places == sorted(places)
    assert places[0] > 0


@pytest.mark.parametrize("field", ["files[]", "files[0]", "files"])
def test_clients_spell_the_field_as_their_library_does(web, field):
    """PHP counts, and some leave the brackets out."""
    answer = web.post("/files", files=[(field, ("a.pdf", pdf())) for _ in range(2)])

    assert answer.status_code == 201
    assert len(answer.json()["data"]) == 2


@pytest.mark.parametrize(
    ("data", "media_type", "extension"),
    [
        (PDF, "application/pdf", "pdf"),
        (LATE_PDF, "application/pdf", "pdf"),
        (PNG, "image/png", "png"),
        (JPEG, "image/jpeg", "jpg"),
    ],
)
def test_a_file_is_what_its_content_is(web, server, data, media_type, extension):
    """Whatever its sender calls it."""
    answer = web.post("/files", files=[("files[]", ("page.html", data, "text/html"))])

    [found] = answer.json()["data"]
    assert (found["mime_type"], found["extension"]) == (media_type, extension)
    got = httpx.get(f"{server.url}/files/{found['uuid']}/download")
    assert got.headers["Content-Type"] == media_type
    assert f'filename="page.html.{extension}"' in got.headers["Content-Disposition"]


def test_what_is_not_taken_is_named_by_its_place(web):
    """And nothing of the request is kept."""
    sent = [("a.pdf", pdf()), ("b.pdf", b"<script>"), ("c.png", PNG), ("d.pdf", b"")]

    answer = upload(web, *sent)

    assert answer.status_code == 422
    assert set(answer.json()["errors"]) == {"files.1", "files.3"}
    assert web.get("/files").json()["meta"]["total"] == 0


@pytest.mark.parametrize(
    "sent",
    [
        {"files": [("file", ("a.pdf", PDF))]},
        {"files": [("files[]", (None, "text"))]},
        {"files": [("files[]", ("a.pdf", PDF)), ("more", (None, "x"))]},
        {"files": [("files[]", ("", b""))]},
        {"files": [("files[x]", ("a.pdf", PDF))]},
    ],
)
def test_a_form_without_files_is_refused(web, sent):
    """Nothing, text, something else, and what a browser sends for no choice."""
    answer = web.post("/files", **sent)

    assert answer.status_code in (400, 422), answer.text
    assert web.get("/files").json()["meta"]["total"] == 0


def test_a_file_that_is_too_large_is_refused(web):
    """25 MiB each; told by its place."""
    answer = upload(web, ("a.pdf", pdf()), ("b.pdf", PDF + bytes(25 * MIB)))

    assert answer.status_code == 422
    assert set(answer.json()["errors"]) == {"files.1"}


def test_a_thousand_files_is_the_most(web):
    """One more is refused, and nothing is kept."""
    answer = upload(web, *[("a.pdf", PDF)] * 1_001)

    assert answer.status_code == 422
    assert answer.json()["code"] == "too_many_files"
    assert web.get("/files").json()["meta"]["total"] == 0
    assert len(uploaded(web, *[("a.pdf", PDF)] * 1_000)) == 1_000


def test_a_plan_may_allow_less_in_one_request(server):
    """As much as it allows of any ZIP."""
    tenant = server.tenant(plan="standard")
    tenant.client.headers["X-Tenant"] = tenant.slug
    large = PDF + bytes(24 * MIB)

    answer = upload(tenant.client, *[(f"{n}.pdf", large) for n in range(5)])

    assert answer.status_code == 422
    assert answer.json()["code"] == "upload_size"


def test_the_same_bytes_are_the_same_file(web):
    """In one request and later, under whatever name; the service does so, too."""
    data = pdf()

    first, again = uploaded(web, ("a.pdf", data), ("b.pdf", data))
    [later] = uploaded(web, ("c.pdf", data))

    assert first == again == later
    assert first["original_name"] == "a.pdf"


def test_files_are_listed_as_they_are_asked_for(web, server, tenant):
    """By field, by whether they are used, sorted, page by page."""
    small, large, picture = uploaded(
        web, ("a.pdf", pdf(10)), ("b.pdf", pdf(900)), ("c.png", PNG)
    )
    spend(server, tenant, large["uuid"])

    def names(**params):
        """Return the names of a listing, in its order."""
        answer = web.get("/files", params=params)
        assert answer.status_code == 200, answer.text
        return [one["original_name"] for one in answer.json()["data"]]

    assert names() == ["a.pdf", "b.pdf", "c.png"]
    assert names(**{"where[used_at]": "null"}) == ["a.pdf", "c.png"]
    assert names(**{"where[unused]": "1"}) == ["a.pdf", "c.png"]
    assert names(**{"where[unused]": "0"}) == ["b.pdf"]
    assert names(**{"where[mime_type]": "image/png"}) == ["c.png"]
    assert names(**{"where[uuid]": picture["uuid"].upper()}) == ["c.png"]
    assert names(**{"where[size]": str(small["size"])}) == ["a.pdf"]
    assert names(**{"where[size]": "9" * 19}) == []
    assert names(**{"sort[column]": "size", "sort[order]": "desc"})[0] == "b.pdf"
    assert names(**{"per_page": "2", "page": "2"}) == ["c.png"]
    meta = web.get("/files", params={"per_page": "2"}).json()["meta"]
    assert (meta["last_page"], meta["total"]) == (2, 3)


@pytest.mark.parametrize(
    "query",
    [
        "where[used_at]=2024",
        "where[unused]=maybe",
        "where[unused]=0&where[used_at]=null",
        "where[size]=-1",
        "where[size]=١",
        "where[owner]=x",
        "sort[column]=digest",
        "page=0",
        "per_page=100000",
        "sort=size",
    ],
)
def test_a_listing_that_nobody_documented_is_refused(web, query):
    """And not answered with something else."""
    assert web.get(f"/files?{query}").status_code == 422


@pytest.mark.parametrize("method", ["PATCH", "PUT"])
def test_a_file_can_be_called_otherwise(web, method):
    """Its name, and nothing else of it."""
    [file] = uploaded(web, ("a.pdf", pdf()))

    answer = web.request(
        method, f"/files/{file['uuid']}", json={"original_name": "Ana Müller.pdf"}
    )

    assert answer.status_code == 200
    assert answer.json()["data"] == file | {"original_name": "Ana Müller.pdf"}


@pytest.mark.parametrize(
    "body",
    [{}, {"original_name": ""}, {"original_name": 7}, {"original_name": "../x"},
     {"original_name": "a\u202eb"}, {"original_name": "x" * 256}, [], "x"],
)  # fmt: skip
def test_a_name_that_is_none_is_refused(web, body):
    """Folders, what cannot be seen, too long, no text."""
    [file] = uploaded(web, ("a.pdf", pdf()))

    assert web.patch(f"/files/{file['uuid']}", json=body).status_code == 422
    assert web.get(f"/files/{file['uuid']}").json()["data"] == file


def test_a_file_is_deleted_unless_it_is_used(web, server, tenant):
    """Alone and with others, all or none."""
    free, used, more = uploaded(
        web, ("a.pdf", pdf()), ("b.pdf", pdf()), ("c.pdf", pdf())
    )
    spend(server, tenant, used["uuid"])

    def destroy(*names):
        """Delete files in one request."""
        return web.request(
            "DELETE", "/files/batch/destroy", json={"uuids": list(names)}
        )

    assert web.delete(f"/files/{used['uuid']}").status_code == 422
    refused = destroy(free["uuid"], used["uuid"], str(uuid.uuid4()))
    assert set(refused.json()["errors"]) == {"uuids.1", "uuids.2"}
    assert web.get("/files").json()["meta"]["total"] == 3
    assert web.delete(f"/files/{free['uuid']}").status_code == 204
    assert destroy(more["uuid"]).status_code == 204
    assert web.get(f"/files/{free['uuid']}").status_code == 404
    assert httpx.get(f"{server.url}/files/{more['uuid']}/download").status_code == 404


@pytest.mark.parametrize(
    "body", [{}, {"uuids": []}, {"uuids": "x"}, {"uuids": [1]}, {"uuids": [""]}, []]
)
def test_a_batch_that_names_no_files_is_refused(web, body):
    """By its field."""
    answer = web.request("DELETE", "/files/batch/destroy", json=body)

    assert answer.status_code == 422


@pytest.mark.parametrize(
    "name", ["1", "x", "0" * 36, "zzzzzzzz-0000-4000-8000-000000000000"]
)
def test_what_is_no_uuid_is_said_to_be_none(web, server, name):
    """Wherever one belongs: 422, as the service does."""
    answers = [
        web.get(f"/files/{name}"),
        web.delete(f"/files/{name}"),
        web.patch(f"/files/{name}", json={"original_name": "x.pdf"}),
        httpx.get(f"{server.url}/files/{name}/download"),
    ]

    assert [one.status_code for one in answers] == [422] * 4
    assert all("uuid" in one.json()["errors"] for one in answers)


def test_another_tenants_file_is_not_found(web, server):
    """To read, change and delete; but whoever knows its id may download it."""
    other = server.tenant()
    other.client.headers["X-Tenant"] = other.slug
    [file] = uploaded(other.client, ("a.pdf", data := pdf()))
    path = f"/files/{file['uuid']}"

    assert web.get(path).status_code == 404
    assert web.delete(path).status_code == 404
    assert web.patch(path, json={"original_name": "x"}).status_code == 404
    assert web.get(f"{path}/download").content == data
    assert other.client.get(path).json()["data"] == file


def test_a_download_is_disarmed_whole_and_resumable(web, server):
    """Nothing in a stranger's file runs, and a client can check and go on."""
    [file] = uploaded(web, ("Ana Müller.pdf", data := pdf(5_000)))
    url = f"{server.url}/files/{file['uuid']}/download"

    whole = httpx.get(url)
    head = httpx.head(url)
    rest = httpx.get(url, headers={"Range": "bytes=1000-"})
    held = httpx.get(url, headers={"If-None-Match": whole.headers["ETag"]})

    assert whole.content == data
    assert whole.headers["ETag"] == f'"{hashlib.sha256(data).hexdigest()}"'
    assert whole.headers["X-Content-Type-Options"] == "nosniff"
    assert whole.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert whole.headers["Content-Disposition"] == (
        'attachment; filename="Ana_M_ller.pdf"; '
        "filename*=UTF-8''Ana%20M%C3%BCller.pdf"
    )
    assert head.headers["Content-Length"] == str(len(data))
    assert head.content == b""
    assert (rest.status_code, rest.content) == (206, data[1_000:])
    assert held.status_code == 304


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("diploma.pdf", "diploma.pdf"),
        ("C:\\fakepath\\Ana.pdf", "Ana.pdf"),
        ("../../etc/passwd", "passwd"),
        ("A\u0308rzte.pdf", "\u00c4rzte.pdf"),
        ("a\r\nSet-Cookie: x.pdf", "aSet-Cookie: x.pdf"),
        ("cod\u202efdp.exe", "codfdp.exe"),
        ("  ", "file"),
        ("..", "file"),
        ("/", "file"),
        ("x" * 300 + ".pdf", "x" * 251 + ".pdf"),
        ("x" * 300, "x" * 255),
        ("\ud800.pdf", "?.pdf"),
    ],
)
def test_a_name_loses_what_is_no_name(sent, kept):
    """Folders, what cannot be seen, and what is too long; its ending stays."""
    assert clean_name(sent) == kept


def test_names_arrive_as_people_write_them(web):
    """Raw as browsers send them, and encoded as older libraries do."""
    name = 'Ção "İ" ж.pdf'
    encoded = requests.Request(
        "POST", "http://x/", files=[("files[]", (name, io.BytesIO(pdf())))]
    ).prepare()
    told = {"Content-Type": encoded.headers["Content-Type"]}

    [raw] = uploaded(web, (name, pdf()))
    answer = web.post("/files", content=encoded.body, headers=told)

    assert answer.json()["data"][0]["original_name"] == name
    assert raw["original_name"] == name


@pytest.mark.parametrize(
    "head", [b"", b"%PD", b"GIF89a", b"PK\x03\x04", b"x" * 1_024 + PDF]
)
def test_other_content_is_not_taken(head):
    """Nothing, a part of a signature, another format, one that comes too late."""
    assert media_type_of(head) is None


def test_who_guesses_ids_is_slowed_down_and_the_others_are_not(server, web):
    """As with pages: a file that exists is sent all the same."""
    [file] = uploaded(web, ("a.pdf", pdf()))

    # From an address of our own.
    transport = httpx.HTTPTransport(local_address="127.0.9.9")
    with httpx.Client(base_url=server.url, transport=transport) as client:
        statuses = [client.get(f"/files/{uuid.uuid4()}/download").status_code]
        while statuses[-1] == 404 and len(statuses) < 400:
            statuses.append(client.get(f"/files/{uuid.uuid4()}/download").status_code)
        found = client.get(f"/files/{file['uuid']}/download").status_code

    assert len(statuses) > 60
    assert statuses[-1] == 429
    assert found == 200
