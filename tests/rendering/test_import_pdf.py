"""PDFs of design tools become templates: what is a field, and what is refused."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import fontpkg_great_vibes
import justmytype_intl_rtl
import pikepdf
import pypdfium2
import pytest
import typst
from pikepdf import Array, Dictionary, Name
from PIL import Image, ImageChops, ImageFilter

from support import foreign_pdfs
from support.foreign_pdfs import HEIGHT, WIDTH, page, show
from testamur.core.refusals import Refusal
from testamur.rendering.importing.import_pdf import import_pdf
from testamur.rendering.package.package import read_package
from testamur.rendering.prepare import prepare

FRAME = f"2 w 20 20 {WIDTH - 40} {HEIGHT - 40} re S\n"
NAME = show(300, 300, "{{recipientName}}")


def imported(data: bytes) -> tuple[list[dict[str, Any]], bytes, str]:
    """Return items, background and warnings of a PDF's template."""
    made = import_pdf(data)
    read_package(made.package)
    with zipfile.ZipFile(io.BytesIO(made.package)) as package:
        template = json.loads(package.read("template.json"))
        background = package.read("assets/background.pdf")
    return template["items"], background, "\n".join(made.warnings)


def text_of(data: bytes) -> str:
    """Return what a PDF's page says."""
    return str(pypdfium2.PdfDocument(data)[0].get_textpage().get_text_range())


def drawn(data: bytes) -> Image.Image:
    """Return how a PDF's page looks, a pixel to the point."""
    picture: Image.Image = pypdfium2.PdfDocument(data)[0].render().to_pil()
    return picture.convert("RGB")


def test_a_page_with_fields_becomes_texts_over_the_rest_of_the_page():
    """
    Each field is a text of its size, colour and kind of font, where it stood; the
    rest of the page, gradients too, is the background and says no field any more.
    """
    source = """
    #set page(width: 297mm, height: 210mm, margin: 0pt,
      fill: gradient.linear(rgb("#ffffff"), rgb("#dde6ff")))
    #place(dx: 10mm, dy: 10mm, rect(width: 277mm, height: 190mm, stroke: 2pt))
    #set align(center)
    #v(40mm)
    #text(30pt)[Diploma]
    #v(5mm)
    #text(36pt, weight: "bold", fill: rgb("#8a1c3c"))[{{recipientName}}]

    on {{issuedAt|long}} with {{ attribute_hours }} hours
    #place(bottom + left, dx: 30mm, dy: -30mm)[Number {{reference}}]
    #place(bottom + right, dx: -30mm, dy: -30mm)[{{qr}}]
    """
    data = typst.compile(source.encode())
    assert data is not None

    items, background, warnings = imported(data)

    name, sentence, *rest = items
    assert [item.get("text") for item in items[:2]] == [
        "{{recipientName}}",
        "on {{issuedAt|long}} with {{attribute_hours}} hours",
    ]
    assert {item.get("text", item["type"]) for item in rest} == {
        "Number {{reference}}",
        "qr",
    }
    assert name["size"] == 36
    assert name["weight"] == 700
    assert name["colour"] == "#8a1c3c"
    assert name["align"] == sentence["align"] == "center"
    assert name["fit"] == "both"
    assert "Libertinus" in warnings
    assert text_of(background).split() == ["Diploma"]


@pytest.mark.parametrize(
    ("content", "align"),
    [
        (FRAME + show(322, 300, "{{recipientName}}"), "center"),
        (show(60, 300, "{{recipientName}}") + show(60, 200, "Of this year"), "left"),
        (show(100, 400, "Prizes") + show(545, 300, "{{recipientName}}"), "right"),
        (show(102, 320, "{{recipientName}}") + show(137, 290, "Signature"), "center"),
    ],
    ids=["page", "left", "right", "column"],
)
def test_alignment_is_that_of_the_lines_around(content, align):
    """
    A longer name goes on growing the way in which the page is set.
    """
    items, _, _ = imported(page(content))

    assert items[0]["align"] == align


