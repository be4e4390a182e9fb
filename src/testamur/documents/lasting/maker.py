"""
Makes signed documents last (B-LTA): one at a time, and again until it works.

The revocation lists that a file's signatures name are fetched, and put into it with
the certificates that lead to the roots; a timestamp is over all of that. The file
that comes out is one more version of the document.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog

from testamur.core.clock import HOUR, MINUTE, Clock
from testamur.core.failpoints import fp
from testamur.core.refusals import Fault, Reason, Refusal, TimestampUnavailable

from ..pades.lasting import (
    Evidence,
    evidence_wanted,
    is_list,
    roots_of,
    upgrade_to_lta,
)
from ..ports import Bytes
from .ports import Due, LastingStore

#: Longer than everything that is waited for takes.
LEASE_MILLISECONDS = 15 * MINUTE

#: After the first failure; each further one doubles it.
FIRST_PAUSE = MINUTE
LONGEST_PAUSE = 6 * HOUR

#: Which takes about three days.
MAX_ATTEMPTS = 20

#: How many lists one document may name: those of its own chain are two or three.
MAX_LISTS = 16

#: For how long a list that was fetched serves further documents.
FRESH_MILLISECONDS = 10 * MINUTE
MAX_FRESH = 32

UNREACHABLE = "revocations_unreachable"
INCOMPLETE = "evidence_incomplete"
DAMAGED = "file_damaged"
BROKEN = "unexpected"

log = structlog.get_logger()


@dataclass(frozen=True)
class Maker:
    """Makes documents last."""

    store: LastingStore
    blobs: Bytes
    #: Returns what is at an address, or why there is nothing.
    fetch: Callable[[str], bytes | Reason]
    #: Returns a token (RFC 3161) for a digest.
    timestamp: Callable[[bytes], bytes]
    #: Whom the operator trusts: certificates, DER.
    roots: Sequence[bytes]
    clock: Clock
    #: Lists by their address, and when they were fetched.
    fresh: dict[str, tuple[int, bytes]]

    def step(self) -> bool | None:
        """
        Make the next document last: True. False: it has to wait. None: none is due.

        After a crash: run it again. The document is there as it was, or lasts; files
        that nothing names may stay behind.

        Raises:
            Fault: passing, when the database cannot be reached.
        """
        now = self.clock()
        due = self.store.lease(now, now + LEASE_MILLISECONDS, MAX_ATTEMPTS)
        if due is None:
            return None
        fp("lasting.after_lease")
        try:
            self._make(due)
        except TimestampUnavailable as trouble:
            self._put_off(due, TimestampUnavailable.CODE, str(trouble))
        except _NotNow as trouble:
            self._put_off(due, trouble.code, str(trouble))
        except Fault as trouble:
            self._put_off(due, BROKEN, str(trouble))
        except Refusal as refusal:
            self._put_off(due, refusal.code, refusal.detail)
        except Exception:
            log.exception("a document was not made to last", document=due.document_id)
            self._put_off(due, BROKEN, "see the log above")
        else:
            return True
        return False

    def _make(self, due: Due) -> None:
        with self.blobs.open(due.version.digest) as file:
            data = file.read()
        if hashlib.sha256(data).hexdigest() != due.version.digest:
            raise _NotNow(DAMAGED, "its file is damaged")
        evidence = self._evidence(due, data)
        try:
            made = upgrade_to_lta(data, evidence, self.timestamp)
        except TimestampUnavailable:
            raise
        except Fault as trouble:
            raise _NotNow(INCOMPLETE, str(trouble)) from trouble
        fp("lasting.after_stamping")
        digest = self.blobs.put(made)
        fp("lasting.after_file")
        if not self.store.keep(due, digest, len(made), self.clock()):
            log.info("a document was signed meanwhile", document=due.document_id)

    def _evidence(self, due: Due, data: bytes) -> Evidence:
        wanted = evidence_wanted(data)
        if len(wanted) > MAX_LISTS:
            raise _NotNow(INCOMPLETE, f"it names {len(wanted)} revocation lists")
        chains = self.store.chains(due.document_id)
        return Evidence(
            # Of a signer's own file, which the institution gave us.
            roots=tuple(dict.fromkeys((*self.roots, *roots_of(chains)))),
            others=tuple(chains),
            crls=tuple(self._list(url) for url in wanted),
        )

    def _list(self, url: str) -> bytes:
        now = self.clock()
        known = self.fresh.get(url)
        if known is not None and known[0] <= now < known[0] + FRESH_MILLISECONDS:
            return known[1]
        found = self.fetch(url)
        if isinstance(found, Reason):
            raise _NotNow(UNREACHABLE, found.message)
        if not is_list(found):
            raise _NotNow(UNREACHABLE, "what is there is no revocation list")
        if len(self.fresh) >= MAX_FRESH:
            self.fresh.clear()
        self.fresh[url] = now, found
        return found

    def _put_off(self, due: Due, code: str, text: str) -> None:
        known = {"document": due.document_id, "code": code, "trouble": text}
        if due.attempts >= MAX_ATTEMPTS:
            log.warning("a document was not made to last, and will not be", **known)
            self.store.give_up(due, code)
            return
        log.info("a document waits to be made to last", **known)
        self.store.later(due, self.clock() + pause_after(due.attempts), code)


class _NotNow(Exception):
    """Why a document cannot be made to last at present."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


def pause_after(attempts: int) -> int:
    """
    Return how long a document waits after so many attempts, in milliseconds.

    >>> [pause_after(n) // MINUTE for n in (1, 2, 3, 9, 10, 20)]
    [1, 2, 4, 256, 360, 360]
    >>> sum(pause_after(n) for n in range(1, MAX_ATTEMPTS)) // HOUR
    68
    """
    return min(FIRST_PAUSE << (attempts - 1), LONGEST_PAUSE)
