"""Tenants: made, found, suspended."""

import pytest

from testamur.core.policy import PLANS
from testamur.core.refusals import Kind, Refusal


def test_a_tenant_is_found_by_its_slug(room):
    """What was created is what is found."""
    made = room.tenants.create("new-academy-7", "  Académie  ", "unlimited")

    assert room.tenants.find("new-academy-7") == made
    assert made.name == "Académie"
    assert made.plan == PLANS["unlimited"]


@pytest.mark.parametrize(
    "slug",
    [
        pytest.param("", id="empty"),
        pytest.param("Academy", id="upper-case"),
        pytest.param("-academy", id="hyphen-first"),
        pytest.param("academy-", id="hyphen-last"),
        pytest.param("a" * 64, id="64-characters"),
        pytest.param("académie", id="accent"),
        pytest.param("аcademy", id="cyrillic"),
        pytest.param("a/b", id="slash"),
        pytest.param("a.b", id="dot"),
        pytest.param("academy\n", id="newline-last"),
        pytest.param("a\x00b", id="nul"),
    ],
)
def test_a_slug_fits_into_a_host_name(room, slug):
    """A slug that is no lower-case DNS label is refused, and nothing is stored."""
    with pytest.raises(Refusal) as refusal:
        room.tenants.create(slug, "Academy")

    assert (refusal.value.kind, refusal.value.code) == (Kind.INVALID, "slug_format")
    with pytest.raises(Refusal, match="no such tenant"):
        room.tenants.find(slug)


@pytest.mark.parametrize("slug", ["a", "7", "a" * 63, "a--b"])
def test_a_slug_has_1_to_63_characters(room, slug):
    """Both ends of the range are inside it."""
    assert room.tenants.create(slug, "Academy").slug == slug


@pytest.mark.parametrize(
    ("name", "says"),
    [
        pytest.param("   ", "is empty", id="blank"),
        pytest.param("a" * 256, "has 256 characters", id="256-characters"),
        pytest.param("a\x00b", "U+0000", id="nul"),
        pytest.param("a\nb", "U+000A", id="newline"),
        pytest.param("a\u202eb", "U+202E", id="right-to-left-override"),
        pytest.param("a\u2066b", "U+2066", id="isolate"),
        pytest.param("a\u2028b", "U+2028", id="line-separator"),
        pytest.param("a\ud800b", "U+D800", id="lone-surrogate"),
    ],
)
def test_a_name_shows_what_it_is(room, name, says):
    """What cannot be seen, or turns text around, is named and refused."""
    with pytest.raises(Refusal) as refusal:
        room.tenants.create("academy", name)

    assert (refusal.value.kind, refusal.value.code) == (Kind.INVALID, "name_format")
    assert says in refusal.value.detail


@pytest.mark.parametrize("name", ["a" * 255, "مدرسة", "क्‍ष", "東京大学", "👩‍🎓 Academy"])
def test_a_name_may_be_in_any_script(room, name):
    """Names people have are accepted, joiners and emoji too."""
    assert room.tenants.create("academy", name).name == name


def test_a_slug_is_taken_once(room):
    """The second tenant with a slug is refused, and the first stays as it is."""
    first = room.tenants.create("academy", "First")

    with pytest.raises(Refusal) as refusal:
        room.tenants.create("academy", "Second", "unlimited")

    assert (refusal.value.kind, refusal.value.code) == (Kind.CONFLICT, "tenant_exists")
    assert room.tenants.find("academy") == first


def test_an_unknown_plan_is_answered_with_those_there_are(room):
    """The refusal names the plans."""
    with pytest.raises(Refusal, match="standard, unlimited") as refusal:
        room.tenants.create("academy", "Academy", "golden")

    assert refusal.value.code == "unknown_plan"


def test_a_suspended_tenants_keys_and_tokens_sleep(room):
    """Suspended, a tenant is told so; resumed, the same key and token work again."""
    tenant = room.tenant()
    key = room.keys.create(tenant).text
    token = room.tokens.create(tenant).text
    sent = [{"api_keys": [key]}, {"authorizations": [f"Bearer {token}"]}]

    room.tenants.suspend("academy")

    for way in sent:
        refusal = room.refusal(**way)
        assert refusal.kind is Kind.NOT_AUTHENTICATED
        assert refusal.code == "tenant_suspended"
    room.tenants.resume("academy")
    room.clock.pass_seconds(2)
    assert [room.refusal(**way) for way in sent] == [None, None]