def test_a_box_reaches_as_far_as_nothing_else_stands():
    """
    The box of a name keeps off frames, other words, and the boxes beside it.
    """
    wall = "300 0 4 500 re f\n"
    beside = show(60, 100, "{{reference}}") + show(600, 100, "{{attribute_place}}")

    items, _, _ = imported(page(wall + show(60, 300, "{{recipientName}}") + beside))

    name, reference, place = (item["box"] for item in items)
    assert 60 < name[0] + name[2] < 300
    assert reference[0] + reference[2] < 300
    assert place[0] >= 600 - 1
    assert place[0] + place[2] < WIDTH


def test_a_text_stands_on_the_line_that_it_stood_on():
    """
    The middle of its box is half a capital above the baseline.
    """
    items, _, _ = imported(page(show(300, 300, "{{recipientName}}", 40)))

    left, top, width, height = items[0]["box"]
    assert top + height / 2 == pytest.approx(HEIGHT - 300 - 0.727 * 40 / 2, abs=0.3)
    assert left <= 300 < left + width


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("BT /F1 20 Tf 60 300 Td ({{recip) Tj (ientName}}) Tj ET", "{{recipientName}}"),
        (
            "BT /F1 20 Tf 60 300 Td ({{) Tj ET BT /F1 20 Tf 71 300 Td (name}}) Tj ET",
            "{{name}}",
        ),
        (
            "BT /F1 20 Tf 60 300 Td [(To ) -20 ({{na) 30 (me}}) -250 (!)] TJ ET",
            "To {{name}} !",
        ),
        ("BT /F1 20 Tf 22 TL 60 300 Td ({{name}}) ' ET", "{{name}}"),
        ('BT /F1 20 Tf 22 TL 60 300 Td 1 2 ({{name}}) " ET', "{{name}}"),
        (show(60, 300, "{{RECIPIENTNAME}}"), "{{recipientName}}"),
        (show(60, 300, "{{ recipient_name }}"), "{{recipientName}}"),
        (show(60, 300, "{{issuedAt|d.M.y}}"), "{{issuedAt|d.M.y}}"),
    ],
    ids=["two", "letters", "kerned", "quote", "double", "capitals", "spelt", "format"],
)
def test_fields_are_found_however_they_are_written(content, text):
    """
    Tools cut lines into pieces; people write fields in their own way.
    """
    items, background, _ = imported(page(content + FRAME))

    assert items[0]["text"] == text
    assert text_of(background).strip() == ""


def test_letters_of_a_script_are_not_set_closer_than_they_were():
    """
    Its swashes reach over the letters beside them; what is spaced stays spaced.
    """
    fonts = Path(fontpkg_great_vibes.__file__).parent

    def tracking(spaced: str) -> float:
        data = typst.compile(
            f"""#set page(width: 200mm, height: 100mm)
            #text(font: "Great Vibes", size: 48pt, tracking: {spaced})[
            {{{{recipientName}}}}]""".encode(),
            font_paths=[fonts],
        )
        assert isinstance(data, bytes)
        items, _, _ = imported(data)
        return float(items[0].get("tracking", 0))

    assert tracking("0pt") == 0
    assert tracking("12pt") > 4


def right_to_left(words: str) -> bytes:
    """Return a PDF whose lines run from right to left, as Typst writes it."""
    fonts = Path(justmytype_intl_rtl.__file__).parent
    made = typst.compile(
        f"""#set page(width: 200mm, height: 100mm)
        #set text(dir: rtl, lang: "he", font: ("Noto Sans Hebrew", "DejaVu Sans Mono"))
        {words}""".encode(),
        font_paths=[fonts],
    )
    assert isinstance(made, bytes)
    return made


def test_fields_of_a_page_from_right_to_left_are_found():
    """
    Their braces are mirrored there, and named by what they were before.
    """
    items, background, _ = imported(
        right_to_left("תעודה\n\n{{recipientName}}\n\n{{ issuedAt | short }}")
    )

    assert [item["text"] for item in items] == [
        "{{recipientName}}",
        "{{issuedAt|short}}",
    ]
    assert {item["align"] for item in items} == {"right"}
    assert "recipientName" not in text_of(background)


