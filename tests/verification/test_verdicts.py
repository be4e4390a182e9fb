"""What a verdict says, and when: keys, periods, status, log, picture, records."""

import json
from dataclasses import replace

import pytest

from support.credentials import DID, ENDS_AT, PUBLIC_URL, issuer_key
from support.verifying import (
    DID_URL,
    LIST_URL,
    NOW,
    Records,
    Web,
    check_of,
    credential,
    issuers_web,
    signed,
    status_list,
    told,
    verdict_on,
)
from testamur.issuance.did_web import did_document, did_key_of
from testamur.verification.ports import HouseCertificate
from testamur.verification.verdict import (
    Outcome,
    Result,
    Step,
    Verdict,
    failed,
    left_out,
    missed,
    passed,
)
from testamur.verification.verify import Wish

PASSED, FAILED, NOT_CHECKED = Outcome.PASSED, Outcome.FAILED, Outcome.NOT_CHECKED
DAY = 86_400_000
METHOD = f"{DID}#{issuer_key().id}"


def bare(**changed):
    """Return a small credential of the issuer, signed, with its status entry."""
    document = {
        "@context": ["https://www.w3.org/ns/credentials/v2"],
        "id": "https://example.org/credentials/1",
        "type": ["VerifiableCredential"],
        "issuer": DID,
        "validFrom": "2026-11-22T00:00:00Z",
        "credentialSubject": {"id": "https://example.org/people/1"},
        "credentialStatus": {
            "type": "BitstringStatusListEntry",
            "statusPurpose": "revocation",
            "statusListIndex": "7",
            "statusListCredential": LIST_URL,
        },
    } | changed
    return signed({key: value for key, value in document.items() if value is not None})


# The rule ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("checks", "result"),
    [
        ([passed(Step.PROOF, "a", "")], Result.VALID),
        ([passed(Step.PROOF, "a", ""), left_out(Step.LOG, "b", "")], Result.VALID),
        ([passed(Step.PROOF, "a", ""), missed(Step.STATUS, "b", "")], "unreadable"),
        ([missed(Step.PROOF, "a", ""), failed(Step.STATUS, "b", "")], Result.INVALID),
        ([failed(Step.READING, "a", ""), failed(Step.FORM, "b", "")], "unreadable"),
        ([], Result.UNREADABLE),
    ],
    ids=["passed", "nothing-to-check", "missed", "failed-wins", "unread", "no-checks"],
)
def test_what_could_not_be_checked_never_counts_as_passed(checks, result):
    """The verdict follows from the checks by one rule, in this order."""
    assert Verdict(checks, NOW).result == result


def test_what_is_inside_decides_with():
    """A presentation is worth no more than what it presents."""
    good = Verdict([passed(Step.PROOF, "a", "")], NOW)
    bad = Verdict([failed(Step.PROOF, "a", "")], NOW)

    assert Verdict(good.checks, NOW, inside=[good]).result is Result.VALID
    assert Verdict(good.checks, NOW, inside=[good, bad]).result is Result.INVALID


def test_a_certificate_of_ours_is_valid_to_somebody_else():
    """Over the network alone, every check it calls for passes, each with its moment."""
    verdict = verdict_on(credential())

    assert verdict.result is Result.VALID, verdict.spelled()
    assert told(verdict, Step.PROOF) == (PASSED, "signature_holds")
    assert told(verdict, Step.ISSUER_KEY) == (PASSED, "key_published")
    assert told(verdict, Step.STATUS) == (PASSED, "not_revoked")
    assert check_of(verdict, Step.STATUS).as_of == NOW
    assert verdict.says["recipient"] == "Ada Lovelace"
    assert verdict.spelled()["verified"] is True


# Keys ----------------------------------------------------------------------------


def test_nobody_is_asked_without_a_network():
    """Offline, the key is not checked, and the answer says why."""
    verdict = verdict_on(credential(), web=None)

    assert verdict.result is Result.UNREADABLE
    assert told(verdict, Step.ISSUER_KEY) == (NOT_CHECKED, "issuer_unreachable")
    assert "no network" in verdict.summary


