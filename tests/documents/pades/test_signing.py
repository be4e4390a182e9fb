"""Signing uploaded PDFs: what was made is held against software of others."""

import io
import random
import re

import pikepdf
import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from pikepdf import Dictionary, String

from support import hostile_pdfs, pki, signed_pdfs, uploads
from testamur.core.refusals import Fault, Kind, Refusal
from testamur.documents.pades.sign import sign_pdf
from testamur.documents.pades.wish import Level, SignatureWish

#: 21 November 2026, 22:26:40.
WISH = SignatureWish(
    signed_at=1_795_300_000_123,
    reason="Issued by João (registrar)",
    location="São Paulo",
)
METHODS = ("fast", "reference")


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("kind", pki.KINDS)
def test_every_kind_of_key_is_accepted_by_others(kind, method):
    """
    poppler, pyHanko and OpenSSL find the signature valid, trusted and over all of it.
    """
    signed = sign_pdf(uploads.plain(), pki.seal(kind), WISH, method=method)

    assert signed_pdfs.is_accepted(signed)
    assert signed_pdfs.openssl(signed)


@pytest.mark.parametrize("style", uploads.GOOD)
def test_every_style_of_file_is_signed_and_left_as_it_was(style):
    """
    Tables and streams, linearized or not, with forms and without: the file's bytes
    stay, it reads without a warning, and others accept the signature.
    """
    data = uploads.GOOD[style]()

    signed = sign_pdf(data, pki.seal(), WISH)

    assert signed.startswith(data)
    assert signed_pdfs.is_accepted(signed)
    with pikepdf.open(io.BytesIO(signed), attempt_recovery=False) as pdf:
        assert pdf.check_pdf_syntax() == []


@pytest.mark.parametrize("style", ["table", "streams", "indirect form", "ours"])
def test_a_second_signature_leaves_the_first_valid(style):
    """
    Signed by one institution and then by another, both are accepted.
    """
    once = sign_pdf(uploads.GOOD[style](), pki.seal("p256"), WISH)

    twice = sign_pdf(once, pki.seal("rsa2048"), WISH)

    assert twice.startswith(once)
    assert signed_pdfs.is_accepted(twice, 2)


@pytest.mark.parametrize(("first", "second"), [METHODS, METHODS[::-1]])
def test_both_methods_go_on_from_one_another(first, second):
    """
    What the reference signer signed is signed again by our hand, and the other way.
    """
    once = sign_pdf(uploads.plain(), pki.seal("p256"), WISH, method=first)

    twice = sign_pdf(once, pki.seal("p384"), WISH, method=second)

    assert signed_pdfs.is_accepted(twice, 2)


@pytest.mark.parametrize("method", METHODS)
def test_a_changed_byte_is_noticed(method):
    """
    Wherever it is within what was signed, poppler and pyHanko do not accept it.
    """
    signed = sign_pdf(uploads.plain(), pki.seal(), WISH, method=method)
    with pikepdf.open(io.BytesIO(signed)) as pdf:
        _, before, after, _ = map(int, pdf.Root.AcroForm.Fields[0].V.ByteRange)
    chance = random.Random(1)
    text = signed.index(b"Diploma" if b"Diploma" in signed else b"stream")
    places = [text, chance.randrange(20, before), after + 8]

    for place in places:
        changed = bytearray(signed)
        changed[place] ^= 1
        assert not any(said.is_valid for said in signed_pdfs.pdfsig(bytes(changed)))
        with pytest.raises(Exception):  # noqa: B017
            assert signed_pdfs.pyhanko(bytes(changed))[0].is_good


@pytest.mark.parametrize("method", METHODS)
def test_the_fields_of_a_form_are_kept(method):
    """
    Names, values and places of all fields are as before; the signature's name is new.
    """
    data = uploads.with_form()

    signed = sign_pdf(data, pki.seal(), WISH, method=method)

    with pikepdf.open(io.BytesIO(signed)) as pdf:
        fields = list(pdf.Root.AcroForm.Fields)
        said = [(str(each.T), str(each.get("/V", ""))) for each in fields[:2]]
        assert said == [("Signature1", "Ada"), ("course", "")]
        assert len({str(each.T) for each in fields}) == len(fields) == 3
        assert pdf.Root.AcroForm.SigFlags == 3
        assert str(pdf.Root.AcroForm.DA) == "/Helv 0 Tf 0 g"
        assert len(pdf.pages[0].Annots) == 3


def test_a_certified_document_is_signed_where_its_author_allows_it():
    """
    Certification that allows signing stays valid under another's signature.
    """
    certified = hostile_pdfs.certified(2)

    signed = sign_pdf(certified, pki.seal("rsa2048"), WISH)

    assert signed_pdfs.is_accepted(signed, 2)


@pytest.mark.parametrize(
    "change",
    [
        lambda pdf: pdf.Root.__setattr__("AcroForm", String("odd")),
        lambda pdf: pdf.pages[0].obj.__setattr__("Annots", Dictionary()),
    ],
    ids=["form", "annotations"],
)
def test_what_neither_method_understands_is_refused_as_damaged(change):
    """
    Our hand declines, pyHanko stumbles, and the caller reads one sentence.
    """
    with pikepdf.open(io.BytesIO(uploads.plain())) as pdf:
        change(pdf)
        out = io.BytesIO()
        pdf.save(out)

    with pytest.raises(Refusal) as caught:
        sign_pdf(out.getvalue(), pki.seal(), WISH)

    assert caught.value.code == "pdf_corrupt"


