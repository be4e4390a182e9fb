"""Packages: what is read from template.json, and how each fault is told."""

import copy
import json
import time

import jsonschema_rs
import pytest

from testamur.core.refusals import Kind, Refusal
from testamur.rendering import gallery
from testamur.rendering.design import Align, Cover, Direction, Field, Fit, Place, Role
from testamur.rendering.package.package import pack, read_package, to_json
from testamur.rendering.package.schema import TEMPLATE_SCHEMA

PNG = b"\x89PNG\r\n\x1a\n..."
SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>'
FONT = b"\0\1\0\0..."

FAMILIES = ("Inter", "Noto Sans")

TEXT = {"type": "text", "box": [20, 20, 257, 20], "text": "For {{recipientName}}"}
QR = {"type": "qr", "box": [250, 170, 30, 30]}
PLAIN = {"testamur": 1, "name": "Plain", "page": {"size": "A4"}, "items": [TEXT, QR]}


def read(document, assets=()):
    """Read *document* beside *assets* as a package."""
    return read_package(pack(document, dict(assets)), families=FAMILIES)


def changed(**fields):
    """Return the plain template with other *fields*; None leaves one out."""
    document = copy.deepcopy(PLAIN) | fields
    return {name: value for name, value in document.items() if value is not None}


def with_item(**fields):
    """Return a template whose only item is the text with other *fields*."""
    return changed(items=[{**TEXT, **fields}])


def faults_of(data):
    """Return what is said of a package: (path, code, sentence) of each fault."""
    with pytest.raises(Refusal) as refused:
        read_package(data, families=FAMILIES)
    assert refused.value.kind is Kind.INVALID
    assert refused.value.code == "template_invalid"
    return [(part.at, part.code, part.detail) for part in refused.value.parts]


def test_what_is_left_out_has_sensible_values():
    """An A4 page in landscape, in millimetres; a text that shrinks, in the middle."""
    design = read(changed(page={})).design

    assert (design.page.width, design.page.height) == pytest.approx(
        (841.89, 595.28), abs=0.01
    )
    assert design.page.colour == "#ffffff"
    assert design.language == "en"
    assert design.title == (Field("name"), " – ", Field("recipientName"))
    text, qr = design.items
    assert (text.id, qr.id) == ("text-1", "qr-1")
    assert text.parts == ("For ", Field("recipientName"))
    assert text.box.x == pytest.approx(56.693, abs=0.001)
    assert (text.fit, text.align, text.place, text.direction, text.role) == (
        *(Fit.SHRINK, Align.CENTER, Place.MIDDLE, Direction.AUTO, Role.PARAGRAPH),
    )


@pytest.mark.parametrize(
    ("given", "smallest"),
    [
        ({"size": 40}, 24),
        ({"size": 10}, 8),
        ({"size": 6}, 6),
        ({"size": 40, "minSize": 12}, 12),
    ],
    ids=["60-percent", "readable", "smaller-anyway", "as-said"],
)
def test_a_text_shrinks_to_what_can_be_read(given, smallest):
    """60 % of its size, but at least 8 points, unless the template says otherwise."""
    (text,) = read(with_item(**given)).design.items

    assert text.style.min_size == pytest.approx(smallest)


@pytest.mark.parametrize(
    ("page", "size"),
    [
        ({"size": "A5", "orientation": "portrait"}, (419.53, 595.28)),
        ({"size": "Letter"}, (792, 612)),
        ({"width": 297, "height": 210}, (841.89, 595.28)),
        ({"width": 10, "height": 8, "unit": "in"}, (720, 576)),
        ({"width": 960, "height": 768, "unit": "px"}, (720, 576)),
        ({"width": 800, "height": 600, "unit": "pt"}, (800, 600)),
    ],
)
def test_a_page_has_the_size_it_says(page, size):
    """By its name, or in millimetres, inches, points or CSS pixels."""
    document = changed(
        page=page, items=[{"type": "line", "from": [0, 0], "to": [1, 1]}]
    )

    design = read(document).design

    assert (design.page.width, design.page.height) == pytest.approx(size, abs=0.01)


