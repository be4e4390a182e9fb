"""Witnesses: they co-sign what only grew, and cannot hold the log up."""

import base64
import threading
import time
from contextlib import suppress

import pytest

from support.logs import ORIGIN, log_key
from testamur.core.refusals import Fault
from testamur.tlog.note import COSIGNATURE, Verifier
from testamur.tlog.ports import Stale
from testamur.tlog.proof import verify_proof
from testamur.tlog.tree import is_consistent


class StrictWitness:
    """A witness as C2SP tlog-witness has it, without the HTTP."""

    def __init__(self, name: str = "witness.example", number: int = 9) -> None:
        self.key = log_key(number)
        self.by = Verifier(name, self.key.public, COSIGNATURE)
        self.vkey = self.by.vkey
        self.size, self.root = 0, b""
        self.asked = 0

    def add_checkpoint(self, request: str) -> str:
        """Co-sign a checkpoint that is consistent with the one before."""
        self.asked += 1
        head, _, note = request.partition("\n\n")
        first, *proof = head.split("\n")
        old = int(first.removeprefix("old "))
        origin, size, root = note.split("\n")[:3]
        if old != self.size:
            raise Stale(self.size)
        new_root = base64.b64decode(root)
        path = [base64.b64decode(line) for line in proof]
        assert origin == ORIGIN
        if old:
            assert is_consistent(old, int(size), path, self.root, new_root)
        else:
            assert path == []
        self.size, self.root = int(size), new_root
        return self.line(note.partition("\n\n")[0] + "\n", at=1_795_000_001)

    def line(self, text: str, *, at: int) -> str:
        """Write the line by hand, as the specification words it."""
        message = f"cosignature/v1\ntime {at}\n{text}".encode()
        raw = self.by.key_id + at.to_bytes(8) + self.key.sign(message)
        return f"\N{EM DASH} {self.by.name} {base64.b64encode(raw).decode()}\n"


def test_a_witness_that_saw_the_log_grow_signs_beside_it(house):
    """
    Each checkpoint carries its line, and proofs of leaves carry it on.
    """
    witness = StrictWitness()
    sequencer = house.sequencer(witnesses=[witness])
    digests = [house.add(f"a{number}", 100)[7] for number in range(4)]
    for _ in digests:
        sequencer.step()

    proof = house.reader.proof("a2", digests[2])
    logged = verify_proof(
        proof, digests[2], [*house.verifiers, witness.by], min_witnesses=1
    )

    assert logged.witnesses == (("witness.example", 1_795_000_001),)
    assert witness.size == house.watcher.look() == 400
    assert house.checkpoint.read() == house.reader.checkpoint()


def test_a_witness_that_is_new_or_was_away_catches_up(house):
    """
    It says which size it knows, and gets the proof from there.
    """
    witness = StrictWitness()
    house.add("a", 300)
    house.sequencer(witnesses=[witness]).step()
    house.add("b", 300)
    house.sequencer().step()
    house.add("c", 5)

    house.sequencer(witnesses=[witness]).step()

    assert witness.size == 605
    assert witness.by.name in house.reader.checkpoint()


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "no\n",
        "\N{EM DASH} witness.example AAAAAAAA\n",
        Fault("no answer", passing=True),
        Stale(10**9),
    ],
    ids=["nothing", "words", "other-key", "away", "ahead"],
)
def test_a_witness_that_does_not_cosign_holds_nothing_up(house, answer):
    """
    The checkpoint is published without its line, and the log goes on.
    """

    class Away(StrictWitness):
        def add_checkpoint(self, request: str) -> str:
            if isinstance(answer, Exception):
                raise answer
            return answer

    good = StrictWitness("other.example", 8)
    house.add("a", 3)
    house.sequencer(witnesses=[Away(), good]).step()

    assert house.watcher.look() == 3
    assert "witness.example" not in house.reader.checkpoint()
    assert "other.example" in house.reader.checkpoint()


def test_a_cosignature_of_something_else_is_not_published(house):
    """
    A line that does not verify over this very checkpoint never reaches readers.
    """

    class Wrong(StrictWitness):
        def add_checkpoint(self, request: str) -> str:
            return self.line("something else\n", at=1)

    class Timeless(StrictWitness):
        def add_checkpoint(self, request: str) -> str:
            note = request.partition("\n\n")[2]
            return self.line(note.partition("\n\n")[0] + "\n", at=0)

    house.add("a", 3)
    house.sequencer(witnesses=[Wrong(), Timeless("w2.example")]).step()

    assert house.reader.checkpoint().count("\N{EM DASH}") == 2
    with suppress(Fault):
        house.sequencer().step()
    assert house.watcher.look() == 3


class Slow(StrictWitness):
    """Answers when it is let."""

    def __init__(self) -> None:
        super().__init__()
        self.may_answer = threading.Event()

    def add_checkpoint(self, request: str) -> str:
        """Co-sign, in its own time."""
        assert self.may_answer.wait(30)
        return super().add_checkpoint(request)


def test_a_slow_witness_delays_one_checkpoint_and_no_other(house):
    """
    Nothing waits for it again until it is quick again; its late answer is added.
    """
    slow = Slow()
    sequencer = house.sequencer(witnesses=[slow], patience=1.0)
    times = []
    for number in range(6):
        house.add(f"a{number}", 10)
        begun = time.monotonic()
        assert sequencer.step() == 10
        times.append(time.monotonic() - begun)
    assert house.watcher.look() == 60
    assert times[0] >= 1.0
    assert sum(times[1:]) < 5 * 1.0, times

    slow.may_answer.set()
    rest(sequencer, house, slow)
    assert slow.size == 60
    assert house.reader.checkpoint() == house.checkpoint.read() == house.record.read()

    house.add("b", 10)
    sequencer.step()
    rest(sequencer, house, slow)
    house.add("c", 10)
    assert sequencer.step() == 10
    assert slow.by.name in house.reader.checkpoint()
    assert house.watcher.look() == 80


def rest(sequencer, house, witness) -> None:
    """Step while the log is at rest, until the witness has co-signed."""
    until = time.monotonic() + 30
    while witness.by.name not in house.reader.checkpoint():
        assert time.monotonic() < until
        assert sequencer.step() == 0
        time.sleep(0.005)


def test_a_witness_that_fails_is_not_asked_at_every_checkpoint(house):
    """
    It rests, and when it is well it co-signs what it missed.
    """

    class Ill(StrictWitness):
        is_well = False

        def add_checkpoint(self, request: str) -> str:
            if self.is_well:
                return super().add_checkpoint(request)
            self.asked += 1
            raise Fault("ill", passing=True)

    ill = Ill()
    sequencer = house.sequencer(witnesses=[ill])
    for number in range(20):
        house.add(f"a{number}", 1)
        sequencer.step()
    assert ill.asked == 1
    ill.is_well = True
    house.clock.pass_seconds(3_600)
    rest(sequencer, house, ill)
    assert (ill.size, house.watcher.look()) == (20, 20)


def test_after_a_restart_witnesses_are_asked_for_what_lacks_them(house):
    """
    The newest checkpoint gets their lines, though no leaf is added any more.
    """
    house.add("a", 7)
    house.sequencer().step()
    before = house.reader.checkpoint()
    witness = StrictWitness()
    sequencer = house.sequencer(witnesses=[witness])

    rest(sequencer, house, witness)

    assert house.reader.checkpoint().startswith(before)
    assert house.reader.checkpoint() == house.checkpoint.read() == house.record.read()
    asked = witness.asked
    for _ in range(5):
        sequencer.step()
    assert witness.asked == asked
