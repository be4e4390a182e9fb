"""Preparing: a package's files are made safe, and both ways of drawing are tried."""

import io
import zlib
from collections.abc import Callable
from pathlib import Path

import fontpkg_great_vibes
import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name, Pdf
from PIL import Image

from support.typesetting import (
    QR,
    RED_SQUARE,
    TEXT,
    laid,
    package,
    row,
    source,
    template,
)
from testamur.core.refusals import Refusal
from testamur.rendering.package.package import Package
from testamur.rendering.pdfium.leaf import Binder, Window
from testamur.rendering.preparation import Preparation
from testamur.rendering.prepare import Preparer
from testamur.rendering.prepared import Prepared
from testamur.rendering.text.fonts import Fonts
from testamur.rendering.typst.typeset import Typesetter


@pytest.fixture(scope="module")
def preparer(tmp_path_factory: pytest.TempPathFactory) -> Preparer:
    """A preparer of its own."""
    return Preparer(Typesetter(tmp_path_factory.mktemp("press")))


def with_back(name: str, data: bytes) -> bytes:
    """Return a package whose background is this file."""
    return package(template(background=name), **{name.replace(".", "_"): data})


def refused(preparer: Preparer, data: bytes) -> Refusal:
    """Return why a package is refused."""
    with pytest.raises(Refusal) as caught:
        preparer.prepare(data)
    return caught.value


def pixels(pdf: bytes, width: int = 842, height: int = 595) -> Image.Image:
    """Return a page as pixels."""
    drawn = bytearray(b"\xff" * (3 * width * height))
    with Binder().open(pdf) as leaf:
        leaf.draw(drawn, Window.whole(width, height))
    return Image.frombytes("RGB", (width, height), bytes(drawn))


# --- What comes out ---


def test_the_same_package_gives_the_same_bytes(
    preparer: Preparer, tmp_path: Path
) -> None:
    """A template is prepared the same way today and tomorrow, here and elsewhere."""
    data = with_back("back.svg", RED_SQUARE)

    made = preparer.prepare(data)
    again = Preparer(Typesetter(tmp_path / "press")).prepare(data)

    assert again.prepared.to_bytes() == made.prepared.to_bytes()
    assert Prepared.from_bytes(made.prepared.to_bytes()) == made.prepared
    assert again.sample == made.sample


def test_a_sample_comes_with_it(preparer: Preparer) -> None:
    """The sample is what a certificate of the template looks like."""
    made = preparer.prepare(package(template()))

    assert made.warnings == ()
    with Binder().open(made.sample) as leaf:
        assert "Ana Júlia Fernandes" in leaf.text()


def test_text_under_a_drawing_is_typeset_for_ever(preparer: Preparer) -> None:
    """
    A template that the stamp would draw otherwise has no prefix.

    The stamp draws all art first; in this template some of it comes after a text.
    """
    half = {"type": "rect", "box": [20, 60, 257, 9], "fill": "#d0e0f0"}
    made = preparer.prepare(package(template({**TEXT, "size": 40}, half, QR)))

    assert made.prepared.plan is None
    assert made.prepared.prefix == b""
    assert any("the slow way" in said for said in made.warnings)


def test_a_picture_is_contained_or_covers_alike_both_ways(preparer: Preparer) -> None:
    """The row's picture stands in the same place whichever way a page is drawn."""
    slots = [
        {"type": "image", "slot": "picture", "box": [20, 100, 60, 30], "alt": "A"},
        {
            "type": "image",
            "slot": "picture",
            "box": [100, 100, 60, 30],
            "cover": "cover",
        },
    ]

    made = preparer.prepare(package(template(TEXT, *slots, QR)))

    assert made.prepared.plan is not None


