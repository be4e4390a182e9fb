"""Files are read back by others' parts, and none leaves the house that is wrong."""

import io
import random
from dataclasses import replace

import pikepdf
import pytest
from PIL import Image

from support.designs import FACTS, text
from support.presses import CREDENTIAL, DESIGN, ITEMS, PHOTO, URL, Bureau, photo
from testamur.core.text import nfc
from testamur.rendering.design import Box, Qr
from testamur.rendering.laid import Laid
from testamur.rendering.pdf.stamp import Extras
from testamur.rendering.pdfium.read_back import Expected, texts_of
from testamur.rendering.pdfium.said import letters

ANA = FACTS
BEN = replace(FACTS, recipient_name="Benedikt Kowalski", name="Law")


@pytest.fixture(scope="module")
def bureau():
    """Return a template that is ready, with all that looks at its files."""
    return Bureau()


@pytest.mark.parametrize(
    "name",
    [
        "Ana Souza",
        "Έλενα Παπαδοπούλου",
        "Анна Кузнецова",
        "محمد بن عبد الله",
        "דוד בן־גוריון",
        "प्रिया शर्मा",
        "นางสาวน้ำผึ้ง ทองคำ",
        "山田太郎",
        "김민준",
        "Nguyễn Thị Hằng",
        "Jean‑Luc O’Neill–Smith",
        "Sofﬁa ffi fl AVATAR",
        "محمد Smith (A+)",
        "Anna (דוד) 42",
        "María del Pilar Guadalupe Hernández-Villanueva y Fernández de la Vega",
    ],
)
def test_a_file_that_says_what_its_row_says_is_well(bureau, name):
    """
    Text is compared as people read it, in every script: spaces, line breaks,
    ligatures and the order of directions make no difference.
    """
    row = bureau.row(named(name))
    tail = bureau.tail(row)
    assert bureau.reader.problem_with(tail, row.expected) is None
    whole = bureau.prepared.prefix + tail
    assert bureau.reader.problem_with(whole, row.expected) is None


#: Stretches of many scripts and signs: readers of PDF have their ways with each.
STRETCHES = (
    *("O’Connor-Smith, Jr.", "½ Ⅳ ① ² ™ ℡", "ŉ ß ΐ ǰ", "İstanbul ığdır", "x̂ ŷ ẑ"),
    *("سعيد ﷺ", "شَدَّة", "یاسمن گ‌ل", "پێشمەرگە ڕۆژ", "נוֹעָה", 'דוד, "ב" (ג)'),
    *("प्रिया क्षत्रिय", "র‍্যাব এলিজা", "தமிழ் ஸ்ரீ", "తెలుగు శ్రీ", "ស្រី ខ្មែរ", "ကျော်"),
    *(
        "น้ำ กำ",
        "ກຳ ນ້ຳ",
        "葛󠄀城",
        "ﾊﾝｶｸ カナ",
        "각 각",
        "「カギ」（括弧）",
        "中文，标点。《书》",
    ),
    *(
        "Anne\u00adMarie",
        "Zero\u200bWidth",
        "“quotes” «g» ‹s›",
        "…—–‐‑−",
        "<b>{{x}}</b>",
    ),
    *("Ёлка Їжак", "ΑΒΓ ς σ", "1.2.3 - 4/5", "a.b@c.org", "Z͑ͫ̓ͪ̂ͫ̽A"),
)


def test_no_right_file_is_kept_back_whatever_stands_side_by_side(bureau):
    """
    Names, courses and other cells of any two or three stretches are well.
    """
    dice = random.Random(7)

    def cell():
        return nfc(dice.choice(" -(,").join(dice.choices(STRETCHES, k=2))).strip()

    stamped_rows = 0
    for _ in range(80):
        facts = replace(
            ANA, recipient_name=cell(), name=cell(), attributes=(("hours", cell()),)
        )
        row = bureau.row(facts)
        laid = bureau.layout.lay_out(row.values, only_variable=True)
        if isinstance(laid, Laid) and not laid.is_unusual:
            stamped_rows += 1
            tail = bureau.press.stamp(laid, row.extras)
            found = bureau.reader.problem_with(tail, row.expected)
            assert found is None, (found, row.expected.texts)
    assert stamped_rows > 40


def named(name):
    """Return Ana's facts with another name."""
    return replace(ANA, recipient_name=name)


def stamped(bureau, change=lambda laid, other: laid, facts=ANA, **extras):
    """Return a tail of Ana's, with *change* made to what is drawn."""
    row, other = bureau.row(facts), bureau.row(BEN)
    laid = change(bureau.laid(row), bureau.laid(other))
    return bureau.press.stamp(laid, replace(row.extras, **extras))


def with_text(laid, id, changed):
    """Return *laid* with another text *id*."""
    return Laid(tuple(changed(text) if text.id == id else text for text in laid.texts))


def without(laid, other):
    """Leave out the name."""
    return Laid(tuple(text for text in laid.texts if text.id != "name"))


