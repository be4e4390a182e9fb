"""The vault of VEC's Business API, over HTTP."""

import hashlib
import io
import re
import time
import uuid
from base64 import b64encode

import httpx
import pikepdf
import pytest
import zxingcpp

from support.vault import VAULT, VaultClient, picture, scroll

UUID = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
)


@pytest.fixture
def vault(tenant):
    """Return a client of the vault."""
    return VaultClient(tenant)


def attached(pdf: bytes) -> dict[str, bytes]:
    """Return what is attached to a PDF, by name."""
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        return {
            name: bytes(one.get_file().read_bytes())
            for name, one in opened.attachments.items()
        }


def test_an_uploaded_file_has_an_id_and_is_described(vault):
    """The answer is the service's, and the type is what the bytes say."""
    content = scroll("Ana")
    answer = vault.client.post(
        f"{VAULT}/upload-file", files={"file": ("Ana.pdf", content, "text/plain")}
    )

    assert answer.status_code == 201
    body = answer.json()
    assert UUID.fullmatch(body["data"].pop("file_id"))
    assert body == {
        "message": "File uploaded successfully",
        "data": {
            "file_name": "Ana.pdf",
            "mime_type": "application/pdf",
            "size": len(content),
        },
    }


def test_entries_become_certificates_of_the_main_job(vault):
    """202 with a batch; then each has its page, credential, and document."""
    content = scroll("Ana")
    answer = vault.bulk(
        vault.entry(
            vault.upload(content), issue_date="2025-06-01", details="Well\ndone"
        ),
        vault.entry(),
    )

    body = answer.json()
    assert answer.status_code == 202
    assert UUID.fullmatch(body["data"]["batch_id"])
    assert body == {
        "message": "Bulk vault upload queued for processing",
        "data": {
            "batch_id": body["data"]["batch_id"],
            "total": 2,
            "status": "processing",
        },
    }
    end = time.monotonic() + 60
    while len(vault.listed(batch_id=body["data"]["batch_id"], status="generated")) < 2:
        assert time.monotonic() < end
        time.sleep(0.05)
    _, one = vault.listed(batch_id=body["data"]["batch_id"])
    shown = vault.shown(one["uuid"])
    page = shown["verification_url"]
    credential = httpx.get(f"{page}.json").json()
    digest = b64encode(hashlib.sha256(content).digest()).decode()
    assert credential["relatedResource"] == [
        {"id": f"{page}/document", "digestSRI": f"sha256-{digest}"}
    ]
    assert httpx.get(f"{page}/document").content == content
    assert shown["details"] == "Well\ndone"
    assert shown["issue_date"] == "2025-06-01"
    assert shown["reference_id"] in httpx.get(page).text


def test_a_listed_certificate_has_what_the_service_says_it_has(vault):
    """Integer id, UUID, reference, status object, moments."""
    [one] = vault.done(vault.entry(certificate_title="Diver", full_name="Ana Luz"))

    assert isinstance(one["id"], int)
    assert UUID.fullmatch(one["uuid"])
    assert re.fullmatch(r"VEC-IC-20[0-9]{2}[0-9A-F]{13}", one["reference_id"])
    assert one["certificate_title"] == "Diver"
    assert one["full_name"] == "Ana Luz"
    assert one["source"] == {"value": "vault", "label": "Vault"}
    assert one["status"] == {
        "value": "generated",
        "label": "Generated",
        "color": "success",
        "icon": "heroicon-o-check-circle",
        "description": "Certificate has been successfully generated",
    }
    assert one["issue_date"] is None
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", one["created_at"])


def test_the_verified_pdf_holds_page_credential_and_the_very_upload(vault, tenant):
    """What is attached is byte for byte what came; the house verifies the file."""
    content = scroll("Ana")
    [one] = vault.done(vault.entry(vault.upload(content, "Ana.pdf")))

    pdf = vault.verified(one["uuid"])

    files = attached(pdf)
    page = vault.shown(one["uuid"])["verification_url"]
    assert files["Ana.pdf"] == content
    assert files["credential.json"] == httpx.get(f"{page}.json").content
    assert set(files) == {"Ana.pdf", "credential.json"}
    verdict = httpx.post(
        f"{tenant.server.url}/v1/verify",
        content=pdf,
        headers={"Content-Type": "application/pdf"},
        timeout=60,
    ).json()
    assert verdict["verified"] is True, verdict
    assert vault.verified(one["uuid"]) == pdf


