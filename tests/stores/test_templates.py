"""Templates and their versions: one exercise, on both databases."""

import threading
from dataclasses import replace

import pytest
from sqlalchemy import text

from support.access import AccessRoom
from testamur.adapters.sql.fsck import violations
from testamur.adapters.sql.templates import SqlTemplates
from testamur.core.words import TemplateAbout, TemplateState

ABOUT = TemplateAbout(
    title="Diploma",
    description="",
    language="en",
    width=842.0,
    height=595.0,
    columns=("name", "attribute_hours"),
    takes_picture=True,
)

ONE, TWO = "1" * 64, "2" * 64


@pytest.fixture
def store(database) -> SqlTemplates:
    """The templates of an installation."""
    return SqlTemplates(database)


@pytest.fixture
def acme(database) -> str:
    """The id of a tenant."""
    return AccessRoom(database).tenant("acme").id


@pytest.fixture
def other(database) -> str:
    """The id of another."""
    return AccessRoom(database).tenant("other").id


def save(store, tenant, digest=ONE, *, name="Diploma", at=1):
    """Keep a package as the newest version of a template."""
    return store.save(tenant, name, digest, ABOUT, at, by="key")


def told(database):
    """Return what the audit log says of templates."""
    query = text(
        "SELECT tenant_id, actor, act, subject FROM audit "
        "WHERE act LIKE 'template.%' ORDER BY seq"
    )
    with database.reading() as connection:
        return [tuple(row) for row in connection.execute(query)]


def test_a_template_is_kept_with_all_that_is_known_of_it(store, acme, database):
    """Its first version waits to be prepared, and the audit log tells of it."""
    version, is_new = save(store, acme, at=7)

    template = store.by_name(acme, "Diploma")
    assert is_new
    assert template == store.find(acme, template.id)
    assert template.newest == version == store.version_by_id(version.id)
    assert (template.tenant_id, template.made_at) == (acme, 7)
    assert (version.number, version.package_digest, version.about) == (1, ONE, ABOUT)
    assert (version.state, version.prepared_digest) == (TemplateState.WAITING, None)
    assert version.use.columns == ABOUT.columns
    assert told(database) == [(acme, "key", "template.version", template.id)]


def test_a_change_makes_a_version_and_a_repetition_none(store, acme):
    """Versions are numbered, and what was there stays."""
    first, _ = save(store, acme)

    assert save(store, acme, at=2) == (first, False)
    second, is_new = save(store, acme, TWO)

    assert (second.number, second.template_id, is_new) == (2, first.template_id, True)
    assert store.version(first.template_id, 1) == first
    assert list(store.versions(first.template_id)) == [second, first]
    third, is_new = save(store, acme, ONE)
    assert (third.number, is_new) == (3, True), "the newest is what was sent last"


def test_versions_that_are_added_at_once_are_numbered_one_by_one(store, acme):
    """Eight packages, eight numbers; nobody is refused."""
    barrier = threading.Barrier(8)
    numbers = []

    def add(which: int) -> None:
        barrier.wait(10)
        version, _ = save(store, acme, f"{which}" * 64)
        numbers.append(version.number)

    threads = [threading.Thread(target=add, args=(which,)) for which in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert sorted(numbers) == [1, 2, 3, 4, 5, 6, 7, 8]


def test_a_template_is_nobody_elses(store, acme, other):
    """Neither by its id nor by its name, nor in a list."""
    version, _ = save(store, acme)

    assert store.find(other, version.template_id) is None
    assert store.by_name(other, "Diploma") is None
    assert store.listing(other, page=1, limit=9) == ([], 0)
    its_own, _ = save(store, other)
    assert its_own.template_id != version.template_id


def test_those_of_the_house_are_everybodys(store, acme, other):
    """They come after one's own, have no number of their own, and change like any."""
    save(store, acme, name="Own")
    version, _ = store.save_of_house("a" * 24, "classic", ONE, ABOUT, 9)
    again, is_new = store.save_of_house("a" * 24, "classic", ONE, ABOUT, 10)

    assert (again, is_new) == (version, False)
    for tenant, names in ((acme, ["Own", "classic"]), (other, ["classic"])):
        found, total = store.listing(tenant, page=1, limit=9)
        assert [one.name for one in found] == names
        assert total == len(names)
    assert store.of_house("a" * 24).tenant_id is None
    assert store.by_name(acme, "classic") is None


def test_lists_have_pages(store, acme):
    """The newest first."""
    for at in range(5):
        save(store, acme, name=f"Template {at}", at=at)

    found, total = store.listing(acme, page=2, limit=2)

    assert ([one.name for one in found], total) == (["Template 2", "Template 1"], 5)


def test_an_archived_template_is_offered_no_more(store, acme, database):
    """It can still be read; its name is free; archiving again changes nothing."""
    version, _ = save(store, acme)
    template = store.by_name(acme, "Diploma")

    store.archive(template, 5, by="key")
    store.archive(template, 6, by="key")

    assert store.listing(acme, page=1, limit=9) == ([], 0)
    assert store.by_name(acme, "Diploma") is None
    assert store.find(acme, template.id) == replace(template, archived_at=5)
    assert store.version_by_id(version.id) == version
    assert [act for _, _, act, _ in told(database)].count("template.archived") == 1
    new, _ = save(store, acme)
    assert new.template_id != template.id


def test_a_version_is_prepared_once(store, acme):
    """Who is first wins; what is settled stays so."""
    version, _ = save(store, acme)
    assert [one.id for one in store.waiting(9)] == [version.id]

    store.record_prepared(version.id, TWO)
    store.record_prepared(version.id, "3" * 64)
    store.record_broken(version.id, "font_unreadable", "No.")

    found = store.version_by_id(version.id)
    assert (found.state, found.prepared_digest) == (TemplateState.READY, TWO)
    assert found.message is None
    assert list(store.waiting(9)) == []
    assert store.files() == {ONE, TWO}


def test_a_broken_version_says_why(store, acme):
    """And stays; a new version mends it."""
    version, _ = save(store, acme)

    store.record_broken(version.id, "font_unreadable", "The font is cut off.")

    found = store.version_by_id(version.id)
    assert (found.state, found.code, found.message) == (
        *(TemplateState.BROKEN, "font_unreadable", "The font is cut off."),
    )


#: What breaks a rule of `testamur fsck`, and what is said of it.
BROKEN = [
    ("no-version", "DELETE FROM template_versions", "has no version"),
    ("a-gap", "UPDATE template_versions SET number = 3", "not every one from 1 on"),
    (
        "ready-for-nothing",
        "UPDATE template_versions SET state = 'ready'",
        "says that it is ready, or broken, and is not",
    ),
]


@pytest.mark.parametrize(
    ("change", "said"), [one[1:] for one in BROKEN], ids=[one[0] for one in BROKEN]
)
def test_fsck_knows_templates(store, acme, database, change, said):
    """What breaks their rules is told."""
    save(store, acme)
    assert list(violations(database)) == []

    with database.writing() as connection:
        connection.execute(text(change))

    [line] = violations(database)
    assert said in line
