"""Tests that cannot fail are noticed here; `make mutants` has every bug."""

from collections import Counter
from pathlib import Path

import pytest

import testamur
from mutants.catalogue import MUTANTS, Mutant
from mutants.run import outcome, put_in

PROMISED = {
    "I1",
    "I2",
    "I3",
    "I4",
    "I5",
    "I6",
    "I7",
    "I8",
    "I9",
    "I10",
    "I11",
    "I12",
    "I13",
    "I14",
    "I15",
    "I16",
    "I17",
    "I18",
    "I19",
    "I22",
    "I23",
    "I25",
    "I26",
    "I27",
    "I28",
    "I33",
}


#: Each takes some seconds, and there are many. The first of these promises that is
#: noticed without servers and crashes runs with the other tests; `make mutants` has
#: them all.
IN_EVERY_RUN = ("I1", "I3", "I4", "I6", "I7", "I8", "I9", "I15")
PER_PROMISE = 1
COSTLY = ("tests/invariants/", "tests/journeys/", "tests/house/", "tests/web/")


def first_ones() -> list[Mutant]:
    """Return the mutants that run with the other tests."""
    seen: Counter[str] = Counter()
    chosen = []
    for mutant in MUTANTS:
        is_costly = mutant.is_slow or any(
            name.startswith(COSTLY) for name in mutant.tests
        )
        is_chosen = mutant.invariant in IN_EVERY_RUN and not is_costly
        if is_chosen and seen[mutant.invariant] < PER_PROMISE:
            seen[mutant.invariant] += 1
            chosen.append(mutant)
    return chosen


@pytest.mark.parametrize(
    "mutant",
    first_ones(),
    ids=lambda mutant: f"{mutant.invariant}-{mutant.name}",
)
def test_a_bug_that_is_put_in_is_noticed(mutant):
    """
    With the bug in, the tests of the promise it breaks go red.
    """
    found = outcome(mutant, mutant.tests)

    if found == "skipped":
        pytest.skip("what would notice it was skipped")
    assert found == "noticed"


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_every_mutant_fits_the_code(mutant, tmp_path):
    """
    Also the slow ones are changed with the code.
    """
    source = tmp_path / "testamur" / mutant.path
    source.parent.mkdir(parents=True)
    (origin,) = testamur.__path__
    source.write_bytes((Path(origin) / mutant.path).read_bytes())

    put_in(mutant, tmp_path)


def test_every_promise_has_a_mutant():
    """
    What no bug was ever put in for is not known to be tested.
    """
    assert {mutant.invariant for mutant in MUTANTS} >= PROMISED
