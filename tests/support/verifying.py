"""A verifier in this process, with other people's servers and records made up."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from testamur.issuance.did_web import did_document, did_key_of
from testamur.issuance.die import jcs
from testamur.issuance.die.contexts import Contexts, known_contexts
from testamur.issuance.die.proof import proof_value
from testamur.issuance.keys import open_key
from testamur.issuance.status_list import SIZE, encoded
from testamur.verification.examine import examine
from testamur.verification.ports import (
    HouseCertificate,
    HouseIssuer,
    NotFetched,
    Words,
)
from testamur.verification.verdict import Check, Outcome, Step, Verdict
from testamur.verification.verify import Verifier, Wish
from testamur.wiring.reading_child import words
from testamur.wiring.verifying import check_log

from .credentials import (
    DID,
    ISSUED_AT,
    PLAIN,
    PUBLIC_URL,
    SEALING,
    issuer_key,
    secured,
)

NOW = ISSUED_AT + 3_600_000
LIST_URL = f"{PUBLIC_URL}/status/1"
DID_URL = "https://certificates.example.org/t/harbour/did.json"


@cache
def known_words() -> Words:
    """Return what signatures are made over."""
    return words(known_contexts())


@dataclass
class Here:
    """Reads documents in this process, which is quicker than in a child."""

    words: Words = field(default_factory=known_words)

    @classmethod
    def knowing(cls, contexts: Contexts) -> "Here":
        """Return a reader that knows these *contexts*."""
        return cls(words(contexts))

    def read(self, data: bytes, media_type: str = "") -> Mapping[str, Any]:
        """Return the examination of *data*, through JSON as from the child."""
        found: Mapping[str, Any] = json.loads(
            json.dumps(examine(data, media_type, self.words))
        )
        return found


@dataclass
class Web:
    """Other people's servers: files by URL. It notes what it was asked for."""

    files: dict[str, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def __call__(self, url: str) -> bytes | NotFetched:
        """Return the file at *url*, and note that it was asked for."""
        self.asked.append(url)
        if url not in self.files:
            return NotFetched(f"{url} answers with status 404.")
        return self.files[url]


@dataclass
class Records:
    """`verification.ports.House`, made up."""

    certificates: dict[str, HouseCertificate] = field(default_factory=dict)
    lists: dict[str, bytes] = field(default_factory=dict)
    revoked: dict[str, int] = field(default_factory=dict)
    public_urls: Sequence[str] = (PUBLIC_URL,)
    did_prefixes: Sequence[str] = (DID.rpartition(":")[0] + ":",)
    log_keys: Sequence[str] = ()

    def issuer(self, did: str) -> HouseIssuer | None:
        """Return the one issuer there is."""
        if did != DID:
            return None
        return HouseIssuer(did_document(DID, [issuer_key()]), self.revoked, {})

    def certificate(self, certificate_id: str) -> HouseCertificate | None:
        """Return one of the certificates."""
        return self.certificates.get(certificate_id)

    def status_list(self, url: str) -> bytes | None:
        """Return one of the lists."""
        return self.lists.get(url)


def credential(number: int = 1, **shape: Any) -> dict[str, Any]:
    """Return a credential of ours, with its proof."""
    return secured(PLAIN, number, **shape)


def issuers_web(*set_places: int, **changed: Any) -> Web:
    """Return a web that has the issuer's document and its (empty) status list."""
    document = did_document(DID, [issuer_key()])
    return Web(
        {
            DID_URL: json.dumps(document).encode(),
            LIST_URL: status_list(*set_places, **changed),
        }
    )


def signed(
    document: Mapping[str, Any], method: str = f"{DID}#{issuer_key().id}"
) -> dict[str, Any]:
    """Return *document* with a proof by the issuer (eddsa-jcs-2022)."""
    return jcs.secure(
        document,
        created="2026-11-22T00:00:00Z",
        verification_method=method,
        sign=open_key(issuer_key(), sealing=SEALING),
    )


def status_list(
    *set_places: int, purpose: str = "revocation", url: str = LIST_URL, **changed: Any
) -> bytes:
    """Return a signed status list credential with these places set."""
    subject = {
        "id": f"{url}#list",
        "type": "BitstringStatusList",
        "statusPurpose": purpose,
        "encodedList": encoded(set_places, SIZE),
    }
    document = {
        "@context": ["https://www.w3.org/ns/credentials/v2"],
        "id": url,
        "type": ["VerifiableCredential", "BitstringStatusListCredential"],
        "issuer": DID,
        "validFrom": "2026-11-22T00:00:00Z",
        "credentialSubject": subject | changed.pop("subject", {}),
    } | changed
    return json.dumps(signed(document)).encode()


def presented(
    *credentials: Any, holder: str | None = None, **changed: Any
) -> dict[str, Any]:
    """
    Return a presentation, signed by its holder: a `did:key`.

    It was made for the challenge `c-1` of employer.example, unless *changed*.
    """
    signer = did_key_of(issuer_key())
    document = {
        "@context": ["https://www.w3.org/ns/credentials/v2"],
        "type": ["VerifiablePresentation"],
        "holder": holder or signer,
        "verifiableCredential": list(credentials),
    }
    proof = {
        "@context": document["@context"],
        "type": "DataIntegrityProof",
        "cryptosuite": "eddsa-jcs-2022",
        "created": "2026-11-22T00:00:00Z",
        "verificationMethod": f"{signer}#{signer.removeprefix('did:key:')}",
        "proofPurpose": "authentication",
        "challenge": "c-1",
        "domain": "employer.example",
    } | changed
    sign = open_key(issuer_key(), sealing=SEALING)
    signature = proof_value(sign(jcs.hash_data(document, proof)))
    return document | {"proof": proof | {"proofValue": signature}}


def verifier(
    *,
    web: Web | None = None,
    house: Records | None = None,
    now: int = NOW,
    reader: Any = None,
) -> Verifier:
    """Return a verifier; without *web* it has no network."""
    return Verifier(
        reader or Here(),
        clock=lambda: now,
        check_log=check_log,
        house=house,
        fetch=web,
    )


def check_of(verdict: Verdict, step: Step) -> Check:
    """Return the check of one step."""
    return next(check for check in verdict.checks if check.step is step)


def verdict_on(document: Any, *, wish: Wish | None = None, **parts: Any) -> Verdict:
    """Return the verdict on a document, by a verifier of these *parts*."""
    data = document if isinstance(document, bytes) else json.dumps(document).encode()
    parts.setdefault("web", issuers_web())
    return verifier(**parts).verify(data, wish=wish)


def told(verdict: Verdict, step: Step) -> tuple[Outcome, str]:
    """Return outcome and code of one step."""
    check = check_of(verdict, step)
    return check.outcome, check.code
