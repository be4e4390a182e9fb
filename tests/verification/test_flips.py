"""One bit, anywhere: never valid."""

import json
import random

from support.credentials import PLAIN, hostile_facts, secured
from support.verifying import issuers_web, verifier
from testamur.verification.verdict import Result

FLIPS = 200


def flipped(data, seed):
    """Yield copies of *data* with one bit changed, all over it."""
    rng = random.Random(seed)
    step = len(data) / FLIPS
    for number in range(FLIPS):
        at = min(len(data) - 1, int((number + rng.random()) * step))
        copy = bytearray(data)
        copy[at] ^= 1 << rng.randrange(8)
        yield at, bytes(copy)


def test_no_changed_bit_leaves_a_credential_valid():
    """Every part of it is read, and every part that is read is signed."""
    judge = verifier(web=issuers_web())
    for seed, facts in enumerate([PLAIN, *hostile_facts(1)]):
        data = json.dumps(
            secured(facts), ensure_ascii=False, separators=(",", ":")
        ).encode()
        assert judge.verify(data).result is Result.VALID

        survived = [
            data[max(0, at - 20) : at + 20]
            for at, changed in flipped(data, seed)
            if judge.verify(changed).result is Result.VALID
        ]

        assert survived == []
