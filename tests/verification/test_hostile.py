"""Documents made to hurt: each ends in a clear answer, within seconds, in a child."""

import time

import pytest

from support.hostile_credentials import DOCUMENTS
from support.verifying import credential, issuers_web, verdict_on, verifier
from testamur.verification.reading_room import ReadingRoom

#: The child may think for ten seconds, and is started anew after that.
SECONDS = 15.0


@pytest.fixture(scope="module")
def room():
    """Return where strangers' documents are read, as in the server."""
    room = ReadingRoom("testamur.wiring.reading_child")
    yield room
    room.close()


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_hostile_document_ends_in_a_clear_answer(name, room):
    """
    Its result and its reason are those of the catalogue, and it came in time.
    """
    make, result, code = DOCUMENTS[name]
    data = make()

    began = time.monotonic()
    verdict = verifier(reader=room, web=issuers_web()).verify(data)

    assert time.monotonic() - began < SECONDS
    assert verdict.result == result, verdict.spelled()
    if code:
        assert code in [check.code for check in verdict.checks]


def test_who_comes_next_is_served(room):
    """
    What a hostile document broke is whole again for the next one.
    """
    make, _, _ = DOCUMENTS["G02-large-clique"]
    verifier(reader=room).verify(make())

    verdict = verdict_on(credential(), reader=room)

    assert verdict.verified, verdict.spelled()
