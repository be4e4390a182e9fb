"""What a transparency log says of a credential, and who has to be believed for it."""

import hashlib
import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from support.credentials import DID, issuer_key
from support.verifying import (
    LIST_URL,
    NOW,
    Records,
    credential,
    status_list,
    told,
    verdict_on,
)
from testamur.issuance.did_web import did_document
from testamur.tlog.checkpoint import Checkpoint, log_verifiers
from testamur.tlog.note import signature_line
from testamur.tlog.proof import LogProof
from testamur.tlog.tree import leaf_hashes
from testamur.verification import bundle
from testamur.verification.ports import HouseCertificate
from testamur.verification.verdict import Outcome, Result, Step
from testamur.verification.verify import Wish

ORIGIN = "certificates.example.org/log"
LOG = Ed25519PrivateKey.from_private_bytes(bytes(32))
OTHER_LOG = Ed25519PrivateKey.from_private_bytes(bytes([1]) * 32)


def vkey(key, origin=ORIGIN):
    """Return the verifier key of a log."""
    return log_verifiers(origin, key.public_key().public_bytes_raw())[0].vkey


def proof_of(data, key=LOG, origin=ORIGIN):
    """Return the proof of the one leaf of a log: *data*."""
    leaf = leaf_hashes(hashlib.sha256(data).digest())
    text = Checkpoint(origin, 1, leaf).text
    plain, timed = log_verifiers(origin, key.public_key().public_bytes_raw())
    note = (
        text
        + "\n"
        + signature_line(plain, key.sign, text)
        + signature_line(timed, key.sign, text, at=NOW // 1000)
    )
    return LogProof(0, (), note).text


DATA = json.dumps(credential()).encode()


def made_bundle(proof, keys=()):
    """Return a bundle with this log proof."""
    return bundle.packed(
        bundle.entries(
            credential=DATA,
            page=credential()["id"],
            name="Harbour pilot",
            issuer_url="https://certificates.example.org/t/harbour/did.json",
            issuer=json.dumps(did_document(DID, [issuer_key()])).encode(),
            status=[status_list()],
            log_proof=proof,
            log_keys=keys,
            checkpoint="",
            picture=None,
        )
    )


@pytest.mark.parametrize(
    ("proof", "pinned", "outcome", "code"),
    [
        (proof_of(DATA), [vkey(LOG)], Outcome.PASSED, "logged"),
        (proof_of(b"another"), [vkey(LOG)], Outcome.FAILED, "log_proof"),
        (proof_of(DATA, OTHER_LOG), [vkey(LOG)], Outcome.FAILED, "log_key"),
        (proof_of(DATA), [], Outcome.PASSED, "logged_by_bundle_key"),
        (proof_of(DATA, OTHER_LOG), [], Outcome.NOT_CHECKED, "log_key"),
        ("nonsense", [vkey(LOG)], Outcome.FAILED, "log_proof"),
        (proof_of(DATA), ["nonsense"], Outcome.FAILED, "log_proof"),
        ("", [vkey(LOG)], Outcome.NOT_CHECKED, "log_none"),
    ],
    ids=[
        *("good", "another-leaf", "another-log", "key-in-bundle", "unknown-log"),
        *("no-proof", "no-key", "nothing"),
    ],
)
def test_a_bundles_log_proof_is_checked_against_a_key(proof, pinned, outcome, code):
    """The key that was pinned, or else, and said so, the one that came along."""
    data = made_bundle(proof, [vkey(LOG)])
    wish = Wish(trusts_bundle=True, log_keys=pinned)

    verdict = verdict_on(data, web=None, wish=wish)

    assert told(verdict, Step.LOG) == (outcome, code)
    assert (verdict.result is Result.INVALID) == (outcome is Outcome.FAILED)


def test_the_proof_of_another_log_is_nothing_against_a_credential():
    """A server with a log of its own does not hold others to it."""
    house = Records(
        public_urls=["https://ours.example"],
        did_prefixes=["did:web:ours.example:t:"],
        log_keys=[vkey(OTHER_LOG)],
    )

    verdict = verdict_on(made_bundle(proof_of(DATA)), house=house)

    assert told(verdict, Step.LOG) == (Outcome.NOT_CHECKED, "log_key")
    assert verdict.result is Result.VALID


@pytest.mark.parametrize(
    ("proof", "outcome"),
    [
        (proof_of(DATA), Outcome.PASSED),
        (proof_of(b"another"), Outcome.FAILED),
        (None, Outcome.NOT_CHECKED),
    ],
)
def test_our_own_are_looked_up_in_our_own_log(proof, outcome):
    """Whatever spelling is sent: what was logged is what was issued."""
    one = HouseCertificate(f"{1:024x}", DATA, "issued", log_proof=proof)
    house = Records({one.id: one}, {LIST_URL: status_list()}, log_keys=[vkey(LOG)])

    verdict = verdict_on(json.dumps(credential(), indent=2).encode(), house=house)

    assert told(verdict, Step.LOG)[0] is outcome
