"""
A package: a template as people upload it, a ZIP of `template.json` and its assets.

    template.json
    assets/background.svg
    assets/Our-Font-Bold.ttf

A template without assets may come as the JSON alone. What the JSON says is in
`package_schema`; nothing here draws, decodes or runs any of it.
"""

import io
import json
import re
import zipfile
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Never

import orjson

from testamur.core.columns import ATTRIBUTE_PREFIX
from testamur.core.refusals import Kind, Refusal
from testamur.core.text import quoted
from testamur.core.words import TemplateAbout

from ..design import Design
from ..values import FIELDS
from .archive import MAX_PACKAGE_BYTES, is_zip, unpack
from .checks import Faults
from .items import read_design
from .spell import to_json

__all__ = ["MAX_PACKAGE_BYTES", "Package", "pack", "read_package", "to_json"]

TEMPLATE = "template.json"
MAX_TEMPLATE_BYTES = 1024 * 1024
#: Of whole numbers: none that is meant has as many.
MAX_DIGITS = 1_000

#: What is merged in that is no column of the rows.
OURS = ("issuerName", "issuedAt", "reference", "id", "url")

#: What source calls the picture of the row.
PICTURE = "picture"

#: How source asks for a value: `data.recipientName`, `data.at("attribute_Last name")`.
ASKED = re.compile(r'\.([A-Za-z][\w-]*)|"([A-Za-z][\w -]*)"')

#: ZIP knows no time before this one, and a package has none.
NO_TIME = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Package:
    """A template that was read: everything it names is there."""

    design: Design
    #: The files that the design names, by name, without `assets/`.
    assets: Mapping[str, bytes]
    #: The JSON that the design was read from, as its author wrote it.
    document: Mapping[str, Any] | None = field(default=None, compare=False)

    @property
    def packed(self) -> bytes:
        """The package anew: the same bytes whoever packed it, and when."""
        return pack(self.document or self.design, self.assets)

    @property
    def about(self) -> TemplateAbout:
        """What lists and jobs need to know of it."""
        design = self.design
        asked = self._asked_by_source()
        printed = {field.name for field in design.fields()} | asked
        return TemplateAbout(
            title=design.name,
            description=design.description,
            language=design.language,
            width=design.page.width,
            height=design.page.height,
            columns=_columns(printed),
            takes_picture=design.takes_picture or PICTURE in asked,
            has_source=design.source is not None,
        )

    def _asked_by_source(self) -> set[str]:
        """Return what its Typst source, if it has any, asks for by name."""
        if self.design.source is None:
            return set()
        return {
            name
            for asset, content in self.assets.items()
            if asset.lower().endswith(".typ")
            for found in ASKED.findall(content.decode("utf-8", "replace"))
            for name in found
            if name in FIELDS or name == PICTURE or name.startswith(ATTRIBUTE_PREFIX)
        }


def _columns(named: set[str]) -> tuple[str, ...]:
    """Return those of *named* that are columns of rows, in the order of `FIELDS`."""
    known = [name for name in FIELDS if name in named and name not in OURS]
    return (*known, *sorted(one for one in named if one.startswith(ATTRIBUTE_PREFIX)))


def read_package(data: bytes, *, families: Collection[str] | None = None) -> Package:
    """
    Return the template in *data*, a ZIP or bare JSON.

    *families* are the fonts of the installation; None: any is taken to be there.

    Raises:
        Refusal: INVALID or TOO_LARGE. `at` is the JSON path of the first fault, and
            `parts` has each (up to twenty).
    """
    if len(data) > MAX_PACKAGE_BYTES:
        raise Refusal(
            Kind.TOO_LARGE,
            "package_size",
            f"A template has at most {MAX_PACKAGE_BYTES // 2**20} MiB. Make its "
            "pictures smaller; 300 dots per inch are enough for print.",
        )
    files = dict(unpack(data)) if is_zip(data) else {TEMPLATE: data}
    template = files.pop(TEMPLATE, None)
    if template is None:
        raise Refusal(
            Kind.INVALID,
            "template_missing",
            f"The package has no {TEMPLATE}. Pack it with that file at the top.",
            at=TEMPLATE,
        )
    document = read_document(template, is_bare=template is data)
    faults = Faults()
    design = read_design(document, files, families, faults)
    assets = {name: files[name] for name in sorted(_named(design, files))}
    for name, content in assets.items():
        _check_kind(name, content, faults)
    faults.refuse()
    return Package(design, assets, document)


