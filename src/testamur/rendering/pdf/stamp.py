"""
Stamping: a certificate's PDF as the prefix of its template and a tail of its own.

The file is PDF/A-3a (ISO 19005-3), tagged, and holds the credential. Its bytes
follow from the arguments: no clock and no chance goes into them.
"""

import hashlib
from typing import Any

from testamur.core.refusals import Fault

from ..design import Box, Picture, Qr, Text
from ..laid import Laid
from ..prepared import RESERVED, Prepared
from ..text.fonts import Fonts
from .about import About
from .draw import draw_picture, draw_qr, square_of
from .extras import Extras, RowPicture
from .file import CrossReference, Objects, text_string
from .fonts import write_font
from .image import write_image
from .language import Spoken
from .letters import Letters
from .prefix import build_prefix
from .signature import Hash, Slot
from .structure import (
    corners,
    document_element,
    figure_element,
    link_element,
    references,
    tagged,
    tree_root,
)
from .text import Script, Widths

__all__ = ["Extras", "Press", "RowPicture", "build_prefix"]

#: The attached credential (Verifiable Credentials Data Model 2.0, C.1).
CREDENTIAL_NAME, CREDENTIAL_TYPE = "credential.json", "application/vc"


class Press:
    """
    A prepared template, ready to stamp. For one thread at a time.

    It keeps nothing of one certificate for the next but how wide glyphs are.
    """

    def __init__(self, prepared: Prepared, fonts: Fonts) -> None:
        """
        Take a template that has a prefix, and fonts with the package's own.

        Raises:
            Fault: not passing, when only the typesetter draws this template.
        """
        plan = prepared.plan
        if plan is None:
            raise Fault("a template without a prefix cannot be stamped", passing=False)
        self.design, self.plan = prepared.design, plan
        #: Where tails begin.
        self.offset = len(prepared.prefix)
        self._prefix = prepared.prefix
        self._hashes: dict[str, Any] = {}
        self.rows = CrossReference(plan.rows)
        self.static = {text.id for text in prepared.static.texts}
        self.tagged = tagged(prepared.design)
        #: The prefix's fonts as entries of a dictionary of resources.
        self.font_names = b"".join(
            b"/F%d %d 0 R" % (place, font.number)
            for place, font in enumerate(plan.fonts)
        )
        self._fonts = fonts
        self._placed = {
            font.face: (f"F{at}", Letters(fonts.face(font.face), dict(font.letters)))
            for at, font in enumerate(plan.fonts)
        }
        self._widths = {
            font.face: Widths(fonts.face(font.face), font.widths) for font in plan.fonts
        }
        self._spoken = Spoken(prepared.design.language)

    def stamp(self, laid: Laid, extras: Extras, signature: Slot | None = None) -> bytes:
        """
        Return the tail of a certificate's file; prefix and tail are the file.

        *laid* may hold the constant texts too: they are in the prefix already. With a
        *signature*, the file is signed, prefix and all.
        """
        tail = _Tail(self, laid, extras)
        if signature is None:
            return tail.to_bytes()
        data, at = tail.to_bytes_with(signature)
        signature.fill(data, at, self.offset, self._hashed(signature.hash_name))
        return bytes(data)

    def _hashed(self, name: str) -> Hash:
        """Return a hash that has seen the prefix: it does so once."""
        if name not in self._hashes:
            self._hashes[name] = hashlib.new(name, self._prefix)
        hashed: Hash = self._hashes[name].copy()
        return hashed

    def script(self) -> Script:
        """Return what writes the texts of one certificate."""
        height = self.design.page.height
        return Script(self._fonts, self._placed, self._widths, self._spoken, height)


