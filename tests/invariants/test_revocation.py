"""I17: what was revoked is revoked, everywhere and at once, and stays it."""

import json
import secrets

import pytest

from support.server import good_rows, pictures, sheet
from testamur.issuance.die.base58 import from_base58btc
from testamur.issuance.die.proof import problem_with
from testamur.issuance.status_list import decoded, is_set


@pytest.fixture
def issued(tenant):
    """Return a tenant's job of four certificates in a batch, and them."""
    job = tenant.job(sheet(*good_rows(4)), pictures(), createBatch="true")
    tenant.wait(job)
    found = tenant.client.get("/v1/certificates", params={"jobId": job}).json()
    return tenant, job, found["certificates"]


def flags(tenant, certificate_id, suffix=""):
    """Say whether every verifier finds the certificate's bit set."""
    credential = tenant.client.get(f"/c/{certificate_id}.json").json()
    status = credential["credentialStatus"]
    answer = tenant.client.get(status["statusListCredential"] + suffix)
    assert answer.status_code == 200, answer.text
    bits = decoded(answer.json()["credentialSubject"]["encodedList"])
    return is_set(bits, int(status["statusListIndex"]))


def shown(tenant, certificate_id):
    """Return the status as API, list and page have it; they must agree."""
    api = tenant.client.get(f"/v1/certificates/{certificate_id}").json()
    listed = tenant.client.get(
        "/v1/certificates", params={"reference": api["referenceNumber"]}
    ).json()["certificates"]
    facts = tenant.client.get(
        f"/c/{certificate_id}", headers={"accept": "application/json"}
    ).json()
    page = tenant.client.get(f"/c/{certificate_id}").text
    assert [one["status"] for one in listed] == [api["status"]]
    assert facts["status"].replace("issued", "active") == api["status"]
    assert facts["statusSince"] == api["statusSince"]
    assert facts["statusReason"] == api["statusReason"]
    assert ('<section class="banner' in page) == (api["status"] != "active")
    if api["statusReason"]:
        assert api["statusReason"] in page
    return api["status"], api["statusReason"]


def act(tenant, certificate_id, verb, reason="Sent to the wrong person"):
    """Do something to a certificate."""
    answer = tenant.client.post(
        f"/v1/certificates/{certificate_id}/{verb}", json={"reason": reason}
    )
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_what_is_acknowledged_is_seen_at_once(issued):
    """
    The first answers after the acknowledgement say it: API, list of certificates,
    page, facts and both status lists. The credential itself never changes.
    """
    tenant, _, (first, second, *_) = issued
    before = tenant.client.get(f"/c/{first['id']}.json").content
    assert not flags(tenant, first["id"])

    assert act(tenant, first["id"], "revoke")["changed"] == 1
    assert flags(tenant, first["id"])
    assert not flags(tenant, first["id"], "/suspension")
    assert shown(tenant, first["id"]) == ("revoked", "Sent to the wrong person")
    assert tenant.client.get(f"/c/{first['id']}.json").content == before

    act(tenant, second["id"], "suspend", "Fees unpaid")
    assert flags(tenant, second["id"])
    assert flags(tenant, second["id"], "/suspension")
    assert shown(tenant, second["id"]) == ("suspended", "Fees unpaid")
    act(tenant, second["id"], "reinstate", "Paid")
    assert not flags(tenant, second["id"])
    assert not flags(tenant, second["id"], "/suspension")
    assert shown(tenant, second["id"]) == ("active", None)


def test_nothing_un_revokes(issued):
    """
    Every other act on a revoked certificate is refused, and leaves it revoked.
    """
    tenant, _, (first, second, *_) = issued
    act(tenant, first["id"], "revoke", "One")
    again = act(tenant, first["id"], "revoke", "Another")
    assert (again["changed"], again["unchanged"], again["actId"]) == (0, 1, None)

    for verb in ("suspend", "reinstate"):
        for path, body in (
            (f"/v1/certificates/{first['id']}/{verb}", {"reason": "x"}),
            (
                "/v1/standings",
                {
                    "action": verb,
                    "reason": "x",
                    "certificateIds": [second["id"], first["id"]],
                },
            ),
        ):
            answer = tenant.client.post(path, json=body)
            assert answer.status_code == 409
            assert answer.json()["code"] == "certificate_revoked"
    assert shown(tenant, first["id"]) == ("revoked", "One")
    assert shown(tenant, second["id"]) == ("active", None)
    assert flags(tenant, first["id"])
    assert not flags(tenant, second["id"])


def test_a_batch_is_revoked_in_one_call(issued):
    """
    One act, one entry in the audit log; every certificate is revoked.
    """
    tenant, _, certificates = issued
    answer = tenant.client.post(
        "/v1/standings",
        json={
            "action": "revoke",
            "reason": "Wrong template",
            "batchId": certificates[0]["batchId"],
        },
    )

    assert answer.status_code == 200
    done = answer.json()
    assert (done["changed"], done["unchanged"]) == (4, 0)
    for one in certificates:
        assert shown(tenant, one["id"]) == ("revoked", "Wrong template")
        assert flags(tenant, one["id"])
    entries = tenant.client.get("/v1/audit", params={"limit": 100}).json()["entries"]
    acts = [one for one in entries if one["act"] == "certificate.revoke"]
    assert [one["subject"] for one in acts] == [done["actId"]]