def test_a_font_of_the_package_is_drawn_alike_both_ways(preparer: Preparer) -> None:
    """A family that the package brings along is used, and embedded, by either."""
    fonts = Fonts()
    face = next(
        fonts.face_of(text.style)
        for text in preparer.prepare(
            package(template({**TEXT, "font": "Great Vibes"}, QR))
        ).prepared.design.texts
    )
    said = template(
        {**TEXT, "font": "Mine", "size": 40},
        QR,
        fonts=[{"family": "Mine", "asset": "mine.ttf"}],
    )

    made = preparer.prepare(package(said, mine_ttf=face.data))

    assert made.prepared.plan is not None
    assert made.prepared.assets["mine.ttf"] == face.data


# --- Backgrounds ---


def turned_page() -> bytes:
    """Return a PDF of a page that is turned: red on its left, as it is seen."""
    pdf = pikepdf.new()
    page = pdf.add_blank_page(page_size=(595, 842))
    page.contents_add(b"1 0 0 rg 0 0 595 421 re f 0 0 1 rg 0 421 595 421 re f")
    page.Rotate = 90
    return saved(pdf)


def saved(pdf: Pdf, **how: object) -> bytes:
    """Return a PDF's bytes."""
    written = io.BytesIO()
    pdf.save(written, **how)
    return written.getvalue()


def test_a_background_that_is_a_pdf_fills_the_page_both_ways(
    preparer: Preparer,
) -> None:
    """Its page is drawn as it is seen, turned; the typeset file has it too."""
    made = preparer.prepare(with_back("back.pdf", turned_page()))

    assert made.prepared.plan is not None
    shown = pixels(made.sample)
    assert shown.getpixel((10, 300)) == (255, 0, 0)
    assert shown.getpixel((830, 100)) == (0, 0, 255)


def picture(form: str, size: tuple[int, int] = (400, 300), **how: object) -> bytes:
    """Return a picture, green."""
    written = io.BytesIO()
    mode = str(how.pop("mode", "RGB"))
    Image.new("RGB", size, "#208040").convert(mode).save(written, form, **how)
    return written.getvalue()


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("back.png", picture("PNG")),
        ("back.jpg", picture("JPEG")),
        ("back.jpg", picture("JPEG", mode="CMYK")),
        ("back.png", picture("PNG", mode="P")),
    ],
    ids=["png", "jpeg", "jpeg of cmyk", "png with palette"],
)
def test_a_background_of_pixels_fills_the_page(
    preparer: Preparer, name: str, data: bytes
) -> None:
    """PNG and JPEG in any colours are drawn; only their pixels are kept."""
    made = preparer.prepare(with_back(name, data))

    red, green, blue = pixels(made.sample).getpixel((10, 10))
    assert green > red + 20
    assert green > blue + 20


def test_what_is_said_in_a_picture_is_not_kept(preparer: Preparer) -> None:
    """A photograph's place, camera and second contents end here; it stands upright."""
    exif = Image.Exif()
    exif[0x010F] = "Camera of Ana"
    exif[0x0112] = 3
    data = picture("JPEG", exif=exif.tobytes()) + b"PK secret"

    made = preparer.prepare(with_back("back.jpg", data))

    kept = made.prepared.assets["back.jpg"]
    assert b"Camera" not in kept
    assert b"secret" not in kept


def test_pixels_that_paper_cannot_show_are_left_out(preparer: Preparer) -> None:
    """A background has 300 pixels per inch at most."""
    page = {"width": 100, "height": 70}
    said = template({**TEXT, "box": [5, 5, 90, 20]}, page=page, background="back.png")

    made = preparer.prepare(package(said, back_png=picture("PNG", (1800, 1260))))

    with Image.open(io.BytesIO(made.prepared.assets["back.png"])) as kept:
        assert kept.size == (1181, 827)


# --- What is refused ---


def svg(inside: str, before: str = "", attributes: str = "") -> bytes:
    """Return an SVG with something in it."""
    return (
        f'{before}<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9" '
        f'xmlns:xlink="http://www.w3.org/1999/xlink" {attributes}>{inside}</svg>'
    ).encode()


