"""
A certificate's credential in other formats, for whoever asks.

The facts are those of the credential that was issued, and so is the moment. The
first time somebody asks, the tenant's newest key signs; the signature is kept, and
the same bytes are given from then on, whatever becomes of the key.
"""

import base64
import binascii
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

import orjson

from testamur.core.clock import Clock
from testamur.core.failpoints import fp
from testamur.core.refusals import Fault, Kind, Refusal

from .credentials import Credentials
from .did_web import method_of
from .die import jcs
from .die.jose import ob_jwt, vc_jwt
from .die.proof import problem_with
from .die.sign import Algorithm, Sign
from .keys import verifies
from .ports import IssuerKey, Rendering, RenditionStore


class Format(StrEnum):
    """How a certificate can be written as a credential."""

    RDFC = "eddsa-rdfc-2022"  #: as it was issued
    JCS = "eddsa-jcs-2022"
    VC_JWT = "vc-jwt"  #: enveloped as VC-JOSE-COSE has it
    OB_JWT = "ob-jwt"  #: a token as Open Badges 3.0 has it


_TOKENS = {Format.VC_JWT: vc_jwt, Format.OB_JWT: ob_jwt}

MEDIA_TYPES = {
    Format.RDFC: "application/vc",
    Format.JCS: "application/vc",
    Format.VC_JWT: "application/vc+jwt",
    Format.OB_JWT: "application/jwt",
}


@dataclass(frozen=True, slots=True)
class Rendition:
    """A credential as bytes."""

    body: bytes
    media_type: str
    #: What its leaf in the log is found by; None: by the certificate's chunk.
    source: str | None

    @property
    def digest(self) -> bytes:
        """The SHA-256 of its bytes, to which its leaf in the log commits."""
        return hashlib.sha256(self.body).digest()


class Keys(Protocol):
    """The tenants' keys."""

    def current(self, tenant_id: str, algorithm: Algorithm) -> IssuerKey:
        """Return the key that the tenant signs with, made if need be."""
        ...

    def keys_of(self, tenant_id: str) -> Sequence[IssuerKey]:
        """Return every key the tenant ever had."""
        ...

    def signer(self, key_id: str) -> Sign:
        """Return what signs with a key."""
        ...


class Renditions:
    """Writes *credentials* in other formats. Threads may share it."""

    def __init__(
        self,
        credentials: Credentials,
        store: RenditionStore,
        keys: Keys,
        clock: Clock,
    ) -> None:
        self._credentials = credentials
        self._store = store
        self._keys = keys
        self._clock = clock

    def render(
        self,
        tenant_id: str,
        certificate_id: str,
        format: Format,
        algorithm: Algorithm = Algorithm.EDDSA,
        *,
        actor: str,
    ) -> Rendition:
        """
        Return a certificate of the tenant in *format*: the same bytes every time.

        Its leaf is in the log's next checkpoint. After a crash: a key may have been
        used (the audit log says so), and nobody has what it signed.

        Raises:
            Refusal: NOT_FOUND, when the certificate carries no credential; INVALID,
                when the format cannot be signed with *algorithm*.
            Halted: it was not asked for before, and issuing is halted.
            Fault: not passing, when what is signed does not verify; it is shown to
                nobody.
        """
        found = self.known(tenant_id, certificate_id, format, algorithm)
        if found is None:
            facts = _unsecured(self._issued(certificate_id))
            name = _name(format, algorithm)
            key = self._keys.current(tenant_id, algorithm)
            rendering = Rendering(
                certificate_id, tenant_id, name, key.id, actor, self._clock()
            )
            self._store.begin(rendering)
            fp("render.before_sign")
            signature, body = _signed(facts, format, key, self._keys.signer(key.id))
            digest = hashlib.sha256(body).digest()
            self._store.keep(rendering, signature, digest)
            # Somebody else may have been quicker, with another key: theirs counts.
            found = self.known(tenant_id, certificate_id, format, algorithm)
            assert found is not None
        return found

    def known(
        self,
        tenant_id: str,
        certificate_id: str,
        format: Format,
        algorithm: Algorithm = Algorithm.EDDSA,
    ) -> Rendition | None:
        """
        Return a certificate in a format that it was asked for in before; else None.

        Raises:
            Refusal, Fault: as `render`.
        """
        name = _name(format, algorithm)
        body = self._issued(certificate_id)
        if format is Format.RDFC:
            return Rendition(body, MEDIA_TYPES[format], None)
        kept = self._store.find(certificate_id, name)
        if kept is None:
            return None
        key = self._key(tenant_id, kept.key_id)
        again = _told_again(_unsecured(body), format, key, kept.signature)
        return Rendition(again, MEDIA_TYPES[format], f"{certificate_id}/{name}")

    def _issued(self, certificate_id: str) -> bytes:
        issued = self._credentials.find(certificate_id)
        if issued is None:
            raise Refusal(
                Kind.NOT_FOUND,
                "credential_absent",
                "This certificate carries no credential: it was issued before "
                "certificates were signed.",
                at="id",
            )
        return issued.body

    def _key(self, tenant_id: str, key_id: str) -> IssuerKey:
        for key in self._keys.keys_of(tenant_id):
            if key.id == key_id:
                return key
        raise Fault(f"there is no issuer key {key_id}", passing=False)