def with_more(laid, other):
    """Draw another row's name below the hours."""
    (name,) = (text for text in other.texts if text.id == "name")
    return with_text(
        laid, "hours", lambda text: replace(text, lines=text.lines + name.lines)
    )


def with_swapped(laid, other):
    """Draw another row's course in the course's place."""
    (course,) = (text for text in other.texts if text.id == "course")
    return with_text(laid, "course", lambda text: course)


def with_glyphs(changed):
    """Change the glyphs of the name, and nothing that is said of them."""

    def change(laid, other):
        def drawn(name):
            (line,) = name.lines
            run = replace(line.runs[0], glyphs=changed(line.runs[0].glyphs))
            return replace(name, lines=(replace(line, runs=(run, *line.runs[1:])),))

        return with_text(laid, "name", drawn)

    return change


MUTANTS = {
    "another row's file": lambda bureau: bureau.tail(bureau.row(BEN)),
    "a text missing": lambda bureau: stamped(bureau, without),
    "another row's text besides": lambda bureau: stamped(bureau, with_more),
    "another row's text instead": lambda bureau: stamped(bureau, with_swapped),
    "a letter too few": lambda bureau: stamped(bureau, facts=named("Ana Souz")),
    "a letter twice": lambda bureau: stamped(bureau, facts=named("Ana Souzaa")),
    "letters exchanged": lambda bureau: stamped(
        bureau, with_glyphs(lambda glyphs: (glyphs[1], glyphs[0], *glyphs[2:]))
    ),
    "another letter": lambda bureau: stamped(bureau, facts=named("Ana Sousa")),
    "an accent too much": lambda bureau: stamped(bureau, facts=named("Ana Souzá")),
    "a QR code that leads elsewhere": lambda bureau: stamped(
        bureau, url=URL.replace("0123456789", "9876543210")
    ),
    "another title": lambda bureau: stamped(bureau, title="Benedikt Kowalski"),
    "another credential": lambda bureau: stamped(
        bureau, credential=CREDENTIAL.replace(b"one", b"two")
    ),
    "no credential": lambda bureau: stamped(bureau, credential=None),
    "cut off": lambda bureau: bureau.tail(bureau.row())[:-700],
    "empty": lambda bureau: b"",
    "no PDF": lambda bureau: b"%PDF-1.7 and nothing else",
    "another template's": lambda bureau: bureau.tail(bureau.row())[::-1],
}


@pytest.mark.parametrize("mutant", MUTANTS.values(), ids=MUTANTS)
def test_a_file_that_says_anything_else_is_not_released(bureau, mutant):
    """
    Each of these has one thing wrong. What is told about it quotes nobody.
    """
    problem = bureau.reader.problem_with(mutant(bureau), bureau.row().expected)
    assert problem is not None
    assert not any(word in problem for word in ("Ana", "Ben", "Law", "http", "40"))


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("محمد علي", "فاطمة علي"),
        ("محمد علي", "محمد"),
        ("Ana (דוד) 42", "Ana (דוד) 43"),
        ("Ana דוד", "Eva דוד"),
        ("שרה", "שרה שרה"),
    ],
)
def test_letters_that_run_from_right_to_left_are_compared_too(bureau, name, other):
    """
    A reader's order does not matter there, but every word does.
    """
    row = bureau.row(named(name))
    for tail in (bureau.tail(row), bureau.tail(bureau.row(named(other)))):
        problem = bureau.reader.problem_with(tail, replace(row.expected, title=None))
        assert (problem is None) == (tail == bureau.tail(row))


def test_words_beside_letters_from_right_to_left_may_be_read_in_any_order(bureau):
    """
    A date beside an Arabic signature is one line to a reader, who turns it round.
    """
    beside = (
        text("{{issuedAt}}", id="date", box=Box(100, 300, 200, 40)),
        text("{{recipientName}}", id="signed", box=Box(350, 300, 200, 40)),
        text("½ “{{name}}” ① …", id="signs", box=Box(560, 300, 200, 40)),
    )
    desk = Bureau(replace(DESIGN, items=beside), bureau.fonts)
    row = desk.row(named("سعيد نوري"))
    assert desk.reader.problem_with(desk.tail(row), row.expected) is None
    other = desk.tail(desk.row(replace(named("سعيد نوري"), name="Law")))
    wanted = replace(row.expected, title=None)
    assert desk.reader.problem_with(other, wanted) is not None


def edited(change):
    """Return what makes a whole file and has pikepdf *change* it."""

    def make(bureau):
        with pikepdf.open(io.BytesIO(bureau.file(bureau.row()))) as pdf:
            change(pdf)
            data = io.BytesIO()
            pdf.save(data)
        return data.getvalue()

    return make


def second_page(pdf):
    """Add an empty page."""
    pdf.add_blank_page(page_size=(841.89, 595.28))


def wider(pdf):
    """Make the page wider."""
    pdf.pages[0].MediaBox = [0, 0, 900, 595.28]


