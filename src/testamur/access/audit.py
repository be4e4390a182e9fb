"""The audit log, read: whose acts, page by page, and whether it is whole."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from testamur.core.chain import Breaks
from testamur.core.refusals import Fault, Kind, Refusal
from testamur.core.words import AuditLine, Caller

from .ports import AuditEntry, AuditFilter, AuditTrail, Note

#: Who acts when nobody came with a key: whoever may run commands on this machine.
OPERATOR = "operator"

#: How the newest entry is written down: its number and its hash.
HEAD_FORM = re.compile(r"([1-9][0-9]{0,17}) ([0-9a-f]{64})\n", re.ASCII)

#: How many entries are read at a time.
PIECE = 2_000


def actor_of(by: Caller | None) -> str:
    """Return who acts, as entries say it."""
    return OPERATOR if by is None else by.credential_id


@dataclass(frozen=True, slots=True)
class AuditPage:
    """Some entries, newest first."""

    entries: Sequence[AuditEntry]
    #: What to ask for after this page; None when there is no more.
    next_before: int | None


def page(
    trail: AuditTrail, wanted: AuditFilter, *, before: str | None, limit: int
) -> AuditPage:
    """
    Return the newest *limit* of the wanted entries, those from *before* on.

    Pages are counted among the wanted entries alone, so that nobody learns from
    them what others did. Entries are only ever added: a page stays what it was.

    Raises:
        Refusal: INVALID `unknown_cursor`, when *before* is not one that we gave.
    """
    count = trail.count(wanted)
    if before is not None:
        is_number = before.isascii() and before.isdigit() and len(before) < 16
        if not is_number or int(before) > count:
            raise Refusal(
                Kind.INVALID,
                "unknown_cursor",
                "This is not what the page before called next; start again without it.",
                at="before",
            )
        count = int(before)
    start = max(count - limit, 0)
    found = trail.entries(wanted, start, count - start)
    return AuditPage(found[::-1], start or None)


def line_of(entry: AuditEntry) -> AuditLine:
    """Return what whom it concerns may know: not how much others did before it."""
    return AuditLine(
        entry.at, entry.actor, entry.act, entry.subject, json.loads(entry.detail)
    )


@dataclass(frozen=True, slots=True)
class Head:
    """The newest entry at some moment, remembered outside the database."""

    seq: int
    hash: bytes


class RememberedHead:
    """
    The newest entry of the log, written down outside the database now and then.

    So entries that are missing at the end show, and so does a database that was
    restored from an older backup.
    """

    def __init__(self, trail: AuditTrail, note: Note) -> None:
        self._trail = trail
        self._note = note

    def read(self) -> Head | None:
        """
        Return what was written down last; None when nothing ever was.

        Raises:
            Fault: not passing, when the note is not one of ours.
        """
        text = self._note.read()
        if text is None:
            return None
        found = HEAD_FORM.fullmatch(text)
        if found is None:
            raise Fault(
                "the record of the audit log's newest entry is damaged: put back a "
                "copy of the file `head` in the record folder, or remove it when you "
                "know why",
                passing=False,
            )
        return Head(int(found[1]), bytes.fromhex(found[2]))

    def is_in_log(self) -> bool:
        """Say whether the log goes on from what was written down."""
        head = self.read()
        if head is None:
            return True
        there = self._trail.after(head.seq - 1, 1)
        return bool(there) and (there[0].seq, there[0].hash) == (head.seq, head.hash)

    def keep(self) -> None:
        """Write the newest entry down, unless the log lacks what was written down."""
        newest, known = self._trail.head(), self.read()
        if newest is None or (known and known.hash == newest.hash):
            return
        if self.is_in_log():
            self.replace()

    def replace(self) -> None:
        """Write the newest entry down, whatever was there."""
        if (newest := self._trail.head()) is not None:
            self._note.write(f"{newest.seq} {newest.hash.hex()}\n")


def problems(trail: AuditTrail, remembered: Head | None) -> Iterator[str]:
    """
    Give one line for each place at which the log is not what it was.

    The end is held to the head that is *remembered*: without one, nobody can tell
    whether entries at the end were taken away.
    """
    breaks = Breaks()
    seq = 0
    is_there = remembered is None
    while found := trail.after(seq, PIECE):
        for entry in found:
            yield from breaks.found(entry.seq, entry.fields, entry.hash)
            if remembered and remembered.seq == entry.seq:
                is_there = remembered.hash == entry.hash
        seq = found[-1].seq
    if remembered and not is_there:
        if seq < remembered.seq:
            yield (
                f"audit entries {seq + 1:,} to {remembered.seq:,} are missing: the "
                "record outside the database knows them"
            )
        else:
            yield (
                f"audit entry {remembered.seq:,} is another than the record outside "
                "the database knows"
            )