def test_a_field_among_words_from_right_to_left_is_refused():
    """
    They would be set again in the order in which they look, which is no language.
    """
    with pytest.raises(Refusal) as refused:
        import_pdf(right_to_left("הוענק לכבוד {{recipientName}} ביום"))

    assert refused.value.code == "placeholder"
    assert "{{recipientName}}" in refused.value.detail
    assert "a line of its own" in refused.value.detail


def test_capitals_make_a_text_of_capitals():
    """
    Where a design has a field in capitals, its values are too.
    """
    items, _, _ = imported(page(show(60, 300, "FOR {{RECIPIENTNAME}}")))

    assert items[0]["upper"] is True
    assert items[0]["text"] == "FOR {{recipientName}}"


@pytest.mark.parametrize("forms", [1, 3])
def test_fields_in_forms_are_taken_out_of_them(forms):
    """
    Tools wrap pages into forms; what else a form draws stays.
    """
    data = page(FRAME + NAME + show(90, 90, "Seal"), foreign_pdfs.in_forms(forms))

    items, background, _ = imported(data)

    assert items[0]["text"] == "{{recipientName}}"
    assert text_of(background).strip() == "Seal"


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_a_turned_page_is_read_as_people_see_it(degrees):
    """
    Boxes are those of the page as it is shown.
    """
    matrix = {90: "0 1 -1 0 400 100", 180: "-1 0 0 -1 400 200", 270: "0 -1 1 0 400 300"}
    content = f"BT /F1 20 Tf {matrix[degrees]} Tm ({{{{recipientName}}}}) Tj ET"

    items, background, _ = imported(page(content, foreign_pdfs.turned(degrees)))

    assert items[0]["size"] == 20
    width, height = pypdfium2.PdfDocument(background)[0].get_size()
    assert (width < height) == (degrees != 180)


def test_what_follows_a_field_stays_where_it_is():
    """
    Text that is placed by what stands before it does not move when that goes.
    """
    content = "BT /F1 20 Tf 60 300 Td ({{name}}) Tj [-9000 (Far away)] TJ ET"
    data = page(content + FRAME)

    _, background, _ = imported(data)

    assert text_of(background).strip() == "Far away"
    right = (250, 0, WIDTH, HEIGHT)
    both = (drawn(data).crop(right), drawn(background).crop(right))
    assert ImageChops.difference(*both).getbbox() is None


def test_words_of_another_look_stay_before_a_field():
    """
    A label in another font stays in the background; its value begins after it.
    """
    label = show(60, 300, "Name:", font="F2")

    items, background, _ = imported(page(label + show(125, 300, "{{recipientName}}")))

    assert items[0]["text"] == "{{recipientName}}"
    assert items[0]["box"][0] == pytest.approx(125, abs=3)
    assert text_of(background).strip() == "Name:"


def test_a_wrapped_sentence_is_one_text():
    """
    Lines that go on with a small letter wrap anew; those of a list stay apart.
    """
    sentence = show(60, 300, "To {{recipientName}}, who") + show(
        60, 276, "has completed {{name}}"
    )
    listed = show(60, 120, "Date: {{issuedAt}}") + show(60, 96, "No. {{reference}}")

    items, _, _ = imported(page(sentence + listed))

    assert [item["text"] for item in items] == [
        "To {{recipientName}}, who has completed {{name}}",
        "Date: {{issuedAt}}",
        "No. {{reference}}",
    ]
    assert items[0]["fit"] == "both"
    assert items[0]["leading"] == 1.2
    assert items[0]["box"][3] > 24


