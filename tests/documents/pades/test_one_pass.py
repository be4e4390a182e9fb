"""Certificates that are signed while they are written."""

import io

import pikepdf
import pytest

from support import pki, signed_pdfs, stamping
from support.pdfa import problems
from testamur.core.words import Facts
from testamur.documents.pades.cms import Signatures
from testamur.documents.pades.sign import sign_pdf
from testamur.documents.pades.slot import Slot
from testamur.documents.pades.wish import SignatureWish
from testamur.rendering.printer import Printer, Subject

WISH = SignatureWish(signed_at=1_795_300_000_123, reason="Certificate issued")
SUBJECT = Subject(
    facts=Facts(
        name="Advanced Metrology",
        description="",
        category="course",
        recipient_email="ada@example.org",
        recipient_name="Ada Lovelace",
        attributes=(),
        expiry_days=None,
        image=None,
    ),
    certificate_id="01932f6b-1111-7000-8000-000000000001",
    reference="A-1",
    issued_at=1_795_300_000_123,
    valid_until=None,
    issuer_name="University of Ω",
    url="https://certs.example.org/c/4fzzzxjylrx4fzzzxjylrx",
)


class NoTypesetter:
    """Draws nothing: what is printed here is stamped."""


@pytest.fixture(scope="module")
def house() -> stamping.Works:
    """Return a template, prepared once."""
    return stamping.works()


def signed(house: stamping.Works, kind: str, name: str = "Ada Lovelace") -> bytes:
    """Return a whole certificate, signed while it was written."""
    slot = Slot(Signatures(pki.seal(kind)), WISH)
    laid = house.lay_out(name)
    return house.prepared.prefix + house.press.stamp(laid, stamping.EXTRAS, slot)


@pytest.mark.parametrize("kind", pki.KINDS)
def test_a_certificate_is_signed_in_one_pass(house, kind):
    """
    Others accept the signature, it is over the whole file, and the file is PDF/A-3a.
    """
    file = signed(house, kind)

    assert signed_pdfs.is_accepted(file)
    assert signed_pdfs.openssl(file)
    assert problems(file) == []
    assert file.count(b"%%EOF") == 1


def test_a_certificate_says_the_same_with_a_signature(house):
    """
    Its text, its link and its attached credential are as without one.
    """
    file = signed(house, "p256", "山田太郎")

    assert stamping.read(file) == stamping.read(house.file("山田太郎"))
    with pikepdf.open(io.BytesIO(file)) as pdf:
        assert pdf.attachments["credential.json"].get_file().read_bytes() == (
            stamping.CREDENTIAL
        )
        assert len(pdf.pages[0].Annots) == 2


def test_one_certificate_after_another_has_its_own_signature(house):
    """
    The prefix is hashed once for all of them, and still each signature is right.
    """
    files = [signed(house, "rsa2048", name) for name in ("Ada", "Grace", "Ada")]

    assert files[0] == files[2] != files[1]
    assert all(signed_pdfs.is_accepted(file) for file in files)


def test_a_certificate_is_signed_again_by_another_institution(house):
    """
    What was signed in one pass takes an update like any other PDF.
    """
    file = signed(house, "p256")

    twice = sign_pdf(file, pki.seal("rsa2048"), WISH)

    assert signed_pdfs.is_accepted(twice, 2)


@pytest.mark.parametrize("part", ["prefix", "tail", "after"])
def test_a_changed_byte_of_a_certificate_is_noticed(house, part):
    """
    In what all certificates share, in its own part, and behind the signature.
    """
    file = bytearray(signed(house, "p256"))
    place = {
        "prefix": 1_000,
        "tail": len(house.prepared.prefix) + 200,
        "after": len(file) - 40,
    }[part]

    file[place] ^= 1

    assert not any(each.is_valid for each in signed_pdfs.pdfsig(bytes(file)))
    with pytest.raises(Exception):  # noqa: B017
        assert signed_pdfs.pyhanko(bytes(file))[0].is_good


@pytest.mark.parametrize("kind", ["rsa2048", "p256"])
def test_what_is_signed_is_read_back_first(house, kind):
    """
    The printer signs while it stamps, reads back what it made, and releases that.
    """
    printer = Printer(house.prepared.to_bytes(), NoTypesetter())
    slot = Slot(Signatures(pki.seal(kind)), WISH)

    tail = printer.file(SUBJECT, stamping.CREDENTIAL, slot)

    assert signed_pdfs.is_accepted(printer.prefix + tail)
    assert problems(printer.prefix + tail) == []
    assert len(tail) > len(printer.file(SUBJECT, stamping.CREDENTIAL))
