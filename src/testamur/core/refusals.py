"""
The ways to say no, and the only exceptions that cross a room's door.

A `Refusal` is an answer to a request: the caller must change something. A
`Reason` is the same for one row: the row fails, the others go on. A `Fault` is
our trouble: something we rely on failed. Anything else that escapes is a bug.
None of them knows about HTTP; each dialect spells them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum, auto


class Kind(StrEnum):
    """Why a request was refused. Each dialect has a spelling for every kind."""

    MALFORMED = auto()  #: it cannot be read
    INVALID = auto()  #: it can be read, and a value in it is wrong
    UNSUPPORTED = auto()  #: not a format we read
    NOT_AUTHENTICATED = auto()  #: we do not know who is calling
    NOT_ALLOWED = auto()  #: we know who is calling, and they may not
    NOT_FOUND = auto()  #: also said of what the caller may not know exists
    GONE = auto()  #: it was there, and was erased for ever
    CONFLICT = auto()  #: it was true a moment ago; look again
    TOO_LARGE = auto()  #: split it
    TOO_SLOW = auto()  #: the request did not arrive in time
    TOO_OFTEN = auto()  #: wait, then send it again


class Refusal(Exception):
    """
    We understood the request and will not do it as asked.

    `code` is stable and for programs ("missing_column"). `detail` is for the
    person who called: it says what to change, and quotes nothing they did not
    send. `at` points into what they sent, as they would point ("row 14, column
    recipientEmail"). `retry_after_seconds` says when asking again can help.
    `parts` are refusals of single places, when several are wrong at once.
    """

    def __init__(
        self,
        kind: Kind,
        code: str,
        detail: str,
        *,
        at: str | None = None,
        retry_after_seconds: int | None = None,
        parts: Sequence["Refusal"] = (),
    ) -> None:
        super().__init__(detail)
        self.kind = kind
        self.code = code
        self.detail = detail
        self.at = at
        self.retry_after_seconds = retry_after_seconds
        self.parts = tuple(parts)


class Fault(Exception):
    """
    Something we rely on failed; the request itself may be fine.

    `passing` says whether waiting can help, and is all the runner asks. The
    text is for the operator's log and never reaches a caller.
    """

    def __init__(self, text: str, *, passing: bool) -> None:
        super().__init__(text)
        self.passing = passing


class StorageFull(Fault):
    """The disk is full, or nearly: nothing was stored, and nothing was lost."""

    def __init__(self, text: str) -> None:
        super().__init__(text, passing=True)


class NotYet(Fault):
    """Something goes on by itself that this work needs: come back in *seconds*."""

    def __init__(self, text: str, *, seconds: float) -> None:
        super().__init__(text, passing=True)
        self.seconds = seconds


class NoLongerOurs(Fault):
    """Somebody else has this work by now, or it was cancelled: leave it alone."""

    def __init__(self, text: str) -> None:
        super().__init__(text, passing=True)


class Halted(Fault):
    """The operator halted issuing: nothing is signed until it is resumed."""

    #: What callers are told, in every dialect.
    CODE = "issuing_halted"

    def __init__(self) -> None:
        super().__init__("issuing is halted; `testamur halt off` resumes", passing=True)


class SignerUnavailable(Fault):
    """The token with a signer's key cannot be asked: its PIN has to be sent anew."""

    #: What callers are told, in every dialect.
    CODE = "signer_unavailable"

    def __init__(self, text: str, *, was_tried: bool) -> None:
        """*was_tried*: the token may have seen the PIN, and not said it is right."""
        super().__init__(text, passing=True)
        self.was_tried = was_tried


class TimestampUnavailable(Fault):
    """The timestamp authority cannot be asked, or answers something else."""

    #: What callers are told, in every dialect.
    CODE = "timestamp_unavailable"

    def __init__(self, text: str) -> None:
        super().__init__(text, passing=True)


@dataclass(frozen=True, slots=True)
class Reason:
    """
    Why one row failed.

    `code` is stable ("email_format"). `message` is for the person with the
    spreadsheet: column, value where it helps, and the remedy.
    """

    code: str
    message: str