def pack(design: Design | Mapping[str, Any], assets: Mapping[str, bytes]) -> bytes:
    """
    Return the package of *design* (or its JSON) and *assets*: always the same bytes.

    Nothing in it is compressed: how well is a matter of versions.
    """
    document = to_json(design) if isinstance(design, Design) else design
    files = {TEMPLATE: orjson.dumps(document, option=orjson.OPT_INDENT_2)}
    files |= {f"assets/{name}": assets[name] for name in sorted(assets)}
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, NO_TIME)
            entry.create_system = 3  # Unix, wherever this runs
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, content)
    return packed.getvalue()


def read_document(data: bytes, *, is_bare: bool = False) -> Any:
    """
    Return the JSON in *data*; what parsers disagree about is refused.

    Raises:
        Refusal: INVALID `template_json`, `at` the line.
    """
    if len(data) > MAX_TEMPLATE_BYTES:
        raise Refusal(
            Kind.TOO_LARGE,
            "template_size",
            f"{TEMPLATE} has at most {MAX_TEMPLATE_BYTES // 2**20} MiB. Put pictures "
            "and fonts into the folder assets, as files.",
        )
    try:
        text = data.decode("utf-8-sig")
        return json.loads(
            text,
            object_pairs_hook=_once_each,
            parse_constant=_no_constant,
            parse_int=_whole,
        )
    except UnicodeDecodeError as error:
        if is_bare:
            raise _no_template() from None
        _malformed(f"Byte {error.start + 1:,} is not UTF-8; save it as UTF-8.", None)
    except json.JSONDecodeError as error:
        if is_bare and error.pos == 0:
            raise _no_template() from None
        _malformed(f"{error.msg}.", f"line {error.lineno}, column {error.colno}")
    except RecursionError:
        _malformed("It has too many brackets inside each other.", None)
    except ValueError as error:
        _malformed(str(error), None)


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"{quoted(name)} stands twice in one object.")
        found[name] = value
    return found


def _whole(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise ValueError(f"A number has more than {MAX_DIGITS:,} digits.")
    return int(digits)


def _no_constant(name: str) -> Never:
    raise ValueError(f"{name} is no number in JSON.")


def _malformed(what: str, where: str | None) -> Never:
    place = f" ({where})" if where else ""
    raise Refusal(
        Kind.INVALID,
        "template_json",
        f"{TEMPLATE} is not JSON{place}: {what}",
        at=where,
    )


def _no_template() -> Refusal:
    return Refusal(
        Kind.INVALID,
        "template_format",
        f"This is no template: send a ZIP with a {TEMPLATE} in it, or that JSON alone.",
    )


def _named(design: Design, files: Collection[str]) -> set[str]:
    """Return the files that *design* needs: all of them if it has a source."""
    if design.source is not None:
        return set(files)
    named = {design.page.background, *(font.asset for font in design.fonts)}
    named |= {getattr(item, "asset", None) for item in design.items}
    return {name for name in named if name is not None and name in files}


def _is_svg(content: bytes) -> bool:
    start = content[:4096].removeprefix(b"\xef\xbb\xbf").lstrip()
    return start.startswith(b"<") and b"<svg" in start


#: How files begin, by the ends of their names.
KINDS: Mapping[str, Callable[[bytes], bool]] = {
    ".png": lambda content: content.startswith(b"\x89PNG\r\n\x1a\n"),
    ".jpg": lambda content: content.startswith(b"\xff\xd8\xff"),
    ".jpeg": lambda content: content.startswith(b"\xff\xd8\xff"),
    ".svg": _is_svg,
    ".pdf": lambda content: content.startswith(b"%PDF-"),
    ".ttf": lambda content: content.startswith((b"\0\1\0\0", b"true", b"OTTO")),
    ".otf": lambda content: content.startswith((b"\0\1\0\0", b"true", b"OTTO")),
    ".typ": lambda content: b"\0" not in content,
}


def _check_kind(name: str, content: bytes, faults: Faults) -> None:
    """Note a file that is not what its name says."""
    kind = "." + name.rpartition(".")[2].lower()
    looks_right = KINDS.get(kind)
    if looks_right is None:
        faults.add(
            f"assets/{name}",
            "asset_type",
            f"Files of this kind have no use here; there are {', '.join(KINDS)}.",
        )
    elif not looks_right(content):
        faults.add(
            f"assets/{name}",
            "asset_type",
            f"{quoted(name)} is no {kind[1:].upper()} file, whatever its name says. "
            "Save it in that format.",
        )
