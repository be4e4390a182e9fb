"""The sequencer: what it promises while everything goes well, and beside others."""

import threading
from concurrent.futures import ThreadPoolExecutor, wait

import pytest
from sqlalchemy import text

from support.logs import ORIGIN, digest_of, log_key
from testamur.core.refusals import Fault, Refusal
from testamur.tlog.checkpoint import open_checkpoint
from testamur.tlog.ports import LogKey
from testamur.tlog.proof import verify_proof


def test_a_new_log_shows_that_it_is_empty(house):
    """
    The first step publishes a checkpoint of no leaves, so that there is a beginning.
    """
    assert house.sequencer().step() == 0

    assert house.size() == 0
    assert house.watcher.look() == 0


def test_leaves_come_in_the_order_in_which_they_were_kept(house):
    """
    Batches in the order of their ids, leaves in the order of their batch.
    """
    acts = {act: house.add(act, count) for act, count in [("a", 3), ("b", 1), ("c", 2)]}

    assert house.step_all() == 6

    found = {
        act: [house.store.place(act, digest) for digest in digests]
        for act, digests in acts.items()
    }
    assert found == {"a": [0, 1, 2], "b": [3], "c": [4, 5]}
    assert house.store.leaves(0, 6) == b"".join(
        b"".join(digests) for digests in acts.values()
    )
    assert house.watcher.look() == 6


def test_a_batch_larger_than_a_step_is_taken_whole(house, monkeypatch):
    """
    A step takes what fits, and one batch at least, so nothing waits for ever.
    """
    monkeypatch.setattr("testamur.tlog.sequence.MAX_LEAVES", 4)
    for act, count in [("a", 9), ("b", 3), ("c", 1), ("d", 2)]:
        house.add(act, count)
    sequencer = house.sequencer()

    assert [sequencer.step() for _ in range(4)] == [9, 4, 2, 0]
    assert house.watcher.look() == 15


def test_every_leaf_has_a_proof_that_works_without_us(house):
    """
    I14: what is in a published checkpoint has its proof at once, and nothing else.
    """
    digests = house.add("a", 300)
    house.step_all()
    late = house.add("b", 1)[0]

    for at in (0, 1, 255, 256, 299):
        proof = house.reader.proof("a", digests[at])
        logged = verify_proof(proof, digests[at], house.verifiers)
        assert (logged.index, logged.checkpoint.size) == (at, 300)
        assert logged.at == house.store.begin(ORIGIN, b"", 0).decided_at // 1000
    with pytest.raises(Refusal) as refused:
        house.reader.proof("b", late)
    assert refused.value.code == "not_logged_yet"
    with pytest.raises(Refusal):
        house.reader.proof("a", late)


def test_a_digest_is_found_only_where_a_leaf_is(house):
    """
    Bytes that reach across two neighbouring digests are no leaf.
    """
    first, second = house.add("a", 2)
    house.step_all()

    assert house.store.place("a", first[16:] + second[:16]) is None
    assert house.store.place("a", digest_of("another")) is None
    assert house.store.place("a", second) == 1


def test_nothing_new_is_signed_while_nothing_waits(house):
    """
    Never two checkpoints of one size: an idle log keeps the one it has.
    """
    signed = []
    house.keys[0] = LogKey(
        lambda text, sign=house.keys[0].sign: signed.append(text) or sign(text),
        house.keys[0].public,
    )
    house.add("a", 1)
    house.step_all()
    count, note = len(signed), house.reader.checkpoint()

    house.clock.pass_seconds(3600)
    house.step_all()

    assert len(signed) == count
    assert house.reader.checkpoint() == note == house.checkpoint.read()


def test_a_log_does_not_sign_while_time_stands_still(house):
    """
    I34: a clock that was set back stops the log until it is right again.
    """
    house.add("a", 1)
    house.step_all()
    house.add("b", 1)
    house.clock.pass_seconds(-86_400)

    with pytest.raises(Fault, match="time did not advance") as fault:
        house.sequencer().step()
    assert fault.value.passing
    assert house.watcher.look() == 1

    house.clock.pass_seconds(86_401)
    assert house.step_all() == 1


