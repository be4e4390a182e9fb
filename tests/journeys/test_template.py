"""
A registrar without finished images: a CSV and the name of a template are enough.

What recipients get is opened by readers that nobody here wrote.
"""

import csv
import hashlib
import io
import json
import zipfile

import httpx
import pikepdf
import pypdfium2
import pytest
import zxingcpp
from PIL import Image
from sqlalchemy import text

from support.server import Tenant

TEMPLATE = "classic-diploma"

COLUMNS = ("name", "description", "category", "recipientEmail", "recipientName")

#: Every script that names are promised in, as people have them.
NAMES = {
    "latin": "Zoë Šimůnková-Nguyễn Thị Ánh",
    "greek": "Ελένη Παπαδοπούλου",
    "cyrillic": "Дмитрий Олійник",
    "arabic": "محمد علي الحسيني",
    "hebrew": "נועה בן־דוד",
    "devanagari": "अनन्या शर्मा",
    "thai": "สมชาย ใจดี",
    "han": "王小明",
    "hangul": "김철수",
    "kana": "さくら タナカ",
    "placeholder": "{{recipientEmail}} ${7*7} {{ ''.__class__ }}",
    "emoji": "Ada 👩🏽‍🚀",
}


def sheet_of(names: list[str]) -> bytes:
    """Return a CSV with a row for each of *names*."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for n, name in enumerate(names):
        writer.writerow(
            ("Harbour Pilotage", "Knows tides.", "Course", f"p{n}@example.org", name)
        )
    return out.getvalue().encode()


@pytest.fixture(scope="module")
def issued(server) -> tuple[Tenant, str, dict[str, dict[str, str]]]:
    """Return a tenant, its job, and the results by kind of name."""
    tenant = server.tenant()
    job = tenant.job(
        sheet_of([*NAMES.values(), "Nobody \U000e0fff"]), template=TEMPLATE
    )
    tenant.wait(job)
    lines = tenant.results(job)
    return tenant, job, dict(zip([*NAMES, "unknown"], lines, strict=True))


def page_text(pdf: bytes) -> str:
    """Return what pdfium reads on the only page of *pdf*."""
    document = pypdfium2.PdfDocument(pdf)
    assert len(document) == 1
    return document[0].get_textpage().get_text_bounded()


def plain(text: str) -> str:
    """Return *text* without what readers add or leave out between letters."""
    return "".join(c for c in text if not c.isspace() and c not in "\u200b\ufeff")


@pytest.mark.parametrize("kind", NAMES)
def test_every_recipient_gets_a_file_that_says_their_name(issued, kind):
    """In their script, whole, extractable; and nothing in a name is ever computed."""
    tenant, _, lines = issued
    line = lines[kind]
    assert line["status"] == "success", line["error"]

    url = f"{tenant.server.url}/c/{line['certificateId']}"
    pdf = httpx.get(url + ".pdf")
    assert pdf.headers["content-type"] == "application/pdf"
    assert plain(NAMES[kind]) in plain(page_text(pdf.content))

    assert httpx.get(url + ".pdf").content == pdf.content


def test_the_file_carries_the_credential_and_leads_to_the_page(issued):
    """It is PDF/A-3, tagged, in a language, and testamur verify reads it."""
    tenant, _, lines = issued
    url = f"{tenant.server.url}/c/{lines['latin']['certificateId']}"
    data = httpx.get(url + ".pdf").content

    with pikepdf.open(io.BytesIO(data)) as document:
        assert document.check_pdf_syntax() == []
        attached = document.attachments["credential.json"].get_file().read_bytes()
        assert document.Root.MarkInfo.Marked
        assert str(document.Root.Lang).startswith("en")
        about = document.open_metadata()
        assert about["pdfaid:part"] == "3"
    assert attached == httpx.get(url + ".json").content
    picture = Image.open(io.BytesIO(httpx.get(url + ".png").content))
    assert [code.text for code in zxingcpp.read_barcodes(picture)] == [url]
    verdict = httpx.post(
        f"{tenant.server.url}/v1/verify",
        content=data,
        headers={"content-type": "application/pdf"},
    ).json()
    assert verdict["result"] == "valid", verdict


def test_a_character_that_no_font_has_fails_its_row_and_is_named(issued):
    """Never a blank box: the reason names the character and its column."""
    _, _, lines = issued
    line = lines["unknown"]

    assert line["status"] == "failed"
    assert "U+E0FFF" in line["error"] or "control" in line["error"].lower()


def test_the_zip_has_every_file_and_can_be_resumed(issued):
    """With its length known before the first byte, and any part on request."""
    tenant, job, lines = issued
    address = f"/v1/jobs/{job}/results.zip"

    whole = tenant.client.get(address)
    part = tenant.client.get(address, headers={"range": "bytes=1000-1999"})
    archive = tenant.archive(job)

    assert int(whole.headers["content-length"]) == len(whole.content)
    assert part.status_code == 206
    assert part.content == whole.content[1000:2000]
    names = [name for name in archive.namelist() if name.startswith("certificates/")]
    assert len(names) == len(NAMES)
    for name, line in zip(names, lines.values(), strict=False):
        assert line["referenceNumber"] in name
        url = f"{tenant.server.url}/c/{line['certificateId']}.pdf"
        assert archive.read(name) == httpx.get(url).content


def test_the_page_shows_it_and_links_to_it(issued):
    """And a link that is posted somewhere has a card of its own."""
    tenant, _, lines = issued
    path = f"/c/{lines['latin']['certificateId']}"

    page = httpx.get(tenant.server.url + path).text
    facts = json.loads(
        httpx.get(
            tenant.server.url + path, headers={"accept": "application/json"}
        ).content
    )
    card = Image.open(
        io.BytesIO(httpx.get(f"{tenant.server.url}{path}/card.jpg").content)
    )
    shown = Image.open(
        io.BytesIO(httpx.get(f"{tenant.server.url}{path}/image").content)
    )

    assert f"{path}.pdf" in page
    assert f"{path}/card.jpg" in page
    assert card.size == (1200, 630)
    assert shown.size == (facts["image"]["width"], facts["image"]["height"])
    assert facts["pdf"] == f"{tenant.server.url}{path}.pdf"


def test_what_is_kept_and_what_is_exported_has_the_file(issued, tmp_path):
    """The bundle for an offline check, and the exit kit that any web host can serve."""
    tenant, _, lines = issued
    name = lines["devanagari"]["certificateId"]
    url = f"{tenant.server.url}/c/{name}"
    file = httpx.get(url + ".pdf").content

    bundle = zipfile.ZipFile(io.BytesIO(httpx.get(url + ".zip").content))
    tenant.server.run("export", str(tmp_path / "kit"), "--tenant", tenant.slug)

    assert bundle.read("certificate.pdf") == file
    kit = tmp_path / "kit" / "c"
    assert (kit / f"{name}.pdf").read_bytes() == file
    assert (kit / name / "image").read_bytes() == httpx.get(url + "/image").content
    assert f"../{name}.pdf" in (kit / name / "index.html").read_text()


def test_a_corrected_certificate_looks_as_the_old_one_did(issued):
    """By the same version of the template, with what was put right."""
    tenant, _, lines = issued
    old = lines["cyrillic"]["certificateId"]

    answer = tenant.client.post(
        f"/v1/certificates/{old}/correct", json={"recipientName": "Ada Byron"}
    )
    assert answer.status_code == 202, answer.text
    tenant.wait(answer.json()["id"])
    (line,) = tenant.results(answer.json()["id"])

    pdf = httpx.get(f"{tenant.server.url}/c/{line['certificateId']}.pdf").content
    assert "Ada Byron" in page_text(pdf)


def test_an_erased_person_leaves_no_file(server):
    """The file is gone with the person, from the store too."""
    tenant = server.tenant()
    job = tenant.job(sheet_of(["Ada Lovelace"]), template=TEMPLATE)
    tenant.wait(job)
    (line,) = tenant.results(job)
    url = f"{server.url}/c/{line['certificateId']}.pdf"
    assert httpx.get(url).status_code == 200

    answer = tenant.client.post("/v1/erasures", json={"email": "p0@example.org"})

    assert answer.status_code == 200, answer.text
    assert httpx.get(url).status_code == 410
    assert hashlib.sha256(tenant.archive(job).read("results.csv")).digest()
    assert tenant.archive(job).namelist() == ["results.csv"]


def test_a_damaged_file_is_never_given_away(server):
    """It is told as a fault, in every form that is made of it, until it is mended."""
    tenant = server.tenant()
    job = tenant.job(sheet_of(["Ada Lovelace"]), template=TEMPLATE)
    tenant.wait(job)
    (line,) = tenant.results(job)
    name = line["certificateId"]
    url = f"{server.url}/c/{name}"
    file = httpx.get(url + ".pdf").content
    (whole,) = [one for of, one in server.office.prints.every() if of == name]
    middle = len(whole.tail) // 2
    damaged = bytes([whole.tail[middle] ^ 1])
    damaged = whole.tail[:middle] + damaged + whole.tail[middle + 1 :]

    keep_as(server, whole.digest, damaged)
    answers = {
        form: httpx.get(url + form).status_code
        for form in (".pdf", ".png", ".jpg", "/image", "/card.jpg", ".zip")
    }
    keep_as(server, whole.digest, whole.tail)

    assert set(answers.values()) == {503}, answers
    assert httpx.get(url + ".pdf").content == file


def keep_as(server, digest: bytes, tail: bytes) -> None:
    """Change the tail of the file with this digest behind everybody's back."""
    change = text("UPDATE prints SET tail = :tail WHERE digest = :digest")
    with server.office.database.writing() as connection:
        connection.execute(change, {"tail": tail, "digest": digest})
