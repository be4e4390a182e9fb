"""No context that is kept here has a second name for what verdicts rely on."""

from testamur.issuance.die.contexts import OB_V3, VC_V2, known_contexts
from testamur.verification.plain_words import terms_of

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