@pytest.mark.parametrize(("kind", "name"), [("JPEG", "scan.jpg"), ("PNG", "scan.png")])
def test_a_picture_becomes_a_page(vault, kind, name):
    """The certificate is a PDF of one page; the picture is attached as it came."""
    content = picture(kind)
    [one] = vault.done(vault.entry(vault.upload(content, name, "image/png")))

    files = attached(vault.verified(one["uuid"]))

    page = vault.shown(one["uuid"])["verification_url"]
    document = httpx.get(f"{page}.pdf").content
    with pikepdf.open(io.BytesIO(document)) as opened:
        assert len(opened.pages) == 1
    assert files[name] == content
    assert files["document.pdf"] == document


def test_codes_are_pictures_that_anybody_may_load(vault):
    """The QR code leads to the page; the barcode says the reference."""
    [one] = vault.done(vault.entry())
    shown = vault.shown(one["uuid"])

    pictures = {
        name: httpx.get(shown[name]) for name in ("qrcode_path", "barcode_path")
    }

    for answer in pictures.values():
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("image/svg+xml")
    assert read_svg(pictures["qrcode_path"].text) == shown["verification_url"]
    assert read_svg(pictures["barcode_path"].text) == shown["reference_id"]


def read_svg(svg: str) -> str:
    """Return what the code in an SVG of ours says, by drawing its bars."""
    from PIL import Image, ImageDraw

    width, height = map(int, re.search(r'viewBox="0 0 (\d+) (\d+)"', svg).groups())
    drawn = Image.new("L", (4 * width, 4 * height), 255)
    draw = ImageDraw.Draw(drawn)
    for x, y, length, tall in re.findall(r"M(\d+) (\d+)h(\d+)v(\d+)h-", svg):
        left, top = 4 * int(x), 4 * int(y)
        draw.rectangle(
            (left, top, left + 4 * int(length) - 1, top + 4 * int(tall) - 1), 0
        )
    [found] = zxingcpp.read_barcodes(drawn)
    return found.text


def test_a_certificate_can_be_created_alone(vault):
    """One form with fields and file: 201 with the certificate."""
    answer = vault.client.post(
        VAULT,
        data={
            "certificate_title": "Diver",
            "full_name": "Ana Luz",
            "applicant_email": "ana@example.com",
            "issue_date": "2025-06-01",
            "details": "ж" * 1_000,
        },
        files={"certificate_file": ("a.pdf", scroll("Ana"), "application/pdf")},
    )

    assert answer.status_code == 201, answer.text
    data = answer.json()["data"]
    assert data["batch_id"] is None
    assert data["details"] == "ж" * 1_000
    end = time.monotonic() + 60
    while vault.shown(data["uuid"])["status"]["value"] != "generated":
        assert time.monotonic() < end
        time.sleep(0.05)


def test_whoever_is_known_is_not_written_to(vault, tenant):
    """The first certificate is told of by mail, once; the second one is assigned."""
    email = f"{uuid.uuid4().hex}@example.com"
    [first] = vault.done(vault.entry(applicant_email=email))
    mails = tenant.server.data / "mail"
    end = time.monotonic() + 30
    while not (found := mails_to(mails, email)):
        assert time.monotonic() < end
        time.sleep(0.1)

    [second] = vault.done(vault.entry(applicant_email=email.upper()))

    one, two = (vault.shown(each["uuid"]) for each in (first, second))
    assert one["assigned_at"] is None
    assert two["assigned_at"] is not None
    assert one["customer_id"] == two["customer_id"]
    assert one["verification_url"] in found[0]
    assert len(mails_to(mails, email)) == 1


def mails_to(folder, email: str) -> list[str]:
    """Return the mails to somebody."""
    found = [path.read_text() for path in folder.glob("*.eml")]
    return [one.replace("=\n", "") for one in found if "To: " in one and email in one]


def test_a_user_of_the_tenant_is_known(vault, tenant):
    """Whoever can log in has what is issued to them assigned."""
    office = tenant.server.office
    email = f"{uuid.uuid4().hex}@example.com"
    owner = office.tenants.find(tenant.slug)
    office.users.create(owner, email, "correct horse battery staple")

    [one] = vault.done(vault.entry(applicant_email=email))

    assert vault.shown(one["uuid"])["assigned_at"] is not None


def test_a_revoked_certificate_is_said_to_be(vault, tenant):
    """Its status is `revoked`, and the reason is told."""
    [one] = vault.done(vault.entry())
    name = vault.shown(one["uuid"])["verification_url"].rpartition("/")[2]

    done = tenant.client.post(f"/v1/certificates/{name}/revoke", json={"reason": "No"})

    assert done.status_code == 200
    shown = vault.shown(one["uuid"])
    assert shown["status"]["value"] == "revoked"
    assert shown["rejection_reason"] == "No"
    assert [one["uuid"]] == [each["uuid"] for each in vault.listed(status="revoked")]
