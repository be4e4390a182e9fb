"""Who issues, for anybody who asks over HTTP: documents, and a page."""

import json

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from support.server import Server, Tenant
from testamur.issuance.did_web import did_of, house_did, house_path
from testamur.issuance.die.base58 import from_base58btc
from testamur.issuance.die.sign import Algorithm
from testamur.issuance.ports import IssuerKey
from testamur.wiring.log import log_key


def document(server: Server, path: str) -> dict:
    """Return a DID document, after a look at how it is served."""
    answer = httpx.get(server.url + path)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/did+json"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["cache-control"] == "no-cache"
    return json.loads(answer.content)


def make_key(tenant: Tenant, algorithm: Algorithm = Algorithm.EDDSA) -> IssuerKey:
    """Return a new key of the tenant."""
    office = tenant.server.office
    owner = office.tenants.find(tenant.slug)
    return office.keyring.rotate(owner.id, algorithm, by="operator")


def test_a_tenants_did_leads_to_its_keys(server, tenant):
    """`did:web:HOST:t:SLUG` is at `/t/SLUG/did.json`, and says who it is."""
    old, new = make_key(tenant), make_key(tenant)
    rsa = make_key(tenant, Algorithm.RS256)

    found = document(server, f"/t/{tenant.slug}/did.json")

    did = did_of(server.url, tenant.slug)
    assert found["id"] == did
    methods = {one["id"]: one for one in found["verificationMethod"]}
    assert set(methods) == {f"{did}#{key.id}" for key in (old, new, rsa)}
    assert set(found["assertionMethod"]) == set(methods)
    multikey = methods[f"{did}#{old.id}"]["publicKeyMultibase"]
    assert from_base58btc(multikey[1:]) == b"\xed\x01" + old.public
    assert methods[f"{did}#{rsa.id}"]["publicKeyJwk"]["kty"] == "RSA"


def test_a_revoked_key_stands_nowhere(server, tenant):
    """From the next request on, no verifier finds it."""
    key, other = make_key(tenant), make_key(tenant)
    path = f"/t/{tenant.slug}/did.json"
    tag = httpx.get(server.url + path).headers["etag"]
    server.run("issuer", "revoke-key", key.id, "--tenant", tenant.slug, "--yes")

    answer = httpx.get(server.url + path, headers={"if-none-match": tag})

    assert answer.status_code == 200
    assert key.id not in answer.text
    assert other.id in answer.text
    assert f"{key.id}</dt><dd>EdDSA, revoked" in page_of(server, tenant.slug).text


def test_a_suspended_tenant_can_still_be_checked(server, tenant):
    """What it signed has to verify for as long as somebody holds it."""
    key = make_key(tenant)
    server.office.tenants.suspend(tenant.slug)

    assert key.id in json.dumps(document(server, f"/t/{tenant.slug}/did.json"))
    assert page_of(server, tenant.slug).status_code == 200


def test_a_tenant_that_never_signed_has_no_keys(server, tenant):
    """Looking makes none."""
    found = document(server, f"/t/{tenant.slug}/did.json")

    assert found["verificationMethod"] == []
    assert "has no key" in page_of(server, tenant.slug).text
    owner = server.office.tenants.find(tenant.slug)
    assert list(server.office.keyring.keys_of(owner.id)) == []


def test_the_house_says_which_key_signs_its_log(server):
    """The key is the one that follows from the operator secret."""
    found = document(server, "/.well-known/did.json")

    assert found["id"] == house_did(server.url)
    (method,) = found["verificationMethod"]
    key = log_key(server.office.secret)
    public = from_base58btc(method["publicKeyMultibase"][1:])[2:]
    Ed25519PublicKey.from_public_bytes(public).verify(key.sign(b"tree"), b"tree")
    # It vouches for no credential.
    assert "assertionMethod" not in found
    assert document(server, "/did.json") == found


def page_of(server: Server, slug: str) -> httpx.Response:
    """Return the page of an issuer."""
    return httpx.get(f"{server.url}/t/{slug}")


def test_the_issuers_address_leads_to_a_page(server, tenant):
    """The `url` that credentials name has the issuer's name and DID on it."""
    key = make_key(tenant)
    shown = json.loads(server.run("issuer", "show", "--tenant", tenant.slug, "--json"))

    answer = httpx.get(shown["url"])

    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    for text in (shown["name"], shown["did"], key.id):
        assert text in answer.text


@pytest.mark.parametrize(
    "slug", ["nobody", "NOBODY", "no%00body", "..%2f..%2fetc", "%ff"]
)
def test_who_does_not_issue_here_has_no_page_and_no_document(server, slug):
    """A page for people, a problem for programs, and 404 for both."""
    assert page_of(server, slug).status_code == 404
    assert httpx.get(f"{server.url}/t/{slug}/did.json").status_code == 404


@pytest.mark.parametrize(
    ("url", "did", "path"),
    [
        ("https://example.org", "did:web:example.org", "/.well-known/did.json"),
        ("http://127.0.0.1:8000", "did:web:127.0.0.1%3A8000", "/.well-known/did.json"),
        ("https://Example.org/a/b/", "did:web:example.org:a:b", "/did.json"),
        ("https://example.org/~x", "did:web:example.org:%7Ex", "/did.json"),
        ("https://u:p@example.org", "did:web:example.org", "/.well-known/did.json"),
        ("https://münchen.example", "did:web:xn--mnchen-3ya.example",
         "/.well-known/did.json"),
        ("http://[::1]:8000", "did:web:%5B%3A%3A1%5D%3A8000", "/.well-known/did.json"),
        ("http://[fe80::1%25eth0]", "did:web:%5Bfe80%3A%3A1%25eth0%5D",
         "/.well-known/did.json"),
    ],
)  # fmt: skip
def test_every_address_has_a_valid_did(url, did, path):
    """DID Core, 3.1: nothing but letters, digits, `.`, `-`, `_`, `:` and %XX."""
    assert house_did(url) == did
    assert house_path(url) == path
    assert did_of(url, "harbour") == f"{did}:t:harbour"
