"""What a certificate's page says of its signature and of its place in the log."""

from dataclasses import dataclass
from typing import Any

from testamur.core.clock import rfc3339

from .certificate_view import day


@dataclass(frozen=True, slots=True)
class Trust:
    """Why a certificate can be believed by those who do not believe this server."""

    #: The issuer when it was issued: DID, name, page.
    did: str
    name: str
    page: str
    #: The key that signed, by its id.
    key_id: str
    #: When that key was revoked; None while what it signed is valid.
    key_revoked_at: int | None
    #: Its place in the public log, from 0, and how many entries the log has.
    index: int
    size: int
    #: When that size was signed; None when the checkpoint does not say.
    checkpoint_at: int | None
    #: Who co-signed, and when.
    witnesses: tuple[tuple[str, int], ...]
    #: The C2SP tlog-proof, which needs neither this server nor a network.
    proof: str


def trust_fields(trust: Trust, path: str) -> dict[str, Any]:
    """Return what the page at *path* fills in."""
    certificate_id = path.rpartition("/")[2]
    base = path.removesuffix(f"/c/{certificate_id}")
    return {
        "did": trust.did,
        "name": trust.name,
        "page": trust.page,
        "key": trust.key_id,
        "key_revoked": _moment(trust.key_revoked_at),
        "entry": f"{trust.index + 1:,}",
        "size": f"{trust.size:,}",
        "checkpoint": _moment(trust.checkpoint_at),
        "witnesses": [(name, _moment(at)) for name, at in trust.witnesses],
        "proof": trust.proof,
        "proof_path": f"{base}/v1/log/proof/{certificate_id}",
        "check_path": f"{base}/verify?id={certificate_id}",
    }


def trust_facts(
    trust: Trust | None, public_url: str, certificate_id: str
) -> dict[str, Any] | None:
    """Return the same for programs; None for a certificate without a credential."""
    if trust is None:
        return None
    at, revoked = trust.checkpoint_at, trust.key_revoked_at
    return {
        "url": f"{public_url}/c/{certificate_id}.json",
        "mediaType": "application/vc",
        "verificationMethod": f"{trust.did}#{trust.key_id}",
        "keyRevokedAt": None if revoked is None else rfc3339(revoked),
        "log": {
            "index": trust.index,
            "size": trust.size,
            "checkpointAt": None if at is None else rfc3339(at),
            "witnesses": [name for name, _ in trust.witnesses],
            "proof": f"{public_url}/v1/log/proof/{certificate_id}",
        },
    }


def _moment(at: int | None) -> tuple[str, str] | None:
    """Return a moment for programs and for people."""
    return None if at is None else (rfc3339(at), f"{day(at)}, {rfc3339(at)[11:16]} UTC")