def test_a_list_verifies_with_the_issuers_published_key(issued):
    """
    Everything that a verifier needs is found from the credential alone, by anybody.
    """
    tenant, _, (first, *_) = issued
    act(tenant, first["id"], "revoke")
    tenant.client.headers.pop("x-api-key")
    credential = tenant.client.get(f"/c/{first['id']}.json").json()
    issuer = tenant.client.get(f"/t/{tenant.slug}/did.json").json()
    keys = {
        method["id"]: from_base58btc(method["publicKeyMultibase"][1:])[2:]
        for method in issuer["verificationMethod"]
        if method["type"] == "Multikey"
    }
    url = credential["credentialStatus"]["statusListCredential"]

    answer = tenant.client.get(url)

    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["content-type"] == "application/vc"
    assert "max-age=15" in answer.headers["cache-control"]
    assert answer.json()["id"] == url
    assert answer.json()["issuer"] == credential["issuer"]["id"] == issuer["id"]
    assert problem_with(answer.json(), keys) is None
    changed = json.loads(answer.text)
    changed["credentialSubject"]["encodedList"] += "A"
    assert problem_with(changed, keys) is not None
    same = tenant.client.get(url, headers={"if-none-match": answer.headers["etag"]})
    assert same.status_code == 304


def test_a_suspended_tenants_lists_stay(issued, server):
    """
    What it took back is still told to everybody.
    """
    tenant, _, (first, *_) = issued
    act(tenant, first["id"], "revoke")
    server.office.tenants.suspend(tenant.slug)

    assert flags(tenant, first["id"])


def test_only_a_key_with_the_scope_takes_back(issued):
    """
    Reading certificates is one thing, taking them back another.
    """
    tenant, _, (first, *_) = issued
    weak = {"x-api-key": tenant.key_with("certificates:read", "bulk:mint")}
    strong = {"x-api-key": tenant.key_with("certificates:revoke")}
    path, body = f"/v1/certificates/{first['id']}/suspend", {"reason": "x"}

    assert tenant.client.post(path, json=body, headers=weak).status_code == 403
    assert shown(tenant, first["id"])[0] == "active"
    assert tenant.client.post(path, json=body, headers=strong).status_code == 200


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 422, "parameter_invalid"),
        ([], 422, "parameter_invalid"),
        ({"action": "delete", "reason": "x", "jobId": "a"}, 422, "parameter_invalid"),
        ({"action": ["revoke"], "reason": "x", "jobId": "a"}, 422, "parameter_invalid"),
        ({"action": "revoke", "reason": "x"}, 422, "parameter_invalid"),
        (
            {"action": "revoke", "reason": "x", "jobId": "a", "batchId": "b"},
            422,
            "parameter_invalid",
        ),
        (
            {"action": "revoke", "reason": "x", "certificateIds": []},
            422,
            "certificates_chosen",
        ),
        (
            {"action": "revoke", "reason": "x", "certificateIds": [1]},
            422,
            "parameter_invalid",
        ),
        (
            {"action": "revoke", "reason": "x", "certificateIds": "all"},
            422,
            "parameter_invalid",
        ),
        ({"action": "revoke", "reason": 1, "jobId": "a"}, 422, "parameter_invalid"),
        ({"action": "revoke", "jobId": "a"}, 422, "reason_missing"),
        (
            {"action": "revoke", "reason": "x", "jobId": "a", "force": True},
            422,
            "unknown_field",
        ),
        ({"action": "revoke", "reason": "x", "jobId": "a"}, 404, "job_not_found"),
        ({"action": "revoke", "reason": "x", "batchId": "a"}, 404, "batch_not_found"),
        (
            {"action": "revoke", "reason": "x", "references": ["PB-' OR 1=1"]},
            404,
            "certificate_not_found",
        ),
        (
            {"action": "revoke", "reason": "x", "certificateIds": ["a"] * 10_001},
            413,
            "too_many_certificates",
        ),
    ],
)
def test_a_wrong_wish_is_told_what_is_wrong(tenant, body, status, code):
    """
    Nothing is guessed about which certificates are meant.
    """
    answer = tenant.client.post("/v1/standings", json=body)

    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_no_list_answers_to_another_name(tenant):
    """
    Names are unguessable, and what is no name is not found.
    """
    for name in (secrets.token_hex(12), "1", "a" * 400, "%00", "..%2f..", "x/y"):
        assert tenant.client.get(f"/status/{name}").status_code == 404
    missing = f"/status/{secrets.token_hex(12)}/suspension"
    assert tenant.client.get(missing).status_code == 404