def test_every_kind_of_item_is_read():
    """And each keeps what it says, in the order in which it is drawn."""
    document = changed(
        background="assets/back.svg",
        fonts=[{"family": "Own", "weight": 700, "asset": "own.ttf"}],
        items=[
            {**TEXT, "font": "Own", "role": "title", "align": "start", "upper": True},
            {"type": "image", "box": [0, 0, 20, 20], "asset": "logo.png", "alt": "A"},
            {"type": "image", "box": [0, 0, 20, 20], "slot": "picture",
             "cover": "cover"},
            {**QR, "background": None, "alt": "Leads to {{url}}"},
            {"type": "line", "from": [10, 10], "to": [20, 10], "width": 2},
            {"type": "rect", "box": [-3, -3, 303, 216], "stroke": "#ABC", "radius": 4},
            {"type": "ellipse", "box": [1, 1, 9, 9], "fill": "#102030"},
        ],
    )  # fmt: skip
    assets = {"back.svg": SVG, "own.ttf": FONT, "logo.png": PNG, "unused.png": PNG}

    package = read(document, assets)

    text, logo, picture, qr, line, rect, ellipse = package.design.items
    assert (text.role, text.style.family, text.style.is_upper) == (
        *(Role.TITLE, "Own", True),
    )
    assert (logo.asset, picture.asset, picture.cover) == (
        *("logo.png", None, Cover.COVER),
    )
    assert (qr.background, qr.alt) == (None, ("Leads to ", Field("url")))
    assert (line.width, line.x2) == (2, pytest.approx(56.693, abs=0.001))
    assert (rect.stroke, rect.fill, rect.is_ellipse) == ("#aabbcc", None, False)
    assert rect.radius == pytest.approx(11.339, abs=0.001)
    assert ellipse.is_ellipse
    assert package.design.page.background == "back.svg"
    assert set(package.assets) == {"back.svg", "own.ttf", "logo.png"}
    assert package.about.takes_picture
    assert package.about.columns == ("recipientName",)


#: What is wrong with a template, where it is said to be, and its code.
FAULTS = {
    "unknown-key": (changed(colr="#fff"), "colr", "unknown_field"),
    "unknown-deep": (with_item(minsize=4), "items[0].minsize", "unknown_field"),
    "no-name": (changed(name=None), "name", "missing_field"),
    "no-version": (changed(testamur=None), "testamur", "missing_field"),
    "later-version": (changed(testamur=2), "testamur", "version_unknown"),
    "no-items": (changed(items=[]), "template.json", "missing_field"),
    "items-no-list": (changed(items={}), "items", "value_type"),
    "not-an-item": (changed(items=[TEXT, 7]), "items[1]", "value_type"),
    "unknown-type": (changed(items=[{"type": "txt"}]), "items[0].type",
                     "value_unknown"),
    "no-text": (changed(items=[{"type": "text", "box": [1, 1, 9, 9]}]), "items[0]",
                "missing_field"),
    "no-box": (changed(items=[{"type": "text", "text": "a"}]), "items[0].box",
               "missing_field"),
    "half-a-box": (with_item(box=[1, 2]), "items[0].box", "value_range"),
    "box-of-words": (with_item(box=[1, 2, "3", 4]), "items[0].box[2]", "value_type"),
    "flat-box": (with_item(box=[1, 2, 0, 4]), "items[0].box", "value_range"),
    "box-elsewhere": (with_item(box=[300, 2, 9, 4]), "items[0].box", "outside_page"),
    "box-over-edge": (with_item(box=[200, 2, 150, 4]), "items[0].box",
                      "outside_page"),
    "huge-number": (with_item(size=10**400), "items[0].size", "value_range"),
    "huge-box": (with_item(box=[0, 0, 1e300, 4]), "items[0].box[2]", "value_range"),
    "true-size": (with_item(size=True), "items[0].size", "value_type"),
    "tiny-type": (with_item(size=1), "items[0].size", "value_range"),
    "min-over-size": (with_item(size=10, minSize=12), "items[0].minSize",
                      "value_range"),
    "colour-name": (with_item(colour="red"), "items[0].colour", "colour_format"),
    "unknown-font": (with_item(font="Comic"), "items[0].font", "font_unknown"),
    "unknown-align": (with_item(align="centre"), "items[0].align", "value_unknown"),
    "text-flag": (with_item(italic="yes"), "items[0].italic", "value_type"),
    "unknown-field": (with_item(text="{{recipient}}"), "items[0].text",
                      "placeholder"),
    "code-as-field": (with_item(text="{{ ''.__class__ }}"), "items[0].text",
                      "placeholder"),
    "open-field": (with_item(text="{{name"), "items[0].text", "placeholder"),
    "bidi": (with_item(text="a\u202eb"), "items[0].text", "bidi_control"),
    "half-a-letter": (with_item(text="a\ud800"), "items[0].text", "text_encoding"),
    "nul": (changed(name="a\0b"), "name", "control_character"),
    "same-id": (changed(items=[{**TEXT, "id": "a"}, {**QR, "id": "a"}]),
                "items[1].id", "id_repeated"),
    "odd-id": (with_item(id="1 a"), "items[0].id", "id_format"),
    "language": (changed(language="English!"), "language", "language_format"),
    "no-file": (changed(background="back.svg"), "background", "asset_missing"),
    "no-background": (changed(background="back.gif"), "background", "asset_type"),
    "way-out": (changed(background="../../etc/passwd.svg"), "background",
                "asset_missing"),
    "asset-and-slot": (
        changed(items=[{"type": "image", "box": [1, 1, 9, 9], "asset": "a.png",
                        "slot": "picture"}]),
        "items[0]", "value_conflict"),
    "size-and-width": (changed(page={"size": "A4", "width": 9, "height": 9}),
                       "page.size", "value_conflict"),
    "width-alone": (changed(page={"width": 100}), "page.height", "value_type"),
    "unknown-size": (changed(page={"size": "A44"}), "page.size", "value_unknown"),
    "tiny-code": (changed(items=[{**QR, "box": [10, 10, 8, 8]}]), "items[0].box",
                  "value_range"),
    "pale-code": (changed(items=[{**QR, "colour": "#eeeeee"}]), "items[0].colour",
                  "qr_contrast"),
    "no-colour": (changed(items=[{"type": "rect", "box": [1, 1, 9, 9]}]),
                  "items[0]", "missing_field"),
    "font-twice": (
        changed(fonts=[{"family": "A", "asset": "a.ttf"}] * 2), "fonts[1]",
        "font_repeated"),
}  # fmt: skip


