"""
PINs and passwords on their way: as text for whoever needs it, and for nobody else.

What prints a value (a log, a traceback that shows variables, a debugger's note)
prints `Pin(***)`. So the text is wrapped where it comes in, and unwrapped where it
is used.
"""

import re
from typing import Never

from .refusals import Kind, Refusal

#: Printable ASCII: what every keyboard has, and what looks the same is the same.
_PIN = re.compile(r"[ -~]{4,128}")

MAX_PASSWORD_CHARACTERS = 256


class _Hidden:
    """A text that does not show itself, and does not travel to another process."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the text."""
        return self._text

    def __repr__(self) -> str:
        return f"{type(self).__name__}(***)"

    __str__ = __repr__

    def __reduce__(self) -> Never:
        raise TypeError("a secret is not written down")


class Pin(_Hidden):
    """What opens a signer: 4 to 128 printable ASCII characters."""


class Password(_Hidden):
    """What opens a file with a key in it."""


def read_pin(value: object, *, at: str = "pin") -> Pin:
    """
    Return *value*, as it was sent, as a PIN.

    Raises:
        Refusal: INVALID `pin_required` or `pin_format`, pointing at *at*.
    """
    is_missing = value is None or value == ""
    if isinstance(value, str) and _PIN.fullmatch(value):
        return Pin(value)
    value = None  # or the refusal's traceback would hold it
    if is_missing:
        raise Refusal(
            Kind.INVALID, "pin_required", f"The {at} field is required.", at=at
        )
    raise Refusal(
        Kind.INVALID,
        "pin_format",
        f"The {at} has to be 4 to 128 printable ASCII characters, sent as text.",
        at=at,
    )


def read_password(value: object, *, at: str = "password") -> Password:
    """
    Return *value*, as it was sent, as a password; it may be empty.

    Raises:
        Refusal: INVALID `password_format`, pointing at *at*.
    """
    if (
        isinstance(value, str)
        and len(value) <= MAX_PASSWORD_CHARACTERS
        and "\0" not in value
    ):
        return Password(value)
    value = None
    raise Refusal(
        Kind.INVALID,
        "password_format",
        f"The {at} has to be text of at most {MAX_PASSWORD_CHARACTERS} characters.",
        at=at,
    )
