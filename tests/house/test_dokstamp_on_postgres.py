"""The DokStamp API with PostgreSQL behind it: what SQLite's one writer would hide."""

from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from support import pki
from support.paperwork import Paperwork
from support.server import running
from support.signed_pdfs import is_accepted
from support.university import University, diploma
from testamur.wiring.soundness import unsound

PIN = "4711-institute"


@pytest.fixture
def server(postgres_url, tmp_path):
    """Return a server of its own on PostgreSQL."""
    secret = tmp_path / "secret"
    secret.write_text("5e" * 32)
    secret.chmod(0o600)
    settings = {
        "TESTAMUR_DATABASE_URL": postgres_url,
        "TESTAMUR_SECRET_FILE": str(secret),
    }
    with running(**settings) as one:
        yield one


@pytest.mark.timeout(300)
def test_certificates_and_signatures_are_once_each(server):
    """
    Many certificates at once, two for one file, and a batch that is signed: each is
    there once, and the tables agree.
    """
    university = University(server.tenant())
    files = university.uploaded(*(diploma(str(number)) for number in range(20)))
    wishes = [
        university.wish(student_uuid=university.student(), file_uuid=file)
        for file in (*files, files[0])
    ]
    with ThreadPoolExecutor(21) as threads:
        answers = list(
            threads.map(
                lambda wish: university.client.post("/certificates", json=wish), wishes
            )
        )
    assert sorted(one.status_code for one in answers) == [*[201] * 20, 422]
    url = next(
        one.json()["data"]["public_verification_url"]
        for one in answers
        if one.status_code == 201
    )
    assert httpx.get(url).status_code == 200

    desk = Paperwork(server, server.tenant())
    desk.client.timeout = 120
    data = pki.p12(pki.signer("p256"), PIN.encode(), pki.intermediate())
    cert = desk.ok(
        desk.client.post(
            "/certs",
            data={"name": "Registrar", "pin": PIN},
            files={"certificate": ("registrar.p12", data)},
        ),
        201,
    )["id"]
    ids = [desk.document()["id"] for _ in range(3)]
    body = {"document_ids": ids, "pin": PIN}
    signed = desk.client.post(f"/documents/batch/sign/{cert}", json=body)
    assert signed.status_code in (200, 202), signed.text
    if signed.status_code == 200:
        for name in ids:
            file = desk.client.get(f"/documents/{name}/download").content
            assert is_accepted(file)
    assert list(unsound(server.office)) == []
