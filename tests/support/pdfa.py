"""
What ISO 19005-3 (PDF/A-3) demands at level A, as far as a file of ours can break it.

No validator of others can be had from the registries that tests install from, so
this one is our own. It was written from the standard's clauses, and reads with qpdf
and HarfBuzz, not with the code that writes.
"""

import io
import re
from collections import Counter
from collections.abc import Iterator
from xml.etree import ElementTree

import pikepdf
import uharfbuzz as hb
from pikepdf import Array, Dictionary, Name, Stream

RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
DC = "{http://purl.org/dc/elements/1.1/}"
XMP = "{http://ns.adobe.com/xap/1.0/}"
PDF = "{http://ns.adobe.com/pdf/1.3/}"
PDFA = "{http://www.aiim.org/pdfa/ns/id/}"
XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"

#: Types of structure elements that need no role map (ISO 32000-1, 14.8.4).
STANDARD = {"/Document", "/H1", "/P", "/Figure", "/Link", "/Span"}


def problems(data: bytes) -> list[str]:
    """Return what is wrong with a PDF/A-3a file, each with the clause it breaks."""
    found: list[str] = []
    with pikepdf.open(io.BytesIO(data)) as pdf:
        found += [f"6.1: {each}" for each in pdf.check_pdf_syntax()]
        for rules in (_file, _colours, _fonts, _annotations, _metadata, _tags, _files):
            found += rules(pdf, data)
    return found


def _file(pdf: pikepdf.Pdf, data: bytes) -> Iterator[str]:
    if not re.match(rb"%PDF-1\.[0-7]\n%[\x80-\xff]{4}", data):
        yield "6.1.2: the header"
    if not data.rstrip(b"\r\n").endswith(b"%%EOF"):
        yield "6.1.3: something follows the end"
    if "/ID" not in pdf.trailer or len(pdf.trailer.ID) != 2:
        yield "6.1.3: no identifier"
    if "/Encrypt" in pdf.trailer:
        yield "6.1.3: it is encrypted"
    for item in pdf.objects:
        if isinstance(item, Stream):
            if {"/F", "/FFilter", "/FDecodeParms"} & set(item.keys()):
                yield "6.1.7.1: a stream in another file"
            filters = item.get("/Filter", Array())
            filters = filters if isinstance(filters, Array) else [filters]
            if {str(each) for each in filters} & {"/LZWDecode", "/Crypt"}:
                yield "6.1.7.2: a filter"
        if isinstance(item, Dictionary | Stream):
            if "/AA" in item:
                yield "6.5.2: an additional action"
            if item.get("/S") in (Name.JavaScript, Name.Launch, Name("/GoToR")):
                yield "6.5.1: an action"
            if item.get("/Subtype") == Name.Image and item.get("/Interpolate"):
                yield "6.2.8: an image is interpolated"
            if {"/TR", "/HTP"} & set(item.keys()):
                yield "6.2.5: a transfer function"
            if item.get("/Type") == Name.Catalog and {
                "/OpenAction",
                "/Requirements",
                "/NeedsRendering",
            } & set(item.keys()):
                yield "6.5, 6.11: the catalog"


def _colours(pdf: pikepdf.Pdf, _data: bytes) -> Iterator[str]:
    intents = [
        each
        for each in pdf.Root.get("/OutputIntents", Array())
        if each.S == Name.GTS_PDFA1
    ]
    if len(intents) != 1:
        yield "6.2.3: not one output intent"
    for intent in intents:
        profile = intent.DestOutputProfile
        head = profile.read_bytes()[:40]
        if (int(profile.N), head[12:16], head[16:20], head[36:40]) != (
            3,
            b"mntr",
            b"RGB ",
            b"acsp",
        ):
            yield "6.2.3: the profile of colours"
    for item in pdf.objects:
        if isinstance(item, Stream) and item.get("/ColorSpace") == Name.DeviceCMYK:
            yield "6.2.4.3: CMYK without its intent"
        if isinstance(item, Stream) and item.get("/Subtype") == Name.Form:
            for _, operator in pikepdf.parse_content_stream(item):
                if str(operator) in {"k", "K"}:
                    yield "6.2.4.3: CMYK without its intent"


