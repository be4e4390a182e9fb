"""
A signature's dictionary (ISO 32000-1, 12.8.1), with room for what is known last.

What is signed is the file without the one string that will hold the signature. Where
that string lies is said within what is signed; so its place is of a fixed width, and
is filled before anything is hashed.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol

from testamur.core.refusals import Fault

from .cms import Signatures
from .wish import SignatureWish

#: Bytes for a timestamp's token, unless one turns out to be larger.
TOKEN_BYTES = 8 * 1024

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

#: `[0 a b c]`, each of ten digits: more than a file can have bytes.
_RANGE_WIDTH = 2 + 1 + 3 * 11

_HEAD = b"<</Type/Sig/Filter/Adobe.PPKLite/SubFilter/ETSI.CAdES.detached/ByteRange"
_CONTENTS = b"/Contents<"

_ESCAPES = str.maketrans({"\\": "\\\\", "(": "\\(", ")": "\\)"})


class Hash(Protocol):
    """What `hashlib` makes."""

    def update(self, data: bytes | memoryview, /) -> None:
        """Go on."""
        ...

    def digest(self) -> bytes:
        """Return the digest."""
        ...


class TokenTooLarge(Exception):
    """A timestamp's token did not fit; *bytes_needed* would have done."""

    def __init__(self, bytes_needed: int) -> None:
        super().__init__(bytes_needed)
        self.bytes_needed = bytes_needed


class Slot:
    """
    One signature to be, made for one file after another: its dictionary is `body`.

    It fits `rendering.pdf.signature.Slot`, too.
    """

    def __init__(
        self,
        signatures: Signatures,
        wish: SignatureWish,
        timestamp: Callable[[bytes], bytes] | None = None,
        token_bytes: int = TOKEN_BYTES,
    ) -> None:
        self._signatures = signatures
        self._timestamp = timestamp
        self._token_bytes = token_bytes
        self._room = signatures.room(token_bytes if timestamp else 0)
        self.hash_name = signatures.hash_name
        self._contents = len(_HEAD) + _RANGE_WIDTH + len(_CONTENTS) - 1
        #: The dictionary.
        self.body = b"".join(
            (
                _HEAD,
                b" " * _RANGE_WIDTH,
                _CONTENTS,
                b"0" * (2 * self._room),
                b">/M",
                date(wish.signed_at),
                *(
                    key + text_string(text)
                    for key, text in (
                        (b"/Reason", wish.reason),
                        (b"/Location", wish.location),
                        (b"/ContactInfo", wish.contact),
                    )
                    if text
                ),
                b">>",
            )
        )

    def fill(self, tail: bytearray, at: int, before: int, hashed: Hash) -> None:
        """
        Sign a file whose last part is *tail*; `body` stands in that from *at* on.

        *before* bytes precede the tail, and *hashed* has seen them, by `hash_name`.

        Raises:
            TokenTooLarge: with that much room it would work.
            Fault: not passing, when the seal's signature is none of its certificate's.
        """
        start = at + self._contents
        end = start + 2 * self._room + 2
        whole = b"[0 %d %d %d]" % (before + start, before + end, len(tail) - end)
        place = at + len(_HEAD)
        tail[place : place + _RANGE_WIDTH] = whole.ljust(_RANGE_WIDTH)
        with memoryview(tail) as view:
            hashed.update(view[:start])
            hashed.update(view[end:])
        made = self._signatures.make(hashed.digest(), self._timestamp)
        if len(made) > self._room:
            if self._timestamp is None:
                raise Fault(
                    "a seal has another key than its certificate", passing=False
                )
            raise TokenTooLarge(self._token_bytes + len(made) - self._room)
        tail[start + 1 : start + 1 + 2 * len(made)] = made.hex().encode()


def date(moment: int) -> bytes:
    """Return *moment*, in milliseconds, as PDF writes it (7.9.4)."""
    when = _EPOCH + timedelta(seconds=moment // 1000)
    return when.strftime("(D:%Y%m%d%H%M%S+00'00')").encode()


def text_string(text: str) -> bytes:
    """Return *text* as a text string (7.9.2.2)."""
    if text.isascii() and text.isprintable():
        return b"(%s)" % text.translate(_ESCAPES).encode()
    return b"<FEFF%s>" % text.encode("utf-16-be", "replace").hex().upper().encode()
