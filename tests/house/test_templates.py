"""How jobs ask for templates, and what becomes of those that cannot be drawn."""

import json

import pytest

from testamur.config import read_settings
from testamur.core.refusals import Kind, Refusal
from testamur.core.words import TemplateState
from testamur.rendering import gallery
from testamur.rendering.package.package import pack
from testamur.wiring.gallery import id_of
from testamur.wiring.office import open_office

PLAIN = {
    "testamur": 1,
    "name": "Sailing, level 2",
    "page": {"size": "A6"},
    "items": [{"type": "text", "box": [9, 9, 99, 9], "text": "{{recipientName}}"}],
}


@pytest.fixture
def office(tmp_path):
    """Return an installation."""
    environment = {
        "TESTAMUR_DATA": str(tmp_path / "data"),
        "TESTAMUR_SECRET_FILE": str(tmp_path / "secret"),
    }
    opened = open_office(read_settings(environment, tmp_path), environment=environment)
    yield opened
    opened.typesetting.close()
    opened.close()


@pytest.fixture
def tenant(office) -> str:
    """Return the id of a tenant."""
    return office.tenants.create("harbour", "Harbour College", "unlimited").id


def add(office, tenant, **changes):
    """Keep a template for later; return its version."""
    data = json.dumps(PLAIN | changes).encode()
    version, _ = office.templates.add(tenant, None, data, by="key", later=True)
    return version


def refusal(office, tenant, wish):
    """Return what is said to who wishes for *wish*."""
    with pytest.raises(Refusal) as refused:
        office.templates.choose(tenant, wish)
    return refused.value


def test_a_template_is_asked_for_by_what_people_call_it(office, tenant):
    """Its id or name, with a version or without."""
    first, second = add(office, tenant), add(office, tenant, colour="#fafafa")

    for wish, wanted in (
        (first.template_id, second),
        (f"{first.template_id}@1", first),
        ("Sailing, level 2", second),
        ("Sailing, level 2@1", first),
        ("Sailing, level 2@2", second),
    ):
        template, version = office.templates.named(tenant, wish)
        assert (template.id, version) == (first.template_id, wanted)


def test_those_of_the_house_are_asked_for_alike(office, tenant):
    """By name or title; but one's own of the same name comes first."""
    for name in gallery.names():
        template, _ = office.templates.named(tenant, name)
        assert (template.id, template.tenant_id) == (id_of(name), None)
        assert office.templates.named(tenant, template.newest.about.title) == (
            *(template, template.newest),
        )
    name = gallery.names()[0]

    own = add(office, tenant, name=name)

    assert office.templates.named(tenant, name)[0].id == own.template_id


@pytest.mark.parametrize("wish", ["nothing", "", "@1", "a@0", "0" * 24, "classic\0"])
def test_what_is_not_there_is_told_with_what_is(office, tenant, wish):
    """So that nobody has to look it up."""
    found = refusal(office, tenant, wish)

    assert (found.kind, found.code) == (Kind.NOT_FOUND, "template_not_found")
    assert "classic-diploma" in found.detail


def test_a_version_that_is_not_there_is_told(office, tenant):
    """With the number of the newest."""
    add(office, tenant)

    found = refusal(office, tenant, "Sailing, level 2@7")

    assert (found.kind, found.at) == (Kind.NOT_FOUND, "version")
    assert "its newest is 1" in found.detail


def test_what_was_kept_for_later_is_prepared_when_it_is_needed(office, tenant):
    """Once; then it is ready."""
    version = add(office, tenant)
    assert version.state is TemplateState.WAITING

    use = office.templates.choose(tenant, "Sailing, level 2")

    assert use == version.use
    assert (use.columns, use.takes_picture) == (("recipientName",), False)
    ready = office.templates.find(tenant, version.template_id).newest
    assert ready.state is TemplateState.READY
    assert office.templates.files() <= set(office.blobs.digests())


def test_one_that_cannot_be_drawn_is_broken_for_good(office, tenant):
    """Jobs are refused with the reason; a new version mends it."""
    document = PLAIN | {"background": "back.png"}
    package = pack(document, {"back.png": b"\x89PNG\r\n\x1a\nnothing"})
    office.templates.add(tenant, None, package, by="key", later=True)

    for _ in range(2):
        found = refusal(office, tenant, "Sailing, level 2")
        assert (found.kind, found.code) == (Kind.INVALID, "template_broken")

    add(office, tenant)
    assert office.templates.choose(tenant, "Sailing, level 2").number == 2


def test_a_gallery_that_has_not_changed_is_registered_once(office, tenant):
    """However often processes start."""
    office.templates.listing(tenant, page=1, limit=1)
    again = type(office.templates)(office)

    found, _ = again.listing(tenant, page=1, limit=100)

    assert {one.newest.number for one in found} == {1}
