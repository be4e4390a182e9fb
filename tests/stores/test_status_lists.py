"""Places in status lists, on both databases."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from testamur.adapters.sql import status_lists
from testamur.adapters.sql.status_lists import allocate
from testamur.issuance.status_list import SIZE, places


@pytest.fixture
def tenants(database):
    """Return two tenants."""
    with database.writing() as connection:
        for name in ("a", "b"):
            connection.execute(
                text(
                    "INSERT INTO tenants (id, slug, name, plan, created_at) "
                    "VALUES (:name, :name, :name, 'unlimited', 0)"
                ),
                {"name": name},
            )
    return "a", "b"


def take(database, tenant, count):
    """Take *count* places in a transaction of their own."""
    with database.writing() as connection:
        return allocate(connection, tenant, count, "https://one.example")


def test_places_follow_one_another(database, tenants):
    """
    One list serves call after call, each from where the last one ended.
    """
    first = take(database, "a", 500)
    second = take(database, "a", 7)
    third = take(database, "a", 1)

    assert first.list_id == second.list_id == third.list_id
    assert [first.first_place, second.first_place, third.first_place] == [0, 500, 507]


def test_each_tenant_has_lists_of_its_own(database, tenants):
    """
    What one tenant takes back shows nothing of another.
    """
    ours = take(database, "a", 5)
    theirs = take(database, "b", 5)

    assert ours.list_id != theirs.list_id
    assert ours.name != theirs.name
    assert ours.seed != theirs.seed
    assert len(ours.seed) == 32


def test_a_new_list_is_opened_when_the_old_one_is_nearly_full(
    database, tenants, monkeypatch
):
    """
    The places of one call lie in one list; what is left of the old one stays.
    """
    monkeypatch.setattr(status_lists, "SIZE", 1_024)

    taken = [take(database, "a", 500) for _ in range(3)]

    assert taken[0].list_id == taken[1].list_id != taken[2].list_id
    assert taken[2].first_place == 0
    assert taken[2].size == 1_024


def test_what_was_rolled_back_was_never_handed_out(database, tenants):
    """
    The places belong to the caller's transaction.
    """
    take(database, "a", 10)

    def take_and_fail():
        with database.writing() as connection:
            allocate(connection, "a", 10, "https://one.example")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        take_and_fail()

    assert take(database, "a", 1).first_place == 10


def test_no_place_is_handed_out_twice_at_the_same_time(database, tenants, monkeypatch):
    """
    I17: many at once, over the ends of several lists, never get the same place.
    """
    monkeypatch.setattr(status_lists, "SIZE", 64)

    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(lambda n: take(database, "a", 1 + n % 9), range(120)))

    indices = [
        (one.list_id, index)
        for n, one in enumerate(taken)
        for index in places(one.seed, one.first_place, 1 + n % 9, one.size)
    ]
    assert len(set(indices)) == len(indices) == sum(1 + n % 9 for n in range(120))
    # Those who found no room at the same time opened one list, not one each.
    assert len({one.list_id for one in taken}) <= 120 * 5 // (64 - 8) + 1


@pytest.mark.parametrize("count", [0, -1, SIZE + 1])
def test_a_call_takes_what_one_list_can_give(database, tenants, count):
    """
    A count that no list has room for is a mistake of the caller.
    """
    with pytest.raises(ValueError):
        take(database, "a", count)
