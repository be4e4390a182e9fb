"""What a signature needs of the file that it is put into while that is written."""

from typing import Protocol


class Hash(Protocol):
    """What `hashlib` makes."""

    def update(self, data: bytes | memoryview, /) -> None:
        """Go on."""
        ...

    def digest(self) -> bytes:
        """Return the digest."""
        ...


class Slot(Protocol):
    """
    A signature to be, for one file: a dictionary, and what fills it at the end.

    Whoever signs makes it (`documents.pades.slot`); rooms do not know one another.
    """

    @property
    def hash_name(self) -> str:
        """What the file is hashed with, as `hashlib` calls it."""
        ...

    @property
    def body(self) -> bytes:
        """The dictionary, its places for what is known last being empty."""
        ...

    def fill(self, tail: bytearray, at: int, before: int, hashed: Hash) -> None:
        """
        Sign a file whose last part is *tail*; `body` stands in that from *at* on.

        *before* bytes precede the tail, and *hashed* has seen them.
        """
        ...
