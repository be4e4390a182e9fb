"""Verified documents: what strangers uploaded, and how it says where it is verified."""

import hashlib
import io
import shutil
import subprocess
from collections.abc import Iterator

import pikepdf
import pypdfium2
import pytest
import zxingcpp
from PIL import Image

from support import poppler
from support.foreign_pdfs import page, show, signed, turned
from support.vault import picture, scroll
from testamur.rendering.verified.verifying import Verifying

URL = "https://certificates.example.org/c/0123456789abcdef01234567"
CREDENTIAL = b'{"a": "credential"}'
NAME = "Ana Łuz 山田 אבג"


@pytest.fixture(scope="module")
def verifying() -> Iterator[Verifying]:
    """Return what makes them."""
    return Verifying()


def said(data: bytes, name: str = "Ana.pdf", kind: str = "application/pdf") -> dict:
    """Return what the page says of *data*."""
    return {
        "title": "Diver",
        "recipient": NAME,
        "issuer": "University of the Azores",
        "awarded": "2026-06-01",
        "issued": "2026-11-30 10:00:00",
        "reference": "VEC-IC-20260123456789ABC",
        "details": None,
        "file": name,
        "media_type": kind,
        "digest": hashlib.sha256(data).hexdigest(),
        "pdf_digest": None,
        "url": URL,
        "signed_at": 1_764_500_000_000,
    }


def attached(pdf: bytes) -> dict[str, bytes]:
    """Return what is attached, by name."""
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        return {
            name: bytes(one.get_file().read_bytes())
            for name, one in opened.attachments.items()
        }


def codes(pdf: bytes, number: int) -> list[str]:
    """Return what the codes on a page say, as it is shown, and where: text alone."""
    drawn = pypdfium2.PdfDocument(pdf)[number].render(scale=3).to_pil()
    found = zxingcpp.read_barcodes(drawn)
    for one in found:
        middle = (one.position.top_left.x + one.position.bottom_right.x) / 2
        height = (one.position.top_left.y + one.position.bottom_right.y) / 2
        if number == 0:
            assert middle > drawn.width / 2, "it is on the right"
            assert height > drawn.height / 2, "and below"
    return [one.text for one in found]


@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
def test_the_first_page_shows_the_code_in_its_lower_right_corner(verifying, degrees):
    """However the page is turned; and a second page follows that shows it as well."""
    data = page(show(120, 300, "Scroll"), turned(degrees))

    pdf = verifying.verified(said(data), data, data, CREDENTIAL)

    assert codes(pdf, 0) == [URL]
    assert codes(pdf, 1) == [URL]


def test_content_that_leaves_its_state_open_moves_no_code(verifying):
    """What a page saves and does not restore is restored before."""
    data = page("q 0.01 0 0 0.01 5 5 cm q q " + show(120, 300, "Tiny"))

    pdf = verifying.verified(said(data), data, data, CREDENTIAL)

    assert codes(pdf, 0) == [URL]


def test_the_page_says_who_what_and_where_in_any_script(verifying, tmp_path):
    """As another program reads it, without complaint."""
    data = scroll("Scroll")
    path = tmp_path / "verified.pdf"

    path.write_bytes(verifying.verified(said(data), data, data, CREDENTIAL))

    text = poppler.text_of(path)
    for part in ("Ana Łuz 山田", "Diver", "University of the Azores", URL):
        assert part in text
    assert hashlib.sha256(data).hexdigest() in text
    with pikepdf.open(path) as opened:
        assert list(opened.check_pdf_syntax()) == []


def test_other_programs_extract_the_very_upload(verifying, tmp_path):
    """`pdfdetach` gives back both attachments, byte for byte."""
    if shutil.which("pdfdetach") is None:
        poppler.lacking("poppler-utils", poppler.REMEDY)
    data = scroll("Scroll")
    path = tmp_path / "verified.pdf"
    path.write_bytes(verifying.verified(said(data), data, data, CREDENTIAL))

    subprocess.run(
        ["pdfdetach", "-saveall", "-o", tmp_path, path], check=True, timeout=30
    )

    assert (tmp_path / "Ana.pdf").read_bytes() == data
    assert (tmp_path / "credential.json").read_bytes() == CREDENTIAL


def test_a_signed_document_is_attached_and_not_changed(verifying):
    """Its signatures stay what they were; the page stands alone, and says so."""
    data = page(show(120, 300, "Signed"), signed)

    pdf = verifying.verified(said(data), data, data, CREDENTIAL)

    assert attached(pdf) == {"Ana.pdf": data, "credential.json": CREDENTIAL}
    assert len(pypdfium2.PdfDocument(pdf)) == 1
    said_on_it = pypdfium2.PdfDocument(pdf)[0].get_textpage().get_text_range()
    assert "signatures of its own" in " ".join(said_on_it.split())


def test_the_same_document_is_made_of_the_same(verifying):
    """Byte for byte, also by another process."""
    data = scroll("Scroll")

    first = verifying.verified(said(data), data, data, CREDENTIAL)

    assert Verifying().verified(said(data), data, data, CREDENTIAL) == first


@pytest.mark.parametrize("kind", ["image/jpeg", "image/png"])
def test_a_picture_is_paged_alike_every_time(verifying, kind):
    """One page as long as A4, with the picture attached as it came."""
    data = picture("JPEG" if kind == "image/jpeg" else "PNG")

    pdf = verifying.paged(data, "scan", kind)

    assert pdf == verifying.paged(data, "scan", kind)
    assert attached(pdf) == {"scan": data}
    [shown] = pypdfium2.PdfDocument(pdf)
    assert max(shown.get_size()) == pytest.approx(842, abs=0.1)
    red, green, blue = shown.render().to_pil().getpixel((100, 100))
    assert (red > 150, green < 90, blue < 110) == (True, True, True)


@pytest.mark.parametrize(
    "mode", ["RGBA", "LA", "P", "1", "L", "I;16", "CMYK", "turned"]
)
def test_pictures_of_every_kind_are_paged(verifying, mode):
    """Transparent ones lie on white paper, and a turned photograph stands upright."""
    out = io.BytesIO()
    if mode == "turned":
        exif = Image.Exif()
        exif[274] = 6
        Image.new("RGB", (60, 30)).save(out, "JPEG", exif=exif)
    elif mode == "CMYK":
        Image.new("CMYK", (60, 30), (0, 0, 0, 0)).save(out, "JPEG")
    else:
        Image.new(mode, (60, 30)).save(out, "PNG")
    kind = "image/jpeg" if mode in ("turned", "CMYK") else "image/png"

    pdf = verifying.paged(out.getvalue(), "scan", kind)

    assert isinstance(pdf, bytes), pdf
    [shown] = pypdfium2.PdfDocument(pdf)
    width, height = shown.get_size()
    assert (height > width) is (mode == "turned")
    if mode in ("RGBA", "LA", "CMYK"):
        assert shown.render().to_pil().getpixel((20, 20)) > (240, 240, 240)


def test_what_is_no_picture_becomes_no_page(verifying):
    """And the next one is served as if nothing had been."""
    broken = picture("PNG")[:100]

    found = verifying.paged(broken, "scan", "image/png")

    assert found is None
    assert isinstance(verifying.paged(picture("PNG"), "scan", "image/png"), bytes)
