"""Visible signatures: what they say, where they are, and that they are accepted."""

import io
import shutil
import subprocess
import unicodedata

import pikepdf
import pytest
import zxingcpp
from PIL import Image

from support import pki, signed_pdfs, stamping, uploads
from support.capabilities import lacking
from testamur.core.refusals import Kind, Refusal
from testamur.documents.pades.sign import sign_pdf
from testamur.documents.pades.wish import SignatureWish, VisibleStamp
from testamur.rendering.visible_stamp import Stamper

URL = "https://certs.example.org/v/4fzzzxjylrx4fzzzxjylrx"
BOX = (40.0, 30.0, 260.0, 72.0)


@pytest.fixture(scope="module")
def draw() -> Stamper:
    """Return what draws stamps."""
    return Stamper()


def wish(*lines: str, box=BOX, url: str = URL, page: int = 0) -> SignatureWish:
    """Return the wish for a stamp with *lines*."""
    stamp = VisibleStamp(page=page, box=box, lines=lines, url=url)
    return SignatureWish(signed_at=1_795_300_000_123, visible=stamp)


def said_by(signed: bytes) -> str:
    """Return the text of the stamp, as pdfium reads it."""
    with pikepdf.open(io.BytesIO(signed)) as whole, pikepdf.new() as pdf:
        (field,) = [each for each in whole.pages[0].Annots if each.FT == "/Sig"]
        form = field.AP.N
        page = pdf.add_blank_page(page_size=(BOX[2], BOX[3]))
        page.obj.Resources = pikepdf.Dictionary(
            XObject=pikepdf.Dictionary(S=pdf.copy_foreign(form))
        )
        page.obj.Contents = pdf.make_stream(b"/S Do")
        out = io.BytesIO()
        pdf.save(out)
    return stamping.read(out.getvalue())


def seen(data: bytes, tmp_path) -> Image.Image:
    """Return the first page as poppler draws it, two pixels to the point."""
    program = shutil.which("pdftoppm")
    if program is None:
        lacking("poppler-utils", signed_pdfs.REMEDY)
    path = tmp_path / "page.pdf"
    path.write_bytes(data)
    subprocess.run(
        [program, "-png", "-r", "144", "-f", "1", "-l", "1", path, tmp_path / "page"],
        check=True,
        timeout=60,
    )
    (picture,) = tmp_path.glob("page*.png")
    return Image.open(picture)


@pytest.mark.parametrize(
    "name",
    ["Łukasz Müller", "山田太郎", "محمد الأمين", "क्षितिज शर्मा", "Дмитрий", "김철수"],
    ids=["latin", "han", "arabic", "devanagari", "cyrillic", "hangul"],
)
def test_a_name_in_any_script_is_drawn_as_it_is(draw, name):
    """
    The stamp says it letter for letter, and others accept the signature.
    """
    signed = sign_pdf(
        uploads.plain(), pki.seal(), wish("Signed by", name, url=""), draw=draw
    )

    normal = unicodedata.normalize("NFC", said_by(signed))
    assert unicodedata.normalize("NFC", name) in normal
    assert "Signed by" in normal
    assert signed_pdfs.is_accepted(signed)


@pytest.mark.parametrize("turned", [0, 90, 180, 270])
def test_a_stamp_is_where_it_was_wished_however_the_page_is_turned(
    draw, tmp_path, turned
):
    """
    Its QR code is read upright, within its box, on the page as it is shown.
    """
    with pikepdf.open(io.BytesIO(uploads.plain())) as pdf:
        pdf.pages[0].obj.Rotate = turned
        out = io.BytesIO()
        pdf.save(out)

    signed = sign_pdf(out.getvalue(), pki.seal(), wish("Signed"), draw=draw)

    picture = seen(signed, tmp_path)
    (code,) = zxingcpp.read_barcodes(picture)
    corner = code.position.top_left
    assert code.text == URL
    assert code.orientation % 360 == 0
    assert 2 * 40 < corner.x < 2 * (40 + 72)
    assert 2 * 30 < picture.height - corner.y < 2 * (30 + 72)
    assert signed_pdfs.is_accepted(signed)


@pytest.mark.parametrize(
    ("stamp", "code"),
    [
        (wish("\U000f0000"), "stamp_undrawable"),
        (wish("🎓"), "stamp_undrawable"),
        (wish("word" * 500), "stamp_undrawable"),
        (wish(), "stamp_undrawable"),
        (wish("Signed", page=1), "no_such_page"),
    ],
    ids=["no font", "emoji", "too long", "nothing", "no page"],
)
def test_what_cannot_be_drawn_is_refused_by_name(draw, stamp, code):
    """
    No boxes for letters, and no stamp on a page that is not there.
    """
    with pytest.raises(Refusal) as caught:
        sign_pdf(uploads.plain(), pki.seal(), stamp, draw=draw)

    assert (caught.value.kind, caught.value.code) == (Kind.INVALID, code)