def test_what_our_hand_declines_is_signed_by_the_reference():
    """
    Nobody notices but by what pyHanko writes and we do not: metadata of its own.
    """
    odd, usual = uploads.with_real_flags(), uploads.with_form()

    signed = [sign_pdf(each, pki.seal(), WISH) for each in (odd, usual)]

    assert [b"pyHanko" in each for each in signed] == [True, False]
    assert all(map(signed_pdfs.is_accepted, signed))


@pytest.mark.parametrize("count", [b"3", b"99"])
def test_a_file_that_counts_its_objects_wrongly_is_signed(count):
    """
    What is added takes no number that something in the file has.
    """
    data = uploads.plain()
    wrong = re.sub(rb"/Size \d+", b"/Size " + count, data)

    signed = sign_pdf(wrong, pki.seal(), WISH)

    assert all(each.is_valid and each.is_total for each in signed_pdfs.pdfsig(signed))
    with pikepdf.open(io.BytesIO(signed)) as pdf:
        assert pdf.pages[0].Contents.read_bytes().startswith(b"BT")


def test_a_seal_with_another_key_is_our_trouble():
    """
    What it signs does not fit the room that its certificate tells of.
    """
    seal = pki.HeldKey(pki.signer("p256"), pki.intermediate())
    seal.sign = pki.seal("rsa2048").sign

    with pytest.raises(Fault) as caught:
        sign_pdf(uploads.plain(), seal, WISH)

    assert not caught.value.passing


@pytest.mark.parametrize("kind", ["rsa1024", "ed25519"])
def test_keys_that_pdfs_are_not_signed_with_are_named(kind):
    """
    Short RSA keys and other kinds are our trouble, which waiting does not mend.
    """
    key = (
        ed25519.Ed25519PrivateKey.generate()
        if kind == "ed25519"
        else rsa.generate_private_key(65537, 1024)
    )
    seal = pki.HeldKey(pki.issue("Odd", key, pki.intermediate()))

    with pytest.raises(Fault) as caught:
        sign_pdf(uploads.plain(), seal, WISH)

    assert not caught.value.passing


def test_it_says_why_where_and_when():
    """
    Reason and place in any script, and the moment it was asked to be.
    """
    wish = SignatureWish(
        signed_at=1_795_300_000_123,
        reason="授与 (a\\b)",
        location="Ὦ",
        contact="me@x.example",
    )

    signed = sign_pdf(uploads.plain(), pki.seal(), wish)

    with pikepdf.open(io.BytesIO(signed)) as pdf:
        value = pdf.Root.AcroForm.Fields[0].V
        assert str(value.Reason) == "授与 (a\\b)"
        assert str(value.Location) == "Ὦ"
        assert str(value.ContactInfo) == "me@x.example"
        assert str(value.M) == "D:20261121222640+00'00'"
        assert "/Name" not in value


def test_the_room_for_a_signature_is_exact():
    """
    An RSA signature leaves not one byte of its room empty.
    """
    signed = sign_pdf(uploads.plain(), pki.seal("rsa2048"), WISH)

    with pikepdf.open(io.BytesIO(signed)) as pdf:
        contents = bytes(pdf.Root.AcroForm.Fields[0].V.Contents)
    length = 4 + int.from_bytes(contents[2:4], "big")
    assert contents[:2] == b"\x30\x82"
    assert len(contents) == length


def test_the_same_rsa_signature_is_made_again():
    """
    No clock and no chance goes into it: who runs it again after a crash gets the same.
    """
    data, seal = uploads.plain(), pki.seal("rsa2048")

    assert sign_pdf(data, seal, WISH) == sign_pdf(data, seal, WISH)


@pytest.mark.parametrize("method", METHODS)
def test_what_cannot_be_signed_is_refused_by_name(method):
    """
    An encrypted file, a damaged one, and what is none at all.
    """
    data = uploads.plain()
    locked = uploads.saved(data, encryption=pikepdf.Encryption(owner="o", user=""))
    cases = {
        "pdf_encrypted": [locked],
        "pdf_corrupt": [
            data[:-200],
            data.replace(b"startxref\n", b"startxref\n9"),
            b"x",
        ],
    }

    for code, files in cases.items():
        for file in files:
            with pytest.raises(Refusal) as caught:
                sign_pdf(file, pki.seal(), WISH, method=method)
            assert (caught.value.kind, caught.value.code) == (Kind.INVALID, code)


def test_a_timestamp_that_nobody_makes_is_our_trouble():
    """
    B-T without a timestamper is a fault that waiting does not mend.
    """
    wish = SignatureWish(signed_at=0, level=Level.B_T)

    with pytest.raises(Fault) as caught:
        sign_pdf(uploads.plain(), pki.seal(), wish)

    assert not caught.value.passing
