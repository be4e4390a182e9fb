"""
Sealing by a key of AWS KMS, or of anything that speaks its protocol.

`aws-kms://KEY-ID?region=REGION&endpoint=URL`: an id, `alias/NAME` or an ARN. Who we
are to the service is found as every AWS program finds it: environment, profile,
instance role. Encryption and decryption name what they are for, so that a
permission for this context opens nothing else.
"""

from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from testamur.core.refusals import Fault

CONTEXT = {"testamur": "operator secret"}

EXTRA = 'install it with: pip install "testamur[aws-kms]"'


def seal(url: str, secret: bytes) -> bytes:
    """Return *secret* encrypted by the key at *url*."""
    return _ask(url, "encrypt", "CiphertextBlob", Plaintext=secret)


def unseal(url: str, sealed: bytes) -> bytes:
    """Return what was sealed."""
    return _ask(url, "decrypt", "Plaintext", CiphertextBlob=sealed)


def _ask(url: str, verb: str, answer: str, **data: bytes) -> bytes:
    try:
        import botocore.exceptions
        import botocore.session
        from botocore.config import Config
    except ImportError:
        raise Fault(
            f"TESTAMUR_SECRET_URL needs botocore; {EXTRA}", passing=False
        ) from None
    parts = urlsplit(url)
    key = unquote(parts.netloc + parts.path).strip("/")
    query = parse_qs(parts.query)
    if not key:
        raise Fault("TESTAMUR_SECRET_URL names no key of AWS KMS", passing=False)
    options: dict[str, Any] = {
        "region_name": query.get("region", [None])[0],
        "endpoint_url": query.get("endpoint", [None])[0],
        "config": Config(
            connect_timeout=5, read_timeout=10, retries={"total_max_attempts": 3}
        ),
    }
    try:
        client = botocore.session.get_session().create_client("kms", **options)
        said = getattr(client, verb)(KeyId=key, EncryptionContext=CONTEXT, **data)
        return bytes(said[answer])
    except botocore.exceptions.ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        raise Fault(
            f"AWS KMS refuses to {verb} with the key that TESTAMUR_SECRET_URL names: "
            f"{_MEANS.get(code, code)}",
            passing=code in _PASSING,
        ) from None
    except botocore.exceptions.BotoCoreError as error:
        name = type(error).__name__
        raise Fault(
            f"AWS KMS cannot be asked: {_MEANS.get(name, name)}",
            passing=isinstance(
                error,
                (
                    botocore.exceptions.HTTPClientError,
                    botocore.exceptions.ConnectionError,
                ),
            ),
        ) from None


_PASSING = frozenset(
    {"ThrottlingException", "KMSInternalException", "DependencyTimeoutException"}
)

_MEANS = {
    "AccessDeniedException": "it does not permit this to who we are, or another key "
    "sealed the secret",
    "NotFoundException": "there is no such key in this region",
    "DisabledException": "the key is disabled",
    "InvalidCiphertextException": "another key sealed the secret, or it was changed",
    "IncorrectKeyException": "another key sealed the secret",
    "KMSInvalidStateException": "the key is about to be deleted, or disabled",
    "NoCredentialsError": "it does not know who we are; set AWS_ACCESS_KEY_ID and "
    "AWS_SECRET_ACCESS_KEY, or run where a role is given",
    "NoRegionError": "no region is named; add ?region= to TESTAMUR_SECRET_URL",
    "EndpointConnectionError": "it does not answer",
}