ENTITY = '<!DOCTYPE svg [<!ENTITY a "b"><!ENTITY f SYSTEM "file:///etc/passwd">]>'
ROUND_AND_ROUND = '<g id="a"><use href="#b"/></g><g id="b"><use href="#a"/></g>'
SVGS = {
    "script": (svg("<script>1</script>"), "svg_active_content"),
    "handler": (svg('<path onload="x()"/>'), "svg_active_content"),
    "foreign object": (svg("<foreignObject/>"), "svg_active_content"),
    "file": (svg('<image href="file:///etc/passwd"/>'), "svg_external_reference"),
    "network": (
        svg('<image xlink:href="http://127.0.0.1/a.png"/>'),
        "svg_external_reference",
    ),
    "neighbour": (svg('<use href="other.svg#a"/>'), "svg_external_reference"),
    "svg in data": (
        svg('<image href="data:image/svg+xml;base64,PHN2Zy8+"/>'),
        "svg_external_reference",
    ),
    "style": (
        svg("<style>path { fill: url(http://a.example/b) }</style>"),
        "svg_external_reference",
    ),
    "import": (
        svg("<style>@import 'http://a.example/b.css';</style>"),
        "svg_external_reference",
    ),
    "attribute": (
        svg('<path style="fill: url( //a.example/b )"/>'),
        "svg_external_reference",
    ),
    "style sheet": (
        svg("", '<?xml-stylesheet href="a.css"?>'),
        "svg_external_reference",
    ),
    "entities": (svg("&a;", ENTITY), "svg_entity"),
    "not well-formed": (svg("<g>"), "svg_corrupt"),
    "not UTF-8": (svg("<g/>").replace(b"<g/>", b"<!-- \xe4 -->"), "svg_corrupt"),
    "no size": (svg("", attributes='width="0" height="0"'), "svg_corrupt"),
    "itself": (svg(ROUND_AND_ROUND), "svg_too_complex"),
    "deep": (svg("<g>" * 300 + "</g>" * 300), "svg_too_complex"),
}


@pytest.mark.parametrize(("data", "code"), SVGS.values(), ids=SVGS)
def test_an_svg_that_does_more_than_draw_is_refused(
    preparer: Preparer, data: bytes, code: str
) -> None:
    """The refusal names the file, what is wrong, and what to do."""
    refusal = refused(preparer, with_back("back.svg", data))

    assert (refusal.code, refusal.at) == (code, "assets/back.svg")


def with_font(preparer: Preparer, font: bytes) -> Preparation:
    """Return a template prepared whose only text is set in this font."""
    design = template(
        {**TEXT, "font": "Ours", "size": 30},
        fonts=[{"family": "Ours", "asset": "ours.ttf"}],
    )
    return preparer.prepare(package(design, ours_ttf=font))


SCRIPT = Path(fontpkg_great_vibes.__file__).parent / "files/GreatVibes-Regular.ttf"


def test_a_font_that_fits_its_letters_to_pixels_is_stamped(preparer: Preparer) -> None:
    """As nearly every font that is sold does: neither way of drawing says how."""
    font = SCRIPT.read_bytes()
    assert b"fpgm" in font[:1000]

    assert with_font(preparer, font).prepared.plan is not None


def test_a_font_that_is_cut_off_is_refused_by_its_name(preparer: Preparer) -> None:
    """What is wrong is no source, and nothing of `template.json`."""
    with pytest.raises(Refusal) as caught:
        with_font(preparer, SCRIPT.read_bytes()[:50_000])

    assert (caught.value.code, caught.value.at) == ("template_font", "assets/ours.ttf")


RIGHT_TO_LEFT = {
    "dates alone": ("ar", "auto", "{{issuedAt|short}}"),
    "dates beside each other": ("ar", "auto", "{{issuedAt|iso}} :: {{validUntil|iso}}"),
    "signs and digits": ("he", "auto", '45/6(3.5 - "5%'),
    "Latin letters": ("en", "rtl", "({{reference}}, {{recipientName}} %"),
    "all at once": ("ar", "rtl", "٣٤-{{name}} (שלום 12 – محمد) / 漢字, $7"),
}


