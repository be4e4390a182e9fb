"""`GET /v1/certificates/{id}/credential` and `testamur certificate credential`."""

import json
import time
from hashlib import sha256
from typing import Any

import httpx
import pytest

from support import nursery
from support.server import TESTAMUR, good_rows, pictures, sheet
from support.verifiers import panva_jose
from testamur.tlog.note import verifier
from testamur.tlog.proof import verify_proof

pytestmark = pytest.mark.xdist_group("node")


@pytest.fixture
def issued(tenant) -> str:
    """Return the path of a certificate's credential."""
    tenant.done(sheet(*good_rows(1)), pictures())
    (one,) = tenant.client.get("/v1/certificates").json()["certificates"]
    return f"/v1/certificates/{one['id']}/credential"


def test_its_owner_gets_a_certificate_in_every_format(tenant, issued):
    """
    Verified by the DID document that the server shows, and the same every time.
    """
    tokens = []
    for query, media_type in [
        ("", "application/vc"),
        ("?format=eddsa-rdfc-2022", "application/vc"),
        ("?format=eddsa-jcs-2022", "application/vc"),
        ("?format=vc-jwt", "application/vc+jwt"),
        ("?format=vc-jwt&alg=RS256", "application/vc+jwt"),
        ("?format=ob-jwt&alg=EdDSA", "application/jwt"),
        ("?format=ob-jwt&alg=RS256", "application/jwt"),
    ]:
        answer = tenant.client.get(issued + query)
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == media_type
        assert tenant.client.get(issued + query).content == answer.content
        if "jwt" in query:
            tokens.append(answer.text)

    check_logged(tenant, issued)
    did = tenant.client.get(f"/t/{tenant.slug}/did.json").json()
    opened = panva_jose(tokens, did)

    assert [one["header"]["alg"] for one in opened] == [
        "EdDSA",
        "RS256",
        "EdDSA",
        "RS256",
    ]
    page = tenant.client.get(issued).json()["id"]
    assert {one["claims"]["id"] for one in opened} == {page}
    assert {one["type"] for one in did["verificationMethod"]} == {
        "Multikey",
        "JsonWebKey",
    }


def check_logged(tenant, issued) -> None:
    """Hold each format that was given out to the public log."""
    certificate = issued.split("/")[3]
    key = verifier(tenant.client.get("/log/key").text.split()[0])
    places = set()
    for query in (
        "?format=eddsa-rdfc-2022",
        "?format=eddsa-jcs-2022",
        "?format=vc-jwt&alg=RS256",
        "?format=ob-jwt",
    ):
        body = tenant.client.get(issued + query).content
        until = time.monotonic() + 30
        while True:
            proof = httpx.get(f"{tenant.server.url}/v1/log/proof/{certificate}{query}")
            if proof.status_code == 200:
                break
            assert proof.json()["code"] == "not_logged_yet"
            assert time.monotonic() < until
            time.sleep(0.05)
        places.add(verify_proof(proof.text, sha256(body).digest(), [key]).index)
    assert len(places) == 4


def test_a_format_that_nobody_asked_for_has_no_proof(tenant, issued):
    """
    Asking for one signs nothing: anybody may ask.
    """
    certificate = issued.split("/")[3]
    for query in ("?format=eddsa-jcs-2022", "?format=vc-jwt&alg=RS256"):
        answer = httpx.get(f"{tenant.server.url}/v1/log/proof/{certificate}{query}")
        assert answer.status_code == 404
        assert answer.json()["code"] == "rendition_not_found"
    used = tenant.client.get("/v1/audit?act=key.used").json()["entries"]
    assert len(used) == 1


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("?format=pdf", "unknown_value"),
        ("?format=vc-jwt&alg=none", "unknown_value"),
        ("?format=vc-jwt&alg=HS256", "unknown_value"),
        ("?alg=RS256", "credential_algorithm"),
        ("?format=vc-jwt&format=ob-jwt", "repeated_parameter"),
        ("?typ=JWT", "unknown_parameter"),
    ],
)
def test_a_format_that_does_not_exist_is_refused(tenant, issued, query, code):
    """
    422, with the values that there are.
    """
    answer = tenant.client.get(issued + query)

    assert (answer.status_code, answer.json()["code"]) == (422, code)


def test_nobody_else_gets_it(server, tenant, issued):
    """
    404 for another tenant and for ids that do not exist, 403 without the scope.
    """
    stranger = server.tenant()
    narrow = tenant.key_with("bulk:mint")

    assert stranger.client.get(issued).status_code == 404
    assert tenant.client.get(f"/v1/certificates/{'0' * 24}/credential").json()[
        "code"
    ] == ("certificate_not_found")
    headers = {"x-api-key": narrow}
    assert httpx.get(server.url + issued, headers=headers).status_code == 403
    assert httpx.get(server.url + issued).status_code == 401


def test_the_command_line_gives_the_same_bytes(server, tenant, issued):
    """
    To standard output or a file, while the server runs.
    """
    certificate = issued.split("/")[3]
    for query, options in [
        ("", []),
        ("?format=ob-jwt&alg=RS256", ["--format", "ob-jwt", "--alg", "RS256"]),
    ]:
        printed = server.run("certificate", "credential", certificate, *options)
        assert printed == tenant.client.get(issued + query).text
    server.run("certificate", "credential", certificate, "--output", "one.json")
    saved: Any = json.loads((server.folder / "one.json").read_text())
    assert saved["id"].endswith(certificate)
    wrong = nursery.run(
        [TESTAMUR, "certificate", "credential", certificate, "--format", "pdf"],
        env=server.environment,
        cwd=server.folder,
        capture_output=True,
        text=True,
    )
    assert wrong.returncode == 1
    assert "vc-jwt" in wrong.stderr
