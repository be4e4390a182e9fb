"""
An employer, years later: any certificate, checked with software nobody here wrote.

Rows of every script and full of what syntaxes mean something by go in through the
API of a running server. What comes out is fetched like any stranger would, and
held to the row, to the standard's schema, to the log and to others' verifiers.
"""

import csv
import hashlib
import io
import json
from typing import Any

import httpx
import jsonschema_rs
import pytest

from support.credentials import canonical_by_pyld, hostile_facts
from support.server import Tenant, pictures
from support.third_party import third_party_json
from support.verifiers import digital_bazaar
from testamur.core.words import Facts
from testamur.issuance.die.contexts import pinned_contexts
from testamur.issuance.die.proof import hash_data
from testamur.tlog.note import verifier
from testamur.tlog.proof import verify_proof

pytestmark = pytest.mark.xdist_group("node")

COLUMNS = (
    "name",
    "description",
    "category",
    "recipientEmail",
    "recipientName",
    "attribute_grade",
    "attribute_Course",
    "attribute_evidence",
)


def cells(facts: Facts) -> list[str]:
    """Return the row that says *facts*."""
    said = dict(facts.attributes)
    return [
        facts.name,
        facts.description,
        facts.category,
        facts.recipient_email,
        facts.recipient_name or "",
        *(said.get(name, "") for name in ("grade", "Course", "evidence")),
    ]


def sheet_of(rows: list[Facts]) -> bytes:
    """Return *rows* as a CSV."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    writer.writerows(cells(facts) for facts in rows)
    return out.getvalue().encode()


def get(tenant: Tenant, path: str) -> httpx.Response:
    """Fetch *path* as a stranger."""
    answer = httpx.get(tenant.server.url + path)
    assert answer.status_code == 200, (path, answer.text)
    return answer


@pytest.fixture(scope="module")
def house():
    """Return a server of its own: what is fetched here is counted per address."""
    from support.server import running

    with running() as one:
        yield one


@pytest.fixture(scope="module")
def issued(house) -> tuple[Tenant, list[Facts], list[dict[str, Any]]]:
    """Return hostile rows, and the credential that each of them came to."""
    tenant = house.tenant()
    rows = hostile_facts(60, seed=20261122)
    job = tenant.done(sheet_of(rows), pictures())
    results = tenant.results(job)
    credentials = [
        get(tenant, f"/c/{line['certificateId']}.json").json() for line in results
    ]
    return tenant, rows, credentials


def did_of(tenant: Tenant, credentials: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the issuer's DID document from where its DID says it is."""
    *_, place, slug = credentials[0]["issuer"]["id"].split(":")
    document: dict[str, Any] = get(tenant, f"/{place}/{slug}/did.json").json()
    return document


def test_others_accept_every_certificate_and_refuse_it_changed(issued):
    """
    Digital Bazaar's libraries, with the DID document as the server shows it; and
    each credential with one letter of one value changed.
    """
    tenant, _, credentials = issued
    changed = [one | {"name": one["name"] + "."} for one in credentials]

    answers = digital_bazaar([*credentials, *changed], did_of(tenant, credentials))

    assert answers[: len(credentials)] == [None] * len(credentials)
    assert None not in answers[len(credentials) :]


def test_what_is_shown_is_what_a_canonicalisation_from_scratch_signs(issued):
    """
    PyLD works the shown document out alone: its canonical form is the one that
    was stamped and signed.
    """
    _, _, credentials = issued
    for credential in credentials:
        plain = {key: value for key, value in credential.items() if key != "proof"}
        (proof,) = credential["proof"]
        options = {key: value for key, value in proof.items() if key != "proofValue"}
        options["@context"] = credential["@context"]
        from_scratch = [
            hashlib.sha256(canonical_by_pyld(part).encode()).digest()
            for part in (options, plain)
        ]
        del options["@context"]

        assert b"".join(from_scratch) == hash_data(plain, options, pinned_contexts())


def test_every_certificate_says_what_its_row_said(issued):
    """
    Letter by letter, in the places that wallets read.
    """
    _, rows, credentials = issued
    for facts, credential in zip(rows, credentials, strict=True):
        subject = credential["credentialSubject"]
        achievement = subject["achievement"]
        modern = facts.description.replace("\v", "\n").replace("\f", "\n")
        assert achievement["name"] == credential["name"] == facts.name
        assert achievement["description"] == modern
        assert achievement["tag"] == [facts.category]
        said = [
            (described["name"], result["value"])
            for described, result in zip(
                achievement.get("resultDescription", []),
                subject.get("result", []),
                strict=True,
            )
        ]
        assert said == [one for one in facts.attributes if one[0] != "evidence"]


def test_every_certificate_is_valid_by_the_schema_of_1edtech(issued):
    """
    As it is published, proof and all.
    """
    _, _, credentials = issued
    source = third_party_json("schema/ob_v3p0_achievementcredential_schema.json")
    schema = jsonschema_rs.validator_for(source, validate_formats=True)

    assert [e.message for one in credentials for e in schema.iter_errors(one)] == []


def test_every_certificate_is_in_the_log_as_soon_as_it_is_a_success(issued):
    """
    The published proof holds for the very bytes that are shown, under the log's
    own key.
    """
    tenant, _, credentials = issued
    key = verifier(get(tenant, "/log/key").text.strip())
    places = set()
    for credential in credentials:
        name = credential["id"].rpartition("/")[2]
        shown = get(tenant, f"/c/{name}.json").content
        proof = get(tenant, f"/v1/log/proof/{name}").text
        logged = verify_proof(proof, hashlib.sha256(shown).digest(), [key])
        places.add(logged.index)

    assert len(places) == len(credentials)
    assert json.loads(shown)["id"] == credential["id"]
