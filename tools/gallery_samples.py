"""
Draw a sample of each built-in template: `python tools/gallery_samples.py`.

Writes a picture of each to `docs/images/templates`, and one whole PDF. Everybody in
them is made up.
"""

import io
import tempfile
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw

from testamur.core.words import Facts
from testamur.rendering.gallery import names, package_of
from testamur.rendering.laid import Laid
from testamur.rendering.package.package import read_package
from testamur.rendering.pdf.stamp import Extras, Press, RowPicture
from testamur.rendering.pdfium.raster import Raster
from testamur.rendering.prepare import Preparer
from testamur.rendering.text.layout import Layout
from testamur.rendering.typst.typeset import Typesetter
from testamur.rendering.values import filled, values_of

IMAGES = Path(__file__).parents[1] / "docs/images/templates"
#: The longer side of a picture, in pixels, and the template that is there as PDF.
LONGEST, AS_PDF = 1100, "classic-diploma"

#: 15 June 2026, noon.
ISSUED_AT = 1_781_524_800_000
URL = "https://certificates.example.org/c/01JZ8Q4M7V9T2K5R3W6X8Y0ABC"

SAMPLES: dict[str, dict[str, Any]] = {
    "bold-event": {
        "issuer": "Horizon Foundation",
        "recipient": "Kwame Mensah",
        "name": "Horizon 2026: The Open Data Conference",
        "description": "Three days of talks, workshops and hallway conversations in "
        "Lisbon, 12 to 14 June 2026.",
        "reference": "HZ26-0583",
        "signatory": "Dr. Wale Adeyemi",
        "signatory_title": "Programme chair",
    },
    "classic-diploma": {
        "issuer": "Northfield University",
        "recipient": "Ana Lucía Fernández",
        "name": "Master of Science in Data Engineering",
        "description": "after two years of study and a thesis on resilient distributed "
        "systems, defended with distinction.",
        "reference": "NU-2026-004217",
        "signatory": "Prof. Elena Marchetti",
        "signatory_title": "Rector",
    },
    "compliance-record": {
        "issuer": "Delta Safety Institute",
        "recipient": "Jeroen van den Broek",
        "name": "Working at Height and Rescue, Level 2",
        "description": "Theory and practice of fall protection, inspection of equipment "
        "and rescue of a casualty, assessed by written test and practical exercise.",
        "reference": "DSI-26-11842",
        "signatory": "Marit Solheim",
        "signatory_title": "Head of Assessment",
        "standard": "ISO 45001:2018, clause 7.2",
        "hours": "24",
        "result": "Passed, 94 %",
        "location": "Rotterdam",
        "instructor": "J. de Vries",
    },
    "gold-honors": {
        "issuer": "Harborview Institute",
        "recipient": "Priya Raghunathan",
        "name": "Teacher of the Year",
        "description": "For patience, wit, and the rare gift of making everybody in the "
        "room feel cleverer than they were an hour before.",
        "reference": "HI-2026-07",
        "signatory": "Theodore Lindqvist",
        "signatory_title": "President",
    },
    "membership": {
        "issuer": "Society of Cartographers",
        "recipient": "Søren Kjærgaard",
        "name": "Fellow of the Society",
        "description": "Entitled to vote at general meetings, to the use of the library, "
        "and to the letters FSC after the name.",
        "reference": "FSC-10294",
        "signatory": "Olga Petrova",
        "signatory_title": "Secretary",
    },
    "minimal": {
        "issuer": "Studio Nord",
        "recipient": "Yuki Tanaka",
        "name": "Design Systems, Foundation Course",
        "description": "Twelve weeks on type, colour, components and the words between "
        "them.",
        "reference": "SN-0412",
        "signatory": "Ingrid Halvorsen",
        "signatory_title": "Course lead",
    },
    "modern-training": {
        "issuer": "Brightpath Academy",
        "recipient": "Chiamaka Obi",
        "name": "Advanced Project Management",
        "description": "A course of 40 hours with five graded assignments, covering "
        "planning, risk, budgets and the leading of distributed teams.",
        "reference": "BP-2026-3310",
        "signatory": "Daniel Weiss",
        "signatory_title": "Head of Learning",
    },
    "professional-licence": {
        "issuer": "National Register of Inspectors",
        "recipient": "Katarzyna Wójcik",
        "name": "Registered Electrical Inspector",
        "description": "Entitled to inspect, test and certify low-voltage installations "
        "in dwellings and commercial buildings within the scope of the Register. The "
        "holder keeps the rules of conduct and takes part in continuing education every "
        "year.",
        "reference": "REI-204-7719",
        "signatory": "Henrik Aaltonen",
        "signatory_title": "Registrar",
    },
    "script-award": {
        "issuer": "The Paper Lantern Studio",
        "recipient": "Margaux Delacroix",
        "name": "Watercolour for Beginners",
        "description": "Six evenings of brush, water and patience, and a picture that "
        "hangs in our window.",
        "reference": "PL-0093",
        "signatory": "Hanna Lindgren",
        "signatory_title": "Studio owner",
    },
    "university-degree": {
        "issuer": "Universitas Meridiana",
        "recipient": "Νικόλαος Παπαδάκης",
        "name": "Doctor of Philosophy",
        "description": "in Classical Archaeology, for a dissertation on harbour "
        "sanctuaries of the Hellenistic Aegean and their votive inscriptions.",
        "reference": "UM-D-2026-118",
        "signatory": "Prof. Amélie Rousseau",
        "signatory_title": "Chancellor",
    },
}


