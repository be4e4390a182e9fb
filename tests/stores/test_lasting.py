"""Documents are made to last, whatever is away and whoever dies: on both databases."""

import os
import signal

import pytest

from support import children, pki, revocations, signed_pdfs, timestamping
from support.lasting import House, Place, step
from testamur.adapters.sql.fsck import violations
from testamur.documents.lasting.maker import (
    LEASE_MILLISECONDS,
    LONGEST_PAUSE,
    MAX_ATTEMPTS,
    pause_after,
)


@pytest.fixture(scope="module")
def lists():
    """Return the host of the revocation lists."""
    with revocations.hosted() as lists:
        yield lists


@pytest.fixture(scope="module")
def authority():
    """Return a timestamp authority, and where it is."""
    authority = timestamping.Authority()
    with timestamping.served(authority) as url:
        authority.url = url
        yield authority


@pytest.fixture
def house(database, database_url, tmp_path, lists, authority):
    """Return a house in which everything must agree when the test ends."""
    place = Place(database_url, tmp_path, authority.url, pki.root().der)
    house = House(place, database, lists.seal)
    yield house
    lists.restore()
    authority.wrong = ""
    assert list(violations(database)) == []


@pytest.mark.parametrize(
    "point",
    [
        "lasting.after_lease",
        "lasting.after_stamping",
        "lasting.after_file",
        "lasting.before_commit",
    ],
)
def test_whoever_makes_it_last_may_be_killed_at_any_step(house, point):
    """The document is as it was; when the lease is over it lasts, and once."""
    document = house.signed()

    died = children.run(step, house.place, house.now, armed=f"{point}=kill")

    assert died == -signal.SIGKILL
    assert house.kinds(document) == ["original", "sealed"]
    assert house.step() is None
    house.now += LEASE_MILLISECONDS + 1
    assert house.step() is True
    assert house.kinds(document) == ["original", "sealed", "lasting"]
    assert house.level(document) == "B-LTA"
    assert signed_pdfs.is_lasting(house.newest(document))
    house.now += LEASE_MILLISECONDS + 1
    assert house.step() is None


def test_what_it_needs_may_be_away_for_a_while(house, lists, authority):
    """It waits longer each time and says why; once everything is back, it lasts."""
    document = house.signed()

    del lists.files["root.crl"]
    assert house.step() is False
    assert house.waits(document) == ("waiting", 1, "revocations_unreachable")
    assert house.step() is None

    lists.files["root.crl"] = b"<html>not found</html>"
    house.now += pause_after(1)
    assert house.step() is False
    assert house.waits(document) == ("waiting", 2, "revocations_unreachable")

    lists.files["root.crl"] = pki.revocations("intermediate")
    house.now += pause_after(2)
    assert house.step() is False
    assert house.waits(document) == ("waiting", 3, "evidence_incomplete")

    lists.restore()
    authority.wrong = "garbage"
    house.now += pause_after(3)
    assert house.step() is False
    assert house.waits(document) == ("waiting", 4, "timestamp_unavailable")

    authority.wrong = ""
    house.now += pause_after(4)
    assert house.step() is True
    assert house.waits(document)[0] == "done"
    assert signed_pdfs.is_lasting(house.newest(document))


def test_after_three_days_it_is_given_up_and_stays_signed(house, lists):
    """The level is what it was, the last reason is kept, and nobody tries again."""
    document = house.signed()
    del lists.files["intermediate.crl"]

    for _ in range(MAX_ATTEMPTS):
        assert house.step() is False
        house.now += LONGEST_PAUSE

    assert house.step() is None
    assert house.waits(document)[0] == "given_up"
    assert house.waits(document)[2] == "revocations_unreachable"
    assert house.level(document) == "B-T"
    assert signed_pdfs.is_accepted(house.newest(document))


def test_what_is_signed_again_meanwhile_lasts_as_it_is_then(house):
    """What was made of the older file is thrown away; both signatures last."""
    document = house.signed()
    maker = house.place.maker(house.database, house.now)
    due = maker.store.lease(house.now, house.now + LEASE_MILLISECONDS, MAX_ATTEMPTS)
    house.sign(document)

    is_kept = maker.store.keep(due, due.version.digest, due.version.size, house.now)

    assert not is_kept
    assert house.kinds(document) == ["original", "sealed", "sealed"]
    assert house.step() is True
    assert house.kinds(document) == ["original", "sealed", "sealed", "lasting"]
    assert len(signed_pdfs.pyhanko(house.newest(document))) == 3


def test_hosts_do_not_do_the_same_twice(house, authority):
    """Two that look at once take a document each, or one of them none."""
    documents = [house.signed(), house.signed()]
    asked = authority.count

    running = [children.start(step, house.place, house.now) for _ in range(3)]
    for one in running:
        assert children.ended(one) == os.EX_OK

    # Each asks first who answers, and then for the stamp.
    assert authority.count - asked == 2 * len(documents)
    assert [house.level(one) for one in documents] == ["B-LTA", "B-LTA"]
