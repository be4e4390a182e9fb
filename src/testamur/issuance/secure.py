"""
Credentials that callers write themselves, secured with their tenant's key.

Signed is only what the form check and JSON-LD have nothing against, and what is
answered was verified first: the very bytes, with the key's published half, by a
process that did not sign them.
"""

import base64
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from testamur.core.clock import Clock
from testamur.core.failpoints import fp
from testamur.core.ids import new_id
from testamur.core.refusals import Fault, Kind, Refusal

from .did_web import did_key_of, method_of
from .die.contexts import DATA_INTEGRITY_V2, VC_V1, VC_V2
from .die.credential import xml_moment
from .die.jose import vc_jwt
from .die.proof import proof_value
from .die.sign import Algorithm, Sign
from .ports import IssuerKey, SecuredStore, Securing
from .status_list import place as index_of

#: A value of the right form for a proof that is not signed yet.
_NOT_SIGNED = "z" + "1" * 64

_STATUS_ENTRY = "BitstringStatusListEntry"


class Security(StrEnum):
    """How a credential is secured."""

    RDFC = "eddsa-rdfc-2022"
    JCS = "eddsa-jcs-2022"
    JWT = "vc+jwt"  #: enveloped, as VC-JOSE-COSE has it


@dataclass(frozen=True, slots=True)
class Order:
    """A credential, and how its issuer wants it secured."""

    tenant_id: str
    #: The tenant's DID.
    did: str
    #: The id of the key or token that asks.
    actor: str
    credential: Mapping[str, Any]
    security: Security = Security.RDFC
    #: Of tokens. Proofs are made with EdDSA.
    algorithm: Algorithm = Algorithm.EDDSA
    #: Whether it gets a place in a status list, so that it can be taken back.
    wants_status: bool = False


class Keys(Protocol):
    """The tenants' keys."""

    def current(self, tenant_id: str, algorithm: Algorithm) -> IssuerKey:
        """Return the key that the tenant signs with, made if need be."""
        ...

    def signer(self, key_id: str) -> Sign:
        """Return what signs with a key."""
        ...


#: Reads a document where it can do no harm: the form's problems, and what each of
#: its proofs has to be made over. `verification.ports.Reader` has the keys.
Read = Callable[[bytes, str], Mapping[str, Any]]


