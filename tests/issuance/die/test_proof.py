"""Proofs: the W3C's vectors, and what becomes of a proof when a bit is changed."""

import json
import random
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from support.credentials import (
    DID,
    PLAIN,
    SEALING,
    filled,
    issuer_key,
    public_keys,
    secured,
)
from support.third_party import third_party, third_party_json
from testamur.core.refusals import Reason
from testamur.issuance.did_web import method_of
from testamur.issuance.die import jcs
from testamur.issuance.die.base58 import base58btc, from_base58btc
from testamur.issuance.die.contexts import pinned_contexts
from testamur.issuance.die.proof import Press, hash_data, problem_with
from testamur.issuance.keys import open_key

VECTORS = "vectors/TestVectors"
RDFC = "eddsa-rdfc-2022"


def vector(path: str) -> str:
    """Return what a file of the W3C's vectors says."""
    return third_party(f"{VECTORS}/{path}").read_text("utf-8")


def contexts():
    """Return the contexts of the vectors: ours, and two that are for examples."""
    return {
        **pinned_contexts(),
        "https://www.w3.org/ns/credentials/examples/v2": third_party_json(
            "contexts/examples-v2.json"
        ),
        "https://w3id.org/citizenship/v4rc1": third_party_json(
            "contexts/citizenship-v4rc1.json"
        ),
    }


def vector_key() -> Ed25519PrivateKey:
    """Return the key of the vectors."""
    spelt = json.loads(vector("keyPair.json"))["privateKeyMultibase"]
    return Ed25519PrivateKey.from_private_bytes(from_base58btc(spelt[1:])[2:34])


@pytest.mark.parametrize("folder", [RDFC, f"{RDFC}/employ"])
def test_what_is_signed_is_what_the_w3c_signs(folder):
    """
    Both vectors of the suite, hash by hash.
    """
    signed = json.loads(vector(f"{folder}/signedDataInt.json"))
    config = {k: v for k, v in signed["proof"].items() if k != "proofValue"}

    found = hash_data(signed, config, contexts())

    assert found.hex() == vector(f"{folder}/combinedHashDataInt.txt").strip()


def test_the_signature_is_the_one_of_the_w3c():
    """
    Ed25519 is deterministic: same key, same bytes, same proof value.
    """
    signed = json.loads(vector(f"{RDFC}/signedDataInt.json"))
    config = {k: v for k, v in signed["proof"].items() if k != "proofValue"}

    signature = vector_key().sign(hash_data(signed, config, contexts()))

    assert "z" + base58btc(signature) == signed["proof"]["proofValue"]


def test_a_proof_by_somebody_elses_key_is_no_proof():
    """
    The W3C's example is signed by a key that is not its issuer's: the signature
    holds, and proves nothing about the issuer.
    """
    signed = json.loads(vector(f"{RDFC}/signedDataInt.json"))
    method = signed["proof"]["verificationMethod"]
    keys = {method: vector_key().public_key().public_bytes_raw()}
    controller = {**signed, "issuer": method.partition("#")[0]}

    assert "somebody else" in str(problem_with(signed, keys, contexts()))
    assert "was changed" in str(problem_with(controller, keys, contexts()))


def test_jcs_proofs_are_those_of_the_w3c():
    """
    The vector of `eddsa-jcs-2022`, to the proof's value.
    """
    signed = json.loads(vector("eddsa-jcs-2022/signedJCS.json"))
    unsigned = {key: value for key, value in signed.items() if key != "proof"}

    found = jcs.secure(
        unsigned,
        created=signed["proof"]["created"],
        verification_method=signed["proof"]["verificationMethod"],
        sign=vector_key().sign,
    )

    assert jcs.jcs(unsigned).decode() == vector("eddsa-jcs-2022/canonDocJCS.txt")
    assert found["proof"] == [signed["proof"]]


def test_a_credential_with_a_jcs_proof_of_ours_holds():
    """
    The same facts with the other suite, checked by the same function.
    """
    credential = secured(PLAIN)
    del credential["proof"]

    other = jcs.secure(
        credential,
        created="2026-11-22T00:00:00Z",
        verification_method=method_of(DID, issuer_key()),
        sign=open_key(issuer_key(), sealing=SEALING),
    )

    assert problem_with(other, public_keys()) is None
    assert problem_with({**other, "name": "Admiral"}, public_keys()) is not None
    fewer = {**other, "@context": other["@context"][:1]}
    assert "other contexts" in str(problem_with(fewer, public_keys()))


