"""Presentations: who holds, for whom, and what."""

import json

import pytest

from support.credentials import SEALING, issuer_key
from support.verifying import credential, told, verdict_on
from testamur.issuance.did_web import did_key_of
from testamur.issuance.die import jcs
from testamur.issuance.die.proof import proof_value
from testamur.issuance.keys import open_key
from testamur.verification.verdict import Outcome, Result, Step
from testamur.verification.verify import Wish

HOLDER = did_key_of(issuer_key())


def presented(*credentials, holder=HOLDER, **changed):
    """Return a presentation, signed by its holder."""
    document = {
        "@context": ["https://www.w3.org/ns/credentials/v2"],
        "type": ["VerifiablePresentation"],
        "holder": holder,
        "verifiableCredential": list(credentials),
    }
    proof = {
        "@context": document["@context"],
        "type": "DataIntegrityProof",
        "cryptosuite": "eddsa-jcs-2022",
        "created": "2026-11-22T00:00:00Z",
        "verificationMethod": f"{HOLDER}#{HOLDER.removeprefix('did:key:')}",
        "proofPurpose": "authentication",
        "challenge": "c-1",
        "domain": "employer.example",
    } | changed
    sign = open_key(issuer_key(), sealing=SEALING)
    signature = proof_value(sign(jcs.hash_data(document, proof)))
    return document | {"proof": proof | {"proofValue": signature}}


@pytest.mark.parametrize(
    ("wish", "outcome", "code"),
    [
        (Wish(), Outcome.NOT_CHECKED, "not_asked"),
        (Wish(challenge="c-1"), Outcome.PASSED, "challenge_met"),
        (
            Wish(challenge="c-1", domain="employer.example"),
            Outcome.PASSED,
            "challenge_met",
        ),
        (Wish(challenge="c-2"), Outcome.FAILED, "challenge_missed"),
        (
            Wish(challenge="c-1", domain="other.example"),
            Outcome.FAILED,
            "challenge_missed",
        ),
    ],
)
def test_a_presentation_answers_what_its_holder_was_asked(wish, outcome, code):
    """One that was made for somebody else is no good here."""
    verdict = verdict_on(presented(credential()), wish=wish)

    assert told(verdict, Step.HOLDER) == (outcome, code)
    assert (verdict.result is Result.VALID) == (outcome is not Outcome.FAILED)


def test_another_holders_key_is_named():
    """Who presents has to be who signs."""
    verdict = verdict_on(presented(credential(), holder="did:web:else.example"))

    assert told(verdict, Step.ISSUER_KEY) == (Outcome.FAILED, "key_of_another")


def test_a_changed_credential_inside_makes_both_signatures_fail():
    """The holder signed what they presented."""
    changed = json.loads(json.dumps(presented(credential())))
    changed["verifiableCredential"][0]["name"] = "Admiral"

    verdict = verdict_on(changed)

    assert told(verdict, Step.PROOF) == (Outcome.FAILED, "signature_wrong")
    assert verdict.inside[0].result is Result.INVALID


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"proofPurpose": "keyAgreement"}, "proof_purpose"),
        ({"expires": "2026-11-21T00:00:00Z"}, "proof_expired"),
        ({"created": "yesterday"}, "proof_form"),
    ],
)
def test_a_proof_for_something_else_or_of_another_time_is_no_good(changed, code):
    """Purpose and end of a proof are part of what it says."""
    verdict = verdict_on(presented(credential(), **changed))

    assert told(verdict, Step.PROOF) == (Outcome.FAILED, code)
