"""The record drawn, and laid behind a document. Only ever run in `record_child`."""

import json
import re
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

import typst

from ..text.font_house import House
from ..text.font_house import house as default_house
from ..typst.errors import missing_glyph
from ..typst.source import qr_svg
from ..typst.typeset import FAMILIES, STANDARDS

#: All its words, for whoever translates them.
WORDS = {
    "lang": "en",
    "title": "Signature record",
    "document": "Document",
    "tenant": "Asked for by",
    "id": "Document id",
    "digest": "SHA-256 of the file",
    "size": "Size",
    "bytes": "bytes",
    "qr": "QR code of the page on which this can be checked",
    "check": "Check it here",
    "explain": "Each person below was sent a link of their own, was shown the file "
    "with this SHA-256, typed their name and pressed “Sign”. What was known of it then "
    "was recorded, and has not been changed since. Times are in UTC.",
    "name": "Asked as",
    "email": "By mail to",
    "signed_at": "Signed at",
    "client": "From network address",
    "user_agent": "With",
    "seen": "SHA-256 of file shown",
    "address": "This record can be checked at",
}

SOURCE = Path(__file__).parent / "record.typ"

#: A letter that no font has is written by its number. Texts have not more of them
#: than this before the record is given up.
MAX_MISSING = 200


class Draughtsman:
    """Draws records, one at a time; one per process."""

    def __init__(
        self,
        *,
        house: House | None = None,
        program: Path = SOURCE,
        words: Mapping[str, str] = WORDS,
    ) -> None:
        """Draw with the Typst source *program*, which is given *words*."""
        house = house or default_house()
        folders = {
            str(source.path.parent)
            for family in house.families()
            for source in house.sources(family)
            if source.path is not None
        }
        here = program.parent
        nowhere = str(here / "nowhere")
        self._source = str(program)
        self._words = words
        self._compiler = typst.Compiler(
            root=str(here),
            font_paths=typst.Fonts(
                include_system_fonts=False,
                include_embedded_fonts=False,
                font_paths=sorted(folders),
            ),
            ignore_system_fonts=True,
            package_path=nowhere,
            package_cache_path=nowhere,
        )

    def record(self, said: Mapping[str, Any]) -> tuple[bytes, bytes]:
        """
        Return the record as a file of its own, and as pages for another file.

        The same *said* gives the same bytes.

        Raises:
            ValueError: it cannot be drawn.
        """
        # Only with standards is a letter that no font has an error: this comes first,
        # and what is wrong with letters is mended for both.
        whole, said = self._drawn(said, pdf_standards=STANDARDS)
        part, _ = self._drawn(said, pdf_tags=False)
        return whole, part

    def _drawn(
        self, said: Mapping[str, Any], **how: Any
    ) -> tuple[bytes, Mapping[str, Any]]:
        data = {**said, "qr": qr_svg(said["url"]), "fonts": FAMILIES}
        for _ in range(MAX_MISSING):
            try:
                drawn = self._compiler.compile(
                    input=self._source,
                    sys_inputs={"data": _spelt(data), "words": _spelt(self._words)},
                    format="pdf",
                    timestamp=said["signed_at"] // 1_000,
                    **how,
                )
            except typst.TypstError as error:
                missing = _letters(error)
                if not missing:
                    raise ValueError(error.message) from error
                data = _without(data, missing)
                continue
            assert isinstance(drawn, bytes)
            return drawn, {name: data[name] for name in said}
        raise ValueError("too many letters that no font has")


def laid_behind(document: bytes, record: bytes) -> bytes | None:
    """
    Return *document* with the pages of *record* after its own; None if it must not be.

    The document's bytes stay as they are and stand first (ISO 32000, 7.5.6): what is
    added says so itself, and can be cut off again. A document that is signed or
    encrypted is left alone.
    """
    # Not at the top: most records are drawn without it.
    from pyhanko.pdf_utils import generic, misc
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.pdf_utils.reader import PdfFileReader

    try:
        writer = IncrementalPdfFileWriter(BytesIO(document), strict=False)
        if writer.prev.encrypted or writer.prev.embedded_signatures:
            return None
        if "/Perms" in writer.root:
            return None
        added = PdfFileReader(BytesIO(record))
        kids = added.root["/Pages"]["/Kids"]
        for kid in kids:
            page = kid.get_object()
            # These name the record's own trees, and would bring them along.
            for name in ("/Parent", "/StructParents", "/Tabs", "/Annots"):
                page.pop(generic.pdf_name(name), None)
            if "/Contents" not in page or "/MediaBox" not in page:
                return None
        # All at once: what the pages share is shared afterwards.
        imported: Any = writer.import_object(kids)
        for page in imported:
            writer.insert_page(page.get_object())  # type: ignore[no-untyped-call]
        out = BytesIO()
        writer.write(out)  # type: ignore[no-untyped-call]
    except (misc.PdfError, ValueError, KeyError, TypeError, AttributeError, IndexError):
        return None
    return out.getvalue()


def _letters(error: typst.TypstError) -> str:
    """Return the letters that no font has, if that is what is wrong."""
    if missing_glyph(error) is None:
        return ""
    found = re.search(
        r"the text `?\"(.+?)\"`? could not be displayed", error.message, re.DOTALL
    )
    if found is None:
        return ""
    return re.sub(
        r"\\u\{([0-9a-f]{1,6})\}", lambda spelt: chr(int(spelt[1], 16)), found[1]
    )


def _without(value: Any, letters: str) -> Any:
    """Return *value* with each of *letters* written by its number."""
    if isinstance(value, str):
        for letter in letters:
            value = value.replace(letter, f"[U+{ord(letter):04X}]")
        return value
    if isinstance(value, Mapping):
        return {name: _without(one, letters) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_without(one, letters) for one in value]
    return value


def _spelt(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
