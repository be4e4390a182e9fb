"""Stamped certificates: read by programs of others, and held against PDF/A-3."""

import hashlib
import io
import os
import subprocess
import sys
import unicodedata
from collections import Counter
from dataclasses import replace

import pikepdf
import pypdfium2 as pdfium
import pytest
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops

from support import poppler
from support.pdfa import problems
from support.stamping import (
    CREDENTIAL,
    EXTRAS,
    Works,
    art,
    extras,
    prepared,
    read,
    works,
)
from testamur.rendering.design import Box, Design, Field, Page, Style, Text
from testamur.rendering.gallery import package_of
from testamur.rendering.laid import Laid
from testamur.rendering.package.package import read_package
from testamur.rendering.pdf.stamp import Press, RowPicture, build_prefix
from testamur.rendering.text.fonts import Fonts
from testamur.rendering.typst.typeset import Typesetter

NAMES = {
    "latin": "Ada Lovelace",
    "latin-extended": "Søren Kjærgård-Łuczak Ștefăniță",
    "vietnamese": "Nguyễn Thị Ánh",
    "ligatures": "Geoffrey Tufflefield",
    "greek": "Γιώργος Παπαδόπουλος",
    "cyrillic": "Дмитрий Шостакович",
    "arabic": "محمد الأمين",
    "arabic-ligatures": "صلاح الدين عبد الله",
    "hebrew": "שרה כהן",
    "devanagari": "क्षितिज शर्मा",
    "bengali": "রবীন্দ্রনাথ ঠাকুর",
    "tamil": "தமிழ் செல்வன்",
    "thai": "น้ำผึ้ง กิ่งแก้ว",
    "khmer": "សុខា",
    "han": "山田太郎",
    "kana": "さくら カナ",
    "hangul": "김철수",
    "mixed": "Ada 山田 Дмитрий",
    "decomposed": unicodedata.normalize("NFD", "Zoë Nuñez"),
}


@pytest.fixture(scope="module")
def house() -> Works:
    """Return the template of these tests, prepared once."""
    return works()


@pytest.mark.parametrize("script", NAMES)
def test_a_name_is_read_back_exactly_in_every_script(house, tmp_path, script):
    """
    pdfium and poppler read the letters that the row has, in their order, whatever
    glyphs they are drawn with; and the file is sound.
    """
    name, path = NAMES[script], tmp_path / "certificate.pdf"

    file = house.file(name)
    path.write_bytes(file)

    normal = unicodedata.normalize("NFC", name)
    assert normal in unicodedata.normalize("NFC", read(file))
    assert normal in unicodedata.normalize("NFC", poppler.text_of(path))
    assert problems(file) == []


#: Letters with vowels, from right to left.
POINTED = ("مُحَمَّد الأَمِين", "أَحْمَد بْن عَبْد اللهِ", "שָׁלוֹם עֲלֵיכֶם", "יִשְׂרָאֵל")


@pytest.mark.parametrize("name", POINTED, ids=["shadda", "below", "pointed", "shin"])
def test_marks_stay_with_their_letters_from_right_to_left(house, tmp_path, name):
    """
    Vowels over and under letters are read where they belong, without spaces. poppler
    puts two marks of one letter in another order, but loses none.
    """
    path = tmp_path / "certificate.pdf"
    file = house.file(name)
    path.write_bytes(file)

    assert unicodedata.normalize("NFC", name) in unicodedata.normalize(
        "NFC", read(file)
    )
    letters = Counter(unicodedata.normalize("NFC", name))
    assert letters <= Counter(unicodedata.normalize("NFC", poppler.text_of(path)))
    assert problems(file) == []


LETTERS = st.one_of(
    *(
        st.text(
            st.characters(
                codec="utf-8",
                min_codepoint=a,
                max_codepoint=b,
                categories=["Ll", "Lu", "Lo"],
            ),
            min_size=1,
            max_size=9,
        )
        for a, b in (
            (0x41, 0x7A),
            (0xC0, 0x17F),
            (0x1EA0, 0x1EF9),
            (0x391, 0x3C9),
            (0x410, 0x44F),
            (0x5D0, 0x5EA),
            (0x621, 0x64A),
            (0x905, 0x939),
            (0xE01, 0xE2E),
            (0x3041, 0x3093),
            (0x4E00, 0x4FFF),
            (0xAC00, 0xACFF),
        )
    )
)


