"""I26, of who is more than a row: a student, a user, a signatory, a recipient."""

import hashlib
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest

from support.foreign_pdfs import page, show
from support.paperwork import Paperwork
from support.server import Server, running
from support.university import University

pytestmark = pytest.mark.xdist_group("erasure")

EMAIL = "zdenka.quixote.7@canary-brightwater.example"
NAME = "Zdenka Quixotova"
SOCIAL_NAME = "Zdenicka of Ostrava"
DOCUMENT_ID = "CPF-canary-4711"

#: What nobody else's things say.
CANARIES = ("zdenka.quixote.7", NAME, SOCIAL_NAME, DOCUMENT_ID)


@dataclass
class House:
    """A server, and what was hers on it."""

    server: Server
    university: University
    paperwork: Paperwork
    certificate: dict
    file: str
    document: dict
    token: str
    #: Of the files that say who she is: the diploma, the document with its signature
    #: record, and the record by itself.
    digests: list[str]
    answer: httpx.Response | None = None

    def traces(self, *needles: bytes) -> set[str]:
        """Return the files that hold one of *needles*."""
        wanted = re.compile(b"|".join(map(re.escape, needles)), re.IGNORECASE)
        return {
            path.name
            for path in self.server.folder.rglob("*")
            if path.is_file() and wanted.search(path.read_bytes())
        }


def new_user(server: Server, slug: str, password: str) -> None:
    """Make an account for her, as the operator does."""
    room = server.office.users
    room.create(server.office.tenants.find(slug), EMAIL, password, name=NAME)


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    """Return the house, in which she was erased."""
    with running() as server:
        tenant = server.tenant()
        university = University(tenant)
        student = university.student(
            NAME,
            email=EMAIL.upper(),
            social_name=SOCIAL_NAME,
            document_id=DOCUMENT_ID,
        )
        university.made(
            "/enrollments",
            student_uuid=student,
            course_uuid=university.course,
            enrolled_at="2024-02-01",
        )
        diploma = page(show(120, 300, f"Diploma of {NAME}"))
        [file] = university.uploaded(diploma)
        certificate = university.certificate(student_uuid=student, file_uuid=file)
        university.certificate()
        url = certificate["public_verification_url"]
        for form in ("", ".json", ".pdf", ".png", ".zip"):
            httpx.get(url + form, timeout=60)
        paperwork = Paperwork(server, tenant)
        document = paperwork.asked(EMAIL, "bob@example.org")
        paperwork.sign(paperwork.link(EMAIL), name=NAME)
        paperwork.sign(paperwork.link("bob@example.org"), name="Bob")
        path = f"/documents/{document['id']}"
        while paperwork.client.get(f"{path}/record").status_code != 200:
            pass
        record = paperwork.client.get(f"{path}/record").content
        signed = paperwork.client.get(f"{path}/download").content
        password = secrets.token_hex(12)
        new_user(server, tenant.slug, password)
        logged_in = httpx.post(
            f"{server.url}/auth/login", json={"email": EMAIL, "password": password}
        )
        assert logged_in.status_code == 200, logged_in.text
        house = House(
            server,
            university,
            paperwork,
            certificate,
            file,
            document,
            logged_in.json()["access_token"],
            [hashlib.sha256(one).hexdigest() for one in (diploma, signed, record)],
        )
        for text in CANARIES:
            assert house.traces(text.encode()), text
        assert all(server.office.blobs.path(one).exists() for one in house.digests)
        house.answer = tenant.client.post("/v1/erasures", json={"email": EMAIL})
        yield house


def test_nothing_is_left_of_her_in_any_file(house):
    """
    I26: no record, account, mail, uploaded diploma or signature record says her name
    or address, in the database, the stored files, the mails or the log.
    """
    assert house.answer.status_code == 200, house.answer.text
    assert house.answer.json()["isComplete"] is True
    assert house.answer.json()["others"] >= 3

    texts = [text.encode() for text in CANARIES]
    assert house.traces(*texts, *(one.encode() for one in house.digests)) == set()
    blobs = house.server.office.blobs
    assert not any(blobs.path(one).exists() for one in house.digests)


def test_her_certificate_is_a_revoked_one_of_nobody(house):
    """It stays listed for its issuer, without file or name; its addresses say gone."""
    uuid = house.certificate["uuid"]

    told = house.university.client.get(f"/certificates/{uuid}").json()["data"]

    assert told["status"] == "revoked"
    assert told["student"]["name"] == "Erased"
    assert told["files"] == []
    assert httpx.get(house.certificate["public_verification_url"]).status_code == 410
    download = f"{house.server.url}/files/{house.file}/download"
    assert httpx.get(download).status_code == 404


def test_her_account_is_gone(house):
    """Neither her token is good any more, nor can she log in."""
    headers = {"Authorization": f"Bearer {house.token}"}

    assert httpx.get(f"{house.server.url}/auth/me", headers=headers).status_code == 401


def test_what_she_signed_with_others_is_still_signed(house):
    """The document says that it was signed, when, and by the others."""
    path = f"/documents/{house.document['id']}"
    client = house.paperwork.client

    assert client.get(path).json()["data"]["status"] == "signed"
    hers, his = client.get(f"{path}/signatures").json()["data"]
    assert (hers["name"], hers["status"]) == ("Erased", "signed")
    assert his["name"] == "bob"
    assert hers["signed_at"]


def test_the_diplomas_of_others_are_still_there(house):
    """Every other certificate has its file."""
    query = {"where[status]": "issued"}
    [other] = house.university.client.get("/certificates", params=query).json()["data"]

    assert httpx.get(f"{other['public_verification_url']}.pdf").status_code == 200


def test_everything_agrees_afterwards(house):
    """`fsck`, files included, finds nothing missing and nothing wrong."""
    assert "everything agrees" in house.server.run("fsck")
