"""Documents that are signed to last, over HTTP: B-T at once, B-LTA soon after."""

import time

import pytest

from support import pki, revocations, signed_pdfs, timestamping
from support.paperwork import Paperwork
from support.server import running

PIN = "4711-institute"


@pytest.fixture(scope="module")
def lists():
    """Return the host of the revocation lists."""
    with revocations.hosted() as lists:
        yield lists


@pytest.fixture(scope="module")
def authority():
    """Return a timestamp authority that a test may make wrong."""
    return timestamping.Authority()


@pytest.fixture(scope="module")
def lasting_server(lists, authority, tmp_path_factory):
    """Return a server whose signatures are to last."""
    roots = revocations.roots_file(tmp_path_factory.mktemp("roots"))
    with (
        timestamping.served(authority) as tsa,
        running(
            TESTAMUR_SIGN_LEVEL="B-LTA",
            TESTAMUR_TSA_URL=tsa,
            TESTAMUR_SIGN_ROOTS=str(roots),
            TESTAMUR_FETCH_ALLOW="127.0.0.0/8",
        ) as server,
    ):
        yield server


class Office(Paperwork):
    """Paperwork of an institution whose certificate has a revocation list."""

    def __init__(self, server, lists):
        super().__init__(server, server.tenant())
        data = pki.p12(lists.signer, PIN.encode(), lists.intermediate)
        self.cert = self.certificate(data)

    def certificate(self, data):
        """Add a certificate to sign with; return its id."""
        answer = self.client.post(
            "/certs",
            data={"name": "Registrar", "pin": PIN},
            files={"certificate": ("registrar.p12", data)},
        )
        return self.ok(answer, 201)["id"]

    def sign(self, *ids, cert=None):
        """Have documents be signed; return what became of each."""
        answer = self.client.post(
            f"/documents/batch/sign/{cert or self.cert}",
            json={"document_ids": list(ids), "pin": PIN},
        )
        return self.ok(answer)["results"]

    def level(self, name):
        """Return how long a document's signatures last, as the wire says."""
        return self.ok(self.client.get(f"/documents/{name}"))["signature_level"]

    def lasts(self, name, seconds=60):
        """Return a document's newest file once it is to last."""
        end = time.monotonic() + seconds
        while self.level(name) != "B-LTA":
            assert time.monotonic() < end, self.server.log
            time.sleep(0.1)
        return self.client.get(f"/documents/{name}/download").content


@pytest.fixture
def office(lasting_server, lists):
    """Return an institution on that server."""
    return Office(lasting_server, lists)


def test_a_signed_document_is_made_to_last(office, lists):
    """It has a timestamp at once, and soon all that it is checked by, in the file."""
    name = office.document()["id"]

    [result] = office.sign(name)

    assert result["status"] == "signed", result
    lasting = office.lasts(name)
    assert signed_pdfs.is_lasting(lasting)
    assert signed_pdfs.pdfsig(lasting)[0].is_valid
    files = office.ok(office.client.get(f"/documents/{name}"))["files"]
    assert [one["type"] for one in files] == [
        "original",
        "institution_signed",
        "lasting",
    ]
    assert set(lists.asked) >= {"root.crl", "intermediate.crl"}


def test_what_lasts_is_signed_by_another_institution_and_lasts_again(office, lists):
    """Each signature stays valid, and the newest file has the evidence of both."""
    name = office.document()["id"]
    party = pki.issue(
        "Reitoria",
        pki.new_key("p256"),
        lists.intermediate,
        crl_url=f"{lists.url}intermediate.crl",
    )
    second = office.certificate(pki.p12(party, PIN.encode(), lists.intermediate))
    office.sign(name)
    office.lasts(name)

    [result] = office.sign(name, cert=second)

    assert result["status"] == "signed", result
    lasting = office.lasts(name)
    assert signed_pdfs.is_lasting(lasting)
    judged = signed_pdfs.pyhanko(lasting)
    assert len(judged) == 4
    assert all(one.is_good for one in judged)


def test_without_a_timestamp_nothing_is_signed_and_it_says_so(office, authority):
    """Each document fails by itself, stays as it was, and is signed later."""
    ids = [office.document()["id"] for _ in range(5)]
    before = [office.client.get(f"/documents/{name}/download").content for name in ids]
    authority.wrong = "refused"

    try:
        results = office.sign(*ids)
    finally:
        authority.wrong = ""

    assert {one["code"] for one in results} == {"timestamp_unavailable"}
    assert "again" in results[0]["message"]
    assert before == [
        office.client.get(f"/documents/{name}/download").content for name in ids
    ]
    assert {office.level(name) for name in ids} == {None}
    assert {one["status"] for one in office.sign(*ids)} == {"signed"}