def test_an_existing_log_keeps_its_name(house):
    """
    A changed public address does not rename a log, which would make it another.
    """
    house.step_all()
    house.add("a", 1)
    sequencer = house.sequencer()
    sequencer._origin = "elsewhere.example/log"
    sequencer.step()

    assert house.reader.checkpoint().startswith(ORIGIN + "\n1\n")


def test_partial_tiles_stay_readable_after_they_filled(house):
    """
    A reader with an older checkpoint still gets the tiles of its size.
    """
    house.add("a", 5)
    house.step_all()
    partial = house.reader.tile("tile/0/000.p/5")
    bundle = house.reader.tile("tile/entries/000.p/5")
    house.add("b", 300)
    house.step_all()

    assert not (house.folder / "log/tile/0/000.p").exists()
    assert house.reader.tile("tile/0/000.p/5") == partial
    assert house.reader.tile("tile/entries/000.p/5") == bundle
    assert len(house.reader.tile("tile/0/001.p/49")) == 49 * 32
    for beyond in ("tile/0/001.p/50", "tile/0/001", "tile/0/002.p/1", "tile/1/000"):
        assert house.reader.tile(beyond) is None


def test_the_files_are_written_again_from_the_database(house):
    """
    A folder that was lost, or a host that is new, gets every file of the log.
    """
    house.add("a", 700)
    house.step_all()
    names = sorted(path.relative_to(house.folder) for path in house.folder.rglob("*"))
    for path in sorted(house.folder.glob("log/**/*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()

    house.sequencer().step()

    found = sorted(path.relative_to(house.folder) for path in house.folder.rglob("*"))
    assert found == names
    assert house.watcher.look() == 700


def test_hosts_that_sequence_at_once_make_one_log(open_log):
    """
    Two hosts with folders of their own: one wins each step, and nothing forks.
    """
    houses = [open_log("one"), open_log("two")]
    begun = threading.Barrier(2)

    def race(house, name):
        begun.wait(10)
        for number in range(25):
            house.add(f"{name}{number}", 11 + number)
            house.sequencer().step()
            house.watcher.look()

    with ThreadPoolExecutor(2) as pool:
        for done in [
            pool.submit(race, *pair) for pair in zip(houses, "ab", strict=True)
        ]:
            done.result(120)
    for house in houses:
        house.step_all()

    total = 2 * sum(11 + number for number in range(25))
    for house in houses:
        assert house.watcher.look() == total
        assert house.wrong() == []
    assert houses[0].checkpoint.read() == houses[1].checkpoint.read()


def test_sequencers_of_one_folder_take_turns(open_log):
    """
    Two processes on one folder never put an older checkpoint in place of a newer.
    """
    first, second = open_log(), open_log()
    stopping = threading.Event()
    sizes = []

    def watch():
        while not stopping.is_set():
            sizes.append(first.watcher.look())

    first.step_all()
    with ThreadPoolExecutor(3) as pool:
        watching = pool.submit(watch)

        def work(house, name):
            for number in range(20):
                house.add(f"{name}{number}", 40)
                house.sequencer().step()

        working = [pool.submit(work, first, "a"), pool.submit(work, second, "b")]
        try:
            for done in working:
                done.result(60)
            first.step_all()
        finally:
            stopping.set()
        watching.result(30)

    assert first.watcher.look() == 1_600
    assert sizes == sorted(sizes)
    assert first.wrong() == []


def test_no_older_checkpoint_follows_a_newer_one(open_log, monkeypatch):
    """
    Who is slow to publish holds the folder until it has: the others come after.
    """
    slow, quick = open_log(), open_log()
    slow.step_all()
    slow.add("a", 3)
    reached, go_on = threading.Event(), threading.Event()
    waits = iter([True])

    def hold(name: str) -> None:
        if name == "log.after_tiles" and next(waits, False):
            reached.set()
            go_on.wait(10)

    monkeypatch.setattr("testamur.tlog.sequence.fp", hold)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(slow.sequencer().step)
        assert reached.wait(10)
        quick.add("b", 4)
        second = pool.submit(quick.sequencer().step)
        # Time enough for the second to publish, if it could.
        wait([second], timeout=0.5)
        go_on.set()
        assert [first.result(20), second.result(20)] == [3, 4]

    assert slow.watcher.look() == 7


def test_one_of_two_that_decide_the_same_size_loses(house):
    """
    The tree is swapped only for the one it grew from; the loser changes nothing.
    """
    house.step_all()
    house.add("a", 2)
    sequencer, rival = house.sequencer(), house.sequencer()
    extend, calls = house.store.extend, []

    def late(*args):
        if not calls:
            calls.append(args)
            house.store.extend = extend
            rival._files = sequencer._files = _Unlocked(house.files)
            assert rival.step() == 2
            house.add("b", 1)
        return extend(*args)

    house.store.extend = late
    try:
        assert sequencer.step() == 0
    finally:
        house.store.extend = extend

    assert house.step_all() == 1
    assert house.watcher.look() == 3


class _Unlocked:
    """Files whose lock was taken by the one who calls."""

    def __init__(self, files):
        self._files = files

    def alone(self):
        return threading.Lock()

    def __getattr__(self, name):
        return getattr(self._files, name)


def test_keys_overlap_while_one_follows_another(open_log):
    """
    L03: during a rotation both keys sign, so that who knows either can verify.
    """
    old, new = log_key(1), log_key(2)
    before = open_log(keys=[old])
    before.add("a", 1)
    before.step_all()
    during = open_log(keys=[new, old])
    during.add("b", 1)
    during.step_all()

    note = during.reader.checkpoint()
    for house in (before, during):
        checkpoint, _ = open_checkpoint(note, house.verifiers)
        assert checkpoint.size == 2
    assert before.watcher.look() == 2

    after = open_log(keys=[new])
    after.add("c", 1)
    after.step_all()
    assert after.watcher.look() == 3


def test_a_key_that_was_changed_without_an_overlap_is_noticed(open_log):
    """
    A log whose last checkpoint its key does not verify signs nothing.
    """
    house = open_log(keys=[log_key(1)])
    house.add("a", 1)
    house.step_all()
    other = open_log(keys=[log_key(2)])
    other.add("b", 1)

    with pytest.raises(Fault, match="the key that signed it") as fault:
        other.sequencer().step()
    assert not fault.value.passing
    assert house.watcher.look() == 1


def test_a_key_that_signs_something_else_publishes_nothing(house):
    """
    What was signed is verified before anybody sees it.
    """
    house.add("a", 1)
    house.keys = [LogKey(log_key(2).sign, log_key(1).public)]

    with pytest.raises(Fault, match="does not sign what its public key verifies"):
        house.sequencer().step()
    assert house.size() == -1
    assert house.checkpoint.read() is None

    house.keys = [log_key(1)]
    assert house.step_all() == 1


def test_a_damaged_edge_signs_nothing(house):
    """
    The right edge is held to its root before a leaf is added to it.
    """
    house.add("a", 3)
    house.step_all()
    house.add("b", 1)
    with house.database.writing() as connection:
        edge = connection.scalar(text("SELECT edge FROM log_state"))
        bent = bytes([bytes(edge)[0] ^ 1]) + bytes(edge)[1:]
        connection.execute(text("UPDATE log_state SET edge = :edge"), {"edge": bent})

    with pytest.raises(Fault, match="right edge") as fault:
        house.sequencer().step()
    assert not fault.value.passing

    with house.database.writing() as connection:
        connection.execute(
            text("UPDATE log_state SET edge = :edge"), {"edge": bytes(edge)}
        )
    assert house.step_all() == 1