def _name(format: Format, algorithm: Algorithm) -> str:
    if format in _TOKENS:
        return f"{format}/{algorithm}"
    if algorithm is not Algorithm.EDDSA:
        raise Refusal(
            Kind.INVALID,
            "credential_algorithm",
            f"Proofs of {format} are made with {Algorithm.EDDSA} alone; leave alg "
            f"out, or ask for {Format.VC_JWT} or {Format.OB_JWT}.",
            at="alg",
        )
    return str(format)


def _unsecured(body: bytes) -> dict[str, Any]:
    facts: dict[str, Any] = orjson.loads(body)
    del facts["proof"]
    return facts


def _signed(
    facts: dict[str, Any], format: Format, key: IssuerKey, sign: Sign
) -> tuple[bytes, bytes]:
    """Return the signature and the bytes it is in, which *key* verifies."""
    made: list[bytes] = []

    def sign_and_note(data: bytes) -> bytes:
        made.append(sign(data))
        return made[0]

    body = _written(facts, format, key, sign_and_note)
    if not _holds(body, facts, format, key):
        raise Fault(
            f"the issuer key {key.id} made a signature that its public half does not "
            "verify; nothing was given out. The memory of this machine, or what holds "
            "the key, is failing",
            passing=False,
        )
    return made[0], body


def _told_again(
    facts: dict[str, Any], format: Format, key: IssuerKey, signature: bytes
) -> bytes:
    """Return the bytes in which *signature* was given out before."""
    body = _written(facts, format, key, lambda _: signature)
    if not _holds(body, facts, format, key):
        raise Fault(
            f"the credential {facts['id']} as {format} does not read as it did when it "
            "was signed; restore the database from a backup",
            passing=False,
        )
    return body


def _written(
    facts: dict[str, Any], format: Format, key: IssuerKey, sign: Sign
) -> bytes:
    method = method_of(facts["issuer"]["id"], key)
    if format is Format.JCS:
        moment = facts["validFrom"]
        return orjson.dumps(
            jcs.secure(facts, created=moment, verification_method=method, sign=sign)
        )
    token = _TOKENS[format](facts, algorithm=key.algorithm, key_id=method, sign=sign)
    return token.encode()


def _holds(body: bytes, facts: dict[str, Any], format: Format, key: IssuerKey) -> bool:
    """Say whether *body*, read again, says *facts* and is signed by *key*."""
    method = method_of(facts["issuer"]["id"], key)
    if format is Format.JCS:
        secured = orjson.loads(body)
        if problem_with(secured, {method: key.public}) is not None:
            return False
        del secured["proof"]
        return bool(secured == facts)
    signed, _, signature = body.rpartition(b".")
    header, _, payload = signed.partition(b".")
    try:
        head, claims = orjson.loads(_decoded(header)), orjson.loads(_decoded(payload))
        is_signed = verifies(key, _decoded(signature), signed)
    except (binascii.Error, orjson.JSONDecodeError):
        return False
    return (
        is_signed
        and head["kid"] == method
        and head["alg"] == key.algorithm
        and facts.items() <= claims.items()
    )


def _decoded(part: bytes) -> bytes:
    return base64.urlsafe_b64decode(part + b"=" * (-len(part) % 4))