@settings(max_examples=80, deadline=None, derandomize=True, database=None)
@given(words=st.lists(LETTERS, min_size=1, max_size=2))
def test_any_letters_are_read_back(house, words):
    """Whatever the letters and whoever stands beside them, pdfium reads them all."""
    file = house.file(" ".join(words))

    seen = "".join(read(file).split())
    for word in words:
        assert unicodedata.normalize("NFC", word) in unicodedata.normalize("NFC", seen)


def one_text(said: str | Field, style: Style) -> Design:
    """Return a design with one text."""
    text = Text("one", Box(10, 10, 780, 80), (said,), style)
    return Design("One", "en", Page(800, 100), (text,))


@pytest.mark.parametrize("script", ["arabic", "devanagari", "thai", "han", "mixed"])
def test_a_constant_text_is_read_in_every_script(script):
    """What a template always says is as readable as what a row says."""
    design = one_text(NAMES[script], Style("EB Garamond", 30, 6))
    file = works(design).file("Nobody")

    assert NAMES[script] in read(file)
    assert problems(file) == []


def seen(pdf: bytes) -> Image.Image:
    """Return how *pdf* looks from afar: pdfium rounds places to pixels."""
    image = pdfium.PdfDocument(pdf)[0].render(scale=4).to_pil().convert("L")
    return image.reduce(4)


