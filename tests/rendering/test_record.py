"""The signature record: it says who signed in every script, and spoils no document."""

import io

import pikepdf
import pytest

from support import pki
from support.paperwork import pdf
from testamur.documents.pades.sign import sign_pdf
from testamur.documents.pades.wish import SignatureWish
from testamur.rendering.record.drawing import Draughtsman, laid_behind


def said(*names):
    """Return what a record of *names* says."""
    return {
        "tenant": "University of Ćwikła",
        "document": "Contract “Ж”",
        "id": "4e5c9ae5-c84c-4b2c-9f6f-5a1f3a2f0c11",
        "digest": "ab" * 32,
        "size": 12_345,
        "url": "https://example.org/signed/4e5c9ae5-c84c-4b2c-9f6f-5a1f3a2f0c11",
        "signed_at": 1_764_547_200_000,
        "signatures": [
            {
                "name": name,
                "email": "a@example.org",
                "typed_name": name,
                "signed_at": "2026-11-30T21:00:00.000Z",
                "client": "192.0.2.1",
                "user_agent": "Browser/1.0",
                "digest": "ab" * 32,
            }
            for name in names
        ],
    }


@pytest.fixture(scope="module")
def draughtsman():
    """Return who draws records."""
    return Draughtsman()


@pytest.fixture(scope="module")
def part(draughtsman):
    """Return a record as pages for another file."""
    return draughtsman.record(said("Ada"))[1]


def pages(data):
    """Return how many pages a PDF has."""
    with pikepdf.open(io.BytesIO(data)) as found:
        return len(found.pages)


def test_names_in_every_script_are_drawn(draughtsman):
    """Also a letter that no font has, by its number; the same bytes every time."""
    names = ("Zoë", "محمد علي", "王小明", "अनिता", "Ω 🎓", "A \U00012000", '#"\\[$')

    whole, as_part = draughtsman.record(said(*names))

    assert pages(whole) == pages(as_part) == 2
    assert draughtsman.record(said(*names)) == (whole, as_part)


def test_the_document_stands_first_as_it_was(part):
    """Every byte of it, whatever made it; the record's page comes last."""
    for count in (1, 3):
        document = pdf("a document", pages=count)

        made = laid_behind(document, part)

        assert made is not None
        assert made.startswith(document)
        assert pages(made) == count + 1


def test_a_document_with_object_streams_stands_first_as_well(part):
    """Its cross-references are a stream: what is added has one, too."""
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(pdf("a document"))) as found:
        found.save(out, object_stream_mode=pikepdf.ObjectStreamMode.generate)

    made = laid_behind(out.getvalue(), part)

    assert made is not None
    assert made.startswith(out.getvalue())
    assert pages(made) == 2


def encrypted():
    """Return a PDF that opens with a password."""
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(pdf("secret"))) as found:
        found.save(out, encryption=pikepdf.Encryption(owner="o", user="u"))
    return out.getvalue()


def signed():
    """Return a PDF that has a signature."""
    wish = SignatureWish(signed_at=1_764_547_200_000)
    return sign_pdf(pdf("signed"), pki.seal(), wish)


@pytest.mark.parametrize(
    "document",
    [encrypted, signed, lambda: b"", lambda: b"%PDF-1.7\nno more\n%%EOF"],
    ids=["encrypted", "signed", "empty", "broken"],
)
def test_what_must_not_be_added_to_is_left_alone(document, part):
    """An earlier signature stays what it is: the record stands alone then."""
    assert laid_behind(document(), part) is None
