"""
How a webhook's messages are signed, and its secret is kept.

Standard Webhooks (spec 1.0): HMAC-SHA256 of `id.timestamp.body`. Beside it, for
clients of two services that sign so, the hexadecimal HMAC-SHA256 of the body alone.
"""

import hmac
import os
from base64 import b64encode
from collections.abc import Mapping, Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from testamur.core.clock import rfc3339
from testamur.core.refusals import Fault
from testamur.core.webhooks import WebhookStyle

#: What the operator secret is asked for.
SEALING = "webhook secret"

#: Bytes; the standard has 24 to 64.
SECRET_BYTES = 32

PREFIX = "whsec_"

_NONCE = 12


def make_secret() -> bytes:
    """Return a new secret."""
    return os.urandom(SECRET_BYTES)


def shown(secret: bytes) -> str:
    """Return *secret* as its owner is shown it, once."""
    return PREFIX + b64encode(secret).decode()


def seal(secret: bytes, webhook_id: str, *, sealing: bytes) -> bytes:
    """Seal *secret* with the 32 bytes *sealing*, for this webhook and no other."""
    nonce = os.urandom(_NONCE)
    return nonce + AESGCM(sealing).encrypt(nonce, secret, webhook_id.encode())


def unseal(sealed: bytes, webhook_id: str, *, sealing: bytes) -> bytes:
    """
    Return the secret again.

    Raises:
        Fault: passing: it does not open with this operator secret.
    """
    try:
        return AESGCM(sealing).decrypt(
            sealed[:_NONCE], sealed[_NONCE:], webhook_id.encode()
        )
    except (InvalidTag, ValueError):
        raise Fault(
            f"the secret of webhook {webhook_id} does not open: rotate it",
            passing=True,
        ) from None


def headers(
    body: bytes,
    *,
    message_id: str,
    at: int,
    secrets: Sequence[bytes],
    style: WebhookStyle,
    webhook_id: str,
    event: str,
) -> Mapping[str, str]:
    """
    Return what is sent with *body* at the moment *at*, in milliseconds.

    Each of *secrets*, the newest first, signs: while one is replaced there are two.
    Styles that have one signature get that of the secret that was there before, so
    that its owner can change over when they like.
    """
    seconds = str(at // 1000)
    signed = f"{message_id}.{seconds}.".encode() + body
    given = {
        "Content-Type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": seconds,
        "webhook-signature": " ".join(
            "v1," + b64encode(hmac.digest(secret, signed, "sha256")).decode()
            for secret in secrets
        ),
    }
    if style is not WebhookStyle.STANDARD:
        # These clients use the secret as the text that they were shown.
        key = shown(secrets[-1]).encode()
        given["X-Webhook-Signature"] = hmac.digest(key, body, "sha256").hex()
    if style is WebhookStyle.VEC:
        given["X-Webhook-Event"] = event
        given["X-Webhook-ID"] = webhook_id
        given["X-Webhook-Timestamp"] = rfc3339(at)
    return given
