"""
Timestamps: somebody else's word that a signature was there by then (RFC 3161).

Who carries the question to them is an adapter; what is asked, and whether the answer
is one to that question, is here.
"""

import secrets
from collections.abc import Callable

from asn1crypto import algos, cms, core, tsp

from testamur.core.refusals import Fault, TimestampUnavailable

_GRANTED = {"granted", "granted_with_mods"}

#: By the length of a digest.
_HASHES = {32: "sha256", 48: "sha384", 64: "sha512"}

MAX_TOKEN_BYTES = 64 * 1024


class Timestamps:
    """Fetches tokens from one timestamping authority. Threads may share it."""

    def __init__(self, post: Callable[[bytes], bytes]) -> None:
        """
        Take what posts a request (`application/timestamp-query`) and returns the
        answer's body (`application/timestamp-reply`); it raises Fault when there is
        none.
        """
        self._post = post

    def token(self, digest: bytes) -> bytes:
        """
        Return a token for *digest* (SHA-256, SHA-384 or SHA-512), in DER.

        Raises:
            TimestampUnavailable: there is no answer, the authority refuses, or it
                answers something else.
        """
        nonce = secrets.randbits(63) | 1 << 62
        try:
            answer = self._post(request(digest, nonce))
        except Fault as trouble:
            raise TimestampUnavailable(str(trouble)) from trouble
        return token_of(answer, digest, nonce)


def request(digest: bytes, nonce: int) -> bytes:
    """Return the question, in DER; certificates are to come with the answer."""
    encoded: bytes = tsp.TimeStampReq(
        {
            "version": "v1",
            "message_imprint": {
                "hash_algorithm": algos.DigestAlgorithm(
                    {"algorithm": _HASHES[len(digest)]}
                ),
                "hashed_message": digest,
            },
            "nonce": core.Integer(nonce),
            "cert_req": True,
        }
    ).dump()
    return encoded


def token_of(response: bytes, digest: bytes, nonce: int) -> bytes:
    """
    Return the token in *response*, which is about *digest* and has *nonce*.

    Whether it is signed by somebody whom anybody trusts is for those who check.

    Raises:
        TimestampUnavailable: there is none, or it is about something else.
    """
    try:
        answer = tsp.TimeStampResp.load(response, strict=True)
        status = answer["status"]["status"].native
        if status not in _GRANTED:
            raise TimestampUnavailable(f"the timestamping authority says no: {status}")
        token = answer["time_stamp_token"]
        signed: cms.SignedData = token["content"]
        info = signed["encap_content_info"]["content"].parsed
        imprint = info["message_imprint"]
        found = (
            imprint["hash_algorithm"]["algorithm"].native,
            imprint["hashed_message"].native,
            info["nonce"].native,
        )
        encoded: bytes = token.dump()
    except (ValueError, TypeError, KeyError, AttributeError) as trouble:
        raise _odd("cannot be read") from trouble
    if found != (_HASHES[len(digest)], digest, nonce):
        raise _odd("is about something else")
    if len(encoded) > MAX_TOKEN_BYTES:
        raise _odd("is too long")
    return encoded


def _odd(what: str) -> Fault:
    return TimestampUnavailable(f"the answer of the timestamping authority {what}")
