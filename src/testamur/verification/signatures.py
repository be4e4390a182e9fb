"""Whether the proofs of a document hold, and whose keys made them."""

import base64
from collections.abc import Mapping
from typing import Any

from .judgements import SKEW
from .keys import NoKey, holds, short
from .multibase import from_multibase
from .sources import KeyWanting, Sources
from .verdict import Check, Outcome, Step, failed, missed, passed

Found = Mapping[str, Any]


def signature_checks(found: Found, sources: Sources) -> list[Check]:
    """Return what is to be said of the proofs of a document, and of their keys."""
    proofs = found.get("proofs", ())
    if not proofs:
        return [
            failed(Step.PROOF, "proof_missing", "Nobody has signed it."),
            missed(Step.ISSUER_KEY, "proof_missing", "No key is named."),
        ]
    pairs = [_one_proof(proof, found, sources) for proof in proofs]
    good = [
        pair for pair in pairs if all(check.outcome is Outcome.PASSED for check in pair)
    ]
    bad = [pair for pair in pairs if any(c.outcome is Outcome.FAILED for c in pair)]
    # Every proof of a set has to hold that can be checked; one that cannot is no
    # reason against the others.
    wrong = [pair for pair in bad if pair[0].outcome is Outcome.FAILED]
    if wrong:
        return list(wrong[0])
    if good:
        proof, key = good[0]
        others = len(pairs) - len(good)
        if others:
            detail = f"{proof.detail} {others} further proof(s) were not checked."
            proof = passed(Step.PROOF, proof.code, detail)
        return [proof, key]
    return list((bad or pairs)[0])


def _one_proof(proof: Found, found: Found, sources: Sources) -> tuple[Check, Check]:
    no_key = missed(Step.ISSUER_KEY, "proof_unclear", "It was not looked for.")
    if trouble := proof.get("trouble"):
        return failed(Step.PROOF, trouble[0], trouble[1]), no_key
    if proof.get("unknownSuite"):
        detail = (
            f"It is signed with {proof.get('suite') or 'something'}, which is not "
            "known here."
        )
        return missed(Step.PROOF, "suite_unknown", detail), no_key
    is_presented = found.get("kind") == "presentation"
    purposes = (
        ("authentication", "assertionMethod") if is_presented else ("assertionMethod",)
    )
    purpose = proof.get("purpose") or purposes[0]
    if "purpose" in proof and proof["purpose"] is None and "multibase" in proof:
        return _wrong("proof_purpose", "Its proof names no purpose."), no_key
    if purpose not in purposes:
        return _wrong("proof_purpose", "Its proof was made for another purpose."), (
            no_key
        )
    if (proof.get("expires") or sources.now) < sources.now - SKEW:
        return _wrong("proof_expired", "Its proof is no longer good."), no_key
    method = proof.get("method") or ""
    if not method:
        return _wrong("proof_form", "Its proof names no key."), no_key
    signer = found.get("holder" if is_presented else "issuer")
    try:
        key = sources.key(method, purpose)
    except NoKey as problem:
        say = missed if isinstance(problem, KeyWanting) else failed
        return (
            missed(
                Step.PROOF,
                "key_missing",
                "The signature could not be checked without the key.",
            ),
            say(Step.ISSUER_KEY, problem.code, str(problem)),
        )
    owner = method.partition("#")[0]
    if owner == signer or (is_presented and signer is None):
        key_check = passed(Step.ISSUER_KEY, key.code, key.detail, key.as_of)
    else:
        key_check = failed(
            Step.ISSUER_KEY,
            "key_of_another",
            f"It says that it is from {short(str(signer))}, but it is signed by "
            f"{short(owner)}.",
        )
    return _signature(proof, key.key), key_check


def _signature(proof: Found, key: Any) -> Check:
    if missing := proof.get("missing"):
        return missed(Step.PROOF, missing[0], missing[1])
    if "multibase" in proof:
        text = proof["multibase"]
        # Data Integrity signatures are base58btc, and nothing else.
        signature = from_multibase(text) if text.startswith("z") else None
    else:
        signature = base64.b64decode(proof["value"])
    messages = {
        name: base64.b64decode(text) for name, text in proof["messages"].items()
    }
    suite = proof["suite"]
    held = signature is not None and holds(key, suite, messages, signature)
    if held is None:
        return _wrong("key_suite", f"Its key is not one that signs with {suite}.")
    if not held:
        return _wrong(
            "signature_wrong",
            "The signature does not hold: something was changed after it was "
            "signed, or the issuer never signed it.",
        )
    return passed(
        Step.PROOF,
        "signature_holds",
        f"The signature ({suite}) holds: not a word was changed since.",
    )


def _wrong(code: str, detail: str) -> Check:
    return failed(Step.PROOF, code, detail)
