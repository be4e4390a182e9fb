"""The typesetter: equal to the stamp, to the pixel, and never told what to do."""

import io
from dataclasses import dataclass
from pathlib import Path

import pikepdf
import pytest

from support import poppler
from support.typesetting import (
    CREDENTIAL,
    QR,
    RED_SQUARE,
    TEXT,
    URL,
    laid,
    package,
    row,
    source,
    template,
)
from testamur.core.refusals import Reason, Refusal
from testamur.rendering.laid import Laid
from testamur.rendering.package.package import Package, read_package
from testamur.rendering.pdf.stamp import Press, build_prefix
from testamur.rendering.pdfium.compare import are_alike
from testamur.rendering.pdfium.leaf import Binder
from testamur.rendering.pdfium.read_back import Expected, ReadBack, texts_of
from testamur.rendering.prepared import Prepared
from testamur.rendering.text.fonts import Fonts
from testamur.rendering.typst.typeset import Typesetter

#: A bit of everything that a page may have.
RICH = read_package(
    package(
        template(
            {
                **TEXT,
                "box": [20, 20, 257, 20],
                "text": "Certificate of merit",
                "font": "Cinzel",
                "size": 30,
                "weight": 700,
                "tracking": 3,
                "upper": True,
                "role": "title",
            },
            {**TEXT, "font": "Playfair Display", "size": 44, "weight": 600},
            {
                **TEXT,
                "box": [60, 90, 177, 40],
                "text": "has completed {{name}} in {{attribute_hours}} hours, with "
                "praise from everyone who was there to see it, on {{issuedAt}}",
                "font": "EB Garamond",
                "italic": True,
                "size": 18,
                "fit": "wrap",
            },
            {
                **TEXT,
                "box": [20, 180, 100, 8],
                "text": "{{id}}",
                "font": "Inter",
                "size": 9,
                "align": "left",
            },
            {"type": "image", "box": [20, 140, 30, 20], "asset": "logo.svg"},
            {"type": "rect", "box": [60, 150, 20, 10], "fill": "#204080", "radius": 2},
            {"type": "ellipse", "box": [90, 150, 20, 10], "stroke": "#208040"},
            {"type": "line", "from": [20, 170], "to": [120, 172], "colour": "#888888"},
            QR,
            colour="#fdfaf1",
            background="back.svg",
            language="pt-BR",
        ),
        back_svg=RED_SQUARE.replace(b"#c02020", b"#fdf4e0"),
        logo_svg=RED_SQUARE,
    )
)


@dataclass(frozen=True)
class Both:
    """The two ways of drawing one template."""

    typesetter: Typesetter
    fonts: Fonts
    prepared: Prepared
    press: Press
    reader: ReadBack


@pytest.fixture(scope="module")
def typesetter(tmp_path_factory: pytest.TempPathFactory) -> Typesetter:
    """A typesetter with a folder of its own."""
    return Typesetter(tmp_path_factory.mktemp("press"))


@pytest.fixture(scope="module")
def both(typesetter: Typesetter) -> Both:
    """The rich template, drawn by either."""
    fonts = typesetter.fonts(RICH)
    static = laid(RICH, fonts, {})
    static = Laid(tuple(each for each in static.texts if each.id == "item1"))
    art = typesetter.art(RICH)
    prefix, plan = build_prefix(RICH.design, fonts, art, static)
    prepared = Prepared(RICH.design, RICH.assets, art, static, prefix, plan)
    return Both(typesetter, fonts, prepared, Press(prepared, fonts), ReadBack(prepared))


def typeset(typesetter: Typesetter, package: Package, name: str) -> bytes:
    """Return the file of a certificate for *name*."""
    values, extras = row(package, name)
    texts = laid(package, typesetter.fonts(package), values)
    drawn = typesetter.pdf(package, texts, extras, values)
    assert isinstance(drawn, bytes), drawn
    return drawn


