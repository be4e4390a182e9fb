"""What a key signed verifies for as long as the key is trusted, and no longer."""

import json
from typing import Any

import httpx

from support.server import Server, Tenant, good_rows, pictures, sheet
from testamur.issuance.die.base58 import from_base58btc
from testamur.issuance.die.proof import problem_with


def issued(tenant: Tenant, number: int = 1) -> dict[str, Any]:
    """Issue one certificate; return its credential, as anybody reads it."""
    job = tenant.done(sheet(*good_rows(1, start=number)), pictures())
    found = tenant.client.get("/v1/certificates", params={"jobId": job}).json()
    (one,) = found["certificates"]
    answer = httpx.get(f"{tenant.server.url}/c/{one['id']}.json")
    assert answer.status_code == 200
    return dict(json.loads(answer.content))


def published_keys(tenant: Tenant) -> dict[str, bytes]:
    """Return the keys that the issuer's DID document has for assertions."""
    url = f"{tenant.server.url}/t/{tenant.slug}/did.json"
    document = httpx.get(url).json()
    return {
        method["id"]: from_base58btc(method["publicKeyMultibase"][1:])[2:]
        for method in document["verificationMethod"]
        if method["id"] in document["assertionMethod"] and method["type"] == "Multikey"
    }


def signed_with(credential: dict[str, Any]) -> str:
    """Return the id of the key that a credential names."""
    (proof,) = credential["proof"]
    return str(proof["verificationMethod"].rpartition("#")[2])


def revoke(tenant: Tenant, key_id: str) -> None:
    """Distrust a key, as an operator does."""
    words = ("issuer", "revoke-key", key_id, "--tenant", tenant.slug, "--yes")
    tenant.server.run(*words)


def test_what_was_signed_before_a_rotation_verifies(server: Server, tenant: Tenant):
    """Both keys are published; running workers take the new one at once."""
    before = issued(tenant)
    server.run("issuer", "rotate", "--tenant", tenant.slug)
    after = issued(tenant, 2)

    keys = published_keys(tenant)

    assert signed_with(before) != signed_with(after)
    assert len(keys) == 2
    for credential in (before, after):
        assert problem_with(credential, keys) is None


def test_what_a_revoked_key_signed_verifies_no_more(server: Server, tenant: Tenant):
    """The key is gone from the document; what others signed stays valid."""
    old = issued(tenant)
    server.run("issuer", "rotate", "--tenant", tenant.slug)
    new = issued(tenant, 2)

    revoke(tenant, signed_with(old))

    keys = published_keys(tenant)
    assert problem_with(old, keys) is not None
    assert problem_with(new, keys) is None


def test_nothing_more_is_signed_with_a_revoked_key(server: Server, tenant: Tenant):
    """A job that was accepted with it ends without a certificate; the next has one."""
    key_id = signed_with(issued(tenant))
    with server.asleep():
        job = tenant.job(sheet(*good_rows(3)), pictures())
        revoke(tenant, key_id)

    assert tenant.wait(job)["status"] == "failed"
    assert {line["status"] for line in tenant.results(job)} == {"failed"}
    assert signed_with(issued(tenant, 4)) != key_id


def test_a_signature_is_one_keys_and_no_other_s(tenant: Tenant):
    """Held to another key of the same tenant, a credential does not verify."""
    credential = issued(tenant)
    tenant.server.run("issuer", "rotate", "--tenant", tenant.slug)
    keys = published_keys(tenant)
    method = credential["proof"][0]["verificationMethod"]
    (other,) = [key for name, key in keys.items() if name != method]

    assert problem_with(credential, {method: other}) is not None
