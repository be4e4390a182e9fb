"""
What callers are told of our trouble: what they can do, and nothing of what broke.

Dialects spell it with their own statuses, and some codes with words of their own.
"""

from typing import NamedTuple

from .refusals import Fault, Halted, NotYet, SignerUnavailable, StorageFull

STORAGE_FULL = "storage_full"
NOT_READY_YET = "not_ready_yet"
UNAVAILABLE = "temporarily_unavailable"
BROKEN = "internal_error"


class Told(NamedTuple):
    """A code for programs, and a sentence for people."""

    code: str
    detail: str


def told_of(fault: Fault | None) -> Told:
    """
    Return what is told of *fault*; None is a bug.

    >>> told_of(None).code
    'internal_error'
    """
    match fault:
        case None:
            return Told(
                BROKEN,
                "Something broke on our side. Ask your operator, naming the request "
                "id.",
            )
        case StorageFull():
            return Told(
                STORAGE_FULL,
                "The server has no space left; nothing of this request was stored. "
                "Ask your operator to make room, then send it again.",
            )
        case Halted():
            return Told(
                Halted.CODE,
                "The operator halted issuing for now; nothing of this request was "
                "done. Ask your operator, or send it again later.",
            )
        case SignerUnavailable():
            return Told(
                SignerUnavailable.CODE,
                "The token with the certificate's key cannot be asked right now. Send "
                "the request again, with its pin, when it is back.",
            )
        case NotYet():
            return Told(
                NOT_READY_YET,
                "This takes longer than a request may. It goes on by itself: send the "
                "same request again shortly, and it answers with what came of it.",
            )
        case _:
            return Told(
                UNAVAILABLE,
                "The server cannot answer right now. Send the request again shortly.",
            )
