"""
The built-in templates in every script, a sheet each.

`PYTHONPATH=tests python tests/support/gallery_sheets.py` writes them anew to
`tests/rendering/golden`. Look at them before you commit them.
"""

import io
import tempfile
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageChops

from testamur.core.words import Facts
from testamur.rendering.design import Design, Text
from testamur.rendering.gallery import names, package_of
from testamur.rendering.laid import Laid
from testamur.rendering.package.package import read_package
from testamur.rendering.pdf.stamp import Extras, Press
from testamur.rendering.pdfium.raster import Raster
from testamur.rendering.prepare import Preparer
from testamur.rendering.text.fonts import Fonts
from testamur.rendering.text.layout import Layout
from testamur.rendering.typst.typeset import Typesetter
from testamur.rendering.values import values_of

GOLDEN = Path(__file__).parents[1] / "rendering" / "golden"

#: Of a page, in pixels.
WIDTH = 420

#: How far, of 255, what is drawn may differ from a golden image, whose colours are
#: few. A lost accent differs by more in two places at least.
NOTABLE, MAX_PLACES = 48, 1

#: 22 November 2026, noon.
ISSUED_AT = 1_795_348_800_000
A_YEAR = 365 * 24 * 3600 * 1000
URL = "https://certificates.example.org/c/01JZ8Q4M7V9T2K5R3W6X8Y0ABC"


@dataclass(frozen=True)
class Row:
    """What differs from one certificate to the next."""

    recipient: str
    title: str
    description: str = "For work that was done with care and finished in good time."


ROWS = {
    "latin": Row("Ana Lucía Fernández", "Introduction to Marine Biology"),
    "long": Row(
        "Maria Magdalena Aurélia Wolfeschlegelsteinhausen-Featherstonehaugh de la "
        "Fuente y Villanueva",
        "Advanced Interdisciplinary Studies in the Restoration, Conservation and "
        "Documentation of Medieval Manuscripts",
        "Two years of study in archives and workshops, with a thesis on iron gall ink "
        "and its slow work on parchment, defended before a committee of five, and an "
        "exhibition of forty restored leaves that travelled to three cities.",
    ),
    "vietnamese": Row("Nguyễn Thị Phương Thảo", "Żółć, Ğüneş & Þór: l’Œuvre"),
    "greek": Row("Ελένη Παπαδοπούλου", "Εισαγωγή στη Χημεία"),
    "cyrillic": Row("Олександра Щербаківська", "Основы органической химии"),
    "arabic": Row("محمد عبد الرحمن الفاسي", "أسس الكيمياء العضوية"),
    "hebrew": Row("שרה בן־דוד", "יסודות הכימיה"),
    "devanagari": Row("प्रियङ्का श्रीवास्तव", "रसायन विज्ञान की मूल बातें"),
    "thai": Row("ศิริพร ทองคำ", "หลักเคมีเบื้องต้น"),
    "cjk": Row("欧阳修远 さくら 김민지", "有机化学 のきそ 유기화학"),
    "emoji": Row("Zoë 🌸 Martínez", "Chess Camp 🏆"),
}


