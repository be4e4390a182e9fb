"""
Check a certificate that came as a token, with `pip install joserfc httpx` alone.

    python check_token.py certificate.jwt

The issuer's key is fetched from where its did:web says. Whether it was revoked is
not asked: `credentialStatus` in what is printed says where that stands.
"""

import base64
import json
import sys
from pathlib import Path
from urllib.parse import unquote

import httpx
from joserfc import jws
from joserfc.jwk import OKPKey, RSAKey

ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


def key_of(kid: str) -> OKPKey | RSAKey:
    """Return the key that a token names, as its issuer publishes it."""
    host, *path = map(unquote, kid.partition("#")[0].split(":")[2:])
    scheme = "http" if host.startswith(("127.", "localhost")) else "https"
    where = f"{scheme}://{host}/{'/'.join(path) or '.well-known'}/did.json"
    document = httpx.get(where).raise_for_status().json()
    (method,) = (
        one
        for one in document["verificationMethod"]
        if one["id"] == kid and kid in document["assertionMethod"]
    )
    if "publicKeyJwk" in method:
        return RSAKey.import_key(method["publicKeyJwk"])
    number = 0  # W3C Multikey: base 58, with two bytes that say "Ed25519"
    for letter in method["publicKeyMultibase"][1:]:
        number = number * 58 + ALPHABET.index(letter)
    x = base64.urlsafe_b64encode(number.to_bytes(34)[2:]).rstrip(b"=").decode()
    return OKPKey.import_key({"kty": "OKP", "crv": "Ed25519", "x": x})


def main() -> None:
    """Print what the token says, if it is genuine."""
    token = Path(sys.argv[1]).read_text().strip()
    header = jws.extract_compact(token.encode()).headers()
    found = jws.deserialize_compact(
        token, key_of(header["kid"]), algorithms=["EdDSA", "RS256"]
    )
    claims = json.loads(found.payload)
    if header["kid"].partition("#")[0] != claims["issuer"]["id"]:
        sys.exit("not valid: somebody else signed it")
    print(json.dumps(claims, indent=2, ensure_ascii=False))


if __name__ == "__main__":
    main()
