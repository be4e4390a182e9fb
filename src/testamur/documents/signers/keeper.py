"""
Signers: added, listed, opened with their PIN, revoked.

The order of opening is the point of it. What can be said without the PIN is said
first (unknown, revoked, expired), so that it is never counted as a wrong one. Then
the guess is counted, and that is committed. Only then is the PIN looked at. A right
one is told to the audit log before anybody gets the key.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from testamur.core.clock import Clock
from testamur.core.failpoints import fp
from testamur.core.pins import Password, Pin
from testamur.core.policy import MAX_NAME_CHARACTERS
from testamur.core.refusals import Fault, Kind, Refusal, SignerUnavailable
from testamur.core.signers import SignerKind, SignerStatus, SignerView
from testamur.core.text import is_blank, nfc, text_problem, trim

from . import envelope
from .certificates import Examined, examine, read_der, read_pem
from .envelope import HARDNESS, Hardness
from .guesses import is_locked, judge, wrong
from .opened import DistantKey, HeldKey, OpenedSigner, OpenKey, belongs, public_of
from .ports import (
    NewSigner,
    OpenToken,
    SignerStore,
    StoredSigner,
    UnpackFile,
    WrongPin,
)

#: So many a tenant may have, revoked ones among them.
MOST_SIGNERS = 1_000


@dataclass(frozen=True, slots=True)
class Means:
    """What signers are opened with. Its parts are what tests replace."""

    #: The key derived from the operator secret for `envelope.SEALING`.
    house: Callable[[], bytes]
    unpack: UnpackFile
    tokens: OpenToken
    hardness: Hardness = HARDNESS


class Signers:
    """The signers of every tenant. Threads and processes may share the store."""

    def __init__(self, store: SignerStore, means: Means, clock: Clock) -> None:
        self._store = store
        self._means = means
        self._clock = clock
        self._turns: dict[int, threading.Lock] = {}
        self._turns_lock = threading.Lock()

    # --- added ---

    def add_file(
        self,
        tenant_id: str,
        name: str,
        data: bytes,
        pin: Pin,
        password: Password | None = None,
        *,
        by: str,
    ) -> SignerView:
        """
        Keep the key of a PKCS #12 file, sealed by *pin*, with its certificates.

        *password* opens the file; the PIN does when there is none. After a crash:
        nothing is kept, or all of it; add it again when it is not listed.

        Raises:
            Refusal: INVALID `certificate_...`, `name_...`; CONFLICT
                `too_many_signers`.
        """
        name = read_name(name)
        try:
            found = self._means.unpack(data, password or Password(pin.reveal()))
        except Refusal as refusal:
            if password is None and refusal.code == "certificate_password":
                raise _file_has_another_password() from None
            raise
        if found.key is None:
            raise Refusal(
                Kind.INVALID,
                "certificate_no_key",
                "The certificate file holds no private key: export it together with "
                "its key.",
                at="certificate",
            )
        now = self._clock()
        about = examine(
            read_der(found.certificates), public=public_of(found.key), now=now
        )
        key = HeldKey(found.key, about.algorithm)
        if not belongs(about.chain[0], key, about.algorithm):
            raise Fault("a key does not belong to its own public half", passing=False)
        salt = envelope.new_salt()
        parameters = self._means.hardness.spelled()
        sealing = envelope.sealing_key(
            envelope.stretch(pin, salt, self._means.hardness),
            self._means.house(),
            salt,
        )
        private = found.key

        def seal(signer_id: int) -> bytes:
            named = envelope.name_of(tenant_id, signer_id, parameters, about.chain)
            return envelope.seal(private, sealing, named)

        new = _new(tenant_id, name, SignerKind.PKCS12, about, now)
        return self._keep(
            replace(new, salt=salt, parameters=parameters), seal, about, by
        )

    def add_token(
        self,
        tenant_id: str,
        name: str,
        uri: str,
        certificates: bytes,
        pin: Pin | None = None,
        *,
        by: str,
    ) -> SignerView:
        """
        Keep where a key in a token is, with its *certificates* (PEM, its own first).

        With a *pin* the key is tried once. Nothing of the PIN is kept: it is the
        token's, and is asked for at each opening.

        Raises:
            Refusal: INVALID `token_uri`, `certificate_...`, `name_...`,
                `pin_incorrect`; CONFLICT `too_many_signers`.
            SignerUnavailable: the token cannot be asked.
        """
        name = read_name(name)
        self._means.tokens.check(uri)
        now = self._clock()
        about = examine(read_pem(certificates), public=None, now=now)
        new = replace(_new(tenant_id, name, SignerKind.PKCS11, about, now), uri=uri)
        if pin is not None:
            try:
                self._distant(uri, pin, about).close()
            except WrongPin:
                raise wrong(0) from None
        return self._keep(new, None, about, by)

    def _keep(
        self,
        new: NewSigner,
        seal: Callable[[int], bytes] | None,
        about: Examined,
        by: str,
    ) -> SignerView:
        kept = self._store.add(new, seal, most=MOST_SIGNERS, by=by)
        if kept is None:
            raise Refusal(
                Kind.CONFLICT,
                "too_many_signers",
                f"There are {MOST_SIGNERS:,} certificates, revoked ones among them; "
                "there may not be more.",
                at="certificate",
            )
        status = self._status(StoredSigner(kept, new.chain, None, None, None, None))
        return SignerView(kept, status, 0, about.warnings)

    # --- looked at, and changed ---

    def listing(self, tenant_id: str) -> Sequence[SignerView]:
        """Return every signer of the tenant, the oldest first."""
        return [self._view(one) for one in self._store.of_tenant(tenant_id)]

    def find(self, tenant_id: str | None, signer_id: int) -> SignerView:
        """
        Return the tenant's signer; None for *tenant_id*: anybody's.

        Raises:
            Refusal: NOT_FOUND `signer_not_found`.
        """
        return self._view(self._stored(tenant_id, signer_id))

    def rename(
        self, tenant_id: str | None, signer_id: int, name: object, *, by: str
    ) -> SignerView:
        """
        Call the signer *name* from now on; return it.

        Raises:
            Refusal: NOT_FOUND `signer_not_found`; INVALID `name_...`.
        """
        name = read_name(name)
        self._stored(tenant_id, signer_id)
        self._store.rename(signer_id, name, self._clock(), by=by)
        return self.find(tenant_id, signer_id)

    def revoke(self, tenant_id: str | None, signer_id: int, *, by: str) -> SignerView:
        """
        Let the signer sign no more, for ever; its key is forgotten. Return it.

        What it signed stays signed: whether that is still good is its authority's
        to say. Twice changes nothing.

        Raises:
            Refusal: NOT_FOUND `signer_not_found`.
        """
        self._stored(tenant_id, signer_id)
        self._store.revoke(signer_id, self._clock(), by=by)
        return self.find(tenant_id, signer_id)

    def unlock(self, tenant_id: str | None, signer_id: int, *, by: str) -> SignerView:
        """
        Forget the wrong PINs, so that others may be tried at once. Return it.

        Raises:
            Refusal: NOT_FOUND `signer_not_found`.
        """
        self._stored(tenant_id, signer_id)
        self._store.unlock(signer_id, self._clock(), by=by)
        return self.find(tenant_id, signer_id)

    # --- opened ---

    def open(
        self, tenant_id: str, signer_id: int, pin: Pin, *, by: str
    ) -> OpenedSigner:
        """
        Return the signer, open, once the audit log says that *by* opened it.

        The caller closes it. After a crash: a guess that was counted stays counted,
        whatever would have come of it; the next right PIN forgets it.

        Raises:
            Refusal: NOT_FOUND `signer_not_found`; INVALID `signer_revoked`,
                `signer_expired`, `pin_incorrect`, `pin_blocked`, `token_locked`;
                TOO_OFTEN `pin_locked`.
            SignerUnavailable: the token cannot be asked.
            Halted: issuing is halted.
        """
        stored = self._stored(tenant_id, signer_id)
        self._must_be_in_force(stored)
        # Several with the right PIN come one after the other: at once, each would
        # see the guesses of the others, and be taken for one who tries.
        with self._turn(signer_id):
            guess = self._store.count_guess(
                signer_id,
                self._clock(),
                lambda guesses: judge(guesses, self._clock()),
            )
            fp("signer.guess_counted")
            key = self._key(stored, pin, guess)
            if key is None:
                self._store.tell_wrong(signer_id, self._clock(), by=by)
                raise wrong(len(self._stored(tenant_id, signer_id).guesses))
            try:
                self._store.tell_opened(signer_id, guess, self._clock(), by=by)
            except BaseException:
                key.close()
                raise
        return OpenedSigner(stored.signer, stored.chain, key)

    def _key(self, stored: StoredSigner, pin: Pin, guess: int) -> OpenKey | None:
        """Return the key; None when the PIN is wrong."""
        try:
            if stored.signer.kind is SignerKind.PKCS12:
                return self._held(stored, pin)
            return self._distant(stored.uri or "", pin, stored)
        except WrongPin:
            return None
        except SignerUnavailable as trouble:
            if not trouble.was_tried:
                self._store.uncount_guess(guess)
            raise
        except Refusal as refusal:
            if refusal.code == "certificate_mismatch":  # the PIN was right
                self._store.uncount_guess(guess)
            raise

    def _held(self, stored: StoredSigner, pin: Pin) -> HeldKey | None:
        if stored.sealed is None or stored.salt is None or stored.parameters is None:
            raise Fault(
                f"the key of the signer {stored.signer.id} is not there: restore a "
                "backup, or add the certificate again",
                passing=False,
            )
        hardness = Hardness.read(stored.parameters)
        sealing = envelope.sealing_key(
            envelope.stretch(pin, stored.salt, hardness),
            self._means.house(),
            stored.salt,
        )
        signer = stored.signer
        named = envelope.name_of(
            signer.tenant_id, signer.id, stored.parameters, stored.chain
        )
        private = envelope.unseal(stored.sealed, sealing, named)
        return None if private is None else HeldKey(private, signer.algorithm)

    def _distant(
        self, uri: str, pin: Pin, about: "StoredSigner | Examined"
    ) -> DistantKey:
        signer = about.signer if isinstance(about, StoredSigner) else about
        key = DistantKey(self._means.tokens.open(uri, pin), signer.algorithm)
        try:
            if belongs(about.chain[0], key, signer.algorithm):
                return key
        except BaseException:
            key.close()
            raise
        key.close()
        raise Refusal(
            Kind.INVALID,
            "certificate_mismatch",
            "The key in the token is not the one of the certificate: add the signer "
            "again, with the right one of the two.",
            at="certificate",
        )

    def _must_be_in_force(self, stored: StoredSigner) -> None:
        signer, now = stored.signer, self._clock()
        if signer.revoked_at is not None:
            raise Refusal(
                Kind.INVALID,
                "signer_revoked",
                "The certificate is revoked; sign with another one.",
                at="cert_id",
            )
        if now > signer.valid_until:
            raise Refusal(
                Kind.INVALID,
                "signer_expired",
                "The certificate has expired; sign with another one.",
                at="cert_id",
            )
        if now < signer.valid_from:
            raise Refusal(
                Kind.INVALID,
                "signer_expired",
                "The certificate is not valid yet; sign with another one.",
                at="cert_id",
            )

    def _stored(self, tenant_id: str | None, signer_id: int) -> StoredSigner:
        stored = self._store.find(signer_id)
        if stored is None or tenant_id not in (None, stored.signer.tenant_id):
            raise unknown_signer()
        return stored

    def _view(self, stored: StoredSigner) -> SignerView:
        return SignerView(stored.signer, self._status(stored), len(stored.guesses))

    def _status(self, stored: StoredSigner) -> SignerStatus:
        signer, now = stored.signer, self._clock()
        if signer.revoked_at is not None:
            return SignerStatus.REVOKED
        if not signer.valid_from <= now <= signer.valid_until:
            return SignerStatus.EXPIRED
        if is_locked(stored.guesses, now):
            return SignerStatus.LOCKED
        return SignerStatus.ACTIVE

    @contextmanager
    def _turn(self, signer_id: int) -> Iterator[None]:
        with self._turns_lock:
            turn = self._turns.setdefault(signer_id, threading.Lock())
        with turn:
            yield


def read_name(text: object) -> str:
    """
    Return *text* as what a signer is called.

    Raises:
        Refusal: INVALID `name_required`, `name_length` or `name_format`.
    """
    if not isinstance(text, str) or is_blank(text):
        code, detail = "name_required", "The name field is required."
        if text is not None and not isinstance(text, str):
            code, detail = "name_format", "The name field must be a string."
        raise Refusal(Kind.INVALID, code, detail, at="name")
    name = nfc(trim(text))
    if len(name) > MAX_NAME_CHARACTERS:
        raise Refusal(
            Kind.INVALID,
            "name_length",
            "The name field must not be greater than "
            f"{MAX_NAME_CHARACTERS} characters.",
            at="name",
        )
    problem = text_problem(name, "name")
    if problem is not None:
        raise Refusal(Kind.INVALID, "name_format", problem.message, at="name")
    return name


def unknown_signer() -> Refusal:
    """Return the one answer for a signer that is not there, or not the caller's."""
    return Refusal(
        Kind.NOT_FOUND,
        "signer_not_found",
        "There is no such certificate.",
    )


def _file_has_another_password() -> Refusal:
    return Refusal(
        Kind.INVALID,
        "certificate_password",
        "The pin does not open the certificate file. When the file has a password of "
        "its own, send that as well.",
        at="password",
    )


def _new(
    tenant_id: str, name: str, kind: SignerKind, about: Examined, now: int
) -> NewSigner:
    return NewSigner(
        tenant_id=tenant_id,
        name=name,
        kind=kind,
        algorithm=about.algorithm,
        chain=about.chain,
        subject=about.subject,
        issuer=about.issuer,
        serial_number=about.serial_number,
        valid_from=about.valid_from,
        valid_until=about.valid_until,
        created_at=now,
    )
