"""Pictures of certificates: the same pixels as the PDF, the same bytes every time."""

import io
import zlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pypdfium2
import pytest
from PIL import Image, ImageChops

from support.designs import FACTS, text
from support.presses import A4, CREDENTIAL, DESIGN, ITEMS, PHOTO, Bureau, photo
from testamur.rendering.design import Box, Page
from testamur.rendering.pdfium.png_strips import PngStrips, png
from testamur.rendering.pdfium.raster import Raster, default_width, max_width
from testamur.verification.png import baked, bare, chunks, unbaked

BEN = replace(FACTS, recipient_name="بنيامين", name="Law & Order")


@pytest.fixture(scope="module")
def bureau():
    """Return a template that is ready, with what makes pictures of it."""
    return Bureau()


def opened(data):
    """Return *data* as a picture, all of it decoded."""
    with Image.open(io.BytesIO(data)) as image:
        image.load()
        return image


def drawn_by_pdfium(pdf):
    """Return the whole page at 96 ppi, by pdfium alone."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        return document[0].render(scale=96 / 72).to_pil().convert("RGB")
    finally:
        document.close()


def is_same(one, other):
    """Say whether two pictures have the same pixels."""
    return one.size == other.size and not ImageChops.difference(one, other).getbbox()


@pytest.mark.parametrize("facts", [FACTS, BEN], ids=["Latin", "Arabic"])
def test_a_picture_has_the_pixels_of_the_pdf(bureau, facts):
    """
    What is drawn once and what is drawn for a row give what pdfium makes of it all.
    """
    row = bureau.row(facts)
    picture = opened(bureau.raster.png(bureau.tail(row)))
    assert picture.mode == "RGB"
    assert picture.size == (1123, 794)
    assert is_same(picture, drawn_by_pdfium(bureau.file(row)))


def test_what_lies_on_a_rows_picture_lies_on_it_here_too(bureau):
    """
    A row's picture is drawn over the art and under all texts.
    """
    caption = text("Constant words", id="on it", box=Box(60, 150, 300, 30))
    album = Bureau(replace(DESIGN, items=(PHOTO, caption, *ITEMS)), bureau.fonts)
    for row in (album.row(), album.row(picture=photo())):
        picture = opened(album.raster.png(album.tail(row)))
        assert is_same(picture, drawn_by_pdfium(album.file(row)))


def test_the_same_file_gives_the_same_bytes(bureau):
    """
    Whoever draws it, and whatever was drawn before.
    """
    ana, ben = (bureau.tail(bureau.row(facts)) for facts in (FACTS, BEN))
    one, other = Raster(bureau.prepared), Raster(bureau.prepared)
    first = [one.png(ana), one.jpeg(ana), one.card(ana), one.png(ben)]
    second = [other.png(ben), other.card(ana), other.jpeg(ana), other.png(ana)]
    assert first == second[::-1]
    assert first[0] != first[3]


def test_a_whole_file_gives_the_same_picture_as_its_tail(bureau):
    """
    What the typesetter drew is a whole file: it is drawn like any other.
    """
    row, raster = bureau.row(), Raster(bureau.prepared)
    first = raster.png(bureau.file(row))
    assert is_same(opened(first), opened(raster.png(bureau.tail(row))))
    assert raster.png(bureau.file(row)) == first, "whatever was drawn before"


def test_a_picture_is_as_wide_as_asked_for(bureau):
    """
    From 64 pixels to 300 to the inch; the resolution is noted in the file.
    """
    tail = bureau.tail(bureau.row())
    small = opened(bureau.raster.png(tail, width=400))
    assert small.size == (400, 283)
    large = opened(bureau.raster.png(tail, width=max_width(DESIGN)))
    assert large.size == (3508, 2480)
    assert large.info["dpi"][0] == pytest.approx(300, abs=1)
    assert opened(bureau.raster.jpeg(tail, width=400)).size == (400, 283)
    for width in (63, max_width(DESIGN) + 1):
        with pytest.raises(ValueError, match="64 to 3508"):
            bureau.raster.png(tail, width=width)


@pytest.mark.parametrize(
    ("page", "width"),
    [
        (A4, 1123),
        (Page(595.28, 841.89), 794),
        (Page(612, 792), 816),
        (Page(72, 72), 96),
        (Page(4000, 4000), 2000),
        (Page(4000, 72), 5333),
        (Page(72, 4000), 96),
    ],
)
def test_a_page_is_drawn_at_96_pixels_to_the_inch(page, width):
    """
    A4 in landscape and portrait, Letter, a stamp; a poster as far as memory goes.
    """
    assert default_width(replace(DESIGN, page=page)) == width


def test_a_jpeg_looks_like_the_png(bureau):
    """
    No pixel is off by more than what JPEG does to edges.
    """
    tail = bureau.tail(bureau.row())
    exact = opened(bureau.raster.png(tail))
    near = opened(bureau.raster.jpeg(tail))
    assert near.format == "JPEG"
    off = ImageChops.difference(exact, near).convert("L")
    assert sum(n * count for n, count in enumerate(off.histogram())) < 3 * 1123 * 794


@pytest.mark.parametrize("page", [A4, Page(595.28, 841.89, "#102030")])
def test_a_card_has_the_page_in_its_middle(bureau, page):
    """
    1200 by 630 pixels, all of the page, and room around it in a shade of its colour.
    """
    one = Bureau(replace(DESIGN, page=page), bureau.fonts)
    card = opened(one.raster.card(one.tail(one.row())))
    assert (card.format, card.size) == ("JPEG", (1200, 630))
    colour = tuple(bytes.fromhex(page.colour[1:]))
    height = 630 - 2 * 36
    width = round(height * page.width / page.height)
    left = (1200 - width) // 2

    def off(x, y, meant):
        return max(
            abs(a - b) for a, b in zip(card.getpixel((x, y)), meant, strict=True)
        )

    assert off(left + 8, 44, colour) < 8
    assert off(1200 - left - 8, 630 - 44, colour) < 8
    around = tuple(round(part * 0.93) for part in colour)
    for corner in ((3, 3), (1196, 3), (3, 626), (1196, 626), (left - 12, 315)):
        assert off(*corner, around) < 8


def test_a_picture_can_have_the_credential_in_it(bureau):
    """
    It is baked in, found there, and taken out again without a trace.
    """
    picture = bureau.raster.png(bureau.tail(bureau.row()))
    with_it = baked(picture, CREDENTIAL)
    assert unbaked(with_it) == CREDENTIAL
    assert bare(with_it) == picture
    assert is_same(opened(with_it), opened(picture))


def test_templates_may_be_drawn_by_threads_at_once(bureau):
    """
    Each has its own raster; they share pdfium, which bears one at a time.
    """
    tail = bureau.tail(bureau.row())
    rasters = [Raster(bureau.prepared) for _ in range(3)]

    def draw(raster):
        return [raster.png(tail) for _ in range(12)]

    with ThreadPoolExecutor(len(rasters)) as pool:
        drawn = [png for found in pool.map(draw, rasters) for png in found]
    assert set(drawn) == {bureau.raster.png(tail)}


SHAPES = [(1, 1), (3, 15), (70, 16), (64, 17), (33, 50)]


@pytest.mark.parametrize(("width", "height"), SHAPES)
def test_a_png_of_strips_has_its_pixels(width, height):
    """
    Rows that are shared and rows that are not, in any number, make one stream whose
    checksum is right.
    """
    shared = Image.effect_noise((3 * width, height), 60).tobytes()
    pictures = [bytearray(shared) for _ in range(4)]
    pictures[1][0] ^= 255
    pictures[2][-1] ^= 255
    pictures[3] = bytearray(255 - value for value in shared)
    strips = PngStrips(shared, width, height, 3780)
    for pixels in pictures:
        for data in (strips.png(pixels), png(pixels, width, height, 3780)):
            parts = [content for kind, content in chunks(data) if kind == b"IDAT"]
            assert len(zlib.decompress(b"".join(parts))) == (3 * width + 1) * height
            assert opened(data).tobytes() == bytes(pixels)


def test_rows_that_are_shared_are_deflated_once():
    """
    A picture that is as all are has the bytes that were made beforehand.
    """
    shared = Image.effect_noise((300, 160), 60).tobytes()
    strips = PngStrips(shared, 100, 160, 3780)
    changed = bytearray(shared)
    changed[5 * 300 : 6 * 300] = bytes(300)
    one, other = (list(chunks(strips.png(bytearray(x)))) for x in (shared, changed))
    differing = [n for n, (a, b) in enumerate(zip(one, other, strict=True)) if a != b]
    # The strip, and the checksum at the end.
    assert len(differing) == 2
    assert differing[-1] == len(one) - 2
