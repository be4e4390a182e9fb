"""What comes back of mails that were sent: bounces, complaints, and wishes."""

from dataclasses import dataclass
from enum import StrEnum

#: A message that comes back may have so many bytes; mails of ours are smaller.
MAX_RETURN_BYTES = 1024 * 1024


class ReturnKind(StrEnum):
    """What a mail server, or a reader, says of a mail."""

    #: It will never arrive (5.x.x).
    HARD = "hard"
    #: It did not arrive for now (4.x.x).
    SOFT = "soft"
    #: It is still being tried.
    DELAYED = "delayed"
    #: Its reader called it junk.
    COMPLAINT = "complaint"
    #: Its reader wants no more of its kind.
    UNSUBSCRIBE = "unsubscribe"
    #: It is none of these: an answer, an absence, or nothing that can be read.
    OTHER = "other"


class ReturnOutcome(StrEnum):
    """What came of it. All are counted."""

    BOUNCED = "bounced"
    COMPLAINED = "complained"
    UNSUBSCRIBED = "unsubscribed"
    #: It stands beside the mail, whose state is as it was.
    NOTED = "noted"
    #: It was known before.
    REPEATED = "repeated"
    #: Its mail was not sent, or its recipient was erased since.
    LATE = "late"
    #: It names no mail of ours, or cannot prove it.
    FORGED = "forged"
    #: It says nothing of a mail.
    NOT_UNDERSTOOD = "not_understood"

    @property
    def is_understood(self) -> bool:
        """Whether there is nothing in it for a person to look at."""
        return self not in (self.FORGED, self.NOT_UNDERSTOOD)


@dataclass(frozen=True, slots=True)
class Returned:
    """What is said of one mail."""

    kind: ReturnKind
    #: Such as 5.1.1 (RFC 3463); empty where none is said.
    code: str = ""
    #: The server's words, without addresses and in one line.
    words: str = ""
    #: There is no such mailbox, as far as these say.
    is_unknown_mailbox: bool = False


#: What to do, by the code's beginning; the longest one that fits.
REMEDIES = {
    "5.1": "There is no such mailbox. Correct the address, and send again.",
    "5.2.1": "The mailbox is switched off. Ask the recipient for another address.",
    "5.2.2": "The mailbox is full. Send again later, or ask for another address.",
    "5.2.3": "The mail is larger than the mailbox takes.",
    "5.3": "The recipient's mail server does not take this mail. Send again later.",
    "5.4": "The recipient's mail server cannot be reached. Check the part of the "
    "address after the @.",
    "5.7": "The recipient's mail server refused it. Look at `testamur mail check`, and "
    "at what the server said.",
    "5": "Look at what the server said. Correct the address, or send again later.",
    "4": "Send again later; if it stays so, ask the recipient for another address.",
}


def remedy_for(code: str) -> str:
    """
    Return what to do about a mail that came back with *code*.

    >>> remedy_for("5.1.10")
    'There is no such mailbox. Correct the address, and send again.'
    """
    fitting = (one for one in REMEDIES if code == one or code.startswith(f"{one}."))
    return REMEDIES[max(fitting, key=len, default="5")]