@pytest.mark.parametrize("value", [1.5, 2**53, float("nan")])
def test_jcs_takes_no_number_that_readers_disagree_on(value):
    """
    Numbers are refused where JavaScript would read another one.
    """
    with pytest.raises(ValueError, match="readers do not agree"):
        jcs.jcs({"a": [value]})


def test_keys_of_json_are_sorted_by_utf16_units():
    """
    RFC 8785, 3.2.3: the example whose order differs from that of code points.
    """
    said = {"\ufb33": 1, "\U0001f600": 2, "\u20ac": 3, "1": 4, "\r": 5}

    assert list(json.loads(jcs.jcs(said))) == [
        *("\r", "1", "\u20ac", "\U0001f600", "\ufb33")
    ]


def test_a_stamped_credential_holds():
    """
    Signed by the die, checked from scratch.
    """
    assert problem_with(secured(PLAIN), public_keys()) is None


def test_any_changed_bit_is_noticed():
    """
    Every third byte of a credential in turn, with one bit of it flipped: it is no
    JSON any more, or its proof does not hold.
    """
    stamper, holes = filled(replace(PLAIN, recipient_name="Zoë \U0001f600"))
    press = Press(stamper)
    signed = press.to_be_signed(holes)
    assert not isinstance(signed, Reason)
    sign = open_key(issuer_key(), sealing=SEALING)
    good = press.secured(holes, sign(signed))
    rng = random.Random(1)
    keys = public_keys()
    assert problem_with(json.loads(good), keys) is None

    survived = []
    for at in range(0, len(good), 3):
        bad = bytearray(good)
        bad[at] ^= 1 << rng.randrange(8)
        if b'"Criteria"' in bad:  # one word to the context, and so to the signature
            continue
        try:
            credential = json.loads(bad)
        except ValueError:
            continue
        if problem_with(credential, keys) is None:
            survived.append((at, bytes(bad[at - 20 : at + 20])))

    assert survived == []


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda c: c.pop("proof"), "no proof"),
        (lambda c: c.update(proof=c["proof"] * 2), "or several"),
        (lambda c: c.update(proof=[]), "no proof"),
        (lambda c: c.update(proof="z"), "no proof"),
        (lambda c: c["proof"][0].update(cryptosuite="x"), "not of the suite"),
        (lambda c: c["proof"][0].update(type="x"), "not of the suite"),
        (lambda c: c["proof"][0].update(proofPurpose="x"), "another purpose"),
        (lambda c: c["proof"][0].update(proofValue="z0"), "no signature"),
        (lambda c: c["proof"][0].update(proofValue="z11"), "no signature"),
        (lambda c: c["proof"][0].update(proofValue=7), "no signature"),
        (lambda c: c["proof"][0].update(verificationMethod="did:x"), "names a key"),
        (lambda c: c["proof"][0].update(nonce="1"), "something was changed"),
        (lambda c: c["proof"][0].update(mood="glad"), "no context defines"),
        (lambda c: c.update(issuer="did:web:example.org"), "somebody else"),
        (lambda c: c.update(mood="glad"), "no context defines"),
        (lambda c: c.pop("@context"), "cannot be checked"),
        (lambda c: c.update(evidence=[{"type": "Evidence"}]), "was changed"),
    ],
)
def test_what_is_wrong_with_a_proof_is_said(change, problem):
    """
    Each way of being wrong has its own answer, and none is an exception.
    """
    credential = secured(PLAIN)
    change(credential)

    assert problem in str(problem_with(credential, public_keys()))


def test_one_press_signs_for_one_moment_after_the_other():
    """
    The proof's own hash is kept as long as it is the same, and no longer.
    """
    stamper, holes = filled(PLAIN)
    press = Press(stamper)
    later = holes | {"created": "2030-01-01T00:00:00Z"}

    first, second, third = map(press.to_be_signed, (holes, later, holes))

    assert first == third
    assert first[:32] != second[:32]
    assert first[32:] == second[32:]
    assert second == Press(stamper).to_be_signed(later)


def test_the_same_facts_give_the_same_bytes():
    """
    What a certificate says can be told again for ever, to the last byte.
    """
    first, second = (filled(PLAIN) for _ in range(2))

    assert first[1] == second[1]
    assert first[0].json(first[1], "z1") == second[0].json(second[1], "z1")


@given(data=st.binary(max_size=80))
def test_base_58_there_and_back(data):
    """
    Whatever the bytes, leading zeros included.
    """
    assert from_base58btc(base58btc(data)) == data


def test_base_58_spells_as_the_others_do():
    """
    The examples of the IETF draft on base 58.
    """
    assert base58btc(b"Hello World!") == "2NEpo7TZRRrLZSi2U"
    assert base58btc(bytes.fromhex("0000287fb4cd")) == "11233QC4"
