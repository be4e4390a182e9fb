"""
The signatures of a chunk: stamped, signed, and verified before anybody sees them.

Three checks stand between a mistake and a published signature. The key's public
half, as it is published, verifies every one. A job's first and last credential and
a sample of the others are worked out from scratch, by code that shares nothing
with stamping, and must come out the same.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from testamur.core.ids import RowIds
from testamur.core.refusals import Fault, Reason
from testamur.core.words import Facts, Letterhead, StoredPicture

from .die.credential import Holes, Issuer, Placed, Shape, holes_of, shape_of
from .die.die import read_die
from .die.engrave import engrave, shape_key
from .die.proof import Press, problem_with
from .die.stamp import Stamper
from .ports import Dies, Impression, SigningKeys

#: One credential in so many is worked out from scratch.
SAMPLE = 1_000

#: How many structures a process keeps ready; a job rarely has more than a few.
MAX_PRESSES = 256


@dataclass(frozen=True, slots=True)
class ToSign:
    """One row's credential before it is signed."""

    row: int
    facts: Facts
    #: None when it says nothing of one.
    picture: StoredPicture | None
    ids: RowIds
    issued_at: int
    valid_until: int | None
    status_list: str
    status_index: int


class Presses:
    """The dies that this process has ready, by structure and by number."""

    def __init__(self, dies: Dies) -> None:
        self._dies = dies
        self._by_shape: dict[Shape, tuple[int, Press]] = {}
        self._by_number: dict[int, Press] = {}

    def for_shape(self, shape: Shape) -> tuple[int, Press]:
        """Return the number and the press of *shape*; engrave its die if need be."""
        found = self._by_shape.get(shape)
        if found is None:
            key = shape_key(shape)
            kept = self._dies.find(key)
            if kept is None:
                die = engrave(shape)
                kept = self._dies.keep(key, die.digest, die.to_bytes())
            if len(self._by_shape) >= MAX_PRESSES:
                self._by_shape.clear()
            press = Press(Stamper(read_die(kept.body, kept.digest)))
            found = self._by_shape[shape] = (kept.id, press)
        return found

    def numbered(self, die_id: int) -> Press:
        """
        Return the press of a die that certificates were stamped with.

        Raises:
            Fault: not passing, when the die is gone or was changed.
        """
        press = self._by_number.get(die_id)
        if press is None:
            kept = self._dies.read(die_id)
            if kept is None:
                raise Fault(
                    f"die {die_id} is missing; restore it from a backup", passing=False
                )
            if len(self._by_number) >= MAX_PRESSES:
                self._by_number.clear()
            press = Press(Stamper(read_die(kept.body, kept.digest)))
            self._by_number[die_id] = press
        return press


def placed_at(
    letterhead: Letterhead,
    certificate_id: str,
    issued_at: int,
    valid_until: int | None,
    status: tuple[str, int],
    picture: StoredPicture | None,
) -> Placed:
    """Return where and when a certificate stands, as its credential says it."""
    status_list, status_index = status
    return Placed(
        page=f"{letterhead.public_url}/c/{certificate_id}",
        certificate_id=certificate_id,
        issued_at=issued_at,
        valid_until=valid_until,
        status_list=f"{letterhead.public_url}/status/{status_list}",
        status_index=status_index,
        verification_method=f"{letterhead.did}#{letterhead.key_id}",
        picture_digest=picture.digest if picture else None,
    )


class Signing:
    """Signs chunks with the keys of their letterheads."""

    def __init__(self, dies: Dies, keys: SigningKeys) -> None:
        self._presses = Presses(dies)
        self._keys = keys

    def can_sign(self, letterhead: Letterhead) -> bool:
        """
        Say whether the letterhead's key may be used: not when it was revoked.

        Raises:
            Fault: not passing, when it is gone or does not open.
        """
        return self._keys.pair(letterhead.key_id) is not None

    def sign(
        self,
        rows: Sequence[ToSign],
        letterhead: Letterhead,
        *,
        checked: frozenset[int] = frozenset(),
    ) -> Iterator[Impression | Reason]:
        """
        Sign each of *rows*; give its impression, or why it cannot be signed.

        The rows whose numbers are in *checked* are worked out from scratch too.

        Raises:
            Fault: a signature does not hold, or a check found something else.
                Nothing of the chunk may be kept then.
        """
        pair = self._keys.pair(letterhead.key_id)
        if pair is None:
            raise Fault(f"the issuer key {letterhead.key_id} was revoked", passing=True)
        sign, public = pair
        verifier = Ed25519PublicKey.from_public_bytes(public)
        issuer = Issuer(
            letterhead.did, letterhead.name, letterhead.url, letterhead.hides_addresses
        )
        for row in rows:
            shape = shape_of(
                row.facts,
                issuer,
                has_picture=row.picture is not None,
                has_end=row.valid_until is not None,
            )
            die_id, press = self._presses.for_shape(shape)
            holes = holes_of(
                row.facts,
                placed_at(
                    letterhead,
                    row.ids.certificate,
                    row.issued_at,
                    row.valid_until,
                    (row.status_list, row.status_index),
                    row.picture,
                ),
                hides_addresses=letterhead.hides_addresses,
            )
            signed = press.to_be_signed(holes)
            if isinstance(signed, Reason):
                yield signed
                continue
            signature = sign(signed)
            hold(verifier, signature, signed, letterhead.key_id)
            secured = press.secured(holes, signature)
            if row.row in checked:
                _check_from_scratch(secured, holes, public)
            yield Impression(
                die_id, row.status_index, signature, hashlib.sha256(secured).digest()
            )


def sampled(rows: Sequence[int], total: int, seed: bytes) -> frozenset[int]:
    """Return which of a chunk's row numbers are checked, of a job with *total*."""
    chosen = {row for row in (*rows[:1], *rows[-1:]) if row in (1, total)}
    draw = int.from_bytes(hashlib.blake2b(seed, digest_size=8).digest())
    if rows and draw % SAMPLE < len(rows):
        chosen.add(rows[draw // SAMPLE % len(rows)])
    return frozenset(chosen)


def hold(
    public: Ed25519PublicKey, signature: bytes, signed: bytes, key_id: str
) -> None:
    """
    Return when *signature* of what was *signed* holds.

    Raises:
        Fault: not passing, when it does not: nothing that has it may be shown.
    """
    try:
        public.verify(signature, signed)
    except InvalidSignature:
        raise Fault(
            f"the issuer key {key_id} made a signature that its public half does not "
            "verify; nothing came of it. The memory of this machine, or what holds "
            "the key, is failing",
            passing=False,
        ) from None


def _check_from_scratch(secured: bytes, holes: Holes, public: bytes) -> None:
    method = holes["verification method"]
    problem = problem_with(orjson.loads(secured), {method: public})
    if problem is not None:
        raise Fault(
            f"the credential {holes['page']} would not verify: {problem}. Nothing of "
            "its chunk was issued; this is a mistake in Testamur",
            passing=False,
        )