class Securer:
    """Secures what callers wrote. Threads may share it."""

    def __init__(
        self,
        read: Read,
        store: SecuredStore,
        keys: Keys,
        *,
        public_url: str,
        clock: Clock,
    ) -> None:
        self._read = read
        self._store = store
        self._keys = keys
        self._public_url = public_url
        self._clock = clock

    def secure(self, order: Order) -> dict[str, Any]:
        """
        Return the credential, secured; it has a leaf in the log when this returns.

        After a crash: a key may have been used (the audit log says so) and nobody
        has what it signed.

        Raises:
            Refusal: INVALID, when it is no credential, means something that we do
                not know, or names another issuer.
            Halted: issuing is halted.
            Fault: not passing, when what was signed does not verify; it is shown
                to nobody.
        """
        is_token = order.security is Security.JWT
        algorithm = order.algorithm if is_token else Algorithm.EDDSA
        key = self._keys.current(order.tenant_id, algorithm)
        at = self._clock() // 1000 * 1000
        credential, method = _issued_by(order, key)
        proof = {
            "type": "DataIntegrityProof",
            "cryptosuite": str(Security.RDFC if is_token else order.security),
            "created": xml_moment(at),
            "verificationMethod": method,
            "proofPurpose": "assertionMethod",
        }
        wanted = credential
        if order.wants_status:
            wanted = _with_status(credential, f"{self._public_url}/status/0", 0)
        self._lint(wanted, proof)
        securing = Securing(
            id=new_id(),
            tenant_id=order.tenant_id,
            key_id=key.id,
            actor=order.actor,
            at=at,
            name_digest=_name_digest(credential.get("id")),
            public_url=self._public_url,
        )
        place = self._store.begin(securing, wants_place=order.wants_status)
        fp("secure.before_sign")
        index = None
        if place is not None:
            index = index_of(place.seed, place.first, place.size)
            url = f"{self._public_url}/status/{place.list_name}"
            credential = _with_status(credential, url, index)
        sign = self._keys.signer(key.id)
        if is_token:
            secured, text = self._enveloped(credential, key, method, sign)
        else:
            secured, text = self._proved(credential, proof, key, sign)
        self._store.keep(securing, place, index, hashlib.sha256(text).digest())
        return secured

    def _lint(self, credential: dict[str, Any], proof: dict[str, Any]) -> None:
        """
        Return if *credential* may be signed.

        The proof over RDF is what fails for words that no context defines, so it
        is asked of every credential, however it is to be secured.
        """
        words = {**proof, "cryptosuite": str(Security.RDFC)}
        _message(self._examined(credential, words))
        if proof["cryptosuite"] == Security.JCS:
            _message(self._examined(credential, _jcs_proof(credential, proof)))

    def _proved(
        self,
        credential: dict[str, Any],
        proof: dict[str, Any],
        key: IssuerKey,
        sign: Sign,
    ) -> tuple[dict[str, Any], bytes]:
        """Return *credential* with a Data Integrity proof; and its bytes."""
        if proof["cryptosuite"] == Security.JCS:
            proof = _jcs_proof(credential, proof)
        message = _message(self._examined(credential, proof))
        signature = sign(message)
        secured = {
            **credential,
            # A list, as Open Badges 3.0 has it.
            "proof": [{**proof, "proofValue": proof_value(signature)}],
        }
        text = orjson.dumps(secured)
        again = self._read(text, "application/vc")
        proofs = again.get("proofs") or [{}]
        if (
            _decoded(proofs[0].get("messages", {}).get("sha256")) != message
            or proofs[0].get("multibase") != proof_value(signature)
            or again.get("problems")
        ):
            raise _not_what_was_signed(key)
        _verify(key, signature, message)
        return secured, text

    def _enveloped(
        self, credential: dict[str, Any], key: IssuerKey, method: str, sign: Sign
    ) -> tuple[dict[str, Any], bytes]:
        """Return the envelope of *credential* as a token; and the token's bytes."""
        if credential["@context"][0] != VC_V2:
            raise Refusal(
                Kind.INVALID,
                "credential_form",
                f"Only credentials of version 2.0 are secured as {Security.JWT}.",
                at="credential.@context",
            )
        signed: list[tuple[bytes, bytes]] = []

        def sign_and_note(data: bytes) -> bytes:
            signed.append((data, sign(data)))
            return signed[0][1]

        token = vc_jwt(
            credential, algorithm=key.algorithm, key_id=method, sign=sign_and_note
        )
        again = self._read(token.encode(), "application/vc+jwt")
        message, signature = signed[0]
        proofs = again.get("proofs") or [{}]
        unsigned = self._read(orjson.dumps(credential), "application/vc")
        if (
            _decoded(proofs[0].get("messages", {}).get("jws")) != message
            or _decoded(proofs[0].get("value")) != signature
            or again.get("fingerprint") != unsigned.get("fingerprint")
        ):
            raise _not_what_was_signed(key)
        _verify(key, signature, message)
        envelope = {
            "@context": VC_V2,
            "id": f"data:application/vc+jwt,{token}",
            "type": "EnvelopedVerifiableCredential",
        }
        return envelope, token.encode()

    def _examined(
        self, credential: dict[str, Any], proof: dict[str, Any]
    ) -> Mapping[str, Any]:
        """Return what the reader says of *credential* before it is signed."""
        unsigned = {**credential, "proof": {**proof, "proofValue": _NOT_SIGNED}}
        found = self._read(orjson.dumps(unsigned), "application/vc")
        if trouble := found.get("trouble"):
            raise Refusal(Kind.INVALID, str(trouble[0]), str(trouble[1]))
        if problems := found.get("problems"):
            raise _refused(problems)
        if found.get("kind") != "credential":
            raise Refusal(
                Kind.INVALID, "credential_form", "This is not a credential.", at="type"
            )
        return found