def test_an_issuer_who_does_not_answer_leaves_it_unverified():
    """Their server may be down: that makes a certificate neither good nor bad."""
    verdict = verdict_on(credential(), web=Web())

    assert verdict.result is Result.UNREADABLE
    assert check_of(verdict, Step.PROOF).outcome is NOT_CHECKED


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"id": "did:web:evil.example"}, "did_document"),
        ({"verificationMethod": [], "assertionMethod": []}, "key_not_listed"),
        ({"assertionMethod": []}, "key_purpose"),
    ],
    ids=["another-did", "key-taken-back", "key-for-something-else"],
)
def test_a_key_that_the_issuer_does_not_list_is_no_good(change, code):
    """What the issuer publishes now decides."""
    web = issuers_web()
    document = did_document(DID, [issuer_key()]) | change
    web.files[DID_URL] = json.dumps(document).encode()

    verdict = verdict_on(credential(), web=web)

    assert verdict.result is Result.INVALID
    assert told(verdict, Step.ISSUER_KEY) == (FAILED, code)


@pytest.mark.parametrize(
    "document", [b"", b"[]", b"{", b'{"id":1,"id":2}', b"[" * 5_000, b"\xff"]
)
def test_an_issuers_document_that_cannot_be_read_is_no_reason_to_believe(document):
    """Whatever their server sends, the answer is an answer."""
    web = issuers_web()
    web.files[DID_URL] = document

    assert verdict_on(credential(), web=web).result is Result.UNREADABLE


def test_somebody_elses_key_is_named():
    """A forger signs with a key of their own, and their own document lists it."""
    forged = json.loads(json.dumps(bare()))
    forged["issuer"] = "did:web:university.example"
    secured = signed({k: v for k, v in forged.items() if k != "proof"})

    verdict = verdict_on(secured)

    assert verdict.result is Result.INVALID
    assert told(verdict, Step.PROOF) == (PASSED, "signature_holds")
    assert told(verdict, Step.ISSUER_KEY) == (FAILED, "key_of_another")


def test_another_spelling_of_a_word_of_badges_is_not_enough():
    """
    Open Badges' context reads `Criteria` as it reads `criteria`, so the signature
    holds; but no reader of badges finds it, and not one bit may be another.
    """
    text = json.dumps(credential()).replace('"criteria"', '"Criteria"')

    verdict = verdict_on(json.loads(text), web=issuers_web())

    assert verdict.result is Result.INVALID
    assert told(verdict, Step.PROOF) == (PASSED, "signature_holds")
    assert told(verdict, Step.FORM)[0] is FAILED


def test_the_callers_copy_of_the_document_goes_before_the_network():
    """Who pins the issuer's keys needs nobody else's word."""
    web = issuers_web()
    wish = Wish(did_documents={DID: did_document(DID, [issuer_key()])})

    verdict = verdict_on(credential(), web=web, wish=wish)

    assert verdict.result is Result.VALID
    assert DID_URL not in web.asked


# Period --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("now", "outcome", "code"),
    [
        (NOW, PASSED, "in_period"),
        (ENDS_AT + 2 * DAY, FAILED, "expired"),
        (NOW - 2 * DAY, FAILED, "not_yet_valid"),
    ],
)
def test_a_credential_is_valid_in_its_period(now, outcome, code):
    """Before its beginning and after its end it is not."""
    verdict = verdict_on(credential(has_end=True), now=now)

    assert told(verdict, Step.VALIDITY) == (outcome, code)


# Status --------------------------------------------------------------------------


def test_a_revoked_one_is_invalid():
    """Its bit in the issuer's list is set."""
    verdict = verdict_on(bare(), web=issuers_web(7))

    assert verdict.result is Result.INVALID
    assert told(verdict, Step.STATUS) == (FAILED, "revoked")


def test_its_neighbours_in_the_list_stay_valid():
    """The first place is the left-most bit."""
    assert verdict_on(bare(), web=issuers_web(6, 8, 0)).result is Result.VALID


