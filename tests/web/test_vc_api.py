"""`POST /credentials/issue`, `/credentials/verify` and `/presentations/verify`."""

import base64
import copy
import json
from collections.abc import Iterator
from typing import Any

import httpx
import jsonschema_rs
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from openbadgeslib.ob3.ldp import OB3LdpVerifier
from openbadgeslib.ob3.verifier import OB3VerificationError
from sqlalchemy import text

from support.malformed import MALFORMED, MEANINGLESS, UNUSUAL, V1, V2
from support.server import good_rows, pictures, sheet
from support.third_party import third_party_json
from support.verifiers import digital_bazaar, panva_jose
from support.verifying import presented
from testamur.issuance.die.base58 import from_base58btc
from testamur.issuance.die.contexts import OB_V3

pytestmark = pytest.mark.xdist_group("node")

SUITES = ["eddsa-rdfc-2022", "eddsa-jcs-2022"]
STATUS = {"type": "BitstringStatusListEntry", "statusPurpose": "revocation"}


def plain(**members: Any) -> dict[str, Any]:
    """Return a credential without an issuer."""
    return {
        "@context": [V2],
        "type": ["VerifiableCredential"],
        "credentialSubject": {"id": "did:example:ada", "name": "Ada Ωμέγα"},
        **members,
    }


def badge() -> dict[str, Any]:
    """Return an Open Badges 3.0 credential, as a caller may write it."""
    return {
        "@context": [V2, OB_V3],
        "id": "urn:uuid:7f3b0a52-3f0e-4a51-9d2c-6a0f3f1f7a10",
        "type": ["VerifiableCredential", "OpenBadgeCredential"],
        "issuer": {"type": ["Profile"], "name": "Harbour College"},
        "validFrom": "2026-11-22T09:30:00Z",
        "name": "Harbour pilot",
        "credentialSubject": {
            "id": "did:example:ada",
            "type": ["AchievementSubject"],
            "achievement": {
                "id": "urn:uuid:4e5c9ae5-c84c-4b2c-9f6f-5a1f3a2f0c11",
                "type": ["Achievement"],
                "name": "Harbour pilot",
                "description": "Knows the tides.",
                "criteria": {"narrative": "Passed the examination."},
            },
        },
    }


def asked(tenant, credential: dict[str, Any], **options: Any) -> httpx.Response:
    """Return what the server says to a credential."""
    body = {"credential": credential, "options": options}
    return tenant.client.post("/credentials/issue", json=body)


def issued(tenant, credential: dict[str, Any], **options: Any) -> dict[str, Any]:
    """Return *credential*, secured."""
    answer = asked(tenant, credential, **options)
    assert answer.status_code == 201, answer.text
    return answer.json()["verifiableCredential"]


def verify(server, document: Any, **options: Any) -> httpx.Response:
    """Have anybody verify a credential."""
    body = {"verifiableCredential": document, "options": options}
    return httpx.post(f"{server.url}/credentials/verify", json=body)


def did_document(tenant) -> dict[str, Any]:
    """Return the tenant's DID document, as everybody reads it."""
    return httpx.get(f"{tenant.server.url}/t/{tenant.slug}/did.json").json()