@pytest.mark.parametrize(
    ("language", "direction", "said"), RIGHT_TO_LEFT.values(), ids=RIGHT_TO_LEFT
)
def test_what_stands_on_a_line_from_right_to_left_is_drawn_in_one_order(
    preparer: Preparer, language: str, direction: str, said: str
) -> None:
    """Stamped and typeset are alike, and read back, without a letter that says so."""
    design = template(
        {**TEXT, "box": [20, 40, 170, 20], "text": said, "direction": direction},
        language=language,
    )

    assert preparer.prepare(package(design)).prepared.plan is not None


@pytest.mark.parametrize("letters", ["UTF-7", "Shift_JIS", "of-my-own"])
def test_an_svg_is_read_as_utf_8_whatever_it_claims_to_be(
    preparer: Preparer, letters: str
) -> None:
    """So what is looked through is what is drawn, and no claim stops the press."""
    hidden = svg("+ADw-script/+AD4-", f'<?xml version="1.0" encoding="{letters}"?>')

    assert preparer.prepare(with_back("back.svg", hidden)).prepared.plan is not None
    loud = hidden.replace(b"+ADw-script/+AD4-", b"<script/>")
    assert refused(preparer, with_back("back.svg", loud)).code == "svg_active_content"


def test_an_svg_as_programs_write_it_is_drawn(preparer: Preparer) -> None:
    """A document type, links, styles and gradients of its own are no harm."""
    data = svg(
        '<defs><linearGradient id="a"/></defs><style>.b { fill: url(#a) }</style>'
        '<a href="https://example.org/"><path class="b" d="M0 0h9v9z"/></a>',
        '<?xml version="1.0"?><!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" '
        '"http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">',
    )

    assert preparer.prepare(with_back("back.svg", data)).prepared.plan is not None


def page() -> Pdf:
    """Return a PDF of one empty page."""
    pdf = pikepdf.new()
    pdf.add_blank_page(page_size=(842, 595))
    return pdf


def action(kind: str, **more: object) -> Dictionary:
    """Return an action of this kind."""
    return Dictionary(S=Name(f"/{kind}"), **more)


def opens_with_script() -> bytes:
    """P04: JavaScript when it is opened."""
    pdf = page()
    pdf.Root.OpenAction = action("JavaScript", JS="app.alert(1)")
    return saved(pdf)


def launches() -> bytes:
    """P04: a note that starts a program."""
    pdf = page()
    note = Dictionary(Type=Name.Annot, Subtype=Name.Link, Rect=[0, 0, 9, 9])
    note.A = action("Launch", F="calc.exe")
    pdf.pages[0].Annots = pdf.make_indirect(Array([pdf.make_indirect(note)]))
    return saved(pdf)


def has_files() -> bytes:
    """P04: a file in the file."""
    pdf = page()
    pdf.attachments["a.exe"] = b"MZ"
    return saved(pdf)


def has_xfa() -> bytes:
    """P04: a form of the other kind."""
    pdf = page()
    pdf.Root.AcroForm = Dictionary(XFA=pdf.make_stream(b"<xdp/>"))
    return saved(pdf)


def hides_a_layer() -> bytes:
    """P07: a layer that is not shown, until it is."""
    pdf = page()
    layer = pdf.make_indirect(Dictionary(Type=Name.OCG, Name="secret"))
    pdf.Root.OCProperties = Dictionary(OCGs=[layer], D=Dictionary(OFF=[layer]))
    return saved(pdf)


def is_a_bomb() -> bytes:
    """P02: 130 megabytes of blanks in less than one."""
    pdf = page()
    packer = zlib.compressobj(1)
    blank = bytes(1 << 20)
    packed = b"".join(packer.compress(blank) for _ in range(130)) + packer.flush()
    stream = pdf.make_stream(b"")
    stream.write(packed, filter=Name.FlateDecode)
    pdf.pages[0].Contents = stream
    return saved(pdf, compress_streams=False)