@pytest.mark.parametrize(
    ("listed", "code"),
    [
        (b"", "status_list"),
        (b"{", "status_list"),
        (status_list(issuer="did:web:evil.example"), "status_list"),
        (status_list(id="https://evil.example/list"), "status_list"),
        (status_list(purpose="suspension"), "status_purpose"),
        (status_list(validUntil="2026-11-22T00:00:01Z"), "status_old"),
        (status_list(subject={"encodedList": "uH4sI"}), "status_encoding"),
        (status_list(subject={"encodedList": "x"}), "status_list"),
        (status_list(subject={"type": "Other"}), "status_list"),
        (
            status_list().replace(b"BitstringStatusListCredential", b"SomethingElse"),
            "status_list",
        ),
    ],
    ids=[
        *("empty", "not-json", "another-issuer", "another-list", "another-purpose"),
        *("too-old", "damaged", "not-multibase", "no-list", "changed"),
    ],
)
def test_a_list_that_cannot_be_relied_on_says_nothing(listed, code):
    """Not "not revoked": whether it was taken back is not known."""
    web = issuers_web()
    web.files[LIST_URL] = listed

    verdict = verdict_on(bare(), web=web)

    assert verdict.result is Result.UNREADABLE
    assert told(verdict, Step.STATUS) == (NOT_CHECKED, code)


def test_a_list_that_somebody_else_signed_well_says_nothing():
    """Whoever holds the address could answer with a list of their own."""
    other = did_key_of(issuer_key())
    method = f"{other}#{other.removeprefix('did:key:')}"
    document = json.loads(status_list(issuer=other))
    del document["proof"]
    web = issuers_web()
    web.files[LIST_URL] = json.dumps(signed(document, method)).encode()

    verdict = verdict_on(bare(), web=web)

    assert verdict.result is Result.UNREADABLE
    assert told(verdict, Step.STATUS) == (NOT_CHECKED, "status_issuer")


def test_a_place_beyond_the_list_is_not_free():
    """An index that the list has not is no answer."""
    entry = bare()["credentialStatus"] | {"statusListIndex": "131072"}

    verdict = verdict_on(bare(credentialStatus=entry))

    assert told(verdict, Step.STATUS) == (NOT_CHECKED, "status_range")


def test_a_status_of_another_kind_is_not_taken_for_good():
    """Unknown is not passed."""
    context = [*bare()["@context"], {"Other2030": "https://example.org/Other2030"}]
    entry = {"type": "Other2030"}

    verdict = verdict_on(bare(**{"@context": context}, credentialStatus=entry))

    assert verdict.result is Result.UNREADABLE
    assert told(verdict, Step.STATUS) == (NOT_CHECKED, "status_type")


def test_of_several_statuses_the_worst_counts():
    """A list for messages may stand beside; a suspended one is invalid."""
    entry = bare()["credentialStatus"]
    beside = LIST_URL + "/suspension"
    suspended = entry | {
        "statusPurpose": "suspension",
        "statusListCredential": beside,
    }
    web = issuers_web()
    web.files[beside] = status_list(7, purpose="suspension", url=beside)

    verdict = verdict_on(bare(credentialStatus=[entry, suspended]), web=web)

    assert told(verdict, Step.STATUS) == (FAILED, "suspended")


def test_a_credential_without_status_says_that_nothing_can_be_learnt():
    """There is nothing to check, which is said and not held against it."""
    verdict = verdict_on(bare(credentialStatus=None))

    assert verdict.result is Result.VALID
    assert told(verdict, Step.STATUS) == (NOT_CHECKED, "status_none")


# What the document can make us do ---------------------------------------------------


def test_one_document_makes_us_ask_few_places():
    """Twenty credentials that name twenty servers each are no weapon."""
    web = issuers_web()
    many = [
        bare(
            credentialStatus=bare()["credentialStatus"]
            | {"statusListCredential": f"https://victim.example/{number}"}
        )
        for number in range(20)
    ]

    verdict_on(many, web=web)

    assert len(web.asked) <= 12


def test_a_context_that_is_not_kept_is_named_and_not_fetched():
    """Nobody can tell what such a credential means: it cannot be verified."""
    from support.credentials import PLAIN, secured

    document = secured(PLAIN)
    document["@context"] = [*document["@context"], "https://evil.example/context"]
    web = issuers_web()

    verdict = verdict_on(document, web=web)

    assert verdict.result is Result.UNREADABLE
    assert told(verdict, Step.PROOF) == (NOT_CHECKED, "context_unknown")
    assert "https://evil.example/context" in verdict.summary
    assert not any("evil" in url for url in web.asked)