def _fonts(pdf: pikepdf.Pdf, _data: bytes) -> Iterator[str]:
    page = pdf.pages[0]
    shown = _codes(page)
    for name, font in page.Resources.get("/Font", Dictionary()).items():
        if font.Subtype == Name.Type3 and "/ToUnicode" in font:
            continue  # its glyphs are drawn in the file; emoji are such
        if font.Subtype != Name.Type0 or font.Encoding != Name("/Identity-H"):
            yield f"6.2.11.3: {name} is no font of two bytes"
            continue
        below = font.DescendantFonts[0]
        descriptor = below.FontDescriptor
        if font.BaseFont != below.BaseFont or font.BaseFont != descriptor.FontName:
            yield f"6.2.11.2: the names of {name} differ"
        if not re.match(r"/[A-Z]{6}\+", str(font.BaseFont)):
            yield f"6.2.11.4.2: {name} is not named as a subset"
        unicode = _to_unicode(font)
        widths = _widths(below)
        for code in shown.get(str(name), set()):
            if code == 0:
                yield f"6.2.11.8: {name} shows .notdef"
            if not unicode.get(code):
                yield f"6.2.11.7.2: {name} does not say what {code} is"
            if code not in widths:
                yield f"6.2.11.5: {name} does not say how wide {code} is"
        if any({"\0", "\ufeff", "\ufffe"} & set(words) for words in unicode.values()):
            yield f"6.2.11.7.2: {name} has a letter that is none"
        if below.Subtype == Name.CIDFontType2:
            yield from _true_type(str(name), below, widths)
        elif descriptor.get("/FontFile3", Dictionary()).get("/Subtype") != Name(
            "/CIDFontType0C"
        ):
            yield f"6.2.11.4.1: {name} is not embedded"


def _true_type(name: str, font: Dictionary, widths: dict[int, float]) -> Iterator[str]:
    if font.get("/CIDToGIDMap") != Name.Identity:
        yield f"6.2.11.3.2: {name} does not say which glyph a code is"
    program = font.FontDescriptor.get("/FontFile2")
    if program is None:
        yield f"6.2.11.4.1: {name} is not embedded"
        return
    face = hb.Face(program.read_bytes())
    drawn = hb.Font(face)
    for code, width in widths.items():
        if code >= face.glyph_count:
            yield f"6.2.11.4.1: {name} lacks glyph {code}"
        elif abs(drawn.get_glyph_h_advance(code) * 1000 / face.upem - width) > 1:
            yield f"6.2.11.5: {name} has another width for {code}"


def _codes(page: pikepdf.Page) -> dict[str, set[int]]:
    found: dict[str, set[int]] = {}
    font = ""
    for operands, operator in pikepdf.parse_content_stream(page):
        match str(operator):
            case "Tf":
                font = str(operands[0])
            case "TJ":
                for part in operands[0]:
                    if isinstance(part, pikepdf.String):
                        found.setdefault(font, set()).update(_pairs(bytes(part)))
            case "Tj":
                found.setdefault(font, set()).update(_pairs(bytes(operands[0])))
    return found


def _pairs(data: bytes) -> list[int]:
    return [int.from_bytes(data[at : at + 2], "big") for at in range(0, len(data), 2)]


def _to_unicode(font: Dictionary) -> dict[int, str]:
    if "/ToUnicode" not in font:
        return {}
    found: dict[int, str] = {}
    cmap = font.ToUnicode.read_bytes().decode("latin-1")
    for kind, block in re.findall(r"beginbf(char|range)(.*?)endbf", cmap, re.DOTALL):
        parts = re.findall(r"<([0-9A-Fa-f ]*)>", block)
        if kind == "char":
            for code, words in zip(parts[::2], parts[1::2], strict=True):
                found[int(code, 16)] = bytes.fromhex(words).decode("utf-16-be")
        else:
            for low, high, words in zip(*[iter(parts)] * 3, strict=True):
                first = bytes.fromhex(words).decode("utf-16-be")
                for code in range(int(low, 16), int(high, 16) + 1):
                    last = chr(ord(first[-1]) + code - int(low, 16))
                    found[code] = first[:-1] + last
    return found


