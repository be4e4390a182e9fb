"""
Status lists as everybody reads them: signed by their issuer, and always current.

Whether a list changed is asked of the database each time, and costs one look-up;
it is signed anew only then. The bytes follow from the bits, the key and the moment
of the last change, so every process publishes the same, before and after a restart.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from threading import Lock

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from testamur.core.refusals import Reason

from .did_web import did_of
from .die.die import read_die
from .die.list_die import list_holes, list_shape
from .die.proof import Press
from .die.stamp import Stamper
from .ports import CurrentKeys, Dies, IssuerKey, StatusList, StatusLists
from .signing import hold
from .status_list import encoded

#: Signed lists that a process keeps; the longest take some 20 KiB.
MAX_KEPT = 256


class Purpose(StrEnum):
    """What a set bit of a list says (section 3.2)."""

    #: The certificate is not to be relied on: it is revoked, or suspended.
    REVOCATION = "revocation"
    #: It is suspended: its bit in the other list may be cleared again.
    SUSPENSION = "suspension"


@dataclass(frozen=True, slots=True)
class _Signed:
    version: int
    key_id: str
    body: bytes


class PublishedLists:
    """Signs the status lists in *lists* when they changed."""

    def __init__(
        self,
        lists: StatusLists,
        dies: Dies,
        keys: CurrentKeys,
        *,
        engrave: Callable[[], bytes],
    ) -> None:
        """
        Publish *lists*, each as the address had it under which it was opened.

        *engrave* returns the bytes of the die for lists; it is called when no die
        is kept.
        """
        self._lists = lists
        self._dies = dies
        self._keys = keys
        self._engrave = engrave
        self._press: Press | None = None
        self._signed: dict[tuple[str, Purpose], _Signed] = {}
        self._lock = Lock()

    def read(self, name: str, purpose: Purpose) -> bytes | None:
        """
        Return the list called *name* as a signed credential; None if there is none.

        Every act that was acknowledged before this call is in it.

        Raises:
            Fault: it cannot be signed now: the audit log or the key fails.
        """
        found = self._lists.find(name)
        if found is None:
            return None
        key = self._keys.current(found.tenant_id)
        with self._lock:
            kept = self._signed.get((name, purpose))
            if kept and (kept.version, kept.key_id) == (found.version, key.id):
                return kept.body
        moment = max(found.changed_at or 0, key.made_at)
        body = self._sign(name, purpose, found, key, moment)
        with self._lock:
            kept = self._signed.get((name, purpose))
            # Somebody may have read, and signed, a later version meanwhile.
            if kept is None or kept.version <= found.version:
                if len(self._signed) >= MAX_KEPT:
                    self._signed.pop(next(iter(self._signed)))
                self._signed[name, purpose] = _Signed(found.version, key.id, body)
        return body

    def _sign(
        self,
        name: str,
        purpose: Purpose,
        found: StatusList,
        key: IssuerKey,
        moment: int,
    ) -> bytes:
        # Read after the version: should an act come between, the next reader
        # finds another version and signs once more.
        indices = self._lists.indices(
            found.id, suspended_only=purpose is Purpose.SUSPENSION
        )
        url = f"{found.public_url}/status/{name}"
        if purpose is Purpose.SUSPENSION:
            url += "/suspension"
        did = did_of(found.public_url, found.slug)
        holes = list_holes(
            url=url,
            issuer=did,
            verification_method=f"{did}#{key.id}",
            purpose=str(purpose),
            encoded=encoded(indices, found.size),
            moment=moment,
        )
        press = self._ready()
        signed = press.to_be_signed(holes)
        assert not isinstance(signed, Reason), signed
        self._lists.note_signing(found, key.id, str(purpose))
        signature = self._keys.signer(key.id)(signed)
        hold(Ed25519PublicKey.from_public_bytes(key.public), signature, signed, key.id)
        return press.secured(holes, signature)

    def _ready(self) -> Press:
        with self._lock:
            if self._press is None:
                shape = list_shape()
                kept = self._dies.find(shape)
                if kept is None:
                    body = self._engrave()
                    kept = self._dies.keep(
                        shape, hashlib.sha256(body).hexdigest(), body
                    )
                self._press = Press(Stamper(read_die(kept.body, kept.digest)))
            return self._press
