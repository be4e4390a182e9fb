"""Verification on this machine: for the server with its records, for others without."""

import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from testamur.config import Network
from testamur.core.lifecycle import Standing
from testamur.core.policy import MIB
from testamur.core.refusals import Reason, Refusal
from testamur.issuance import read as issued
from testamur.issuance.did_web import did_document, did_of, method_of
from testamur.issuance.published_list import Purpose
from testamur.tlog.note import COSIGNATURE, ED25519, NotVerified, split_note, verifier
from testamur.tlog.note import Verifier as LogVerifier
from testamur.tlog.proof import read_proof, verify_proof
from testamur.verification.ports import (
    HouseCertificate,
    HouseIssuer,
    LogSaid,
    NotFetched,
    UnknownLog,
)
from testamur.verification.verify import Verifier

if TYPE_CHECKING:
    from .office import Office

#: DID documents and status lists; a list of a million places is 170 KiB at most.
MAX_FETCHED_BYTES = 4 * MIB
CONNECT_SECONDS = 4.0
TOTAL_SECONDS = 8.0

ACCEPT = "application/did+json, application/vc, application/json, */*;q=0.1"


class HouseRecords:
    """`verification.ports.House`: what this installation knows of itself."""

    def __init__(self, office: "Office") -> None:
        self._office = office

    @property
    def public_urls(self) -> Sequence[str]:
        """The addresses that its own URLs begin with."""
        return [url.rstrip("/") for url in self._office.public_urls]

    @property
    def did_prefixes(self) -> Sequence[str]:
        """What the DIDs of its issuers begin with."""
        return [did_of(url, "") for url in self._office.public_urls]

    @property
    def log_keys(self) -> Sequence[str]:
        """The verifier keys of its log."""
        from .log import log_vkey

        return [log_vkey(self._office)]

    def issuer(self, did: str) -> HouseIssuer | None:
        """Return the issuer that *did* names, if there is one."""
        prefix = next(one for one in self.did_prefixes if did.startswith(one))
        slug = did.removeprefix(prefix)
        try:
            tenant = self._office.tenants.find(slug)
        except Refusal:
            return None
        keys = self._office.keyring.keys_of(tenant.id)
        return HouseIssuer(
            did_document(did, keys),
            {
                method_of(did, key): key.revoked_at
                for key in keys
                if key.revoked_at is not None
            },
            {
                method_of(did, key): key.retired_at
                for key in keys
                if key.retired_at is not None
            },
        )

    def certificate(self, certificate_id: str) -> HouseCertificate | None:
        """Return the certificate with this id, if it was published."""
        erased = self._office.certificates.find_erased(certificate_id)
        if erased is not None:
            return HouseCertificate(
                erased.id, None, "erased", erased.erased_at, "", None, None
            )
        found = issued.find(certificate_id, certificates=self._office.certificates)
        if found is None:
            return None
        credential = self._office.credentials.find(certificate_id)
        taken = found.taken_back
        standing, since, reason, corrected_by = "issued", None, "", None
        if taken is not None:
            is_revoked = taken.standing is Standing.REVOKED
            standing = "revoked" if is_revoked else "suspended"
            since, reason = taken.since, taken.reason
            if taken.replaced_by is not None:
                corrected_by = f"{self.public_urls[0]}/c/{taken.replaced_by}"
        log_proof = None
        if credential is not None:
            from .log import log_reader

            try:
                log_proof = log_reader(self._office).proof(
                    credential.chunk_id, credential.digest
                )
            except Refusal:
                log_proof = None
        return HouseCertificate(
            found.id,
            credential.body if credential else None,
            standing,
            since,
            reason,
            corrected_by,
            log_proof,
        )

    def status_list(self, url: str) -> bytes | None:
        """Return the status list credential that it publishes at *url*, if any."""
        _, _, listed_at = url.partition("/status/")
        name, _, purpose = listed_at.partition("/")
        if purpose not in ("", Purpose.SUSPENSION):
            return None
        listed = Purpose(purpose) if purpose else Purpose.REVOCATION
        return self._office.published_lists.read(name, listed)


def check_log(proof: str, digest: bytes, keys: Sequence[str]) -> LogSaid:
    """
    Return what a tlog-proof says of the bytes with this *digest*.

    Raises:
        ValueError: it does not hold, or a key cannot be read; `UnknownLog`, when none
            of *keys* has signed it.
    """
    try:
        verifiers = []
        for key in keys:
            one = verifier(key)
            verifiers.append(one)
            if one.kind == ED25519:
                # The log puts its time where witnesses put theirs.
                verifiers.append(LogVerifier(one.name, one.public, COSIGNATURE))
        _, signatures = split_note(read_proof(proof).note)
        known = {(one.name, one.key_id) for one in verifiers}
        if not any((name, raw[:4]) in known for name, raw in signatures):
            raise UnknownLog("it is of a log whose key is not known")
        logged = verify_proof(proof, digest, verifiers)
    except NotVerified as problem:
        raise ValueError(str(problem)) from problem
    origin = logged.checkpoint.origin
    own = next(one for one in verifiers if one.name == origin)
    return LogSaid(
        origin,
        logged.index,
        logged.checkpoint.size,
        logged.at,
        [name for name, _ in logged.witnesses],
        f"{own.name}+{own.key_id.hex()}",
    )


class Fetching:
    """`verification.ports.Fetch` behind the wall; an HTTP client is made on use."""

    def __init__(
        self,
        allow: Sequence[Network] = (),
        own_hosts: Sequence[str] = (),
        *,
        max_bytes: int = MAX_FETCHED_BYTES,
    ) -> None:
        self._allow = allow
        self._max_bytes = max_bytes
        self._own_hosts = own_hosts
        self._fetch: Callable[[str], bytes | Reason] | None = None
        self._lock = threading.Lock()

    def __call__(self, url: str) -> bytes | NotFetched:
        """
        Return what is at the https *url*, or why nothing is.

        Hosts in the operator's networks (TESTAMUR_FETCH_ALLOW) are asked by plain
        http when they have no https; nobody else is.
        """
        fetch = self._made()
        found = fetch(url)
        if isinstance(found, Reason) and self._allow and url.startswith("https://"):
            plain = fetch("http://" + url.removeprefix("https://"))
            if isinstance(plain, bytes):
                return plain
        if isinstance(found, Reason):
            # What follows is advice for whoever wrote a spreadsheet.
            return NotFetched(found.message.partition(";")[0].rstrip(".") + ".")
        return found

    def _made(self) -> Callable[[str], bytes | Reason]:
        with self._lock:
            if self._fetch is None:
                from testamur.adapters.http.fetch import Fetcher

                self._fetch = Fetcher(
                    allow=self._allow,
                    own_hosts=self._own_hosts,
                    max_bytes=self._max_bytes,
                    connect_seconds=CONNECT_SECONDS,
                    total_seconds=TOTAL_SECONDS,
                    row_seconds=TOTAL_SECONDS,
                    retries=0,
                    accept=ACCEPT,
                    user_agent="Testamur (credential verification)",
                ).fetch
            return self._fetch


def verifier_of(office: "Office") -> Verifier:
    """Return who verifies for the server: with its records, and the network."""
    return Verifier(
        office.reading_room,
        clock=office.clock,
        check_log=check_log,
        house=HouseRecords(office),
        fetch=Fetching(office.settings.fetch_allow, [office.public_host]),
    )