class _Tail:
    """
    One tail being written.

    Streams come first, then one object stream with all that is none, then the
    cross-reference. A signature is between the last two: its dictionary must not be
    compressed (ISO 32000-1, 12.8.1), and the file's digest goes on from a copy of the
    prefix's.
    """

    def __init__(self, press: Press, laid: Laid, extras: Extras) -> None:
        self._press, self._extras = press, extras
        self._design, self._plan = press.design, press.plan
        self._height = press.design.page.height
        self._laid = {text.id: text for text in laid.texts}
        self._objects = Objects(press.offset, press.plan.catalog)
        for _ in range(RESERVED):
            self._objects.reserve()
        self._signature = b""
        self._signed_at = 0
        #: By mark: the element that it belongs to; 0: there is no such mark.
        self._marks = [
            number if self._is_drawn(item_id) else 0
            for item_id, number in press.plan.elements
        ]
        #: As the marks, but where a figure lies in a link, the link.
        self._outer = list(self._marks)
        self._links: list[int] = []
        self._annotations: list[int] = []
        self._about = About(
            extras.title,
            extras.issuer_name,
            press.design.language,
            extras.url,
            extras.issued_at,
        )

    def to_bytes_with(self, signature: Slot) -> tuple[bytearray, int]:
        """Write everything and a signature; say where its dictionary begins."""
        self._signature = signature.body
        data = bytearray(self.to_bytes())
        return data, self._signed_at

    def to_bytes(self) -> bytes:
        """Write everything."""
        objects = self._objects
        image, pictures = self._pictures()
        script = self._press.script()
        content = objects.write_stream(b"", self._content(script).encode())
        fonts = self._press.font_names + b"".join(
            [
                b"/%s %d 0 R" % (name.encode(), write_font(objects, letters).number)
                for name, letters in script.own.values()
            ]
        )
        signature = self._pack_field() if self._signature else 0
        self._pack_page(fonts, image, pictures, content)
        self._pack_structure()
        self._pack_catalog()
        info = objects.pack(self._about.info())
        objects.seal()
        if signature:
            self._signed_at = objects.offset - self._press.offset
            self._signed_at += len(b"%d 0 obj\n" % signature)
            objects.write(self._signature, signature)
        name = hashlib.sha256(self._extras.certificate_id.encode()).hexdigest()[:32]
        return self._press.rows.end(
            objects,
            b"/Root %d 0 R/Info %d 0 R/ID[<%s><%s>]"
            % (self._plan.catalog, info, name.encode(), name.encode()),
        )

    def _is_drawn(self, item_id: str) -> bool:
        """Say whether an item with an element in the prefix is on this page."""
        if item_id in self._laid or item_id in self._press.static:
            return True
        return any(
            isinstance(item, Picture) and item.id == item_id
            for item in self._press.tagged
        )

    # What is drawn. -------------------------------------------------------------

    def _content(self, script: Script) -> str:
        """Return what lies on the constant texts: the other texts and QR codes."""
        parts = []
        for mark, item in enumerate(self._press.tagged):
            if isinstance(item, Qr):
                parts.append(draw_qr(item, self._extras.url, mark, self._height))
                self._pack_link(item, mark)
            elif item.id in self._laid and item.id not in self._press.static:
                assert isinstance(item, Text), item
                parts.append(script.write(self._laid[item.id], item.role.value, mark))
        return "".join(parts)

    def _pictures(self) -> tuple[int, int]:
        """Write the row's picture and the content with it; 0: there is none."""
        picture = self._extras.picture
        items = [
            item
            for item in self._design.items
            if isinstance(item, Picture) and item.asset is None
        ]
        if picture is None or not items:
            return 0, 0
        image = write_image(self._objects, picture.data, picture.media_type)
        marks = {item.id: mark for mark, item in enumerate(self._press.tagged)}
        parts = []
        for item in items:
            mark = marks.get(item.id)
            parts.append(
                draw_picture(item, picture.width, picture.height, mark, self._height)
            )
            if mark is not None:
                self._marks[mark] = self._outer[mark] = self._objects.pack(
                    figure_element(
                        mark,
                        item.alt,
                        item.box,
                        self._height,
                        parent=self._plan.document,
                        page=self._plan.page,
                    )
                )
        return image, self._objects.write_stream(b"", "".join(parts).encode())

    def _pack_link(self, item: Qr, mark: int) -> None:
        """Let a QR code lead to what it says, and be spoken."""
        objects, url, square = self._objects, self._extras.url, square_of(item)
        said = self._extras.qr_alt or url
        figure, link = objects.reserve(), objects.reserve()
        annotation = objects.pack(
            b"<</Type/Annot/Subtype/Link/Rect[%s]/F 4/Border[0 0 0]/StructParent %d"
            b"/Contents%s/A<</S/URI/URI%s>>>>"
            % (
                corners(square, self._height),
                len(self._links) + 1,
                text_string(said),
                text_string(url),
            )
        )
        page = self._plan.page
        objects.pack(
            figure_element(mark, said, square, self._height, parent=link, page=page),
            figure,
        )
        objects.pack(
            link_element(figure, annotation, document=self._plan.document, page=page),
            link,
        )
        self._marks[mark], self._outer[mark] = figure, link
        self._annotations.append(annotation)
        self._links.append(link)

    def _pack_field(self) -> int:
        """
        Have a field for the signature, drawn nowhere; return the signature's number.

        It is empty, so it needs no appearance (ISO 19005-3, 6.3.3), and no place in
        the structure (ISO 14289-1, 7.18.1).
        """
        signature = self._objects.reserve()
        self._field = self._objects.pack(
            b"<</Type/Annot/Subtype/Widget/FT/Sig/T(Signature1)/F 132/Rect[0 0 0 0]"
            b"/P %d 0 R/V %d 0 R>>" % (self._plan.page, signature)
        )
        self._annotations.append(self._field)
        return signature

    # What ties it together. -----------------------------------------------------

    def _pack_page(self, fonts: bytes, image: int, pictures: int, content: int) -> None:
        objects, plan, page = self._objects, self._plan, self._design.page
        streams = [plan.art_content, pictures, plan.text_content, content]
        pages = objects.reserve()
        row = b"/Row %d 0 R" % image if image else b""
        notes = self._annotations
        links = b"/Annots[%s]" % references(notes) if notes else b""
        objects.pack(
            b"<</Type/Page/Parent %d 0 R/MediaBox[%s]/StructParents 0/Tabs/S"
            b"/Group<</S/Transparency/CS/DeviceRGB>>"
            b"/Resources<</XObject<</Art %d 0 R%s>>/Font<<%s>>>>/Contents[%s]%s>>"
            % (
                pages,
                corners(Box(0, 0, page.width, page.height), page.height),
                plan.art,
                row,
                fonts,
                references([each for each in streams if each]),
                links,
            ),
            plan.page,
        )
        objects.pack(b"<</Type/Pages/Count 1/Kids[%d 0 R]>>" % plan.page, pages)
        self._pages = pages

    def _pack_structure(self) -> None:
        plan, objects = self._plan, self._objects
        outer = [each for each in self._outer if each]
        language = self._design.language
        objects.pack(document_element(plan.structure, outer, language), plan.document)
        objects.pack(tree_root(plan.document, self._marks, self._links), plan.structure)

    def _pack_catalog(self) -> None:
        plan, objects = self._plan, self._objects
        metadata = objects.write(_metadata(self._about.xmp()))
        files = b""
        if self._extras.credential is not None:
            attached = self._attach(self._extras.credential)
            files = b"/AF[%d 0 R]/Names<</EmbeddedFiles<</Names[(%s)%d 0 R]>>>>" % (
                attached,
                CREDENTIAL_NAME.encode(),
                attached,
            )
        if self._signature:
            files += b"/AcroForm<</Fields[%d 0 R]/SigFlags 3>>" % self._field
        objects.pack(
            b"<</Type/Catalog/Pages %d 0 R/Metadata %d 0 R/Lang%s/MarkInfo"
            b"<</Marked true>>/StructTreeRoot %d 0 R/OutputIntents[%d 0 R]"
            b"/ViewerPreferences<</DisplayDocTitle true>>%s>>"
            % (
                self._pages,
                metadata,
                text_string(self._design.language),
                plan.structure,
                plan.intent,
                files,
            ),
            plan.catalog,
        )

    def _attach(self, credential: bytes) -> int:
        """Write the credential as a file in the file; return its specification."""
        name = CREDENTIAL_NAME.encode()
        file = self._objects.write_stream(
            b"/Type/EmbeddedFile/Subtype/%s/Params<</Size %d/ModDate%s>>"
            % (
                CREDENTIAL_TYPE.replace("/", "#2F").encode(),
                len(credential),
                self._about.date,
            ),
            credential,
        )
        return self._objects.pack(
            b"<</Type/Filespec/F(%s)/UF(%s)/AFRelationship/Data"
            b"/Desc(The signed credential)/EF<</F %d 0 R/UF %d 0 R>>>>"
            % (name, name, file, file)
        )


def _metadata(xmp: bytes) -> bytes:
    """Return the stream of metadata: not deflated, so that any program finds it."""
    return b"<</Type/Metadata/Subtype/XML/Length %d>>stream\n%s\nendstream" % (
        len(xmp),
        xmp,
    )