# Our own records -----------------------------------------------------------------


def kept(number=1, **changed):
    """Return our own records of a certificate, and its credential."""
    document = credential(number)
    certificate_id = f"{number:024x}"
    one = HouseCertificate(certificate_id, json.dumps(document).encode(), "issued")
    house = Records(
        {certificate_id: replace(one, **changed)}, {LIST_URL: status_list()}
    )
    return house, document


def test_our_own_are_answered_without_a_network():
    """Issuer, status and standing come from the records."""
    house, document = kept()
    web = Web()

    verdict = verdict_on(document, house=house, web=web)

    assert verdict.result is Result.VALID, verdict.spelled()
    assert told(verdict, Step.ISSUER_KEY) == (PASSED, "key_of_house")
    assert told(verdict, Step.STANDING) == (PASSED, "in_force")
    assert web.asked == []


def test_what_our_key_signed_and_we_never_issued_is_not_ours():
    """A stolen key makes signatures that hold, and no certificate."""
    house, document = kept()
    house.certificates.clear()

    verdict = verdict_on(document, house=house)

    assert verdict.result is Result.INVALID
    assert told(verdict, Step.STANDING) == (FAILED, "not_issued")


def test_another_text_under_a_certificates_id_is_not_it():
    """The same key, the same address, other words: somebody else's grade."""
    house, document = kept()
    other = {key: value for key, value in document.items() if key != "proof"}
    other["name"] = "Admiral"

    verdict = verdict_on(signed(other), house=house)

    assert told(verdict, Step.STANDING) == (FAILED, "not_as_issued")


def test_the_same_facts_in_another_suite_are_it():
    """A certificate may be given secured in another way."""
    house, document = kept()
    other = {key: value for key, value in document.items() if key != "proof"}

    verdict = verdict_on(signed(other), house=house)

    assert told(verdict, Step.STANDING) == (PASSED, "in_force")


@pytest.mark.parametrize("standing", ["revoked", "suspended"])
def test_the_record_says_since_when_and_why(standing):
    """As of now, in the issuer's words."""
    house, document = kept(standing=standing, since=NOW - DAY, reason="a mistake")

    check = check_of(verdict_on(document, house=house), Step.STANDING)

    assert (check.outcome, check.code, check.as_of) == (FAILED, standing, NOW)
    assert "a mistake" in check.detail


def test_a_corrected_one_names_what_stands_in_its_place():
    """Whoever has the old one is sent to the new."""
    house, document = kept(corrected_by=f"{PUBLIC_URL}/c/{2:024x}")

    verdict = verdict_on(document, house=house)

    assert verdict.result is Result.INVALID
    assert f"{PUBLIC_URL}/c/{2:024x}" in verdict.summary


def test_a_revoked_key_vouches_for_nothing():
    """It may be in wrong hands since before anybody noticed."""
    house, document = kept()
    house.revoked[METHOD] = NOW

    verdict = verdict_on(document, house=house)

    assert verdict.result is Result.INVALID
    assert told(verdict, Step.ISSUER_KEY) == (FAILED, "key_revoked")


# Presentations and arrays ----------------------------------------------------------


def presentation(*credentials, **changed):
    """Return an unsigned presentation."""
    return {
        "@context": ["https://www.w3.org/ns/credentials/v2"],
        "type": ["VerifiablePresentation"],
        "verifiableCredential": list(credentials),
    } | changed


def test_a_presentation_without_proof_is_invalid_but_its_credentials_are_told():
    """Whoever presents has to sign; what they present is judged by itself."""
    verdict = verdict_on(presentation(bare()))

    assert verdict.result is Result.INVALID
    assert told(verdict, Step.PROOF) == (FAILED, "proof_missing")
    assert [one.result for one in verdict.inside] == [Result.VALID]


def test_every_credential_of_an_array_has_its_verdict():
    """One bad one makes the whole invalid, and it is seen which."""
    changed = bare() | {"name": "Admiral"}

    verdict = verdict_on([bare(), changed])

    assert [one.result for one in verdict.inside] == [Result.VALID, Result.INVALID]
    assert verdict.result is Result.INVALID
