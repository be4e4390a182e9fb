"""Templates under /v1/templates, over HTTP."""

import io
import json
import zipfile

import httpx
import pytest
from PIL import Image

from support.foreign_pdfs import page, show
from testamur.rendering import gallery
from testamur.rendering.package.package import pack

#: One page that needs no art, and little time.
PLAIN = {
    "testamur": 1,
    "name": "Plain",
    "page": {"size": "A6"},
    "items": [
        {
            "type": "text",
            "box": [10, 10, 128, 20],
            "text": "{{recipientName}} with {{attribute_hours}} hours",
            "font": "Inter",
            "size": 20,
        },
        {"type": "qr", "box": [100, 60, 30, 30]},
    ],
}

FRAME = "2 w 20 20 760 460 re S\n"


@pytest.fixture(scope="module")
def owner(server):
    """Return a tenant."""
    return server.tenant()


@pytest.fixture(scope="module")
def plain(owner):
    """Return the answer to a template that was sent as JSON."""
    answer = owner.client.post("/v1/templates", json=PLAIN)
    assert answer.status_code == 201, answer.text
    assert answer.headers["Location"] == f"/v1/templates/{answer.json()['id']}"
    return answer.json()


def named(name, **changes):
    """Return the plain template under another name."""
    return {**PLAIN, "name": name, **changes}


def test_a_template_is_added_and_read(owner, plain):
    """What it prints, how large it is, and links that lead somewhere."""
    found = owner.client.get(f"/v1/templates/{plain['id']}").json()

    assert {**found, "versions": None} == {**plain, "versions": None}
    assert (found["name"], found["version"], found["state"]) == ("Plain", 1, "ready")
    assert found["columns"] == ["recipientName", "attribute_hours"]
    assert found["page"] == {"width": 148.0, "height": 105.0, "unit": "mm"}
    assert [one["version"] for one in found["versions"]] == [1]
    for link in found["links"].values():
        assert owner.client.get(link).status_code == 200


def test_the_gallery_is_listed_after_ones_own(owner, plain):
    """And belongs to everybody."""
    listed = owner.client.get("/v1/templates?limit=100").json()

    mine = [one["name"] for one in listed["templates"] if not one["isBuiltIn"]]
    built_in = {one["name"] for one in listed["templates"] if one["isBuiltIn"]}
    assert "Plain" in mine
    assert built_in == set(gallery.names())
    assert listed["total"] == len(mine) + len(built_in)
    assert [one["isBuiltIn"] for one in listed["templates"]] == sorted(
        one["isBuiltIn"] for one in listed["templates"]
    )


def test_the_same_package_makes_no_version_and_another_does(owner):
    """Sending again is safe; what was there stays as it was."""
    first = owner.client.post("/v1/templates", json=named("Twice"))
    path = f"/v1/templates/{first.json()['id']}"

    again = owner.client.post(
        f"{path}/versions", files={"package": json.dumps(named("Twice"), indent=3)}
    )
    second = owner.client.post(
        "/v1/templates",
        files={"package": pack(named("Twice", colour="#fafafa"), {})},
    )

    assert (first.status_code, again.status_code, second.status_code) == (
        *(201, 200, 201),
    )
    assert (again.json()["version"], second.json()["version"]) == (1, 2)
    assert second.json()["id"] == first.json()["id"]
    old = owner.client.get(f"{path}/versions/1").json()
    assert old["packageSha256"] == first.json()["packageSha256"]
    assert owner.client.get(f"{path}/versions/3").status_code == 404


def test_a_package_comes_back_as_it_was_written(owner, plain):
    """In its author's units, to be changed and sent again."""
    answer = owner.client.get(f"/v1/templates/{plain['id']}/package")

    assert answer.headers["Content-Type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert json.loads(archive.read("template.json")) == PLAIN


def test_a_template_is_seen_before_it_is_used(owner, plain):
    """As a picture and in print, with one's own values."""
    path = f"/v1/templates/{plain['id']}"

    png = owner.client.get(f"{path}/preview.png?recipientName=Zo%C3%AB")
    pdf = owner.client.get(f"{path}/preview.pdf?attribute_hours=12&version=1")

    assert png.headers["Content-Type"] == "image/png"
    with Image.open(io.BytesIO(png.content)) as picture:
        assert picture.width / picture.height == pytest.approx(148 / 105, abs=0.01)
    assert pdf.headers["Content-Type"] == "application/pdf"
    assert pdf.content.startswith(b"%PDF-")


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("recipientName=%F3%A0%80%A0", 422, "control_character"),
        ("recipientName=" + "Long%20" * 400, 422, "text_too_long"),
        ("recipientName=%F0%93%80%80", 422, "glyph_missing"),
        ("nobody=1", 422, "unknown_parameter"),
        ("version=2", 404, "template_not_found"),
        ("version=0", 422, "number_range"),
    ],
)
def test_a_sample_that_cannot_be_is_refused(owner, plain, query, status, code):
    """With the reason that the row would have."""
    answer = owner.client.get(f"/v1/templates/{plain['id']}/preview.png?{query}")

    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_every_fault_is_told_and_nothing_kept(owner):
    """Each with its place, a code and a remedy."""
    broken = named("Broken", colr="#fff", items=[{"type": "text", "box": [1]}])

    answer = owner.client.post("/v1/templates", json=broken)

    assert (answer.status_code, answer.json()["code"]) == (422, "template_invalid")
    places = [part["at"] for part in answer.json()["parts"]]
    assert places == ["colr", "items[0]", "items[0].box"]
    listed = owner.client.get("/v1/templates?limit=100").json()["templates"]
    assert "Broken" not in [one["name"] for one in listed]