NAMES = {
    "latin": "Ana Júlia AVATAR Toffoli-Nguyễn",
    "greek": "Ελένη Παπαδοπούλου",
    "cyrillic": "Владимир Щукин",
    "arabic": "محمد علي",
    "hebrew": "שלום כהן",
    "devanagari": "अनीता शर्मा",
    "thai": "สมชาย ใจดี",
    "japanese": "山田太郎",
    "korean": "김철수",
    "mixed": "Ana محمد Souza",
}


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_a_page_looks_the_same_whichever_way_it_is_drawn(both: Both, name: str) -> None:
    """Stamped and typeset pages are equal by pixels, and say what their row says."""
    values, extras = row(RICH, name)
    texts = laid(RICH, both.fonts, values)

    stamped = both.prepared.prefix + both.press.stamp(texts, extras)
    drawn = both.typesetter.pdf(RICH, texts, extras)

    assert isinstance(drawn, bytes), drawn
    assert are_alike(stamped, drawn)
    expected = Expected(texts_of(RICH.design, values), URL, extras.title, CREDENTIAL)
    assert both.reader.problem_with(drawn, expected) is None


def test_a_page_that_is_another_is_noticed(both: Both) -> None:
    """Files that say different things do not look alike."""
    one = typeset(both.typesetter, RICH, "Ana Souza")
    other = typeset(both.typesetter, RICH, "Ana Souze")

    assert are_alike(one, one)
    assert not are_alike(one, other)


def test_a_typeset_file_is_fit_for_archives(both: Both) -> None:
    """It is PDF/A-3a: tagged, in a language, with its credential attached."""
    drawn = typeset(both.typesetter, RICH, "Ana Souza 🎉")

    with pikepdf.open(io.BytesIO(drawn)) as pdf:
        about = pdf.open_metadata()
        assert (about["pdfaid:part"], about["pdfaid:conformance"]) == ("3", "A")
        assert about["dc:title"] == str(pdf.docinfo["/Title"])
        assert pdf.Root.MarkInfo.Marked
        assert str(pdf.Root.Lang) == "pt-BR"
        assert pdf.attachments["credential.json"].get_file().read_bytes() == CREDENTIAL
        assert pdf.check_pdf_syntax() == []
    assert b"D:20250304" in drawn


@pytest.mark.parametrize(
    "name",
    ["Ana 🎉 Souza", "محمد 🎓🎉", "👩‍👩‍👧 Silva"],
    ids=["latin", "arabic", "family"],
)
def test_an_emoji_is_drawn_in_colour_and_read_back(both: Both, name: str) -> None:
    """Names with emoji are unusual, typeset, and complete."""
    values, extras = row(RICH, name)
    texts = laid(RICH, both.fonts, values)
    assert texts.is_unusual

    drawn = both.typesetter.pdf(RICH, texts, extras)

    assert isinstance(drawn, bytes), drawn
    expected = Expected(texts_of(RICH.design, values), URL, extras.title, CREDENTIAL)
    assert both.reader.problem_with(drawn, expected) is None


@pytest.mark.parametrize(
    "name", ["Ana 🎉 Souza", "สมชาย ใจดี 🎉"], ids=["latin", "thai"]
)
def test_other_readers_read_an_emoji_where_it_stands(
    both: Both, tmp_path: Path, name: str
) -> None:
    """poppler reads the name as one line, every letter once."""
    file = tmp_path / "one.pdf"
    file.write_bytes(typeset(both.typesetter, RICH, name))

    assert name in poppler.text_of(file)


def test_the_same_certificate_has_the_same_bytes(both: Both, tmp_path: Path) -> None:
    """No clock, no chance, and nothing of the certificates before it."""
    once = typeset(both.typesetter, RICH, "Ana Souza")
    typeset(both.typesetter, RICH, "山田太郎 🎉")

    assert typeset(both.typesetter, RICH, "Ana Souza") == once
    fresh = typeset(Typesetter(tmp_path / "other"), RICH, "Ana Souza")
    assert fresh == once