def no_constants(pdf):
    """Leave out the constant texts."""
    contents = pdf.pages[0].Contents
    contents[1].write(b"")


def second_file(pdf):
    """Attach a file."""
    pdf.attachments["other.txt"] = b"another row's"


@pytest.mark.parametrize(
    "change", [second_page, wider, no_constants, second_file], ids=lambda f: f.__name__
)
def test_a_whole_file_is_compared_in_whole(bureau, change):
    """
    Pages, their size, constant texts and what is attached count too.
    """
    expected = bureau.row().expected
    untouched = edited(lambda pdf: None)(bureau)
    assert bureau.reader.problem_with(untouched, expected) is None
    assert bureau.reader.problem_with(edited(change)(bureau), expected) is not None


def test_a_qr_code_that_nobody_can_read_is_not_released(bureau):
    """
    It is drawn and read, whatever the template's colours are.
    """
    faint = Qr("qr", Box(660, 440, 80, 80), colour="#fefefe")
    pale = Bureau(replace(DESIGN, items=(*ITEMS[:-1], faint)), bureau.fonts)
    row = pale.row()
    problem = pale.reader.problem_with(pale.tail(row), row.expected)
    assert problem == "The QR code does not lead to the certificate's page."


def test_the_picture_of_a_row_is_there_or_it_is_not_released(bureau):
    """
    A row with a picture has it in its file, a row without has none.
    """
    album = Bureau(replace(DESIGN, items=(PHOTO, *ITEMS)), bureau.fonts)
    bare, full = album.row(), album.row(picture=photo())
    for row in (bare, full):
        assert album.reader.problem_with(album.tail(row), row.expected) is None
    assert album.reader.problem_with(album.tail(bare), full.expected) is not None
    assert album.reader.problem_with(album.tail(full), bare.expected) is not None


def test_the_qr_code_of_a_picture_is_read_from_the_picture(bureau):
    """
    A PNG or JPEG is opened, and its QR code read from its pixels.
    """
    problem_with = bureau.reader.problem_with_picture
    tail = bureau.tail(bureau.row())
    for picture in (bureau.raster.png(tail), bureau.raster.jpeg(tail)):
        assert problem_with(picture, URL) is None
        assert problem_with(picture, URL + "0") is not None
        assert problem_with(picture[:-20_000], URL) is not None
        with Image.open(io.BytesIO(picture)) as image:
            image.paste("white", (860, 560, 1010, 710))
            data = io.BytesIO()
            image.save(data, image.format)
        assert problem_with(data.getvalue(), URL) is not None
    assert problem_with(b"", URL) is not None


def test_a_qr_code_too_small_to_be_read_is_let_pass_in_a_picture_only(bureau):
    """
    A thumbnail may be too coarse for its QR code; the PDF's was read.
    """
    small = bureau.raster.png(bureau.tail(bureau.row()), width=200)
    assert bureau.reader.problem_with_picture(small, URL) is None


def test_the_texts_of_a_row_are_those_that_are_drawn(bureau):
    """
    A text is left out when all its fields are empty; constant texts are not counted.
    """
    design = replace(
        DESIGN,
        items=(
            text("Always", id="constant"),
            text("{{attribute_Grade}}", id="empty"),
            text("Grade {{attribute_Grade}} of {{name}}", id="half", is_upper=True),
        ),
    )
    assert texts_of(design, {"name": "Law"}) == ["GRADE  OF LAW"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Zo\u00eb M\u00fcller", "Zoe\u0308\r\nMu\u0308ller"),
        ("Anne-Marie", "Anne\x02\r\nMarie"),
        ("office", "o\ufb03ce"),
        ("\u0644\u0627", "\ufefb"),
        ("Ana\u200d\u00a0Souza", "Ana Souza"),
    ],
)
def test_the_same_text_read_in_another_way_is_the_same(one, other):
    """
    Composed and decomposed, broken and joined, ligatures and their letters.
    """
    assert letters(one) == letters(other)


def test_other_letters_are_not_the_same():
    """
    What looks alike, or nearly so, is told apart.
    """
    spelt = ["Ana", "Anа", "Aña", "ana", "An a1", "Ana²", "Ana2"]
    assert len({letters(each) for each in spelt}) == len(spelt)


def test_a_template_of_source_is_compared_as_far_as_it_can_be(bureau):
    """
    Nobody but its author knows what it prints: title, credential, page and any QR
    code are compared.
    """
    row = bureau.row()
    source = Bureau(replace(DESIGN, source="main.typ"), bureau.fonts)
    source.__dict__["prepared"] = replace(
        bureau.prepared, design=source.design, prefix=b"", plan=None
    )
    file = bureau.file(row)
    assert source.reader.problem_with(file, row.expected) is None
    for wrong in (
        replace(row.expected, url=URL + "0"),
        replace(row.expected, title="Another"),
        replace(row.expected, credential=None),
    ):
        assert isinstance(wrong, Expected)
        assert source.reader.problem_with(file, wrong) is not None
    assert isinstance(row.extras, Extras)
