"""No context that is kept here has a second name for what verdicts rely on."""

import pytest

from support.hostile_credentials import DOCUMENTS
from support.verifying import Here, issuers_web, verdict_on
from testamur.issuance.die.contexts import OB_V3, VC_V2, known_contexts
from testamur.verification.plain_words import terms_of
from testamur.verification.verdict import Result

#: What is read from JSON and decides on a verdict.
DECIDING = (
    *("issuer", "credentialSubject", "credentialStatus", "validFrom", "validUntil"),
    *("statusPurpose", "statusListIndex", "statusListCredential", "statusSize"),
    *("encodedList", "relatedResource", "digestSRI", "verifiableCredential", "holder"),
    *("proofPurpose", "verificationMethod", "expires", "challenge", "domain"),
)


def test_every_deciding_word_has_one_name():
    """
    A document may name any of the contexts; none lets it hide such a word.
    """
    contexts = known_contexts()
    relied_on = terms_of(contexts[VC_V2], contexts[OB_V3])
    wanted = {iri for word in DECIDING for iri in relied_on[word]}
    assert len(wanted) >= len(DECIDING) - 2

    seconds = {
        (url, term)
        for url in contexts
        for term, iris in terms_of(contexts[url]).items()
        if term not in DECIDING and iris & wanted
    }

    assert seconds == set()


@pytest.mark.parametrize(
    "name", [name for name, case in DOCUMENTS.items() if case[2] == "respelled"]
)
def test_a_signature_that_holds_for_other_words_is_not_enough(name):
    """
    It was revoked, and says so where only a reader of RDF looks: it is not valid.
    """
    document = DOCUMENTS[name][0]()

    verdict = verdict_on(document, reader=Here(), web=issuers_web(1))

    assert verdict.result is Result.INVALID, verdict.spelled()
    assert "respelled" in [check.code for check in verdict.checks]