@pytest.mark.parametrize(
    "name",
    [
        '#read("/etc/passwd")',
        "{{recipientEmail}}",
        "*a* _b_ $x$ \\ <c> @d //e",
        "#{1+1}",
    ],
)
def test_a_value_is_text_whatever_it_looks_like(both: Both, name: str) -> None:
    """Nothing in a value is evaluated: it is printed as it is."""
    drawn = typeset(both.typesetter, RICH, name)

    with Binder().open(drawn) as leaf:
        assert name in leaf.text().replace("\r\n", " ")


# --- Templates that are Typst source ---

PLAIN = '#let d = json(bytes(sys.inputs.data))\n#text(20pt, font: "Inter")'


def drawn_by(typesetter: Typesetter, typst: str, name: str = "Ana") -> bytes | Reason:
    """Return what a template of one's own source draws for *name*."""
    template = read_package(source(typst))
    values, extras = row(template, name)
    return typesetter.pdf(template, Laid(()), extras, values)


def test_source_is_given_every_value_the_code_and_the_language(
    typesetter: Typesetter,
) -> None:
    """It gets the values as JSON, the QR code as SVG, and draws the page itself."""
    drawn = drawn_by(
        typesetter,
        PLAIN + '[#d.recipientName, #d.attribute_hours, #d.at("issuedAt|iso"), '
        '#d.language] #image(bytes(d.qr), format: "svg", width: 80pt, alt: "Code")',
        "Ana #panic()",
    )

    assert isinstance(drawn, bytes), drawn
    with Binder().open(drawn) as leaf:
        assert "Ana #panic(), 40, 2025-03-04, en" in leaf.text()
        assert leaf.attachments() == [CREDENTIAL]


def test_source_is_given_what_a_row_leaves_empty_as_an_empty_text(
    typesetter: Typesetter,
) -> None:
    """Not every row has every column that the template's author thought of."""
    drawn = drawn_by(
        typesetter,
        PLAIN + '[(#d.attribute_town)(#d.at("attribute_Last year"))#d.attribute_hours]',
    )

    assert isinstance(drawn, bytes), drawn
    with Binder().open(drawn) as leaf:
        assert "()()40" in leaf.text()


def test_a_letter_that_no_font_has_fails_the_row(typesetter: Typesetter) -> None:
    """The row's reason names the character."""
    drawn = drawn_by(typesetter, PLAIN + "[#d.recipientName]", "Ana \U000f1234")

    assert isinstance(drawn, Reason)
    assert drawn.code == "glyph_missing"
    assert "U+F1234" in drawn.message


WRONG = {
    "syntax": ("A\n#let x = (", "line 2"),
    "panic": ('#panic("no")', "line 1"),
    "unknown field": ("#json(bytes(sys.inputs.data)).nope", "nope"),
    "two pages": ("A #pagebreak() B", "2 pages"),
    "another size": ("#set page(width: 10pt)\nA", "10 x"),
    "a file of the machine": ('#read("/etc/passwd")', "not found"),
    "a folder above": ('#read("../../../etc/passwd")', "escape"),
}


@pytest.mark.parametrize(("typst", "says"), WRONG.values(), ids=WRONG)
def test_wrong_source_is_refused_with_its_line(
    typesetter: Typesetter, tmp_path: Path, typst: str, says: str
) -> None:
    """The refusal says what and where, and no path of this machine."""
    with pytest.raises(Refusal) as refused:
        drawn_by(typesetter, typst)

    assert refused.value.code == "template_source"
    assert says in refused.value.detail
    assert "main.typ" in refused.value.detail
    assert str(tmp_path.parent.parent) not in refused.value.detail


def test_today_is_the_day_of_issue(typesetter: Typesetter) -> None:
    """Source that asks for the date gets the same one every time."""
    drawn = drawn_by(typesetter, PLAIN + "[#datetime.today().display()]")

    assert isinstance(drawn, bytes), drawn
    with Binder().open(drawn) as leaf:
        assert "2025-03-04" in leaf.text()
