"""I15 for jobs: a chunk whose signatures do not hold is kept by nobody."""

import pytest
from sqlalchemy import text

from support.workshop import Workshop, row
from testamur.core.refusals import Fault
from testamur.issuance.die.proof import Press
from testamur.issuance.signing import SAMPLE, sampled


@pytest.fixture
def shop(tmp_path):
    """Return an installation on SQLite: nothing here is about a database."""
    opened = Workshop(f"sqlite:///{tmp_path / 'testamur.db'}", tmp_path)
    yield opened
    assert opened.wrong() == []
    opened.close()


def kept(shop) -> tuple[int, int]:
    """Return how many certificates there are, and how many leaves."""
    with shop.database.reading() as connection:
        return (
            connection.scalar(text("SELECT count(*) FROM certificates")),
            connection.scalar(text("SELECT count(*) FROM leaf_batches")),
        )


def spoilt(shop, monkeypatch, which: int) -> None:
    """Flip a bit of the *which*-th signature that is made, and of no other."""
    keyring, made = shop.vouching.keyring, []
    pair = keyring.pair

    def spoiling(key_id):
        sign, public = pair(key_id)

        def flip(data):
            made.append(data)
            signature = bytearray(sign(data))
            signature[40] ^= 4 * (len(made) == which)
            return bytes(signature)

        return flip, public

    monkeypatch.setattr(keyring, "pair", spoiling)


@pytest.mark.parametrize("which", [1, 2, 6])
def test_one_bit_of_one_signature_and_no_certificate_of_the_chunk(
    shop, monkeypatch, which
):
    """
    Each signature is verified with the key as it is published: the first, one in
    the middle, the last.
    """
    shop.admit(shop.tenant(), [row(n) for n in range(1, 7)], chunk_rows=6)
    lease = shop.queue.lease(worker="ada")
    spoilt(shop, monkeypatch, which)

    with pytest.raises(Fault, match="public half does not verify"):
        shop.issue(lease)

    assert kept(shop) == (0, 0)
    monkeypatch.undo()
    shop.issue(lease)
    assert kept(shop) == (6, 1)


def test_what_is_stamped_otherwise_than_it_is_signed_is_noticed(shop, monkeypatch):
    """
    A mistake in stamping: signatures hold over what was meant, and what would be
    published says something else. The first and last row of a job are always
    worked out from scratch, by code that shares nothing with stamping.
    """
    shop.admit(shop.tenant(), [row(n) for n in range(1, 4)], chunk_rows=3)
    lease = shop.queue.lease(worker="ada")
    secured = Press.secured
    monkeypatch.setattr(
        Press,
        "secured",
        lambda *asked: secured(*asked).replace(b"Knows the tides", b"Knows the bites"),
    )

    with pytest.raises(Fault, match="would not verify"):
        shop.issue(lease)

    assert kept(shop) == (0, 0)
    monkeypatch.undo()
    shop.issue(lease)
    assert kept(shop) == (3, 1)


def test_one_row_in_a_thousand_is_worked_out_from_scratch():
    """
    And the first and the last of a job; which others, nobody can foresee.
    """
    rows = list(range(1, 501))
    drawn = [sampled(rows, 10_000, bytes([n, m])) for n in range(40) for m in range(50)]

    assert all(1 in chosen and len(chosen) <= 2 for chosen in drawn)
    others = sum(len(chosen) - 1 for chosen in drawn)
    assert 0.8 < others * SAMPLE / (len(rows) * len(drawn)) < 1.2
    assert sampled([1, 2, 3], 3, b"x") >= {1, 3}