def portrait() -> RowPicture:
    """Draw somebody who is not there."""
    picture = Image.new("RGB", (420, 520), "#c9d3d6")
    pen = ImageDraw.Draw(picture)
    pen.ellipse((-20, 395, 440, 900), fill="#2b4a63")
    pen.polygon([(150, 400), (210, 500), (270, 400)], fill="#f3f1ec")
    pen.rounded_rectangle((172, 320, 248, 425), 36, fill="#c98f6d")
    pen.ellipse((98, 80, 322, 330), fill="#4a2f23")
    pen.rounded_rectangle((98, 200, 150, 380), 26, fill="#4a2f23")
    pen.rounded_rectangle((270, 200, 322, 380), 26, fill="#4a2f23")
    pen.ellipse((128, 125, 292, 355), fill="#dca583")
    pen.pieslice((112, 95, 308, 260), 180, 360, fill="#4a2f23")
    pen.arc((178, 270, 242, 315), 20, 160, fill="#8a4b3c", width=5)
    for x in (172, 234):
        pen.ellipse((x, 222, x + 16, 238), fill="#2d2320")
    written = io.BytesIO()
    picture.save(written, "PNG")
    return RowPicture(written.getvalue(), "image/png", *picture.size)


def draw(name: str, typesetter: Typesetter) -> tuple[bytes, bytes]:
    """Return a template's sample as PNG and as PDF."""
    sample = SAMPLES[name]
    prepared = (
        Preparer(typesetter).prepare_read(read_package(package_of(name))).prepared
    )
    design, fonts = prepared.design, typesetter.fonts(read_package(package_of(name)))
    said = ("issuer", "recipient", "name", "description", "reference")
    facts = Facts(
        name=sample["name"],
        description=sample["description"],
        category="Safety training",
        recipient_email="sample@example.org",
        recipient_name=sample["recipient"],
        attributes=tuple((key, sample[key]) for key in sample if key not in said),
        expiry_days=None,
        image="",
    )
    values = values_of(
        design,
        facts,
        certificate_id="00000000-0000-7000-8000-000000000000",
        reference=sample["reference"],
        issued_at=ISSUED_AT,
        valid_until=ISSUED_AT + 3 * 365 * 24 * 3600 * 1000,
        issuer_name=sample["issuer"],
        url=URL,
    )
    laid = Layout(design, fonts).lay_out(values, only_variable=True)
    assert isinstance(laid, Laid), laid
    extras = Extras(
        title=filled(design.title, values),
        certificate_id="00000000-0000-7000-8000-000000000000",
        issued_at=ISSUED_AT,
        url=URL,
        issuer_name=sample["issuer"],
        qr_alt="QR code: opens the page where this certificate is verified",
        credential=None,
        picture=portrait() if design.takes_picture else None,
    )
    tail = Press(prepared, fonts).stamp(laid, extras)
    is_wide = design.page.width > design.page.height
    ratio = design.page.width / design.page.height
    width = LONGEST if is_wide else round(LONGEST * ratio)
    return Raster(prepared).png(tail, width=width), prepared.prefix + tail


def main() -> None:
    """Write all of them."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        typesetter = Typesetter(Path(folder))
        for name in names():
            png, pdf = draw(name, typesetter)
            picture = Image.open(io.BytesIO(png)).convert("RGB")
            few = picture.quantize(256, dither=Image.Dither.FLOYDSTEINBERG)
            few.save(IMAGES / f"{name}.png", optimize=True)
            if name == AS_PDF:
                (IMAGES / f"{name}.pdf").write_bytes(pdf)


if __name__ == "__main__":
    main()
