"""Other people's vectors: what the W3C says verifies, verifies here."""

import json

import pytest

from support.third_party import third_party, third_party_json
from support.verifying import Here, told, verdict_on
from testamur.issuance.die.contexts import known_contexts
from testamur.verification.verdict import Outcome, Step

VECTORS = [
    "TestVectors/eddsa-rdfc-2022/signedDataInt.json",
    "TestVectors/eddsa-rdfc-2022/employ/signedDataInt.json",
    "TestVectors/eddsa-jcs-2022/signedJCS.json",
    "TestVectors/proof-set-chain/signedProofSet1.json",
    "TestVectors/proof-set-chain/signedProofSet2.json",
    "TestVectors/proof-set-chain/signedProofChain1.json",
    "TestVectors/proof-set-chain/signedProofChain2.json",
    "ecdsa/TestVectors/ecdsa-rdfc-2019-p256/signedECDSAP256.json",
    "ecdsa/TestVectors/ecdsa-rdfc-2019-p256/employ/signedECDSAP256.json",
    "ecdsa/TestVectors/ecdsa-rdfc-2019-p384/signedECDSAP384.json",
    "ecdsa/TestVectors/ecdsa-rdfc-2019-p384/employ/signedECDSAP384.json",
    "ecdsa/TestVectors/ecdsa-jcs-2019-p256/signedJCSECDSAP256.json",
    "ecdsa/TestVectors/ecdsa-jcs-2019-p384/signedJCSECDSAP384.json",
]


@pytest.fixture(scope="module")
def reader():
    """Return a reader that knows the contexts of the vectors as well."""
    contexts = dict(known_contexts())
    contexts["https://w3id.org/citizenship/v4rc1"] = third_party_json(
        "contexts/citizenship-v4rc1.json"
    )
    return Here.knowing(contexts)


@pytest.mark.parametrize("path", VECTORS)
def test_a_published_vector_verifies(path, reader):
    """Its signature holds; that its key is not its issuer's is told apart."""
    data = third_party(f"vectors/{path}").read_bytes()

    assert told(verdict_on(data, reader=reader), Step.PROOF) == (
        Outcome.PASSED,
        "signature_holds",
    )


@pytest.mark.parametrize("path", VECTORS)
def test_a_changed_vector_does_not(path, reader):
    """One word of what it says is another one."""
    document = json.loads(third_party(f"vectors/{path}").read_bytes())
    document["validFrom"] = "2011-01-01T00:00:00Z"

    assert told(verdict_on(document, reader=reader), Step.PROOF) == (
        Outcome.FAILED,
        "signature_wrong",
    )


@pytest.mark.parametrize("path", [path for path in VECTORS if "Chain" in path])
def test_a_chain_without_its_first_link_does_not(path, reader):
    """A proof that builds on another one needs it."""
    document = json.loads(third_party(f"vectors/{path}").read_bytes())
    document["proof"] = document["proof"][1:]

    assert told(verdict_on(document, reader=reader), Step.PROOF)[0] is Outcome.FAILED
