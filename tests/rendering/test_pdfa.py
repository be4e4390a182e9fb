"""Files are PDF/A-3a, and the checker that says so notices what it is there for."""

import io
from collections.abc import Callable

import pikepdf
import pytest
from pikepdf import Name

from support.pdfa import problems
from support.stamping import EXTRAS, Works, prepared, works
from testamur.rendering.gallery import names, package_of
from testamur.rendering.laid import Laid
from testamur.rendering.package.package import read_package
from testamur.rendering.typst.typeset import Typesetter


@pytest.fixture(scope="module")
def file() -> bytes:
    """Return a sound file, with fonts of both kinds."""
    return works().file("Ada 山田 Дмитрий")


def _no_unicode(pdf: pikepdf.Pdf) -> None:
    for font in pdf.pages[0].Resources.Font.values():
        del font["/ToUnicode"]


def _no_program(pdf: pikepdf.Pdf) -> None:
    for font in pdf.pages[0].Resources.Font.values():
        for key in ("/FontFile2", "/FontFile3"):
            if key in font.DescendantFonts[0].FontDescriptor:
                del font.DescendantFonts[0].FontDescriptor[key]


def _other_widths(pdf: pikepdf.Pdf) -> None:
    for font in pdf.pages[0].Resources.Font.values():
        font.DescendantFonts[0].W[1][0] = 7


def _other_title(pdf: pikepdf.Pdf) -> None:
    pdf.docinfo["/Title"] = "Another"


def _no_alt(pdf: pikepdf.Pdf) -> None:
    for item in pdf.objects:
        if isinstance(item, pikepdf.Dictionary) and "/Alt" in item:
            del item["/Alt"]


def _lost_mark(pdf: pikepdf.Pdf) -> None:
    del pdf.Root.StructTreeRoot.K.K[0]


def _loose(pdf: pikepdf.Pdf) -> None:
    pdf.pages[0].contents_add(pdf.make_stream(b"0 0 10 10 re f"))


def _unrelated(pdf: pikepdf.Pdf) -> None:
    del pdf.Root["/AF"]


def _hidden(pdf: pikepdf.Pdf) -> None:
    pdf.pages[0].Annots[0].F = 2


def _script(pdf: pikepdf.Pdf) -> None:
    pdf.Root.OpenAction = pikepdf.Dictionary(S=Name.JavaScript, JS="1")


def _no_intent(pdf: pikepdf.Pdf) -> None:
    del pdf.Root["/OutputIntents"]


def _no_language(pdf: pikepdf.Pdf) -> None:
    del pdf.Root["/Lang"]


def _cmyk(pdf: pikepdf.Pdf) -> None:
    pdf.pages[0].Resources.XObject.Art.write(b"0 0 0 1 k 0 0 9 9 re f")


@pytest.mark.parametrize(
    ("damage", "clause"),
    [
        (_no_unicode, "6.2.11.7.2"),
        (_no_program, "6.2.11.4.1"),
        (_other_widths, "6.2.11.5"),
        (_other_title, "6.6.3"),
        (_no_alt, "7.3"),
        (_lost_mark, "6.7.3"),
        (_loose, "7.1"),
        (_unrelated, "6.8"),
        (_hidden, "6.3.2"),
        (_script, "6.5"),
        (_no_intent, "6.2.3"),
        (_no_language, "6.7.4"),
        (_cmyk, "6.2.4.3"),
    ],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_damage_is_noticed(
    file: bytes, damage: Callable[[pikepdf.Pdf], None], clause: str
) -> None:
    """A sound file has no problem; the same file, damaged, has that one."""
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(file)) as pdf:
        damage(pdf)
        pdf.save(out)

    assert problems(file) == []
    assert any(clause in each for each in problems(out.getvalue()))


ROWS = ("Zoë Martínez", "محمد الأمين", "शर्मा क्षितिज", "山田さくら", "Δήμητρα")


def test_every_built_in_template_makes_sound_files(tmp_path) -> None:
    """Whatever a template draws and a row says, the file is PDF/A-3a."""
    typesetter = Typesetter(tmp_path)

    for at, name in enumerate(names()):
        package = read_package(package_of(name))
        fonts, art = typesetter.fonts(package), typesetter.art(package)
        house: Works = prepared(package.design, fonts, art)
        row = ROWS[at % len(ROWS)]

        file = house.file(row, issuerName="Institute", url=EXTRAS.url)

        assert problems(file) == [], name


def test_what_the_typesetter_draws_is_sound_too(tmp_path) -> None:
    """The other way to a file, which emoji take, keeps the same promise."""
    typesetter = Typesetter(tmp_path)
    package = read_package(package_of("minimal"))
    house = works(package.design)
    laid = house.lay_out("Zoë 🌸 Martínez")

    file = typesetter.pdf(package, laid, EXTRAS, {})

    assert isinstance(laid, Laid)
    assert laid.is_unusual
    assert isinstance(file, bytes)
    assert problems(file) == []
