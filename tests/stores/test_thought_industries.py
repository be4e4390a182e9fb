"""Templates that wait, and who prepares them: one exercise, on both databases."""

from dataclasses import replace

import pytest

from support.access import AccessRoom
from testamur.adapters.sql.database import Database
from testamur.adapters.sql.fsck import violations
from testamur.adapters.sql.thought_industries import (
    BROKEN,
    READY,
    WAITING,
    Certification,
    Finished,
    SqlThoughtIndustries,
    StoredTemplate,
    StoredUser,
)

COURSE = "4e5c9ae5-c84c-4b2c-9f6f-5a1f3a2f0c11"
JOB = "0f0e4a51-9d2c-4a0f-8f1f-7a10e41b2c30"


@pytest.fixture
def store(database: Database) -> SqlThoughtIndustries:
    """What clients name."""
    return SqlThoughtIndustries(database)


@pytest.fixture
def acme(database: Database) -> str:
    """The id of a tenant."""
    return AccessRoom(database).tenant("acme").id


def template(acme: str, number: int, *, has_asset: bool = False) -> StoredTemplate:
    """Return a template that is new."""
    return StoredTemplate(
        id=f"00000000-0000-4000-8000-{number:012}",
        resource_type="course",
        resource_id=COURSE,
        title=f"Title {number}",
        fields={"title": f"Title {number}"},
        revision=1,
        state=WAITING,
        has_asset=has_asset,
        template_id=None,
        version=None,
        code=None,
        message=None,
        made_at=0,
        changed_at=0,
        tenant_id=acme,
        job_id=JOB,
    )


def added(store: SqlThoughtIndustries, acme: str, *new: StoredTemplate) -> None:
    """Add templates, and the job that prepares them."""
    with store.changing(acme, 10) as changes:
        changes.add_job(JOB, "prepare", "Prepares", len(new))
        changes.add_templates(new)


def found(store: SqlThoughtIndustries, acme: str) -> dict[str, StoredTemplate]:
    """Return what is kept now, by id."""
    with store.reading(acme) as changes:
        return {one.id: one for one in changes.templates((), [COURSE])}


def test_a_claim_is_held_by_one_until_it_lapses(store, acme):
    """Whoever claims later gets nothing, until the first has had its time."""
    added(store, acme, template(acme, 1), template(acme, 2))

    first = store.claim(100, 200, limit=5)

    assert [one.id for one in first] == [template(acme, n).id for n in (1, 2)]
    assert store.claim(150, 250, limit=5) == []
    assert not store.is_waiting(150)
    assert store.claim(201, 300, limit=5) == first
    store.release()
    assert store.claim(202, 300, limit=1) == first[:1]


def test_who_needs_nothing_fetched_does_not_wait_for_who_does(store, acme):
    """They are claimed apart, or one alone by its id."""
    plain, fetched = template(acme, 1), template(acme, 2, has_asset=True)
    added(store, acme, plain, fetched)

    assert [one.id for one in store.claim(1, 2, limit=5)] == [plain.id]
    assert [one.id for one in store.claim(1, 2, limit=5, has_asset=True)] == [
        fetched.id
    ]
    assert [one.id for one in store.claim(3, 4, only=fetched.id)] == [fetched.id]


def test_a_job_is_over_when_nothing_of_it_waits(store, acme):
    """It counts what was broken, and says what is wrong with one of them."""
    one, two = template(acme, 1), template(acme, 2)
    added(store, acme, one, two)

    new = store.job(acme, JOB)
    claimed = store.claim(1, 9, limit=5)
    begun = store.job(acme, JOB)
    store.finish([Finished(claimed[0], template_id="t", version=3)])
    store.finish([Finished(claimed[1], code="asset", message="No picture.")])
    over = store.job(acme, JOB)

    assert (new.waiting, new.started_at, new.broken) == (2, None, 0)
    assert (begun.waiting, begun.started_at) == (2, 1)
    assert (over.waiting, over.broken, over.message) == (0, 1, "No picture.")
    kept = found(store, acme)
    assert (kept[one.id].state, kept[one.id].version) == (READY, 3)
    assert kept[two.id].state == BROKEN
    assert store.job("another", JOB) is None


def test_what_was_made_of_an_older_state_is_not_kept(store, acme):
    """Changed while it was being prepared, it waits to be prepared anew."""
    added(store, acme, template(acme, 1))
    [old] = store.claim(1, 9, limit=5)
    with store.changing(acme, 20) as changes:
        changed = replace(old, title="New", fields={"title": "New"}, job_id=None)
        changes.change_templates([changed], [changed])

    store.finish([Finished(old, template_id="t", version=1)])

    kept = found(store, acme)[old.id]
    assert (kept.state, kept.version, kept.revision) == (WAITING, None, 2)
    assert store.job(acme, JOB).waiting == 0
    assert [one.id for one in store.claim(2, 9, limit=5)] == [old.id]


def test_two_tenants_may_know_a_learner_by_the_same_id(store, database, acme):
    """Each has its own; nobody finds the other's."""
    other = AccessRoom(database).tenant("other").id
    for tenant, email in ((acme, "a@example.org"), (other, "b@example.org")):
        with store.changing(tenant, 1) as changes:
            changes.put_users([StoredUser(COURSE, email, email, "7", {"name": email})])

    with store.reading(acme) as changes:
        [user] = changes.users([COURSE], ["b@example.org"], ["7"])

    assert user.email == "a@example.org"


def test_a_request_is_found_again_until_it_is_ended(store, acme):
    """By what it asked for; afterwards the next attempt has its number."""
    row = Certification("c1", COURSE, "digest", 1, "HC-1", None, None, 5)
    with store.changing(acme, 5) as changes:
        changes.add_certifications([(row, "course", COURSE)])
        assert not changes.end(COURSE, "course", COURSE)
    store.place([("c1", "job-1", 4)])

    with store.changing(acme, 6) as changes:
        known = changes.certifications(["digest", "other"])
        taken = changes.identifiers(["HC-1", "HC-2"])
        assert changes.end(COURSE, "course", COURSE)
        assert changes.certifications(["digest"]) == {}
        assert changes.attempts(["digest"]) == {"digest": 1}

    assert known == {"digest": replace(row, job_id="job-1", number=4)}
    assert taken == {"HC-1"}


def test_fsck_knows_what_these_tables_promise(store, database, acme):
    """A template that is ready is one of ours; a certification has its row."""
    added(store, acme, template(acme, 1))
    assert list(violations(database)) == []

    store.finish([Finished(store.claim(1, 9)[0], template_id="t", version=1)])
    row = Certification("c1", COURSE, "digest", 1, None, None, None, 5)
    with store.changing(acme, 5) as changes:
        changes.add_certifications([(row, "course", COURSE)])
    store.place([("c1", "job-1", 4)])

    wrong = list(violations(database))
    assert [one.partition(" is ")[2] for one in wrong] == [
        "ready, and is no template of its tenant",
        "of a row that its tenant does not have",
    ]
