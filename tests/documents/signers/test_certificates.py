"""Which certificates may sign, and what is said of those that may not."""

import threading
from functools import partial

import pytest
from cryptography.hazmat.primitives.hashes import SHA256

from support.pki_of_signers import (
    NOW,
    YEAR,
    certified,
    institution,
    intermediate,
    key_of,
    packed,
    root,
)
from testamur.core.pins import Password
from testamur.core.refusals import Refusal
from testamur.core.signers import SignerAlgorithm
from testamur.documents.signers import unpacking
from testamur.documents.signers.certificates import examine, read_pem
from testamur.documents.signers.opened import HeldKey, belongs, public_of
from testamur.documents.signers.unpacking import MAX_FILE_BYTES, unpack_file

NOW_MS = int(NOW.timestamp() * 1_000)


def looked_at(party, *others, key=None):
    """Return what is found of a certificate among others."""
    certificates = [one.certificate for one in (party, *others)]
    return examine(certificates, public=public_of(key or party.private), now=NOW_MS)


def code_of(act):
    """Return the code of a refusal."""
    with pytest.raises(Refusal) as caught:
        act()
    assert caught.value.at in ("certificate", "password")
    return caught.value.code


@pytest.mark.parametrize(
    ("kind", "algorithm"),
    [
        ("rsa-2048", SignerAlgorithm.RSA_SHA256),
        ("rsa-3072", SignerAlgorithm.RSA_SHA256),
        ("p256", SignerAlgorithm.ECDSA_SHA256),
        ("p384", SignerAlgorithm.ECDSA_SHA384),
    ],
)
def test_a_key_signs_as_its_certificate_says(kind, algorithm):
    """The algorithm follows from the key, and its own certificate verifies it."""
    party = institution(kind)
    found = looked_at(party, root(), intermediate())

    assert found.algorithm is algorithm
    assert belongs(party.der, HeldKey(party.private, algorithm), algorithm)


def test_the_chain_is_ordered_and_ends_below_the_root():
    """Whatever the order in the file, and whatever else is in it."""
    party = institution("p256")
    stranger = certified("Stranger", key_of("p256-stranger"))

    found = looked_at(party, stranger, root(), intermediate(), party)

    assert found.chain == (party.der, intermediate().der)
    assert found.warnings == ()


def test_a_chain_with_a_gap_is_kept_with_a_warning():
    """It can sign; that some readers may not trust it is said at once."""
    party = institution("p256")

    found = looked_at(party, root())

    assert found.chain == (party.der,)
    assert "missing in part" in found.warnings[0]


def test_the_certificate_is_the_one_of_the_key():
    """Wherever it stands in the file."""
    party = institution("p256")

    assert looked_at(intermediate(), party, key=party.private).chain[0] == party.der


@pytest.mark.parametrize(
    ("party", "code"),
    [
        (partial(institution, "rsa-1024"), "certificate_weak_key"),
        (partial(institution, "ed25519"), "certificate_key_type"),
        (partial(institution, "k256"), "certificate_key_type"),
        (partial(institution, "p256", use="encryption"), "certificate_usage"),
    ],
)
def test_a_certificate_that_will_not_do_is_refused_by_name(party, code):
    """Each for its own reason."""
    assert code_of(lambda: looked_at(party())) == code


@pytest.mark.parametrize("use", ["signature", "non-repudiation", None])
def test_a_certificate_may_be_for_signing_in_either_way(use):
    """Authorities say it in one of two bits; some say nothing, which permits all."""
    assert looked_at(institution("p256", use=use)).subject == "CN=Universidade Exemplo"


def test_a_key_without_its_certificate_is_refused():
    """Two that were packed together and do not belong together."""
    stranger = institution("p384")

    assert (
        code_of(lambda: looked_at(institution("p256"), key=stranger.private))
        == "certificate_mismatch"
    )


def test_a_weak_hash_of_the_authority_is_refused(monkeypatch):
    """SHA-1 can be forged: no reader trusts what was signed with it."""
    from testamur.documents.signers import certificates

    # No library here signs with SHA-1 any more: have SHA-256 count as weak.
    monkeypatch.setattr(certificates, "SHA1", SHA256)

    assert code_of(lambda: looked_at(institution("p256"))) == "certificate_weak_hash"


@pytest.mark.parametrize(
    ("until", "now", "said"),
    [
        (NOW - YEAR, NOW_MS, "has expired"),
        (NOW + YEAR, NOW_MS - 800 * 86_400_000, "not valid yet"),
    ],
    ids=["expired", "early"],
)
def test_a_certificate_out_of_its_time_is_kept_with_a_warning(until, now, said):
    """It is asked each time something is to be signed."""
    party = institution("p256", until=until)

    found = examine(
        [party.certificate, intermediate().certificate], public=None, now=now
    )

    assert said in found.warnings[0]


def test_what_is_no_pem_is_refused():
    """As is a file with more certificates than any chain has."""
    from cryptography.hazmat.primitives.serialization import Encoding

    one = root().certificate.public_bytes(Encoding.PEM)

    assert code_of(lambda: read_pem(b"nothing")) == "certificate_unreadable"
    assert code_of(lambda: read_pem(one * 40)) == "certificate_unreadable"
    assert len(read_pem(one * 2)) == 2


def test_a_file_is_opened_in_a_child():
    """With its key, and the certificate of the key first."""
    party = institution("p256")

    found = unpack_file(packed(party, "Größe 4!"), Password("Größe 4!"))

    assert found.key == party.private
    assert found.certificates[0] == party.der
    assert len(found.certificates) == 3


def test_a_file_without_a_password_is_opened_with_none():
    """Some programs export so; from here on the PIN protects it."""
    assert unpack_file(packed(institution("p256"), ""), Password("")).key


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (lambda: packed(institution("p256"), "right"), "certificate_password"),
        (lambda: b"", "certificate_unreadable"),
        (lambda: b"\x30\x84\xff\xff\xff\xff" * 9, "certificate_unreadable"),
        (lambda: bytes(MAX_FILE_BYTES + 1), "certificate_unreadable"),
        (lambda: b"\x30\x80" * 50_000, "certificate_unreadable"),
    ],
)
def test_a_file_that_does_not_open_is_refused_by_name(data, code):
    """Wrong password, no such file, one that is made to be hard."""
    assert code_of(lambda: unpack_file(data(), Password("wrong"))) == code


def test_who_comes_when_several_wait_is_told_to_come_back(monkeypatch):
    """And keeps no thread of the server from others."""
    full = threading.BoundedSemaphore(1)
    full.acquire()
    monkeypatch.setattr(unpacking, "_PLACES", full)

    with pytest.raises(Refusal) as caught:
        unpack_file(packed(institution("p256"), "x"), Password("x"))

    assert caught.value.code == "signers_busy"
    assert caught.value.retry_after_seconds == 5


def test_a_file_that_asks_for_endless_work_is_given_up():
    """The password is stretched as often as the file says: not that often."""
    from asn1crypto import pkcs12

    endless = pkcs12.Pfx.load(packed(institution("p256"), "right"))
    endless["mac_data"]["iterations"] = 2**31 - 1

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("testamur.documents.signers.unpacking.SECONDS", 2.0)
        code = code_of(lambda: unpack_file(endless.dump(), Password("right")))

    assert code == "certificate_unreadable"
