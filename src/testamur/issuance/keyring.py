"""
The keys of every tenant, as one process uses them.

Private halves are opened when first needed and stay in this process. Whether a
key may still be used is asked each time: a rotation or a revocation in another
process counts from the next chunk on.
"""

from collections.abc import Callable, Sequence
from threading import Lock

from testamur.core.clock import Clock
from testamur.core.refusals import Fault, Kind, Refusal

from .die.sign import Algorithm, Sign
from .keys import make_key, open_key
from .ports import IssuerKey, KeyStore

#: Opened keys that one process holds; a host with more tenants opens some anew.
MAX_OPENED = 256

#: Who makes a tenant's first key, where nobody asked for one.
HOUSE = "house"


class Keyring:
    """Finds, makes, replaces and opens the keys in *store*."""

    def __init__(
        self, store: KeyStore, sealing: Callable[[], bytes], clock: Clock
    ) -> None:
        """
        Use the keys in *store*.

        *sealing* returns the 32 bytes that keys are sealed with; it is called
        when the first key is made or opened.
        """
        self._store = store
        self._sealing = sealing
        self._clock = clock
        self._opened: dict[str, Sign] = {}
        self._lock = Lock()

    def current(
        self,
        tenant_id: str,
        algorithm: Algorithm = Algorithm.EDDSA,
        *,
        by: str = HOUSE,
    ) -> IssuerKey:
        """
        Return the key that the tenant's next job is signed with, made if need be.

        Raises:
            Fault: when there is none and the operator secret cannot be used.
        """
        for key in self._store.of_tenant(tenant_id):
            if key.algorithm is algorithm and key.is_in_force:
                return key
        return self._store.add(self._new(tenant_id, algorithm), by=by)

    def signer(self, key_id: str) -> Sign:
        """
        Return what signs with a key, a retired one too: jobs keep theirs.

        Raises:
            Fault: not passing, when there is no such key, it is revoked, or it
                does not open with this operator secret.
        """
        key = self._store.find(key_id)
        if key is None:
            raise Fault(f"there is no issuer key {key_id}", passing=False)
        with self._lock:
            if key.revoked_at is not None:
                self._opened.pop(key_id, None)
            elif key_id in self._opened:
                return self._opened[key_id]
            sign = open_key(key, sealing=self._sealing())
            while len(self._opened) >= MAX_OPENED:
                self._opened.pop(next(iter(self._opened)))
            self._opened[key_id] = sign
            return sign

    def pair(self, key_id: str) -> tuple[Sign, bytes] | None:
        """
        Return what signs with a key, and its public half; None when it is revoked.

        Raises:
            Fault: as `signer`.
        """
        key = self._store.find(key_id)
        if key is not None and key.revoked_at is not None:
            return None
        sign = self.signer(key_id)
        assert key is not None
        return sign, key.public

    def keys_of(self, tenant_id: str) -> Sequence[IssuerKey]:
        """Return every key the tenant ever had, the newest first."""
        return self._store.of_tenant(tenant_id)

    def rotate(
        self, tenant_id: str, algorithm: Algorithm = Algorithm.EDDSA, *, by: str
    ) -> IssuerKey:
        """
        Retire the tenant's key of this algorithm and return a new one.

        What the old one signed stays valid. Jobs accepted before are still signed
        with it. After a crash: run it again; a tenant whose old key is retired
        gets the new one when it is first needed.

        Raises:
            Fault: when the operator secret cannot be used; nothing has changed.
        """
        new = self._new(tenant_id, algorithm)
        for key in self._store.of_tenant(tenant_id):
            if key.algorithm is algorithm and key.is_in_force:
                self._store.retire(key.id, self._clock(), by=by)
        return self._store.add(new, by=by)

    def revoke(self, tenant_id: str, key_id: str, *, by: str) -> IssuerKey:
        """
        Distrust a key of the tenant for ever: nothing it signed verifies any more.

        Raises:
            Refusal: NOT_FOUND `issuer_key_not_found`.
        """
        key = self._store.find(key_id)
        if key is None or key.tenant_id != tenant_id:
            raise Refusal(
                Kind.NOT_FOUND,
                "issuer_key_not_found",
                f"The tenant has no issuer key {key_id}; `testamur issuer keys` "
                "lists them.",
            )
        self._store.revoke(key_id, self._clock(), by=by)
        with self._lock:
            self._opened.pop(key_id, None)
        found = self._store.find(key_id)
        assert found is not None
        return found

    def _new(self, tenant_id: str, algorithm: Algorithm) -> IssuerKey:
        return make_key(
            tenant_id, algorithm, sealing=self._sealing(), now=self._clock()
        )
