"""Presentations: who holds, for whom, and what."""

import json

import pytest

from support.verifying import credential, presented, told, verdict_on
from testamur.verification.verdict import Outcome, Result, Step
from testamur.verification.verify import Wish


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
        (Wish(challenge=""), Outcome.FAILED, "challenge_missed"),
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
