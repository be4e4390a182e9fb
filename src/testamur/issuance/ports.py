"""What this room needs: its registry, and the pictures that rows name."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from testamur.core.ids import RowIds
from testamur.core.refusals import Reason
from testamur.core.words import Lease, StoredPicture


@dataclass(frozen=True, slots=True)
class Draft:
    """
    What fixes every name and moment of a chunk's certificates.

    With the rows, which never change, and the job's profile it determines what
    will be signed to the last byte.
    """

    seed: bytes
    issued_at: int


@dataclass(frozen=True, slots=True)
class Issued:
    """One row's certificate, ready to be kept."""

    row: int
    ids: RowIds
    voucher_expires_at: int
    picture_id: int | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of every row of a chunk."""

    issued_at: int
    issued: Sequence[Issued]
    failed: Sequence[tuple[int, Reason]]


class Registry(Protocol):
    """Rows in, certificates out. Everything is fenced by the lease's token."""

    def rows(self, lease: Lease) -> Sequence[tuple[int, str]]:
        """Return the leased rows as (number, cells as a JSON array)."""
        ...

    def draft(self, lease: Lease, digest: bytes) -> Draft:
        """
        Write down what is about to be issued, or find what an earlier run wrote.

        *digest* covers the facts of every row. A draft with another digest is
        replaced: nothing that came of it was ever shown.

        Raises:
            Fault: passing, when the lease has lapsed.
        """
        ...

    def keep(self, lease: Lease, outcome: Outcome) -> None:
        """
        Make the outcome true, all of it or nothing, and finish the chunk.

        Rows that failed for the first time are cut into a new chunk.

        Raises:
            Fault: passing, when the lease has lapsed or the job was cancelled.
        """
        ...


class Pictures(Protocol):
    """The pictures that rows name, checked, normalised and stored."""

    def resolve(
        self, lease: Lease, wanted: Mapping[int, str]
    ) -> Mapping[int, StoredPicture | Reason]:
        """Return, for each row number in *wanted* (its image cell), the picture."""
        ...
