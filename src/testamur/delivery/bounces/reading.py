"""
What a message that came back says: of which mail, and what became of it.

Read are delivery reports (RFC 3464), complaints (RFC 5965), qmail's own form, and what
mail servers write who send none of these. None of it is believed without the code of
a mail of ours.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from testamur.core.mail_returns import Returned, ReturnKind
from testamur.core.records import folded

from .mime import Headers, Part, parts_of, readable, split

#: Where a message says to whom it was sent, the envelope's first.
TO = ("x-original-to", "delivered-to", "envelope-to", "x-envelope-to", "to", "cc")

#: Recipients of one report that are looked at.
MAX_RECIPIENTS = 50

#: What is looked through for a code, where there is no report.
MAX_TEXT = 20_000

_STATUS = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.])")
_REPLY = re.compile(r"(?<![\d.])([45])\d\d(?=[ -])")
_BLOCKS = re.compile(rb"\r?\n(?:[ \t]*\r?\n)+")

#: No such mailbox, or domain, by the code (RFC 3463, 3.2; RFC 7505).
UNKNOWN_MAILBOX = frozenset(
    ("5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1", "5.4.4")
)

#: The same in the words of servers whose code says less.
_UNKNOWN_WORDS = re.compile(
    r"user unknown|unknown user|no such (user|mailbox|recipient|address)|"
    r"(user|mailbox|recipient|account)( \S+)? (not found|does not exist|unknown)|"
    r"does(n't| not) have an? .{0,40}account|no mailbox here|invalid recipient|"
    r"recipient address rejected|recipientnotfound|recipnotfound|"
    r"address(ee)? (unknown|does not exist)|host unknown|domain not found",
    re.IGNORECASE,
)

#: With these codes the words above say something else.
_SAYS_ENOUGH = re.compile(r"5\.(2\.[2-9]|3\.|6\.|7\.)")

_FAILED = re.compile(
    r"undeliver|non remis|unzustellbar|delivery (status|fail|has failed)|returned mail|"
    r"failure notice|delivery failure|mail delivery failed|could ?n[o']t be delivered",
    re.IGNORECASE,
)
_QMAIL = re.compile(rb"this is the qmail-send program", re.IGNORECASE)
_DAEMON = re.compile(r"(mailer-daemon|postmaster)@|^<?mailer-daemon", re.IGNORECASE)
_ADDRESS = re.compile(r"[^\s<>\"'(),:;]*@[^\s<>\"'(),:;]*")

MAX_WORDS = 200


@dataclass(frozen=True, slots=True)
class Report:
    """What a message says, before it is known of which mail."""

    said: Returned
    #: Texts in which the address is that the mail comes back to, the likeliest first.
    addresses: Sequence[str]
    #: Texts in which there may be the token of a link to unsubscribe.
    links: Sequence[str] = field(default=())
    #: Other recipients than one's own may be named: (address, what is said).
    others: Sequence[tuple[str, Returned]] = field(default=())

    def about(self, recipient: str) -> Returned:
        """Return what is said of *recipient*, or, where nobody is named so, at all."""
        wanted = folded(recipient)
        for address, said in self.others:
            if address == wanted:
                return said
        return self.said


def read_report(data: bytes, recipients: Sequence[str] = ()) -> Report:
    """
    Return what *data*, a message, says.

    *recipients* is to whom it came, as the envelope says. Never raises: what cannot be
    read is OTHER.
    """
    parts = list(parts_of(data))
    top, _ = split(data)
    addresses = [*recipients, *(one for name in TO for one in top.all(name))]
    links = [readable(top.one("subject"))]
    originals = list(_originals(parts))
    for one in originals:
        addresses += one.all("return-path")
        links += one.all("list-unsubscribe")
    complaint = next(
        (one for one in parts if one.type == "message/feedback-report"), None
    )
    if complaint is not None:
        fields = Headers(complaint.body)
        addresses += fields.all("original-mail-from")
        kind = fields.one("feedback-type").lower()
        # not-spam takes something back; others are no word of a reader's.
        is_one = kind in ("abuse", "fraud", "virus", "opt-out", "")
        said = Returned(ReturnKind.COMPLAINT if is_one else ReturnKind.OTHER)
        return Report(said, addresses, links)
    statuses = [one for one in parts if one.type in _STATUS_TYPES]
    found = [pair for one in statuses[:2] for pair in _recipients(one.body)]
    if found:
        worst = min((said for _, said in found), key=_how_bad)
        return Report(worst, addresses, links, found)
    return Report(_by_text(top, parts), addresses, links)


_STATUS_TYPES = ("message/delivery-status", "message/global-delivery-status")

_ORDER = (
    *(ReturnKind.HARD, ReturnKind.SOFT, ReturnKind.DELAYED, ReturnKind.COMPLAINT),
    *(ReturnKind.UNSUBSCRIBE, ReturnKind.OTHER),
)


def _how_bad(said: Returned) -> tuple[int, bool]:
    return _ORDER.index(said.kind), not said.is_unknown_mailbox


def _originals(parts: Sequence[Part]) -> Iterator[Headers]:
    """Give the headers of the mails that came back."""
    for one in parts:
        if one.type in ("message/rfc822", "message/global"):
            yield split(one.body)[0]
        elif one.type in ("text/rfc822-headers", "message/global-headers"):
            yield Headers(one.body)


def _recipients(body: bytes) -> Iterator[tuple[str, Returned]]:
    """Give whom a report (RFC 3464, 2.3) is about, and what it says of them."""
    for block in _BLOCKS.split(body.strip(), MAX_RECIPIENTS)[:MAX_RECIPIENTS]:
        fields = Headers(block)
        action = fields.one("action").split("(")[0].strip().lower()
        status = _STATUS.search(fields.one("status"))
        if not action and status is None:
            continue  # about the message
        words = fields.one("diagnostic-code").partition(";")[2].strip()
        words = words or fields.one("diagnostic-code")
        who = fields.one("original-recipient") or fields.one("final-recipient")
        said = _judged(action, status[0] if status else "", readable(words))
        yield folded(who.partition(";")[2] or who).strip("<>"), said


def _judged(action: str, code: str, words: str) -> Returned:
    """Return what an action, a code and words come to."""
    better = _STATUS.search(words)
    # Some say 5.0.0 or nothing, and the code among the words.
    if better and (not code or (code[1:] == ".0.0" and better[1] == code[0])):
        code = better[0]
    if not code and (reply := _REPLY.search(words)):
        code = f"{reply[1]}.0.0"
    if action in ("delivered", "relayed", "expanded"):
        kind = ReturnKind.OTHER
    elif action == "delayed":
        kind = ReturnKind.DELAYED
    elif code.startswith("4"):
        kind = ReturnKind.SOFT
    elif code.startswith("5") or action == "failed":
        kind = ReturnKind.HARD
    else:
        kind = ReturnKind.OTHER
    is_unknown = kind is ReturnKind.HARD and (
        code in UNKNOWN_MAILBOX
        or (not _SAYS_ENOUGH.match(code) and bool(_UNKNOWN_WORDS.search(words)))
    )
    return Returned(kind, code, words, is_unknown)


def _by_text(top: Headers, parts: Sequence[Part]) -> Returned:
    """Return what a message without a report says, if a mail server wrote it."""
    body = next((one.body for one in parts if one.type == "text/plain"), b"")
    text = body[:MAX_TEXT].decode("utf-8", "replace")
    is_daemon = bool(_DAEMON.search(top.one("from"))) or (
        top.one("return-path").replace(" ", "") == "<>"
    )
    is_qmail = bool(_QMAIL.search(body[:MAX_TEXT]))
    if not is_daemon or not (is_qmail or _FAILED.search(readable(top.one("subject")))):
        return Returned(ReturnKind.OTHER)
    # What follows is the mail itself, which can say anything.
    text = re.split(r"(?m)^--- Below this line|^------ This is a copy", text)[0]
    words = (
        next(
            (
                line.strip()
                for line in text.splitlines()
                if _STATUS.search(line) or _REPLY.search(line)
            ),
            "",
        )
        or " ".join(text.split())[: MAX_WORDS * 5]
    )
    if re.search(r"(?i)delay|will (keep trying|be retried)|still being retried", text):
        return Returned(ReturnKind.DELAYED, "", words)
    if is_qmail and not re.search(r"(?i)permanent error|given up", text):
        return Returned(ReturnKind.OTHER)
    return _judged("failed", "", words)


def cleaned(words: str, recipient: str) -> str:
    """
    Return a server's words without addresses, in one line, and not too many.

    >>> cleaned("550 5.1.1 <ada@x.org>: ada unknown\\r\\n here", "ada@x.org")
    '550 5.1.1 <...>: ... unknown here'
    """
    words = words[: MAX_WORDS * 10]  # what is cut off later may be half an address
    shown = "".join(one if one.isprintable() else " " for one in words)
    shown = _ADDRESS.sub("...", shown)
    local = recipient.rpartition("@")[0]
    if len(local) >= 2:
        shown = re.sub(
            rf"(?<!\w){re.escape(local)}(?!\w)", "...", shown, flags=re.IGNORECASE
        )
    return " ".join(shown.split())[:MAX_WORDS]