def _widths(font: Dictionary) -> dict[int, float]:
    found: dict[int, float] = {}
    parts = list(font.get("/W", Array()))
    while parts:
        first, second = int(parts.pop(0)), parts.pop(0)
        if isinstance(second, Array):
            for at, width in enumerate(second):
                found[first + at] = float(width)
        else:
            width = float(parts.pop(0))
            found.update(dict.fromkeys(range(first, int(second) + 1), width))
    return found


def _annotations(pdf: pikepdf.Pdf, _data: bytes) -> Iterator[str]:
    for each in pdf.pages[0].get("/Annots", Array()):
        flags = int(each.get("/F", 0))
        if each.Subtype == Name.Widget and each.get("/FT") == Name.Sig:
            yield from _signature_field(each, flags)
            continue
        if each.Subtype != Name.Link:
            yield "6.3.1: an annotation that is no link"
        if not flags & 4 or flags & (1 | 2 | 32 | 256):
            yield "6.3.2: an annotation is not printed, or hidden"
        if each.A.S != Name.URI:
            yield "6.5.1: an action"
        if "/Contents" not in each:
            yield "6.3.2: nothing is said for an annotation"
    if pdf.pages[0].get("/Tabs") != Name.S:
        yield "ISO 14289-1, 7.18.3: the order of annotations"


def _signature_field(field: Dictionary, flags: int) -> Iterator[str]:
    if not flags & 4 or flags & (1 | 2 | 32 | 256):
        yield "6.3.2: a field is not printed, or hidden"
    left, bottom, right, top = map(float, field.Rect)
    if "/AP" not in field and (left, bottom) != (right, top):
        yield "6.3.3: a field without an appearance"
    if {"/A", "/AA"} & set(field.keys()):
        yield "6.4.1: a field with an action"
    value = field.V
    if not str(value.get("/SubFilter", "")).startswith("/ETSI.CAdES"):
        yield "6.4.3: a signature that is no PAdES"


def _metadata(pdf: pikepdf.Pdf, _data: bytes) -> Iterator[str]:
    stream = pdf.Root.get("/Metadata")
    if stream is None:
        yield "6.6.2.1: no metadata"
        return
    if "/Filter" in stream:
        yield "6.6.2.1: metadata that not every program finds"
    tree = ElementTree.fromstring(stream.read_bytes().decode().strip("\ufeff"))
    about = tree.find(f"{RDF}RDF/{RDF}Description")

    def value(name: str) -> str | None:
        return about.get(name) or about.findtext(name)

    if (value(PDFA + "part"), value(PDFA + "conformance")) != ("3", "A"):
        yield "6.6.4: it does not say that it is PDF/A-3a"
    title = about.find(f"{DC}title/{RDF}Alt/{RDF}li")
    author = about.find(f"{DC}creator/{RDF}Seq/{RDF}li")
    said = {
        "/Title": title.text if title is not None else None,
        "/Author": author.text if author is not None else None,
        "/Producer": value(PDF + "Producer"),
        "/Creator": value(XMP + "CreatorTool"),
        "/CreationDate": _pdf_date(value(XMP + "CreateDate") or ""),
        "/ModDate": _pdf_date(value(XMP + "ModifyDate") or ""),
    }
    info = pdf.trailer.get("/Info", Dictionary())
    for key, value in info.items():
        same = (
            str(value).replace("Z", "+00'00'") if key.endswith("Date") else str(value)
        )
        if said.get(key) != same:
            yield f"6.6.3: {key} differs from its property"
    if title is None or not title.text or title.get(XML_LANG) != "x-default":
        yield "ISO 14289-1, 7.1: no title"


def _pdf_date(date: str) -> str:
    date = date.replace("+00:00", "Z")
    return "D:" + re.sub(r"[-:T]", "", date).replace("Z", "+00'00'")


