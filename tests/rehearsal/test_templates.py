"""A rehearsal with a template: every row is laid out and drawn, and let go."""

import pytest

from support.images import photograph, saved
from support.server import Server, sheet
from support.snapshots import everything, rehearsed
from support.zips import Entry, build
from testamur.rendering.design import Box, Cover, Design, Page, Picture
from testamur.rendering.pdf.stamp import RowPicture
from testamur.wiring.rehearsing_child import printed_pictures

HEADER = "name,description,category,recipientEmail,recipientName,attribute_signatory"

#: Names of every kind: those that are drawn, and those that nobody can draw.
NAMES = {
    "Ana Ibáñez": None,
    "李明": None,
    "محمد علي": None,
    "प्रिया शर्मा": None,
    "Ana 😀 Ibáñez": None,
    "ꦗꦮ": "glyph_missing",
    "Ana 𐀀": "glyph_missing",
    "W" * 200: "text_too_long",
    "": "missing_value",
}


def rows_of(*names: str) -> bytes:
    """Return a CSV in which each row has another name and address."""
    rows = [
        f"Course,What for,education,p{n}@example.org,{name},"
        for n, name in enumerate(names)
    ]
    return sheet(*rows, header=HEADER)


def test_a_template_fails_in_a_rehearsal_what_it_fails_in_a_job(server: Server):
    """
    The same rows for the same reasons; the others are drawn. Nothing is kept.
    """
    tenant = server.tenant()
    rows = {"rows": ("rows.csv", rows_of(*NAMES))}
    # The first one prepares the template, for good.
    plain = {"rows": ("rows.csv", rows_of("Ana Ibáñez"))}
    rehearsed(tenant, plain, template="classic-diploma")
    before = everything(server)

    report = rehearsed(tenant, rows, template="classic-diploma")

    assert everything(server) == before
    answer = tenant.client.post(
        "/v1/jobs", files=rows, data={"template": "classic-diploma"}
    )
    job = answer.json()["id"]
    tenant.wait(job)
    failures = tenant.client.get(f"/v1/jobs/{job}").json()["failures"]
    found = [one for one in report["findings"] if one["severity"] == "fails"]
    assert {one["row"]: one["code"] for one in found} == {
        number: code for number, code in enumerate(NAMES.values(), 1) if code
    }
    assert [(one["row"], one["message"]) for one in found] == [
        (one["row"], one["message"]) for one in failures
    ]
    assert report["summary"]["drawn"] == list(NAMES.values()).count(None)
    assert report["summary"]["template"] == "classic-diploma@1"
    assert "field_empty" in {one["code"] for one in report["codes"]}


@pytest.mark.parametrize(
    ("cover", "size", "per_inch", "cut_off"),
    [
        (Cover.CONTAIN, (300, 300), 150, 0),
        (Cover.CONTAIN, (600, 300), 300, 0),
        (Cover.COVER, (600, 300), 150, 0.5),
        (Cover.COVER, (300, 300), 150, 0),
    ],
)
def test_pixels_and_edges_are_those_of_the_place(cover, size, per_inch, cut_off):
    """
    How coarse a picture is, and how much of it is lost, follows from its box.
    """
    place = Picture("picture-1", Box(0, 0, 144, 144), None, cover=cover)
    logo = Picture("picture-2", Box(0, 0, 9, 9), "logo.png")
    design = Design("A", "en", Page(600, 400), (place, logo))

    found = printed_pictures(design, RowPicture(b"", "image/png", *size))

    assert found == [[pytest.approx(per_inch), pytest.approx(cut_off)]]


def test_an_image_that_no_row_means_is_told_of(server: Server):
    """
    A name that was written otherwise shows from both sides.
    """
    images = build(
        Entry(name, saved(photograph(80, 80), "PNG")) for name in ("a.png", "b.png")
    )
    rows = sheet("C,W,a.png,education,a@example.org")

    report = rehearsed(
        server.tenant(),
        {"rows": ("rows.csv", rows), "images": ("images.zip", images)},
    )

    (finding,) = report["findings"]
    assert (finding["row"], finding["code"]) == (None, "image_unused")
    assert "b.png" in finding["message"]