def is_huge() -> bytes:
    """P08: a page of 200 inches."""
    pdf = pikepdf.new()
    pdf.add_blank_page(page_size=(14_400, 14_400))
    return saved(pdf)


def has_many_pages() -> bytes:
    """P08: more pages than anybody draws one of."""
    pdf = pikepdf.new()
    for _ in range(101):
        pdf.add_blank_page(page_size=(842, 595))
    return saved(pdf)


def is_encrypted() -> bytes:
    """P03: nobody may change it, says its owner's password."""
    return saved(page(), encryption=pikepdf.Encryption(owner="secret", user=""))


def turns_in_a_circle() -> bytes:
    """P01: pages that are their own parents."""
    data = saved(page(), object_stream_mode=pikepdf.ObjectStreamMode.disable)
    return data.replace(b"/Kids [ 3 0 R ]", b"/Kids [ 2 0 R ]")


def is_html_too() -> bytes:
    """P09: a page of the web, too."""
    return saved(page()).replace(b"\n", b"\n%<html>\n", 1)


def is_a_zip_too() -> bytes:
    """P09: the end of a ZIP behind the end of the PDF."""
    return saved(page()) + b"PK\x05\x06" + bytes(18)


PDFS: dict[str, tuple[Callable[[], bytes], str]] = {
    "P01-circle": (turns_in_a_circle, "pdf_corrupt"),
    "P01-cut": (lambda: b"%PDF-1.7\n" + bytes(300) + b"%%EOF", "pdf_corrupt"),
    "P02-bomb": (is_a_bomb, "pdf_too_complex"),
    "P03-encrypted": (is_encrypted, "pdf_encrypted"),
    "P04-script": (opens_with_script, "pdf_active_content"),
    "P04-launch": (launches, "pdf_active_content"),
    "P04-files": (has_files, "pdf_active_content"),
    "P04-xfa": (has_xfa, "pdf_active_content"),
    "P07-layer": (hides_a_layer, "pdf_hidden_content"),
    "P08-huge": (is_huge, "pdf_too_large"),
    "P08-pages": (has_many_pages, "pdf_too_large"),
    "P09-html": (is_html_too, "pdf_ambiguous"),
    "P09-zip": (is_a_zip_too, "pdf_ambiguous"),
}


@pytest.mark.parametrize(("make", "code"), PDFS.values(), ids=PDFS)
def test_a_pdf_that_does_more_than_draw_is_refused(
    preparer: Preparer, make: Callable[[], bytes], code: str
) -> None:
    """The cases of PDFs, each with its code."""
    refusal = refused(preparer, with_back("back.pdf", make()))

    assert (refusal.code, refusal.at) == (code, "assets/back.pdf")


def animated() -> bytes:
    """Return a PNG that moves."""
    written = io.BytesIO()
    frames = [Image.new("RGB", (9, 9), colour) for colour in ("red", "blue")]
    frames[0].save(written, "PNG", save_all=True, append_images=frames[1:])
    return written.getvalue()


def enormous() -> bytes:
    """Return the head of a PNG of 50,000 by 50,000 pixels."""
    small = picture("PNG", (9, 9))
    head = small[12:16] + (50_000).to_bytes(4) * 2 + small[24:29]
    return small[:12] + head + zlib.crc32(head).to_bytes(4) + small[33:]


PICTURES = {
    "cut": ("back.jpg", picture("JPEG", (900, 900))[:-400], "image_truncated"),
    "damaged": ("back.png", b"\x89PNG\r\n\x1a\n" + bytes(99), "bad_image"),
    "animated": ("back.png", animated(), "image_animated"),
    "enormous": ("back.png", enormous(), "image_pixels"),
}


