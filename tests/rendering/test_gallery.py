"""The templates that come with the installation, in every script."""

import dataclasses
import json
import re
from pathlib import Path

import fontpkg_eb_garamond
import pytest
from PIL import Image

from support.gallery_sheets import (
    GOLDEN,
    MAX_PLACES,
    ROWS,
    Show,
    differing,
    shows,
)
from testamur.rendering.design import Qr, Text
from testamur.rendering.gallery import HERE, names, package_of
from testamur.rendering.package.package import pack
from testamur.rendering.prepare import Preparer
from testamur.rendering.typst.typeset import Typesetter

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.xdist_group("gallery")

#: What a certificate of any of them says.
ALWAYS = {
    *("recipientName", "name", "description", "issuedAt", "issuerName", "reference"),
    *("url", "attribute_signatory", "attribute_signatory_title"),
}


@pytest.fixture(scope="module")
def gallery(tmp_path_factory) -> dict[str, Show]:
    """Return every template, prepared once."""
    return shows(tmp_path_factory.mktemp("typesetter"))


def test_a_built_in_template_is_always_the_same_package():
    """
    A version is known by its bytes, so they depend on nothing but its files.
    """
    assert len(names()) >= 8
    for name in names():
        assert package_of(name) == package_of(name)
        assert len(package_of(name)) < 100_000
    with pytest.raises(KeyError):
        package_of("../gallery/minimal")


def test_every_built_in_template_says_what_a_certificate_must(gallery):
    """
    Whose, what, when, by whom, its number, and where it is verified; and who signs.
    """
    for name, show in gallery.items():
        fields = {field.name for field in show.design.fields()}
        assert fields >= ALWAYS, name
        assert any(isinstance(item, Qr) and item.alt for item in show.design.items)
        roles = [item.role.name for item in show.design.items if isinstance(item, Text)]
        assert roles.count("TITLE") == 1, name


def test_the_gallery_has_pages_both_ways_and_one_with_a_picture(gallery):
    """
    Upright and wide, and one to put a photograph on.
    """
    pages = [show.design.page for show in gallery.values()]
    assert 3 <= sum(page.width > page.height for page in pages) < len(pages) - 2
    assert any(show.design.takes_picture for show in gallery.values())


def test_every_built_in_template_is_drawn_fast_and_without_a_doubt(gallery):
    """
    Preparing one finds nothing to say, and the stamp draws what the typesetter does.
    """
    for name, show in gallery.items():
        assert show.preparation.warnings == (), name
        assert show.prepared.plan is not None, name


def test_every_built_in_template_looks_as_it_did_in_every_script(gallery):
    """
    Each was looked at once: page, long names, and names in every script. Look again
    and renew the images (see `gallery_sheets`) when the change is meant.
    """
    for name, show in gallery.items():
        with Image.open(GOLDEN / f"{name}.png") as golden:
            places = differing(show.sheet(), golden)
        assert places <= MAX_PLACES, f"{name} differs in {places} places"


def test_every_built_in_template_has_room_for_the_longest_names(gallery):
    """
    As long as a column may be, for recipient and title; half a page of description,
    and issuers and signatories with all their titles.
    """
    words = "Wolfgang Amadeus Maria-Theresia Featherstone " * 12
    for longest in ({"recipient": words[:255]}, {"title": words[:255]}):
        row = dataclasses.replace(ROWS["latin"], description=words[:500], **longest)
        for show in gallery.values():
            assert show.file(row, issuer=words[:120], signatory=words[:60])


def test_a_lost_accent_would_be_noticed(gallery, monkeypatch):
    """
    The images are compared closely enough to see one mark of one name go.
    """
    row = dataclasses.replace(ROWS["vietnamese"], recipient="Nguyễn Thị Phương Thao")
    monkeypatch.setitem(ROWS, "vietnamese", row)
    with Image.open(GOLDEN / "minimal.png") as golden:
        assert differing(gallery["minimal"].sheet(), golden) > MAX_PLACES


def test_no_built_in_template_has_text_in_its_art():
    """
    All words are texts of the template: a screen reader reads them, and they can be
    changed without drawing.
    """
    for name in names():
        template = json.loads((HERE / name / "template.json").read_text())
        assert template["background"] == "background.svg"
        assert "<text" not in (HERE / name / "background.svg").read_text()


def test_the_examples_of_the_documentation_can_be_drawn(tmp_path):
    """
    Whoever copies one from docs/templates.md has a template.
    """
    page = (ROOT / "docs" / "templates.md").read_text()
    declared, expert = (
        json.loads(block) for block in re.findall(r"```json\n(.*?)```", page, re.S)
    )
    (typst,) = re.findall(r"```typst\n(.*?)```", page, re.S)
    svg = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"/>'
    folder = Path(fontpkg_eb_garamond.__file__).parent / "files"
    font = (folder / "EBGaramond[wght].ttf").read_bytes()
    files = {"frame.svg": svg, "logo.svg": svg, "OurSerif-Bold.ttf": font}
    preparer = Preparer(Typesetter(tmp_path))

    made = preparer.prepare(pack(declared, files))
    drawn = preparer.prepare(pack(expert, {"main.typ": typst.encode()}))

    assert made.prepared.plan is not None
    assert made.warnings == ()
    assert drawn.sample.startswith(b"%PDF-")
