"""I18: what opens something by being known cannot be found by guessing."""

import math
from collections import Counter

import pytest

from support.server import good_rows, pictures, sheet
from testamur.access.keys import RANDOM_DIGITS
from testamur.core.ids import Namer, new_id

NAMES = 100_000


def digits_of(names: list[str]) -> float:
    """Return chi-squared of the last 20 digits of *names*, over 15 degrees."""
    seen = Counter("".join(name[-20:] for name in names))
    expected = sum(seen.values()) / 16
    return sum((seen[digit] - expected) ** 2 / expected for digit in "0123456789abcdef")


@pytest.mark.parametrize("what", ["certificate", "voucher"])
def test_names_of_certificates_look_random_and_never_come_twice(what):
    """
    Chi-squared of their digits is no stranger than chance allows (99.9999 %), and
    the number of a row shows in none of them.
    """
    namers = [Namer(bytes([n]) * 32) for n in range(100)]
    names = [
        getattr(namer.name(row), what)
        for namer in namers
        for row in range(1, NAMES // 100 + 1)
    ]

    assert len(set(names)) == NAMES
    assert digits_of(names) < 60
    assert not any(name.endswith(f"{row:06x}") for row, name in enumerate(names[:99]))


def test_what_opens_something_has_128_random_bits_or_more(server, tenant):
    """An API key's random part; an id, which opens nothing, has 96."""
    keys = {tenant.key_with()[3 : 3 + RANDOM_DIGITS] for _ in range(200)}

    assert len(keys) == 200
    assert 4 * RANDOM_DIGITS >= 128
    assert digits_of(sorted(keys)) < 60
    assert math.log2(16) * len(new_id()) == 96


def test_the_neighbours_of_a_known_certificate_are_404_and_then_429(server, tenant):
    """
    Each answer is the same to the byte until there were too many; the certificate
    that is known opens all the same.
    """
    job = tenant.done(sheet(*good_rows(1)), pictures())
    known = tenant.results(job)[0]["certificateId"]
    last = int(known[-6:], 16)

    answers = [
        tenant.client.get(f"/c/{known[:-6]}{(last + step) % 2**24:06x}")
        for step in range(1, 120)
    ]

    statuses = [answer.status_code for answer in answers]
    assert set(statuses) == {404, 429}
    assert statuses == sorted(statuses)
    assert len({a.content for a in answers if a.status_code == 404}) == 1
    assert all("retry-after" in a.headers for a in answers if a.status_code == 429)
    assert tenant.client.get(f"/c/{known}").status_code == 200
    json = tenant.client.get(f"/c/{known[:-1]}x.json")
    assert json.status_code in (404, 429)