@pytest.mark.parametrize(("document", "path", "code"), FAULTS.values(), ids=FAULTS)
def test_a_fault_is_named_by_its_place_and_remedy(document, path, code):
    """The JSON path, a stable code, and a sentence about what to write."""
    data = json.dumps(document).encode("utf-8", "surrogatepass")

    found = faults_of(data)

    assert (path, code) in [(at, its_code) for at, its_code, _ in found]
    assert all(sentence.endswith((".", "?")) for _, _, sentence in found)


def test_all_faults_are_told_at_once():
    """Up to twenty, so that nobody uploads twenty times."""
    document = changed(
        items=[{"type": "text", "box": [1, 1], "colour": 1, "tex": "a"}] * 9
    )

    assert len(faults_of(json.dumps(document).encode())) == 20


def test_fifty_thousand_faults_take_no_time():
    """A megabyte of names that nobody knows is read as fast as any other."""
    document = changed(**{f"colou{number}": 1 for number in range(50_000)})
    before = time.process_time()

    assert len(faults_of(json.dumps(document).encode())) == 20
    assert time.process_time() - before < 1


def test_a_mistyped_name_is_set_right():
    """The nearest known one is named."""
    [(_, _, sentence)] = faults_of(json.dumps(changed(color="#ffffff")).encode())

    assert sentence.endswith("Did you mean colour?")


#: What is no JSON that means one thing, and what is said of it.
NOT_JSON = {
    "cut-off": (b'{"testamur": 1, "name"', "template_json"),
    "twice": (b'{"testamur": 1, "testamur": 1}', "template_json"),
    "nan": (b'{"testamur": NaN}', "template_json"),
    "deep": (b"[" * 100_000, "template_json"),
    "many-digits": (b'{"testamur": ' + b"1" * 5_000 + b"}", "template_json"),
    "latin-1": (b'{"name": "Dipl\xf4me"}', "template_format"),
    "empty": (b"", "template_format"),
    "a-picture": (PNG, "template_format"),
    "a-gzip": (b"\x1f\x8b\x08\0", "template_format"),
}


@pytest.mark.parametrize(("data", "code"), NOT_JSON.values(), ids=NOT_JSON)
def test_what_is_no_template_is_refused_as_such(data, code):
    """And nothing else happens, however deep it is."""
    with pytest.raises(Refusal) as refused:
        read_package(data)

    assert (refused.value.kind, refused.value.code) == (Kind.INVALID, code)


def test_a_list_is_no_template():
    """JSON that is no object has one fault."""
    assert ("template.json", "value_type") in [
        (at, code) for at, code, _ in faults_of(b"[]")
    ]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("back.png", b"GIF89a"),
        ("back.jpg", PNG),
        ("back.svg", b"\x1f\x8bpacked"),
        ("back.pdf", b" " * 900 + b"%PDF-1.7"),
    ],
)
def test_a_file_is_what_its_name_says(name, content):
    """Else whoever opens it by its name finds something else."""
    document = changed(background=name)

    [(path, code, _)] = faults_of(pack(document, {name: content}))

    assert (path, code) == (f"assets/{name}", "asset_type")


@pytest.mark.parametrize("name", gallery.names())
def test_a_design_can_be_written_and_read_again(name):
    """Read, spelt, packed and read again, it is the same; and the schema has it."""
    package = read_package(gallery.package_of(name))

    again = read_package(pack(package.design, package.assets))

    assert again.design == package.design
    assert again.assets == package.assets
    for document in (package.document, to_json(package.design)):
        jsonschema_rs.validate(TEMPLATE_SCHEMA, document)


def test_what_source_asks_for_is_known():
    """By a look at it: a field, an attribute in quotes, the picture of the row."""
    source = b"""
    #let data = json(bytes(sys.inputs.data))
    #data.recipientName #data.at("attribute_Last name") #data.attribute_hours
    #if data.picture != none { image(data.picture) } // data.reference
    """

    package = read(changed(items=None, source="main.typ"), {"main.typ": source})

    assert package.design.items == ()
    assert package.about.columns == (
        *("recipientName", "attribute_Last name", "attribute_hours"),
    )
    assert package.about.takes_picture
    assert package.about.has_source


def test_the_same_template_packs_to_the_same_bytes():
    """Whoever packed it before, in whatever order, and however well."""
    one = read(PLAIN, {"b.png": PNG, "a.png": PNG})

    assert one.packed == read_package(json.dumps(PLAIN, indent=8).encode()).packed
    assert one.packed == read_package(one.packed).packed
