"""Templates for tests of typesetting and preparing."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import testamur.rendering
from testamur.core.refusals import Reason
from testamur.core.words import Facts
from testamur.rendering.laid import Laid
from testamur.rendering.package.package import Package, pack, read_package
from testamur.rendering.pdf.stamp import Extras, RowPicture
from testamur.rendering.text.fonts import Fonts
from testamur.rendering.text.layout import Layout
from testamur.rendering.values import filled, values_of

#: 4 March 2025.
ISSUED = 1_741_046_400_000
URL = "https://certificates.example.org/c/0123456789"
CREDENTIAL = b'{"type": ["VerifiableCredential"], "id": "one"}'

RED_SQUARE = (
    b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 10 10">'
    b'<path fill="#c02020" d="M0 0h10v10h-10z"/></svg>'
)

TEXT = {"type": "text", "box": [20, 60, 257, 20], "text": "{{recipientName}}"}
QR = {"type": "qr", "box": [240, 150, 35, 35]}


def template(*items: Mapping[str, Any], **rest: Any) -> dict[str, Any]:
    """Return a `template.json` with *items*; without any, a name and a QR code."""
    return {
        "testamur": 1,
        "name": "test",
        "page": {"size": "A4"},
        "items": list(items or (TEXT, QR)),
        **rest,
    }


def source(typst: str, **assets: bytes) -> bytes:
    """Return the package of a template that is this Typst source."""
    said = template(source="main.typ", items=[])
    files = {name.replace("_", "."): data for name, data in assets.items()}
    return pack(said, {"main.typ": typst.encode(), **files})


def package(said: Mapping[str, Any], **assets: bytes) -> bytes:
    """Return a package; `back_svg=` is the file `back.svg`."""
    files = {name.replace("_", "."): data for name, data in assets.items()}
    return pack(said, files)


@cache
def gallery(name: str) -> Package:
    """Return a template that comes with Testamur."""
    folder = Path(testamur.rendering.__file__).parent / "gallery" / name
    files = {
        path.name: path.read_bytes()
        for path in folder.iterdir()
        if path.is_file() and path.name != "template.json"
    }
    return read_package(
        pack_files((folder / "template.json").read_bytes(), files),
    )


def pack_files(said: bytes, files: Mapping[str, bytes]) -> bytes:
    """Return the package of a `template.json` as it is."""
    import orjson

    return pack(orjson.loads(said), files)


def row(
    package: Package, name: str = "Ana Souza", picture: RowPicture | None = None
) -> tuple[Mapping[str, str], Extras]:
    """Return the values of a certificate for *name*, and what else it says."""
    facts = Facts(
        name="Web Development",
        description="Built a shop.",
        category="Course",
        recipient_email="ana@example.org",
        recipient_name=name,
        attributes=(("hours", "40"),),
        expiry_days=None,
        image="",
    )
    values = values_of(
        package.design,
        facts,
        certificate_id="0123456789",
        reference="T-1",
        issued_at=ISSUED,
        valid_until=None,
        issuer_name="Example Institute",
        url=URL,
    )
    title = filled(package.design.title, values)
    extras = Extras(
        title, "0123456789", ISSUED, URL, credential=CREDENTIAL, picture=picture
    )
    return values, extras


def laid(package: Package, fonts: Fonts, values: Mapping[str, str]) -> Laid:
    """Return the texts of a certificate with their places."""
    found = Layout(package.design, fonts).lay_out(values)
    assert not isinstance(found, Reason), found
    return found