def test_a_line_in_the_middle_is_one_text_whatever_its_looks():
    """
    It stays in the middle whatever its values, and looks as most of it does.
    """
    content = show(270, 300, "awarded for ") + show(378, 300, "{{name}}", font="F2")
    content += show(466, 300, " this year")

    items, background, warnings = imported(page(content))

    assert items[0]["text"] == "awarded for {{name}} this year"
    assert items[0]["weight"] == 400
    assert "one look" in warnings
    assert text_of(background).strip() == ""


@pytest.mark.parametrize(("said", "language"), [("pt-BR", "pt-BR"), ("?", "en")])
def test_the_language_is_that_of_the_pdf(said, language):
    """
    Dates are spelt in it, and screen readers speak it.
    """
    data = page(NAME, lambda document: setattr(document.Root, "Lang", said))

    template = zipfile.ZipFile(io.BytesIO(import_pdf(data).package))

    assert json.loads(template.read("template.json"))["language"] == language


def test_a_text_that_is_drawn_twice_leaves_twice():
    """
    A shadow of a field is no part of the background.
    """
    data = page("0.7 g " + show(302, 298, "{{recipientName}}") + " 0 g " + NAME)

    items, background, _ = imported(data)

    assert "{{" not in text_of(background)
    assert ImageChops.invert(drawn(background)).getbbox() is None
    assert items[0]["text"] == "{{recipientName}}"


def test_a_shadow_that_is_a_picture_is_refused():
    """
    It would say {{recipientName}} behind every name; a line under it does no harm.
    """
    shadow = drawn(page(show(302, 298, "{{recipientName}}")))
    shadow = shadow.filter(ImageFilter.GaussianBlur(1))

    with pytest.raises(Refusal) as refusal:
        import_pdf(page(NAME, foreign_pdfs.over(shadow)))

    assert refusal.value.code == "import_effects"
    assert imported(page("2 w 290 296 m 480 296 l S " + NAME))[0]


def test_tags_of_the_design_tool_leave_with_the_text():
    """
    What a screen reader was told to say instead of a field is gone.
    """
    spoken = "/Span <</ActualText ({{recipientName}})>> BDC "

    _, background, _ = imported(page(spoken + NAME + " EMC " + FRAME))

    with pikepdf.open(io.BytesIO(background)) as document:
        assert b"recipientName" not in document.pages[0].Contents.read_bytes()


def test_the_same_pdf_gives_the_same_package():
    """
    Nothing of the clock or of chance is in a template.
    """
    data = page(FRAME + NAME, foreign_pdfs.in_forms(1))

    assert import_pdf(data).package == import_pdf(data).package


def test_an_imported_template_is_drawn_by_both_ways_alike():
    """
    What a page draws in the colour that it began with stays in it.
    """
    data = page(show(330, 400, "Diploma", 40) + FRAME + NAME)

    made = prepare(import_pdf(data).package)

    assert made.prepared.plan is not None
    assert "Diploma" in text_of(made.sample)


def test_links_and_where_to_look_first_do_no_harm():
    """
    Most tools write them; they are left out of the background.
    """
    link = foreign_pdfs.annotated(Subtype=Name.Link, A=Dictionary(S=Name.URI))

    _, background, warnings = imported(page(NAME, link))

    assert "Links" in warnings
    with pikepdf.open(io.BytesIO(background)) as document:
        assert "/Annots" not in document.pages[0]
    look = foreign_pdfs.opening(Array([0, Name.XYZ, 0, 0, 0]))
    assert imported(page(NAME, look))[0]


def test_missing_name_and_code_are_told():
    """
    A template without the recipient or a way to verify is unusual, and allowed.
    """
    _, _, warnings = imported(page(show(60, 300, "{{name}}")))

    assert "{{recipientName}}" in warnings
    assert "{{qr}}" in warnings


ENCRYPTION = pikepdf.Encryption(owner="owner", user="")
SCRIPT = Dictionary(S=Name.JavaScript, JS="app.alert(1)")
LAUNCH = Dictionary(S=Name.Launch, F="cmd.exe")
VISIT = Dictionary(S=Name.URI, URI="http://example.org/")

