"""What a transparency log, and this server's own records, say of a credential."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from testamur.core.clock import SECOND
from testamur.core.ids import is_id

from .examine import fingerprint
from .judgements import standing_check
from .ports import CheckLog, House, HouseCertificate, UnknownLog
from .sources import Sources
from .verdict import Check, Step, failed, left_out, passed

Found = Mapping[str, Any]


def certificate_id_in(house: House, name: str) -> str | None:
    """Return the id in *name*: an id, or the address of a certificate of *house*."""
    if is_id(name):
        return name
    try:
        given = urlsplit(name)
    except ValueError:
        return None
    for public_url in house.public_urls:
        ours = urlsplit(public_url + "/c/")
        if given.netloc.lower() != ours.netloc.lower():
            continue
        if given.path.startswith(ours.path):
            rest = given.path.removeprefix(ours.path)
            rest = rest.partition("/")[0].partition(".")[0]
            return rest if is_id(rest) else None
    return None


class Records:
    """The house's records, and the log's proofs."""

    def __init__(self, house: House | None, check_log: CheckLog) -> None:
        self._house = house
        self._check_log = check_log

    def checks(self, found: Found, sources: Sources) -> list[Check]:
        """Return what the log and our own records say of a credential."""
        certificate, standing = self._own(found, sources)
        bundle = found.get("bundle") or {}
        keys = [
            *sources.wish.log_keys,
            *(self._house.log_keys if self._house is not None else ()),
        ]
        proof, digest = "", b""
        if certificate is not None and certificate.log_proof:
            assert certificate.credential is not None
            proof, digest = certificate.log_proof, _sha256(certificate.credential)
        elif bundle.get("logProof"):
            proof, digest = bundle["logProof"], bytes.fromhex(found["digest"])
        if not proof:
            log = left_out(
                Step.LOG,
                "log_none",
                "It is not in the public log yet."
                if certificate is not None
                else "It came without a proof that a transparency log has it.",
            )
        else:
            log = self._log(proof, digest, keys, bundle, sources)
        return [log, standing]

    def _log(
        self,
        proof: str,
        digest: bytes,
        keys: Sequence[str],
        bundle: Found,
        sources: Sources,
    ) -> Check:
        note = ""
        if not keys and sources.wish.trusts_bundle and bundle.get("logKeys"):
            keys = bundle["logKeys"]
            note = (
                " The log's key was taken from the bundle itself: compare it with the "
                "one that the log publishes."
            )
        if not keys:
            return _unknown_log()
        try:
            said = self._check_log(proof, digest, keys)
        except UnknownLog:
            if not sources.wish.log_keys:
                return _unknown_log()
            detail = "Its proof is of another log than the one whose key you named."
            return failed(Step.LOG, "log_key", detail)
        except ValueError as problem:
            return failed(
                Step.LOG, "log_proof", f"The log's proof is wrong: {problem}."
            )
        witnesses = (
            f", and {', '.join(said.witnesses)} witnessed it" if said.witnesses else ""
        )
        return passed(
            Step.LOG,
            "logged_by_bundle_key" if note else "logged",
            f"The log {said.origin} has it as leaf {said.index} of {said.size}, signed "
            f"by {said.signed_by}{witnesses}.{note}",
            None if said.at is None else said.at * SECOND,
        )

    def _own(
        self, found: Found, sources: Sources
    ) -> tuple[HouseCertificate | None, Check]:
        """Return what our own records say of a document, if it claims to be ours."""
        if self._house is None or not sources.is_ours(found.get("issuer") or ""):
            detail = "It is from an issuer whose records are not kept here."
            return None, left_out(Step.STANDING, "not_ours", detail)
        certificate_id = certificate_id_in(self._house, found.get("id") or "")
        if certificate_id is None:
            detail = "Its issuer is here, but it is no certificate with a page here."
            return None, left_out(Step.STANDING, "no_page", detail)
        certificate = self._house.certificate(certificate_id)
        if certificate is not None and certificate.standing == "erased":
            return None, standing_check(certificate, sources.now)
        if certificate is None or certificate.credential is None:
            return None, failed(
                Step.STANDING,
                "not_issued",
                "It names an address here, but this server never issued it.",
                sources.now,
            )
        if _unsecured(certificate.credential) != found.get("fingerprint"):
            return None, failed(
                Step.STANDING,
                "not_as_issued",
                "It says something else than the certificate that was issued at its "
                "address.",
                sources.now,
            )
        return certificate, standing_check(certificate, sources.now)


def _unknown_log() -> Check:
    return left_out(
        Step.LOG,
        "log_key",
        "It came with a proof of a log whose key is not known here.",
    )


def _sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def _unsecured(credential: bytes) -> str:
    return fingerprint(json.loads(credential))
