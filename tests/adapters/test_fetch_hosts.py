"""Taking turns at a host, and leaving it alone."""

import threading

import pytest

from testamur.adapters.http.hosts import MAX_REMEMBERED, Hosts, LeftAlone


class Seconds:
    """A monotonic clock that stands still unless moved."""

    now = 1_000.0

    def __call__(self) -> float:
        """Return the moment."""
        return self.now


@pytest.fixture
def seconds() -> Seconds:
    """Return a clock to move by hand."""
    return Seconds()


@pytest.fixture
def hosts(seconds) -> Hosts:
    """Return hosts with two places each, left alone for 30 s after three misses."""
    return Hosts(per_host=2, misses=3, rest_seconds=30, monotonic=seconds)


def miss(hosts: Hosts, times: int) -> None:
    """Let a.example fail *times* times."""
    for _ in range(times):
        with hosts.turn("a.example"):
            hosts.missed("a.example")


def test_a_host_is_left_alone_after_its_misses_and_others_are_not(hosts):
    """
    Three failures in a row close one host, at once and for everyone.
    """
    miss(hosts, 3)

    with pytest.raises(LeftAlone), hosts.turn("a.example"):
        pass
    with hosts.turn("b.example"):
        pass


def test_an_answer_in_between_starts_the_count_again(hosts):
    """
    Only failures in a row count.
    """
    miss(hosts, 2)
    hosts.answered("a.example")
    miss(hosts, 2)

    with hosts.turn("a.example"):
        pass


def test_after_its_rest_one_failure_closes_it_again(hosts, seconds):
    """
    A dead host costs one try per rest, not three.
    """
    miss(hosts, 3)
    seconds.now += 31
    miss(hosts, 1)

    with pytest.raises(LeftAlone), hosts.turn("a.example"):
        pass


def test_an_answer_after_its_rest_opens_all_its_places(hosts, seconds):
    """
    A host that is back is used as before.
    """
    miss(hosts, 3)
    seconds.now += 31
    with hosts.turn("a.example"):
        hosts.answered("a.example")

    with hosts.turn("a.example"), hosts.turn("a.example"):
        pass


@pytest.mark.parametrize("found", ["answered", "missed"])
def test_those_who_queue_learn_what_the_first_found(hosts, seconds, found):
    """
    While one tries a host after its rest, the others wait for what it finds.
    """
    miss(hosts, 3)
    seconds.now += 31
    outcomes = []
    beside = threading.Event()

    def queue() -> None:
        try:
            with hosts.turn("a.example"):
                beside.set()
                outcomes.append("answered")
        except LeftAlone:
            outcomes.append("missed")

    others = [threading.Thread(target=queue) for _ in range(5)]
    with hosts.turn("a.example"):
        for other in others:
            other.start()
        assert not beside.wait(0.1), "nobody goes beside the first"
        getattr(hosts, found)("a.example")
    for other in others:
        other.join(5)

    assert outcomes == [found] * 5


def test_hosts_in_good_standing_are_not_remembered(hosts):
    """
    Memory does not grow with the hosts that were ever asked.
    """
    for number in range(100):
        with hosts.turn(f"{number}.example"):
            hosts.answered(f"{number}.example")

    assert len(hosts._hosts) == 0


def test_dead_hosts_are_forgotten_when_there_are_very_many(hosts, seconds):
    """
    Nor does it grow for ever with those that failed.
    """
    for number in range(3 * MAX_REMEMBERED):
        seconds.now += 1
        with hosts.turn(f"{number}.example"):
            hosts.missed(f"{number}.example")

    assert len(hosts._hosts) <= MAX_REMEMBERED