def test_every_glyph_stands_where_the_typesetter_puts_it(tmp_path):
    """
    Syllables that are made one glyph, vowels, and glyphs that say nothing of their
    own look as if they had been drawn one by one, by someone else.
    """
    sayings = (*NAMES.values(), *POINTED, "أسس الكيمياء العضوية", "لا إله", "AVATAR")
    size = 30
    items = tuple(
        Text(
            f"text{at}",
            Box(20 + 400 * (at % 2), 20 + 46 * (at // 2), 380, 40),
            (said,),
            Style("EB Garamond" if at % 3 else "Noto Sans", size, 6),
        )
        for at, said in enumerate(sayings)
    )
    design = Design("All", "en", Page(820, 640), items)
    house = prepared(design, Fonts(), art(820, 640, is_bare=True))
    package = replace(read_package(package_of("minimal")), design=house.prepared.design)

    stamped = house.prepared.prefix + house.press.stamp(Laid(()), EXTRAS)
    typeset = Typesetter(tmp_path).pdf(package, house.lay_out("Nobody"), EXTRAS, {})

    assert isinstance(typeset, bytes)
    difference = ImageChops.difference(seen(stamped), seen(typeset))
    assert difference.getextrema()[1] < 64


@pytest.mark.parametrize(
    "style",
    [Style("Inter", 14, 6, tracking=8), Style("Great Vibes", 40, 6)],
    ids=["tracking", "kerning"],
)
def test_letters_that_stand_apart_are_still_one_word(style):
    """No reader takes the room between letters for spaces."""
    name = "AVATAR TAVATA Lovelace"

    assert name in read(works(one_text(Field("recipientName"), style)).file(name))


def test_the_same_certificate_has_the_same_bytes_everywhere(house):
    """
    No clock, chance, order of a set or certificate before it goes into a file.
    """
    names = [NAMES["latin"], NAMES["arabic"], NAMES["han"]]
    program = (
        "import hashlib, sys; from support.stamping import works; house = works();"
        "[print(hashlib.sha256(house.file(name)).hexdigest()) for name in sys.argv[1:]]"
    )

    here = [hashlib.sha256(house.file(name)).hexdigest() for name in names]
    there = subprocess.run(
        [sys.executable, "-c", program, *reversed(names)],
        env={**os.environ, "PYTHONHASHSEED": "7", "PYTHONPATH": "tests:src"},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout.split()

    assert here == there[::-1]


def test_a_tail_is_small(house):
    """A certificate with a credential of 3 KB is kept in less than 6 KB."""
    credential = os.urandom(750).hex().encode() + b" " * 1500

    tail = house.tail(NAMES["latin"], extras=extras(credential=credential))

    assert len(tail) < 6 * 1024


def test_no_letters_of_others_are_in_a_file(house):
    """
    The prefix has what Latin names need, and the constant texts; any other letter
    is in the files of those whose name has it.
    """
    house.file(NAMES["han"])

    with pikepdf.open(io.BytesIO(house.file(NAMES["latin"]))) as pdf:
        fonts = pdf.pages[0].Resources.Font
        said = "".join(
            bytes.fromhex(pair.split(b"><")[1].strip(b">").decode()).decode("utf-16-be")
            for font in fonts.values()
            for pair in font.ToUnicode.read_bytes().split(b"\n")
            if pair.startswith(b"<") and b"><" in pair
        )

    assert all(c < "\u0400" or "\u1e00" <= c <= "\u20ff" for c in said)


def test_the_credential_is_attached_as_it_is(house):
    """Others find the very bytes, as data that belongs to the document."""
    document = pdfium.PdfDocument(house.file(NAMES["latin"]))

    (attachment,) = (
        document.get_attachment(n) for n in range(document.count_attachments())
    )

    assert bytes(attachment.get_data()) == CREDENTIAL
    assert attachment.get_name() == "credential.json"


def test_a_certificate_without_a_credential_has_no_attachment(house):
    """An old certificate is printed as well as any, and nothing hangs on it."""
    file = house.file(NAMES["latin"], extras=extras(credential=None))

    assert problems(file) == []
    assert pdfium.PdfDocument(file).count_attachments() == 0


def test_the_qr_code_leads_to_the_certificates_page(house):
    """A camera reads the address, and a click on it leads there."""
    file = house.file(NAMES["latin"])

    image = pdfium.PdfDocument(file)[0].render(scale=2).to_pil()
    with pikepdf.open(io.BytesIO(file)) as pdf:
        (link,) = pdf.pages[0].Annots

    assert [code.text for code in zxingcpp.read_barcodes(image)] == [EXTRAS.url]
    assert str(link.A.URI) == EXTRAS.url


def test_a_screen_reader_finds_the_texts_in_order(house, tmp_path):
    """Tags follow the design: heading, logo, name, course, date, QR code."""
    path = tmp_path / "certificate.pdf"
    path.write_bytes(house.file("שרה כהן"))

    said = [line for line in poppler.structure_of(path) if not line.startswith("/")]
    with pikepdf.open(path) as pdf:
        figures = [
            str(item.Alt)
            for item in pdf.objects
            if isinstance(item, pikepdf.Dictionary) and item.get("/S") == "/Figure"
        ]

    assert [
        line for line in said if line.startswith(("H1", "P ", "Figure", "Link"))
    ] == [
        "H1 (block)",
        "Figure:",
        "P (block)",
        "P (block)",
        "P (block)",
        "Link (inline)",
        "Figure:",
    ]
    assert '"Certificate of Completion"' in said
    assert sorted(figures) == ["Logo of Testamur", EXTRAS.qr_alt]


def test_what_a_file_says_of_itself_is_text_whatever_it_is(house, tmp_path):
    """Brackets, angle brackets and control characters end nothing early."""
    title = "a) >> endobj \\ <b>&amp;</rdf:li> ]]> \x01 Ω"
    path = tmp_path / "certificate.pdf"
    file = house.file(NAMES["latin"], extras=extras(title=title, issuer_name="(x\\"))
    path.write_bytes(file)

    assert problems(file) == []
    facts = poppler.facts_of(path)
    assert facts["Title"] == title.replace("\x01", "\ufffd")
    assert facts["Author"] == "(x\\"
    assert facts["CreationDate"] == "2026-11-21T22:26:40Z"
    assert facts["Tagged"] == "yes"


def test_a_value_is_never_content(house):
    """Operators and references in a name are letters like any."""
    name = "(Q) Tj /F0 Do <</A 1 0 R>>"

    file = house.file(name)

    assert name in read(file)
    assert problems(file) == []


def picture(kind: str, mode: str) -> RowPicture:
    """Return a small picture."""
    out = io.BytesIO()
    colour = {
        "RGB": (200, 0, 0),
        "L": 90,
        "RGBA": (200, 0, 0, 90),
        "CMYK": (0, 255, 255, 0),
    }
    Image.new(mode, (40, 20), colour[mode]).save(out, kind)
    return RowPicture(out.getvalue(), f"image/{kind.lower()}", 40, 20)


@pytest.mark.parametrize(
    ("kind", "mode"),
    [
        ("JPEG", "RGB"),
        ("JPEG", "L"),
        ("JPEG", "CMYK"),
        ("PNG", "RGB"),
        ("PNG", "L"),
        ("PNG", "RGBA"),
        ("WEBP", "RGB"),
        ("WEBP", "RGBA"),
    ],
)
def test_a_picture_of_the_row_is_drawn_and_described(house, kind, mode):
    """Any picture that the intake lets pass is seen on the page, and sound PDF/A."""
    file = house.file(NAMES["latin"], extras=extras(picture=picture(kind, mode)))

    page = pdfium.PdfDocument(file)[0].render(scale=1).to_pil().convert("RGB")
    plain = pdfium.PdfDocument(house.file(NAMES["latin"]))[0].render(scale=1).to_pil()
    red, green, blue = page.getpixel((80, 520))

    assert problems(file) == []
    assert plain.convert("RGB").getpixel((80, 520)) == (255, 255, 255)
    assert (red, green, blue) != (255, 255, 255)
    assert mode == "L" or red > green + 60


def test_a_jpeg_is_passed_on_as_it_is(house):
    """It is not decoded and packed again: no loss, no time."""
    given_picture = picture("JPEG", "RGB")

    tail = house.tail(NAMES["latin"], extras=extras(picture=given_picture))

    assert given_picture.data in tail


def test_a_row_without_a_picture_speaks_of_none(house):
    """No screen reader tells of a badge that is not there."""
    with pikepdf.open(io.BytesIO(house.file(NAMES["latin"]))) as pdf:
        alts = [
            str(item.Alt)
            for item in pdf.objects
            if isinstance(item, pikepdf.Dictionary) and "/Alt" in item
        ]

    assert "A badge" not in alts


def test_what_is_not_drawn_is_not_tagged(house):
    """A text without a value has no element, and is there when it has one."""
    without = house.file(NAMES["latin"])
    with_it = house.file(NAMES["latin"], description="With honours")

    assert problems(without) == problems(with_it) == []
    assert "With honours" in read(with_it)


@pytest.mark.parametrize(("width", "pages"), [(400, 1), (841.89, 2), (841.89, 0)])
def test_art_that_is_not_the_page_is_refused(house, width, pages):
    """Only one page of the very size can lie under certificates."""
    design = house.prepared.design

    with pytest.raises(ValueError, match="art"):
        build_prefix(design, Fonts(), art(width, pages=pages), Laid(()))


def test_a_page_may_be_empty():
    """A template without any item is a page all the same."""
    house = works(Design("Empty", "en", Page(200, 100), ()))

    assert problems(house.prepared.prefix + house.press.stamp(Laid(()), EXTRAS)) == []


def test_a_prepared_template_is_kept_as_bytes(house):
    """What is read again stamps the same certificates."""
    again = type(house.prepared).from_bytes(house.prepared.to_bytes())
    laid = house.lay_out(NAMES["hebrew"])

    assert again == house.prepared
    assert Press(again, house.fonts).stamp(laid, EXTRAS) == house.press.stamp(
        laid, EXTRAS
    )
    with pytest.raises(ValueError, match="no prepared"):
        type(again).from_bytes(b"PK\x03\x04")