REFUSED: dict[str, tuple[bytes, str, str]] = {
    "no-pdf": (b"hello", "pdf_corrupt", "no PDF"),
    "empty": (b"", "pdf_corrupt", "no PDF"),
    "P01-cut-off": (page(NAME)[:-400], "pdf_corrupt", "no end"),
    "P01-damaged": (b"%PDF-1.4\nhello\n%%EOF", "pdf_corrupt", "damaged"),
    "P02-bomb": (page(NAME, foreign_pdfs.with_bomb), "pdf_too_complex", "larger"),
    "P03-encrypted": (page(NAME, encryption=ENCRYPTION), "pdf_encrypted", "password"),
    "P04-script": (
        page(NAME, foreign_pdfs.opening(SCRIPT)),
        "pdf_active_content",
        "scripts",
    ),
    "P04-launch": (
        page(NAME, foreign_pdfs.opening(LAUNCH)),
        "pdf_active_content",
        "scripts",
    ),
    "P04-visit": (
        page(NAME, foreign_pdfs.opening(VISIT)),
        "pdf_active_content",
        "scripts",
    ),
    "P04-file": (page(NAME, foreign_pdfs.with_file), "pdf_active_content", "files"),
    "P04-xfa": (page(NAME, foreign_pdfs.with_form), "pdf_active_content", "form"),
    "P04-field": (
        page(NAME, foreign_pdfs.annotated(Subtype=Name.Widget)),
        "pdf_active_content",
        "form",
    ),
    "P04-media": (
        page(NAME, foreign_pdfs.annotated(Subtype=Name.RichMedia)),
        "pdf_active_content",
        "media",
    ),
    "P05-signed": (page(NAME, foreign_pdfs.signed), "pdf_locked", "signed"),
    "P07-layer": (
        page(NAME, foreign_pdfs.with_hidden_layer),
        "pdf_hidden_content",
        "layers",
    ),
    "P08-pages": (page(NAME, foreign_pdfs.with_pages(2)), "pdf_too_large", "2 pages"),
    "P08-poster": (page(NAME, width=14_400), "pdf_too_large", "200 × "),
    "P09-before": (b"x" * 900 + page(NAME), "pdf_ambiguous", "before"),
    "P09-after": (page(NAME) + b"PK\x03\x04", "pdf_ambiguous", "besides"),
    "no-text": (page(FRAME), "import_no_text", "outlines"),
    "no-field": (
        page(show(60, 300, "Recipient")),
        "import_no_placeholders",
        "{{recipientName}}",
    ),
    "unknown": (page(show(60, 300, "{{firstname}}")), "placeholder", "recipientName"),
    "halved": (page(show(60, 300, "{{recipient")), "placeholder", "one end"),
    "code-in-words": (page(show(60, 300, "Scan {{qr}}")), "placeholder", "its own"),
    "leaning": (
        page("BT /F1 20 Tf .9 .4 -.4 .9 60 60 Tm ({{name}}) Tj ET"),
        "import_turned",
        "upright",
    ),
    "unseen": (page("3 Tr " + NAME), "import_hidden_text", "picture"),
    "P13-evaluated": (
        page(show(60, 300, "{{ ''.__class__ }}")),
        "placeholder",
        "recipientName",
    ),
}


@pytest.mark.parametrize(("data", "code", "word"), REFUSED.values(), ids=list(REFUSED))
def test_what_is_no_page_with_fields_is_refused_by_name(data, code, word):
    """
    Each refusal has its code, and says what to change.
    """
    with pytest.raises(Refusal) as refusal:
        import_pdf(data)

    assert refusal.value.code == code
    assert word in refusal.value.detail


def test_every_unknown_field_is_told_at_once():
    """
    Nobody has to export as often as there are mistakes.
    """
    with pytest.raises(Refusal) as refusal:
        import_pdf(page(show(60, 300, "{{foo}}") + show(60, 200, "{{bar}}")))

    assert "foo" in refusal.value.detail
    assert "bar" in refusal.value.detail
    assert len(refusal.value.parts) == 2