def _tags(pdf: pikepdf.Pdf, _data: bytes) -> Iterator[str]:
    root, page = pdf.Root, pdf.pages[0]
    if not root.get("/MarkInfo", Dictionary()).get("/Marked"):
        yield "6.7.2.2: it is not marked as tagged"
    if not re.fullmatch(
        r"[a-zA-Z]{1,8}(-[a-zA-Z0-9]{1,8})*", str(root.get("/Lang", ""))
    ):
        yield "6.7.4: no language"
    if not root.get("/ViewerPreferences", Dictionary()).get("/DisplayDocTitle"):
        yield "ISO 14289-1, 7.1: the title is not displayed"
    if "/StructTreeRoot" not in root:
        yield "6.7.3.2: no structure"
        return
    marks, loose = _marks(page)
    if loose:
        yield "ISO 14289-1, 7.1: content that is neither marked nor decoration"
    if any(count > 1 for count in marks.values()):
        yield "ISO 32000-1, 14.7.4.2: a mark is used twice"
    structure = root.StructTreeRoot
    keys = list(structure.ParentTree.Nums)
    tree = {int(key): each for key, each in zip(keys[::2], keys[1::2], strict=True)}
    held: Counter[int] = Counter()
    for element in _elements(structure, structure):
        if isinstance(element, str):
            yield element
            continue
        if str(element.S) not in STANDARD:
            yield f"6.7.3.4: {element.S} has no role"
        if Name.Figure == element.S and not str(element.get("/Alt", "")):
            yield "6.7.3, ISO 14289-1, 7.3: a figure without a text for it"
        for kid in _kids(element):
            if isinstance(kid, int):
                held[kid] += 1
                if tree[int(page.StructParents)][kid].objgen != element.objgen:
                    yield f"ISO 32000-1, 14.7.4.4: mark {kid} has another parent"
            elif kid.get("/Type") == Name.OBJR:
                up = tree.get(int(kid.Obj.StructParent))
                if up is None or up.objgen != element.objgen:
                    yield "ISO 32000-1, 14.7.4.4: an annotation has another parent"
    if set(held) != set(marks):
        yield "6.7.3: marks without an element, or elements without a mark"


def _marks(page: pikepdf.Page) -> tuple[Counter[int], int]:
    """Count how often each mark is used, and operators that draw outside of any."""
    marks: Counter[int] = Counter()
    depth, loose = 0, 0
    for operands, operator in pikepdf.parse_content_stream(page):
        match str(operator):
            case "BDC" | "BMC":
                depth += 1
                if len(operands) == 2 and "/MCID" in operands[1]:
                    marks[int(operands[1].MCID)] += 1
            case "EMC":
                depth -= 1
            case "Do" | "Tj" | "TJ" | "f" | "S" | "re" | "sh" if depth == 0:
                loose += 1
    return marks, loose + abs(depth)


def _kids(element: Dictionary) -> list[object]:
    kids = element.get("/K", Array())
    return list(kids) if isinstance(kids, Array) else [kids]


def _elements(parent: Dictionary, root: Dictionary) -> Iterator[Dictionary | str]:
    for kid in _kids(parent):
        if isinstance(kid, Dictionary) and "/S" in kid:
            if kid.P.objgen != parent.objgen:
                yield "ISO 32000-1, 14.7.2: an element has another parent"
            yield kid
            yield from _elements(kid, root)


def _files(pdf: pikepdf.Pdf, _data: bytes) -> Iterator[str]:
    names = pdf.Root.get("/Names", Dictionary()).get("/EmbeddedFiles")
    listed = list(names.Names)[1::2] if names is not None else []
    associated = {each.objgen for each in pdf.Root.get("/AF", Array())}
    for each in listed:
        if each.objgen not in associated:
            yield "6.8: a file that belongs to nothing"
        if not {"/F", "/UF", "/AFRelationship"} <= set(each.keys()):
            yield "6.8: a file does not say what it is"
        if "/Subtype" not in each.EF.F:
            yield "6.8: a file of no type"
