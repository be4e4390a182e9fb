"""Timestamps over real HTTP, and signatures that outlive their certificates."""

import datetime as dt

import pytest

from support import pki, signed_pdfs, uploads
from support.timestamping import Authority, posting, served
from testamur.core.refusals import Fault, Refusal
from testamur.documents.examination.examine import examine
from testamur.documents.pades.lasting import (
    Evidence,
    evidence_wanted,
    upgrade_to_lta,
)
from testamur.documents.pades.sign import sign_pdf
from testamur.documents.pades.timestamps import Timestamps
from testamur.documents.pades.wish import Level, SignatureWish

NOW = int(dt.datetime.now(dt.UTC).timestamp() * 1000)
WISH = SignatureWish(signed_at=NOW, level=Level.B_T)


def evidence(*, complete: bool = True) -> Evidence:
    """Return what the test signatures are checked by."""
    lists = [pki.revocations("root"), pki.revocations("intermediate")]
    return Evidence(
        roots=(pki.root().der,),
        others=(pki.intermediate().der,),
        crls=tuple(lists if complete else lists[:1]),
    )


@pytest.fixture
def authority():
    """Return an authority whose answers a test may make wrong."""
    return Authority()


@pytest.fixture
def timestamps(authority):
    """Return what fetches tokens from it, over HTTP."""
    with served(authority) as url:
        yield Timestamps(posting(url))


@pytest.mark.parametrize("method", ["fast", "reference"])
@pytest.mark.parametrize("kind", ["rsa2048", "p384"])
def test_a_signature_has_its_timestamp(timestamps, authority, kind, method):
    """
    pyHanko finds signature and timestamp valid and trusted; one token was fetched.
    """
    signed = sign_pdf(
        uploads.plain(),
        pki.seal(kind),
        WISH,
        method=method,
        timestamp=timestamps.token,
    )

    assert signed_pdfs.is_accepted(signed)
    assert signed_pdfs.pyhanko(signed)[0].has_timestamp
    assert authority.count == 1


def test_a_token_that_is_larger_than_thought_gets_its_room(timestamps, authority):
    """
    A second one is fetched, and the file has room for it.
    """
    authority.padding = 20_000

    signed = sign_pdf(uploads.plain(), pki.seal(), WISH, timestamp=timestamps.token)

    assert signed_pdfs.is_accepted(signed)
    assert signed_pdfs.pyhanko(signed)[0].has_timestamp
    assert authority.count == 2


@pytest.mark.parametrize(
    "wrong", ["garbage", "refused", "imprint", "nonce", "no nonce"]
)
def test_an_answer_to_another_question_is_not_taken(timestamps, authority, wrong):
    """
    Imprint, nonce and status are looked at; waiting may help, and nothing is signed.
    """
    authority.wrong = wrong

    with pytest.raises(Fault) as caught:
        sign_pdf(uploads.plain(), pki.seal(), WISH, timestamp=timestamps.token)

    assert caught.value.passing


@pytest.mark.parametrize("kind", ["rsa2048", "p256"])
def test_a_fast_signature_is_made_to_last(timestamps, kind):
    """
    With its evidence and a timestamp over all, it validates from the file alone.
    """
    signed = sign_pdf(
        uploads.with_streams(), pki.seal(kind), WISH, timestamp=timestamps.token
    )

    lasting = upgrade_to_lta(signed, evidence(), timestamps.token)

    assert lasting.startswith(signed)
    assert signed_pdfs.is_lasting(lasting)
    assert signed_pdfs.pdfsig(lasting)[0].is_valid


def test_making_it_last_can_be_done_again(timestamps):
    """
    Whoever crashed does it again; on its own result, it adds a newer timestamp.
    """
    signed = sign_pdf(uploads.plain(), pki.seal(), WISH, timestamp=timestamps.token)
    once = upgrade_to_lta(signed, evidence(), timestamps.token)

    again = upgrade_to_lta(once, evidence(), timestamps.token)

    assert again.startswith(once)
    assert signed_pdfs.is_lasting(again)
    assert [examine(each).signatures for each in (signed, once, again)] == [1, 2, 3]


def test_what_lasts_can_be_signed_by_another(timestamps):
    """
    A later signature takes nothing from it: all of them fit, and are allowed.
    """
    signed = sign_pdf(uploads.plain(), pki.seal(), WISH, timestamp=timestamps.token)
    lasting = upgrade_to_lta(signed, evidence(), timestamps.token)

    twice = sign_pdf(lasting, pki.seal("rsa2048"), WISH, timestamp=timestamps.token)

    assert examine(twice).signatures == 3
    assert all(each.is_good for each in signed_pdfs.pyhanko(twice))


def test_what_evidence_does_not_show_is_not_made_to_last(timestamps):
    """
    Without the list of the signer's issuer it is our trouble, and waiting may help.
    """
    signed = sign_pdf(uploads.plain(), pki.seal(), WISH, timestamp=timestamps.token)

    with pytest.raises(Fault) as caught:
        upgrade_to_lta(signed, evidence(complete=False), timestamps.token)

    assert caught.value.passing


def test_a_file_says_where_its_evidence_is():
    """
    Each address once, of signers and of whoever issued their certificates.
    """
    url = "http://crl.example.org/intermediate.crl"
    party = pki.issue("CRL", pki.new_key("p256"), pki.intermediate(), crl_url=url)
    seal = pki.HeldKey(party, pki.intermediate())
    wish = SignatureWish(signed_at=NOW)

    twice = sign_pdf(sign_pdf(uploads.plain(), seal, wish), seal, wish)

    assert evidence_wanted(twice) == [url]
    assert evidence_wanted(uploads.plain()) == []


def test_what_has_no_signature_cannot_last(timestamps):
    """
    A file without signatures is our mistake, a damaged one the caller's.
    """
    with pytest.raises(Fault) as caught:
        upgrade_to_lta(uploads.plain(), evidence(), timestamps.token)
    with pytest.raises(Refusal):
        upgrade_to_lta(b"%PDF-1.7", evidence(), timestamps.token)

    assert not caught.value.passing