def _issued_by(order: Order, key: IssuerKey) -> tuple[dict[str, Any], str]:
    """
    Return the credential with its issuer, and how its proof names *key*.

    The issuer is the tenant's DID, or the `did:key` of its key: for whoever has to
    check credentials without asking anybody for the key.
    """
    credential = dict(order.credential)
    if "proof" in credential:
        raise Refusal(
            Kind.INVALID,
            "credential_secured",
            "The credential has a proof already. Take it out: another is made.",
            at="credential.proof",
        )
    issuer = credential.get("issuer", order.did)
    named = issuer.get("id", order.did) if isinstance(issuer, dict) else issuer
    own = {order.did: method_of(order.did, key)}
    if key.algorithm is Algorithm.EDDSA:
        did = did_key_of(key)
        own[did] = f"{did}#{did.removeprefix('did:key:')}"
    if not isinstance(named, str) or named not in own:
        raise Refusal(
            Kind.INVALID,
            "issuer_foreign",
            f"The issuer has to be {order.did}, or left out: nobody signs in the name "
            "of somebody else.",
            at="credential.issuer",
        )
    credential["issuer"] = (
        {**issuer, "id": named} if isinstance(issuer, dict) else named
    )
    contexts = credential.get("@context")
    listed = contexts if isinstance(contexts, list) else [contexts]
    if listed[:1] == [VC_V1] and DATA_INTEGRITY_V2 not in listed:
        # Version 1.1 does not know such proofs by itself.
        credential["@context"] = [*listed, DATA_INTEGRITY_V2]
    return credential, own[named]


def _with_status(credential: dict[str, Any], url: str, index: int) -> dict[str, Any]:
    """Return *credential* with a place in the list at *url*, beside what it has."""
    entry = {
        "id": f"{url}#{index}",
        "type": _STATUS_ENTRY,
        "statusPurpose": "revocation",
        "statusListIndex": str(index),
        "statusListCredential": url,
    }
    there = credential.get("credentialStatus")
    if there is None:
        return {**credential, "credentialStatus": entry}
    listed = there if isinstance(there, list) else [there]
    return {**credential, "credentialStatus": [*listed, entry]}


def _jcs_proof(credential: dict[str, Any], proof: dict[str, Any]) -> dict[str, Any]:
    # Data Integrity EdDSA 1.0, 3.3.1
    named = {"@context": credential["@context"]} if "@context" in credential else {}
    return {**named, **proof, "cryptosuite": str(Security.JCS)}


def _message(found: Mapping[str, Any]) -> bytes:
    """Return what the one proof that was examined is to be made over."""
    proofs: Sequence[Mapping[str, Any]] = found.get("proofs") or [{}]
    for name in ("missing", "trouble"):
        if told := proofs[0].get(name):
            raise Refusal(Kind.INVALID, str(told[0]), str(told[1]), at="credential")
    message = _decoded(proofs[0].get("messages", {}).get("sha256"))
    if message is None:
        raise Fault("the reader of credentials gave no message", passing=False)
    return message


def _decoded(text: Any) -> bytes | None:
    return base64.b64decode(text) if isinstance(text, str) else None


def _refused(problems: Sequence[Sequence[str]]) -> Refusal:
    parts = [
        Refusal(Kind.INVALID, code, detail, at=f"credential.{at}")
        for code, detail, at in problems
    ]
    return Refusal(
        Kind.INVALID,
        parts[0].code,
        f"This is not a credential that can be signed. {parts[0].detail}",
        at=parts[0].at,
        parts=parts[1:],
    )


def _verify(key: IssuerKey, signature: bytes, message: bytes) -> None:
    """Return if the public half of *key*, as it is published, verifies."""
    try:
        if key.algorithm is Algorithm.EDDSA:
            Ed25519PublicKey.from_public_bytes(key.public).verify(signature, message)
        else:
            rsa = load_der_public_key(key.public)
            assert isinstance(rsa, RSAPublicKey)
            rsa.verify(signature, message, PKCS1v15(), SHA256())
    except InvalidSignature:
        raise Fault(
            f"the issuer key {key.id} made a signature that its public half does not "
            "verify; nothing was issued. The memory of this machine or its key store "
            "is failing",
            passing=False,
        ) from None


def _not_what_was_signed(key: IssuerKey) -> Fault:
    return Fault(
        f"what was signed with the issuer key {key.id} reads differently afterwards; "
        "nothing was issued. This is a mistake in Testamur",
        passing=False,
    )


def _name_digest(name: Any) -> str | None:
    return hashlib.sha256(name.encode()).hexdigest() if isinstance(name, str) else None