@pytest.mark.parametrize(("name", "data", "code"), PICTURES.values(), ids=PICTURES)
def test_a_picture_that_is_none_is_refused(
    preparer: Preparer, name: str, data: bytes, code: str
) -> None:
    """Damaged, moving and enormous pictures, each with its code."""
    refusal = refused(preparer, with_back(name, data))

    assert (refusal.code, refusal.at) == (code, f"assets/{name}")


# --- What people are told ---

PALE = {**TEXT, "colour": "#eeeeee"}
TOLD = {
    "no code": (template(TEXT), "There is no QR code"),
    "small code": (template(TEXT, {**QR, "box": [240, 150, 13, 13]}), "13 mm wide"),
    "over the code": (template({**TEXT, "box": [20, 150, 257, 20]}, QR), "overlaps"),
    "pale": (template(PALE, QR), "hard to read"),
    "narrow": (template({**TEXT, "box": [20, 60, 25, 20]}, QR), "does not fit"),
}


@pytest.mark.parametrize(("said", "told"), TOLD.values(), ids=TOLD)
def test_people_are_told_what_looks_wrong(
    preparer: Preparer, said: dict[str, object], told: str
) -> None:
    """It can be drawn, and probably should not be."""
    made = preparer.prepare(package(said))

    assert any(told in warning for warning in made.warnings), made.warnings


def test_a_heavy_background_is_told(preparer: Preparer) -> None:
    """Every file has it in it: more than 200 KB are worth a word."""
    noise = Image.effect_noise((900, 700), 90).convert("RGB")
    written = io.BytesIO()
    noise.save(written, "PNG")

    made = preparer.prepare(with_back("back.png", written.getvalue()))

    assert any("KB of pictures" in warning for warning in made.warnings)


def test_a_code_that_cannot_be_read_is_not_prepared(preparer: Preparer) -> None:
    """What could never be read back is refused now, and not row by row."""
    above = {"type": "rect", "box": [235, 145, 45, 45], "fill": "#204080"}

    refusal = refused(preparer, package(template(TEXT, QR, above)))

    assert refusal.code == "template_unreadable"


def test_a_letter_that_no_font_has_is_named(preparer: Preparer) -> None:
    """A template's own words are looked at when it is prepared."""
    said = template({**TEXT, "text": "A \U00013000"}, QR)

    refusal = refused(preparer, package(said))

    assert refusal.code == "glyph_missing"
    assert "U+13000" in refusal.detail


def drawn_by_typst(made: Preparation, preparer: Preparer) -> bytes:
    """Return a certificate of a prepared template, typeset."""
    one = Package(made.prepared.design, made.prepared.assets)
    values, extras = row(one)
    texts = laid(one, Fonts(), values)
    drawn = preparer.typesetter.pdf(one, texts, extras, values)
    assert isinstance(drawn, bytes), drawn
    return drawn


def test_a_typeset_page_lies_on_its_pdf(preparer: Preparer) -> None:
    """Typst embeds no PDF in files for archives: it is laid under the page."""
    made = preparer.prepare(with_back("back.pdf", turned_page()))

    drawn = drawn_by_typst(made, preparer)

    assert pixels(drawn).getpixel((10, 300)) == (255, 0, 0)
    with pikepdf.open(io.BytesIO(drawn)) as pdf:
        assert pdf.Root.MarkInfo.Marked
        assert list(pdf.attachments) == ["credential.json"]
    assert drawn == drawn_by_typst(made, preparer)


def test_what_typst_says_of_source_is_told(preparer: Preparer) -> None:
    """A font that is not there is replaced by another, and that is said."""
    made = preparer.prepare(source('#text(font: "Comic Sans MS")[Hello]'))

    assert any("unknown font family" in said for said in made.warnings)


def test_source_that_takes_long_for_a_page_is_refused(
    preparer: Preparer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Row by row it would hold everybody up."""
    monkeypatch.setattr("testamur.rendering.prepare.SECONDS_PER_PAGE", 0.0)

    assert refused(preparer, source("Hello")).code == "template_too_complex"
