"""What was seen before, in a few bytes for each of a known number of things."""

from array import array


class Seen:
    """
    Remembers things by their hashes: for each, a number and a mark.

    It takes 32 to 64 bytes for each of *most* things, a fifth of what a dict would.
    Two things with the same hash (64 bits) are taken for one: among a million, once
    in thirty million files.
    """

    def __init__(self, most: int) -> None:
        size = 1 << (2 * max(most, 8)).bit_length()
        self._mask = size - 1
        self._hashes = array("q", bytes(8 * size))
        self._marks = array("i", bytes(4 * size))
        #: 0 where nothing is yet.
        self._numbers = array("i", bytes(4 * size))

    def first(self, key: object, number: int, mark: int = 0) -> tuple[int, int] | None:
        """
        Return the number and mark with which *key* came first, if it did before.

        Else remember *number* (at least 1) and *mark* (up to 31 bits).
        """
        hashed = hash(key)
        at = hashed & self._mask
        while self._numbers[at]:
            if self._hashes[at] == hashed:
                return self._numbers[at], self._marks[at]
            at = (at + 1) & self._mask
        self._hashes[at], self._numbers[at], self._marks[at] = hashed, number, mark
        return None
