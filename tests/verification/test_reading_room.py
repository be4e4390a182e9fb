"""The child in which strangers' documents are read: leashed, shared, replaceable."""

import json
import threading
import time
from contextlib import closing, suppress

import psutil
import pytest

from support.hostile_credentials import clique
from support.verifying import credential
from testamur.core.refusals import Kind, Refusal
from testamur.verification.reading_room import ReadingRoom

READER = "testamur.wiring.reading_child"
DATA = json.dumps(credential()).encode()

#: What a server may spare for it between documents.
MAX_MEMORY = 80 * 1024 * 1024


def children():
    """Return the readers that this process started."""
    found = []
    for one in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):  # it has just ended
            if READER in one.cmdline():
                found.append(one)
    return found


def wait_until(is_so, seconds=10.0):
    """Return whether something becomes true in time."""
    end = time.monotonic() + seconds
    while not is_so() and time.monotonic() < end:
        time.sleep(0.01)
    return is_so()


@pytest.fixture(autouse=True)
def _no_others():
    """Readers of other tests end by themselves; here each is counted."""
    before = set(children())
    yield
    assert wait_until(lambda: set(children()) <= before)


def test_the_child_has_nothing_but_its_pipes_and_little_memory():
    """No file, no socket: it cannot open one, whatever a document makes it do."""
    before = set(children())
    with closing(ReadingRoom(READER)) as room:
        for _ in range(20):
            assert room.read(DATA)["kind"] == "credential"
        (child,) = set(children()) - before

        assert child.num_fds() == 3
        assert child.net_connections() == []
        assert child.rlimit(psutil.RLIMIT_NOFILE) == (3, 3)
        assert child.environ() == {} or "TESTAMUR_DATA" not in child.environ()
        assert child.memory_info().rss < MAX_MEMORY


def test_it_ends_when_it_has_had_nothing_to_do():
    """And begins again with the next document."""
    before = set(children())
    with closing(ReadingRoom(READER, idle_seconds=0.05)) as room:
        room.read(DATA)
        assert wait_until(lambda: set(children()) <= before)

        assert room.read(DATA)["kind"] == "credential"


def test_a_child_that_dies_costs_one_answer():
    """Killed from outside, or by what it read: the next one is served."""
    before = set(children())
    with closing(ReadingRoom(READER)) as room:
        room.read(DATA)
        (child,) = set(children()) - before
        child.kill()
        child.wait()

        answers = [room.read(DATA).get("kind") for _ in range(2)]

        assert answers[-1] == "credential"


def test_what_takes_too_long_is_given_up():
    """Its answer is that it was made to be hard."""
    with closing(ReadingRoom(READER, seconds_per_document=0.2)) as room:
        room.read(b"{}")

        found = room.read(clique(400))

        assert found["trouble"][0] == "too_hard"


def test_a_few_may_wait_and_the_others_are_told_when_to_come_again():
    """The queue is short, so that nobody waits long."""
    with closing(ReadingRoom(READER, max_waiting=1)) as room:
        room.read(b"{}")
        hard = clique(60)
        threads = [
            threading.Thread(target=lambda: _quietly(room, hard)) for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        refused = None
        end = time.monotonic() + 20
        while refused is None and any(thread.is_alive() for thread in threads):
            try:
                room.read(b"{}")
            except Refusal as refusal:
                refused = refusal
            assert time.monotonic() < end
        for thread in threads:
            thread.join()

        assert refused is not None
        assert (refused.kind, refused.code) == (Kind.TOO_OFTEN, "verifier_busy")
        assert refused.retry_after_seconds


def _quietly(room, data):
    with suppress(Refusal):
        room.read(data)


def test_many_threads_share_one_child():
    """Each gets the answer to its own document."""
    answers = {}
    with closing(ReadingRoom(READER)) as room:

        def ask(number):
            found = room.read(json.dumps({"id": f"urn:example:{number}"}).encode())
            answers[number] = found["id"]

        threads = [threading.Thread(target=ask, args=(n,)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert answers == {number: f"urn:example:{number}" for number in range(8)}