def test_what_cannot_be_drawn_is_refused(owner):
    """A background that is only called a picture never becomes a template."""
    package = pack(
        named("Art", background="back.png"), {"back.png": b"\x89PNG\r\n\x1a\nnothing"}
    )

    answer = owner.client.post("/v1/templates", files={"package": package})

    assert answer.status_code == 422, answer.text


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        ({"content": b"x"}, 415, "content_type"),
        ({"files": {"package": b"x", "pdf": b"y"}}, 422, "parameter_missing"),
        ({"files": {"package": b"nonsense"}}, 422, "template_format"),
        ({"files": {"package": bytes(20 * 2**20 + 1)}}, 413, "file_size"),
        ({"json": {**PLAIN, "name": "0" * 24}}, 422, "template_name"),
        ({"json": {**PLAIN, "name": "Plain@2"}}, 422, "template_name"),
    ],
)
def test_what_is_no_template_is_refused(owner, sent, status, code):
    """Whatever it is."""
    answer = owner.client.post("/v1/templates", **sent)

    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_a_pdf_with_fields_becomes_a_template(owner):
    """Under the name that is given; what its owner should look at is told."""
    pdf = page(FRAME + show(200, 300, "For {{recipientName}}, {{attribute_hours}} h"))

    answer = owner.client.post(
        "/v1/templates", files={"pdf": pdf}, data={"name": "From a PDF"}
    )

    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert (made["name"], made["title"]) == ("From a PDF", "From a PDF")
    assert made["columns"] == ["recipientName", "attribute_hours"]
    assert made["warnings"]
    assert owner.client.get(made["links"]["png"]).status_code == 200


@pytest.mark.parametrize(
    ("pdf", "code"),
    [
        (b"%PDF-1.7 nothing", "pdf_corrupt"),
        (page(show(9, 9, "{{recipient}}")), "placeholder"),
        (page(show(9, 9, "No field")), "import_no_placeholders"),
    ],
)
def test_a_pdf_that_is_no_template_is_refused(owner, pdf, code):
    """With what to change in it."""
    answer = owner.client.post("/v1/templates", files={"pdf": pdf})

    assert (answer.status_code, answer.json()["code"]) == (422, code), answer.text


def test_an_archived_template_is_offered_no_more(owner):
    """It is read by its id; it has no new versions; archiving again is fine."""
    made = owner.client.post("/v1/templates", json=named("Gone")).json()
    path = f"/v1/templates/{made['id']}"

    for _ in range(2):
        assert owner.client.delete(path).status_code == 204

    assert owner.client.get(path).json()["archivedAt"] is not None
    listed = owner.client.get("/v1/templates?limit=100").json()["templates"]
    assert made["id"] not in [one["id"] for one in listed]
    assert owner.client.post(f"{path}/versions", json=PLAIN).status_code == 404


def test_a_built_in_template_stays_as_it_is(owner):
    """Its package can be had; changed, it is one's own."""
    [one, *_] = [
        one
        for one in owner.client.get("/v1/templates?limit=100").json()["templates"]
        if one["isBuiltIn"]
    ]
    path = f"/v1/templates/{one['id']}"

    assert owner.client.delete(path).json()["code"] == "template_of_house"
    answer = owner.client.post(f"{path}/versions", json=PLAIN)
    assert (answer.status_code, answer.json()["code"]) == (403, "template_of_house")
    assert owner.client.get(f"{path}/package").content.startswith(b"PK")


def test_a_foreign_template_is_nobodys(server, plain):
    """Every way to name it answers as for an id that was never given."""
    other = server.tenant()
    never = "0" * 24
    for method, path in (
        ("GET", "{}"),
        ("GET", "{}/versions/1"),
        ("GET", "{}/package"),
        ("GET", "{}/preview.png"),
        ("POST", "{}/versions"),
        ("DELETE", "{}"),
    ):
        answers = [
            other.client.request(
                method,
                "/v1/templates/" + path.format(name),
                json=PLAIN if method == "POST" else None,
            )
            for name in (plain["id"], never)
        ]
        assert [answer.status_code for answer in answers] == [404, 404]
        first, second = (answer.json() | {"requestId": ""} for answer in answers)
        assert first == second


def test_changes_are_in_the_audit_log(owner, plain):
    """With the key that asked."""
    entries = owner.client.get("/v1/audit?act=template.version&limit=100").json()

    [entry] = [one for one in entries["entries"] if one["subject"] == plain["id"]]
    assert entry["actor"] == owner.key_id
    assert entry["detail"]["number"] == 1


def test_the_schema_is_everybodys(server):
    """Editors help who writes a template, without a key."""
    schema = httpx.get(f"{server.url}/v1/templates/schema").json()

    assert schema["properties"]["testamur"] == {"const": 1}
