"""Addresses that are not written to: one exercise, on both databases."""

import pytest
from sqlalchemy import text

from testamur.adapters.sql.suppressions import SqlSuppressions
from testamur.core.refusals import Refusal
from testamur.core.suppressions import SuppressionReason as Why
from testamur.delivery.suppression.listed import Suppressions

KEY = b"k" * 32


@pytest.fixture
def workshop(open_workshop):
    """Return an installation in which all must agree at the end."""
    opened = open_workshop()
    yield opened
    assert opened.wrong() == []


@pytest.fixture
def lists(workshop):
    """Return the suppression lists of the installation."""
    store = SqlSuppressions(workshop.database)
    return Suppressions(store, lambda: KEY, workshop.clock)


def audited(workshop):
    """Return what the audit log tells of suppressions: act and actor."""
    query = "SELECT act, actor FROM audit WHERE act LIKE 'suppression.%' ORDER BY seq"
    with workshop.database.reading() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def test_an_address_is_suppressed_however_it_is_spelled(workshop, lists):
    """Letters, blanks and the DNS's form of a domain do not matter; the name does."""
    tenant = workshop.tenant().id
    lists.add(tenant, "Ada@München.example", by="operator")

    assert lists.is_suppressed(tenant, " ada@MÜNCHEN.example")
    assert lists.is_suppressed(tenant, "ada@xn--mnchen-3ya.example")
    assert not lists.is_suppressed(tenant, "adam@münchen.example")


def test_a_tenants_list_is_its_own(workshop, lists):
    """Another tenant still writes to the address, and cannot see or remove it."""
    tenant, other = workshop.tenant().id, workshop.tenant("other").id
    entry, _ = lists.add(tenant, "ada@example.org", by="operator")

    pairs = [(tenant, "ada@example.org"), (other, "ada@example.org")]
    assert lists.reasons(pairs) == {pairs[0]: {Why.MANUAL}}
    assert lists.page(other, limit=10) == ([], None)
    with pytest.raises(Refusal, match="no such entry"):
        lists.remove(other, entry.id, by="operator")
    assert lists.is_suppressed(tenant, "ada@example.org")


def test_each_reason_stands_for_itself(workshop, lists):
    """Who unsubscribed is not written to again because a mailbox came back."""
    tenant = workshop.tenant().id
    bounced, is_new = lists.add(tenant, "ada@example.org", Why.BOUNCED, by=None)
    lists.add(tenant, "ada@example.org", Why.UNSUBSCRIBED, by=None)
    again, is_new_again = lists.add(tenant, "ADA@example.org", Why.BOUNCED, by=None)
    assert (again.id, is_new, is_new_again) == (bounced.id, True, False)

    lists.remove(tenant, bounced.id, by="operator")

    assert lists.is_suppressed(tenant, "ada@example.org")
    assert lists.remove_address(tenant, "ada@example.org", by="operator") == 1
    assert not lists.is_suppressed(tenant, "ada@example.org")


def test_pages_go_on_where_the_one_before_ended(workshop, lists):
    """The newest first; each entry once; filtered by address and by reason."""
    tenant = workshop.tenant().id
    names = [f"p{number}@example.org" for number in range(5)]
    assert lists.add_all(tenant, [(one, Why.MANUAL) for one in names], by="me") == 5
    lists.add(tenant, "p1@example.org", Why.COMPLAINED, by=None)

    seen, after = [], None
    while True:
        found, after = lists.page(tenant, after=after, limit=2)
        seen += [(one.address, str(one.reason)) for one in found]
        if after is None:
            break

    manual = [(one, "manual") for one in reversed(names)]
    assert seen == [("p1@example.org", "complained"), *manual]
    found, _ = lists.page(tenant, address="P1@example.org", limit=10)
    assert len(found) == 2
    found, _ = lists.page(tenant, reason=Why.COMPLAINED, limit=10)
    assert [one.address for one in found] == ["p1@example.org"]


def test_what_people_do_is_in_the_audit_log(workshop, lists):
    """Without an address; what recipients and mail servers say is not."""
    tenant = workshop.tenant().id
    entry, _ = lists.add(tenant, "ada@example.org", by="key-1")
    lists.add(tenant, "ada@example.org", by="key-1")
    lists.add(tenant, "bob@example.org", Why.BOUNCED, by=None)
    lists.add_all(tenant, [("eve@example.org", Why.MANUAL)], by="operator")
    lists.remove(tenant, entry.id, by="key-2")

    assert audited(workshop) == [
        ("suppression.add", "key-1"),
        ("suppression.import", "operator"),
        ("suppression.remove", "key-2"),
    ]
    with workshop.database.reading() as connection:
        told = str(connection.execute(text("SELECT * FROM audit")).all())
    assert "@example.org" not in told