class Show:
    """One template, ready to draw rows of."""

    def __init__(self, name: str, typesetter: Typesetter) -> None:
        self.package = read_package(package_of(name))
        self._typesetter = typesetter
        self.preparation = Preparer(typesetter).prepare_read(self.package)
        self.prepared = self.preparation.prepared
        fonts: Fonts = typesetter.fonts(self.package)
        self._layout = Layout(self.design, fonts)
        self._press = Press(self.prepared, fonts)
        self._raster = Raster(self.prepared)

    @property
    def design(self) -> Design:
        """What it says."""
        return self.prepared.design

    def picture(self, row: Row, width: int = WIDTH) -> Image.Image:
        """Return how the certificate of *row* looks."""
        png = self._raster.png(self.file(row), width=width)
        return Image.open(io.BytesIO(png)).convert("RGB")

    def file(
        self,
        row: Row,
        *,
        issuer: str = "Institute of Testing",
        signatory: str = "Some signatory",
    ) -> bytes:
        """Return the tail, or the file, of the certificate of *row*."""
        attributes = {
            name: f"Some {name.removeprefix('attribute_').replace('_', ' ')}"
            for name in self.package.about.columns
            if name.startswith("attribute_")
        }
        attributes["attribute_signatory"] = signatory
        values = values_of(
            self.design,
            Facts(
                name=row.title,
                description=row.description,
                category="Course",
                recipient_email="ana@example.org",
                recipient_name=row.recipient,
                attributes=tuple(
                    (name.removeprefix("attribute_"), value)
                    for name, value in attributes.items()
                ),
                expiry_days=None,
                image="",
            ),
            certificate_id="00000000-0000-7000-8000-000000000000",
            reference="TS-2026-0417",
            issued_at=ISSUED_AT,
            valid_until=ISSUED_AT + A_YEAR,
            issuer_name=issuer,
            url=URL,
        )
        extras = Extras(
            title="Golden",
            certificate_id="00000000-0000-7000-8000-000000000000",
            issued_at=ISSUED_AT,
            url=URL,
            issuer_name=issuer,
            qr_alt="Code",
            credential=b"{}",
            picture=None,
        )
        laid = self._layout.lay_out(values, only_variable=True)
        assert isinstance(laid, Laid), laid
        if not laid.is_unusual:
            return self._press.stamp(laid, extras)
        whole = self._layout.lay_out(values)
        assert isinstance(whole, Laid)
        drawn = self._typesetter.pdf(self.package, whole, extras, values)
        assert isinstance(drawn, bytes), drawn
        return drawn

    def sheet(self) -> Image.Image:
        """Return a page, and below it what stands around the names in each script."""
        first = self.picture(ROWS["latin"])
        top, bottom = self._names(first.height)
        strips = [self.picture(row) for key, row in ROWS.items() if key != "latin"]
        step = bottom - top
        sheet = Image.new("RGB", (WIDTH, first.height + step * len(strips)))
        sheet.paste(first)
        for number, strip in enumerate(strips):
            place = (0, first.height + number * step)
            sheet.paste(_plain(strip.crop((0, top, WIDTH, bottom))), place)
        return sheet

    def _names(self, height: int) -> tuple[int, int]:
        """Return from which row of pixels to which recipient and title stand."""
        boxes = [
            item.box
            for item in self.design.items
            if isinstance(item, Text)
            and {"recipientName", "name"} & {field.name for field in item.fields}
        ]
        scale = height / self.design.page.height
        top = min(box.y for box in boxes) * scale
        bottom = max(box.y + box.height for box in boxes) * scale
        return round(top) - 2, round(bottom) + 2


def _plain(strip: Image.Image) -> Image.Image:
    """Return *strip* in few greys, without faint art: it is there for its letters."""
    return strip.convert("L").point(lambda level: min(255, (level + 42) // 51 * 51))


def shows(folder: Path) -> dict[str, Show]:
    """Return every template, ready, with one typesetter that works in *folder*."""
    typesetter = Typesetter(folder)
    return {name: Show(name, typesetter) for name in names()}


def differing(sheet: Image.Image, golden: Image.Image) -> int:
    """Return in how many places, of two by two pixels, the pictures differ notably."""
    if sheet.size != golden.size:
        return sheet.width * sheet.height
    half = (sheet.width // 2, sheet.height // 2)
    one, other = (
        picture.convert("RGB").resize(half, Image.Resampling.BOX)
        for picture in (sheet, golden)
    )
    difference = ImageChops.difference(one, other).convert("L")
    return sum(difference.histogram()[NOTABLE:])


def main() -> None:
    """Write the sheets, in few colours."""
    GOLDEN.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        for name, show in shows(Path(folder)).items():
            few = show.sheet().quantize(32, dither=Image.Dither.NONE)
            few.save(GOLDEN / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main()