def changes(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Give the path of every value in *value*."""
    if isinstance(value, dict | list):
        parts = value.items() if isinstance(value, dict) else enumerate(value)
        for key, inner in parts:
            yield from changes(inner, (*path, key))
    else:
        yield path


def flipped(document: Any, path: tuple[Any, ...]) -> Any:
    """Return *document* with the last bit of the value at *path* flipped."""
    bad = copy.deepcopy(document)
    place = bad
    for key in path[:-1]:
        place = place[key]
    value = place[path[-1]]
    place[path[-1]] = value[:-1] + chr(ord(value[-1]) ^ 1)
    return bad


@pytest.mark.parametrize("suite", SUITES)
def test_what_is_secured_is_verified_by_others_and_nothing_else_is(
    server, tenant, suite
):
    """
    Digital Bazaar's libraries and we accept it; each value changed by one bit, in
    turn, both refuse.
    """
    credential = issued(tenant, plain(id="urn:a:b"), cryptosuite=suite)
    changed = [flipped(credential, path) for path in changes(credential)]

    answers = digital_bazaar([credential, *changed], did_document(tenant))

    assert answers[0] is None
    assert None not in answers[1:]
    assert verify(server, credential).status_code == 200
    for one in changed:
        said = verify(server, one)
        assert (said.status_code, said.json()["verified"]) == (400, False), one


def test_a_badge_is_one_to_the_standard_and_to_another_verifier(tenant):
    """
    1EdTech's schema validates it, openbadgeslib accepts it, and refuses it after
    any change.
    """
    credential = issued(tenant, badge())
    (method,) = (
        one
        for one in did_document(tenant)["verificationMethod"]
        if one["id"] == credential["proof"][0]["verificationMethod"]
    )
    raw = from_base58btc(method["publicKeyMultibase"][1:])[2:]
    pem = Ed25519PublicKey.from_public_bytes(raw).public_bytes(
        Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
    )

    def says(document: dict[str, Any]) -> bool:
        try:
            OB3LdpVerifier(pubkey_pem=pem).verify(document)
        except OB3VerificationError:
            return False
        return True

    source = third_party_json("schema/ob_v3p0_achievementcredential_schema.json")
    schema = jsonschema_rs.validator_for(source, validate_formats=True)
    assert [error.message for error in schema.iter_errors(credential)] == []
    assert says(credential)
    assert not any(says(flipped(credential, path)) for path in changes(credential))
    assert digital_bazaar([credential], did_document(tenant)) == [None]


@pytest.mark.parametrize("algorithm", ["EdDSA", "RS256"])
def test_a_token_is_verified_by_others_and_by_us(server, tenant, algorithm):
    """
    npm's `jose` reads in it the credential and nothing else; with a bit flipped
    anywhere, nobody does.
    """
    envelope = issued(tenant, plain(), type="vc+jwt", algorithm=algorithm)
    token = envelope["id"].removeprefix("data:application/vc+jwt,")
    bad = token[:-8] + ("A" if token[-8] != "A" else "B") + token[-7:]

    good, refused = panva_jose([token, bad], did_document(tenant))

    assert envelope["type"] == "EnvelopedVerifiableCredential"
    assert (
        good["payload" if "payload" in good else "claims"]["credentialSubject"]
        == (plain()["credentialSubject"])
    )
    assert isinstance(refused, str)
    assert verify(server, envelope).status_code == 200
    assert verify(server, token).status_code == 200
    assert verify(server, bad).status_code == 400
    assert verify(server, {**envelope, "id": envelope["id"][:-4]}).status_code == 400


def test_the_issuer_is_the_tenant_and_nobody_else(tenant):
    """
    It is set when it is left out; the key itself is a name of the tenant's, too.
    """
    did = did_document(tenant)["id"]
    credential = issued(tenant, plain())
    key = did_document(tenant)["verificationMethod"][0]["publicKeyMultibase"]
    by_key = issued(tenant, plain(issuer={"id": f"did:key:{key}", "name": "A"}))
    other = tenant.server.tenant()

    assert credential["issuer"] == did
    assert by_key["proof"][0]["verificationMethod"] == f"did:key:{key}#{key}"
    for issuer in (did_document(other)["id"], "did:key:z6MkpJySvETLnxhQG9DzEdmKJt", 7):
        refused = asked(tenant, plain(issuer=issuer))
        assert (refused.status_code, refused.json()["code"]) == (400, "issuer_foreign")


#: Where the caller names no issuer, their own is put in.
ISSUERLESS = {"issuer-missing", "issuer-no-id"}


@pytest.mark.parametrize(
    "name", [one for one in (*MALFORMED, *MEANINGLESS) if one not in ISSUERLESS]
)
def test_what_is_no_credential_is_refused_in_the_words_of_the_interface(tenant, name):
    """
    Status 400, a problem with a code, and where it is.
    """
    document = MALFORMED[name][0] if name in MALFORMED else MEANINGLESS[name]
    if document.get("issuer") == "did:example:issuer":
        document = {**document, "issuer": did_document(tenant)["id"]}

    answer = asked(tenant, document)

    assert answer.status_code == 400, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert {"code", "detail", "type", "requestId"} <= set(answer.json())


def test_a_context_that_is_not_kept_is_named(tenant):
    """
    Nothing is fetched for it.
    """
    url = "https://example.com/contexts/v1"

    answer = asked(tenant, plain(**{"@context": [V2, url]}))

    assert answer.json()["code"] == "context_unknown"
    assert url in answer.json()["detail"]


@pytest.mark.parametrize("name", UNUSUAL)
def test_what_is_unusual_is_secured_and_verified(server, tenant, name):
    """
    All that the data model allows.
    """
    document = {k: v for k, v in UNUSUAL[name].items() if k != "issuer"}
    credential = issued(tenant, document)

    assert {k: credential[k] for k in document} == document
    said = verify(server, credential)
    wanted = 400 if name == "far-future" else 200
    assert said.status_code == wanted, said.text


def test_version_one_is_secured_with_the_context_that_its_proof_needs(server, tenant):
    """
    Data Integrity is not in its own context.
    """
    old = plain(**{"@context": [V1], "issuanceDate": "2020-03-16T22:37:26Z"})
    old["credentialSubject"] = {"id": "did:example:ada"}

    credential = issued(tenant, old)

    assert credential["@context"][1:] == ["https://w3id.org/security/data-integrity/v2"]
    assert verify(server, credential).status_code == 200


def test_a_place_in_a_status_list_is_signed_into_it(server, tenant):
    """
    The list is where the credential says it is, and has no such bit set.
    """
    first = issued(tenant, plain(), credentialStatus=STATUS)["credentialStatus"]
    second = issued(tenant, plain(), credentialStatus=STATUS)
    place = second["credentialStatus"]

    listed = httpx.get(
        place["statusListCredential"], headers={"accept": "application/json"}
    )

    assert first["statusListIndex"] != place["statusListIndex"]
    assert listed.headers["content-type"] == "application/json"
    assert listed.json()["type"][-1] == "BitstringStatusListCredential"
    assert verify(server, second).status_code == 200
    assert verify(server, listed.json()).status_code == 200
    checks = verify(server, second).json()["checks"]
    assert ("status", "passed") in [(one["check"], one["outcome"]) for one in checks]


def set_status(tenant, body: dict[str, Any]) -> tuple[int, Any]:
    """Return the status and what is told, `changed` or a code."""
    answer = tenant.client.post("/credentials/status", json=body)
    told = answer.json()
    return answer.status_code, told.get("changed", told.get("code"))


def test_a_credential_is_taken_back_for_every_verifier(server, tenant):
    """
    By its own id: suspended, reinstated, revoked; and revoked is for ever.
    """
    name = "urn:uuid:9d6f1c1e-5f0f-4f5e-8a55-0d2c3d2f8a01"
    credential = issued(tenant, plain(id=name), credentialStatus=STATUS)

    def say(purpose: str, status: bool) -> tuple[int, Any]:
        wanted = {"type": STATUS["type"], "statusPurpose": purpose}
        return set_status(
            tenant,
            {"credentialId": name, "credentialStatus": wanted, "status": status},
        )

    assert say("suspension", True) == (200, 1)
    assert verify(server, credential).status_code == 400
    assert say("suspension", False) == (200, 1)
    assert verify(server, credential).status_code == 200
    assert say("revocation", True) == (200, 1)
    refused = verify(server, credential)
    assert refused.status_code == 400
    assert refused.json()["problemDetails"][0]["type"].endswith(
        "#STATUS_VERIFICATION_ERROR"
    )
    assert say("revocation", True) == (200, 0)
    assert say("suspension", False) == (409, "credential_revoked")
    assert say("revocation", False) == (400, "parameter_invalid")


def test_a_credential_without_an_id_is_named_by_its_place(server, tenant):
    """
    As it stands in the credential. Another tenant cannot, nor a key without the
    scope, nor can an id be of another credential than the place.
    """
    credential = issued(tenant, plain(), credentialStatus=STATUS)
    body = {"credentialStatus": credential["credentialStatus"]}
    mixed = {**body, "credentialId": "urn:not:this"}
    weak = {"x-api-key": tenant.key_with("credentials:issue")}
    url = f"{server.url}/credentials/status"

    assert set_status(server.tenant(), body) == (404, "credential_not_found")
    assert set_status(tenant, mixed) == (404, "credential_not_found")
    assert httpx.post(url, json=body, headers=weak).status_code == 403
    assert verify(server, credential).status_code == 200
    assert set_status(tenant, body) == (200, 1)
    assert verify(server, credential).status_code == 400


def test_a_certificate_of_a_job_is_taken_back_by_its_address(server, tenant):
    """
    One way for everything that a tenant issued.
    """
    tenant.done(sheet(*good_rows(1)), pictures())
    (one,) = tenant.client.get("/v1/certificates").json()["certificates"]
    credential = httpx.get(f"{server.url}/c/{one['id']}.json").json()
    body = {"credentialId": credential["id"], "credentialStatus": STATUS}

    assert verify(server, credential).status_code == 200
    assert set_status(tenant, body) == (200, 1)
    assert verify(server, credential).status_code == 400


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"credentialStatus": STATUS},
        {"credentialStatus": STATUS, "credentialId": 7},
        {"credentialStatus": STATUS, "credentialId": "urn:a", "status": "1"},
        {"credentialStatus": {"statusPurpose": ["a"]}, "credentialId": "urn:a"},
        {"credentialStatus": {"statusPurpose": "message"}, "credentialId": "urn:a"},
        {"credentialStatus": {"type": "StatusList2021Entry"}, "credentialId": "urn:a"},
        {"credentialStatus": {"statusListIndex": "7"}},
        {
            "credentialStatus": {
                "statusListCredential": "https://example.com/status/1",
                "statusListIndex": "7",
            }
        },
        {"credentialStatus": STATUS, "credentialId": "urn:a", "index": 7},
    ],
    ids=lambda value: json.dumps(value)[-30:],
)
def test_a_status_that_is_not_clear_is_refused(tenant, body):
    """
    Nobody's credential is taken back by a guess.
    """
    assert set_status(tenant, body) in [
        (400, "parameter_invalid"),
        (400, "unknown_field"),
    ]


def test_every_credential_has_a_leaf_an_audit_entry_and_a_record(server, tenant):
    """
    And what it says is nowhere in the database.
    """
    issued(tenant, plain(name="Unforgettable words"))

    with server.office.database.reading() as connection:
        found = connection.execute(
            text(
                "SELECT s.id, a.actor FROM secured s JOIN tenants t ON "
                "t.id = s.tenant_id JOIN leaf_batches l ON l.act = s.id "
                "JOIN audit a ON a.act = 'key.used' AND a.subject = s.key_id "
                "WHERE t.slug = :slug"
            ),
            {"slug": tenant.slug},
        ).all()
    assert [row.actor for row in found] == [tenant.key_id]
    stored = (server.data / "testamur.db").read_bytes()
    wal = server.data / "testamur.db-wal"
    stored += wal.read_bytes() if wal.exists() else b""
    assert b"Unforgettable" not in stored


def test_issuing_needs_its_scope_and_verifying_no_key(server, tenant):
    """
    A key for jobs secures nothing.
    """
    body = {"credential": plain()}
    url = f"{server.url}/credentials/issue"
    weak = {"x-api-key": tenant.key_with("bulk:mint")}
    strong = {"authorization": f"Bearer {tenant.key_with('credentials:issue')}"}

    assert httpx.post(url, json=body).status_code == 401
    assert httpx.post(url, json=body, headers=weak).status_code == 403
    assert httpx.post(url, json=body, headers=strong).status_code == 201


@pytest.mark.parametrize(
    "body",
    [
        [],
        {},
        {"credential": "text"},
        {"credential": plain(), "option": {}},
        {"credential": plain(), "options": []},
        {"credential": plain(), "options": {"mandatoryPointers": []}},
        {"credential": plain(), "options": {"cryptosuite": "ecdsa-sd-2023"}},
        {"credential": plain(), "options": {"cryptosuite": ["eddsa-rdfc-2022"]}},
        {"credential": plain(), "options": {"type": "Ed25519Signature2020"}},
        {"credential": plain(), "options": {"algorithm": "RS256"}},
        {"credential": plain(), "options": {"type": "vc+jwt", "algorithm": "none"}},
        {"credential": plain(), "options": {"credentialStatus": True}},
        {
            "credential": plain(),
            "options": {"credentialStatus": {**STATUS, "statusPurpose": "message"}},
        },
    ],
    ids=lambda value: json.dumps(value)[-30:],
)
def test_an_option_that_would_not_be_honoured_is_refused(tenant, body):
    """
    Rather than secured otherwise than was asked for.
    """
    answer = tenant.client.post("/credentials/issue", json=body)

    assert (answer.status_code, answer.json()["code"]) in [
        (400, "parameter_invalid"),
        (400, "unknown_field"),
    ]


@pytest.mark.parametrize(
    "document",
    [None, 7, "", "text", "a.b", json.dumps(plain()), [], [plain()], {}, plain()],
    ids=lambda value: json.dumps(value)[-30:],
)
def test_what_is_no_secured_credential_is_not_verified(server, document):
    """
    Always 400, with `verified` false.
    """
    answer = verify(server, document)

    assert (answer.status_code, answer.json()["verified"]) == (400, False)
    assert answer.json()["problemDetails"]


def test_a_presentation_is_no_credential_and_the_other_way_round(server, tenant):
    """
    Each endpoint verifies what it is for.
    """
    credential = issued(tenant, plain())

    answer = httpx.post(
        f"{server.url}/presentations/verify",
        json={"verifiablePresentation": credential},
    )

    assert answer.status_code == 400
    assert "credential" in answer.json()["problemDetails"][0]["detail"]


@pytest.mark.parametrize(
    ("options", "is_verified"),
    [
        ({}, True),
        ({"challenge": "c-1", "domain": "employer.example"}, True),
        ({"challenge": "c-2"}, False),
        ({"challenge": ""}, False),
        ({"challenge": "c-1", "domain": "other.example"}, False),
    ],
)
def test_a_presentation_is_held_to_what_its_holder_was_asked(
    server, tenant, options, is_verified
):
    """
    One that was made for another occasion is not verified for this one.
    """
    presentation = presented(issued(tenant, plain()))

    answer = httpx.post(
        f"{server.url}/presentations/verify",
        json={"verifiablePresentation": presentation, "options": options},
    )

    assert answer.status_code == (200 if is_verified else 400), answer.text
    assert answer.json()["verified"] is is_verified


def test_the_operator_can_halt_it(server, tenant):
    """
    503 with its own code; verifying goes on.
    """
    credential = issued(tenant, plain())
    server.run("halt", "on", "--reason", "a test")
    try:
        answer = asked(tenant, plain())
        verified = verify(server, credential)
    finally:
        server.run("halt", "off")

    assert (answer.status_code, answer.json()["code"]) == (503, "issuing_halted")
    assert verified.status_code == 200
    assert asked(tenant, plain()).status_code == 201


def test_the_standard_plan_has_its_limit(server):
    """
    What a key secures is counted.
    """
    small = server.tenant("standard")

    rates = small.client.get("/v1/tenant").json()["plan"]["rates"]

    assert rates["secure"] == {"requests": 600, "periodSeconds": 3600}


def test_bytes_that_no_json_reader_agrees_on_are_refused(tenant):
    """
    A key given twice would be signed as one thing and read as another.
    """
    twice = b'{"credential": {"id": "urn:a", "id": "urn:b"}}'

    answer = tenant.client.post(
        "/credentials/issue",
        content=twice,
        headers={"content-type": "application/json"},
    )

    assert (answer.status_code, answer.json()["code"]) == (400, "json_duplicate_key")


def test_a_picture_of_a_megabyte_is_too_large(tenant):
    """
    Credentials name pictures; they need not hold them.
    """
    image = base64.b64encode(bytes(1024 * 1024)).decode()

    answer = asked(tenant, plain(image=f"data:image/png;base64,{image}"))

    assert answer.status_code == 413
