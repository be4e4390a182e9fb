"""
`python -m testamur.adapters.keys.signing_child`: one login to a token, many signatures.

A login is the whole process's (PKCS #11 v3.1, 5.6.8): in a process that is logged in,
every PIN would seem right. So each signer that is opened has a process of its own,
which holds the vendor's library, too. It is asked by lines of JSON on standard input
and ends with it.
"""

import base64
import json
import os
import sys
from typing import Any, BinaryIO

from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from testamur.core.refusals import Fault

from .pkcs11 import EXTRA, Place, read_uri

#: DigestInfo of SHA-256 without the digest (RFC 8017, 9.2 note 1).
SHA256_INFO = bytes.fromhex("3031300d060960864801650304020105000420")

WRONG = "wrong"
LOCKED = "locked"
UNAVAILABLE = "unavailable"


class TokenTrouble(Exception):
    """Why the token does not serve. `was_tried`: the PIN may be a wrong one."""

    def __init__(self, code: str, said: str = "", *, was_tried: bool = False) -> None:
        super().__init__(said)
        self.code = code
        self.was_tried = was_tried


def main() -> None:
    """Open what the first line says, then sign what the others bring."""
    out = _only_ours()
    source = sys.stdin.buffer
    question = json.loads(source.readline())
    pin = question.pop("pin")
    try:
        key, again = _open(question["uri"], pin)
    except TokenTrouble as trouble:
        _say(out, _told(trouble))
        return
    if not again:
        pin = None
    del question
    _say(out, {"ready": True})
    while line := source.readline():
        asked = json.loads(line)
        try:
            digest = base64.b64decode(asked["digest"])
            signature = _sign(key, digest, asked["algorithm"], pin)
        except TokenTrouble as trouble:
            _say(out, _told(trouble))
            return
        _say(out, {"signature": base64.b64encode(signature).decode()})


def _only_ours() -> BinaryIO:
    """Return where we answer; what a library prints goes nowhere."""
    ours = os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    return ours


def _open(uri: str, pin: str) -> tuple[Any, bool]:
    """Return the key, and whether it wants the PIN for each signature."""
    try:
        import pkcs11
    except ImportError:
        raise TokenTrouble(UNAVAILABLE, f"needs python-pkcs11; {EXTRA}") from None
    try:
        place = read_uri(uri, kind="private", called="its URI")
        token = _token(pkcs11, place)
    except Fault as fault:
        raise TokenTrouble(UNAVAILABLE, str(fault)) from None
    except pkcs11.NoSuchToken:
        raise TokenTrouble(
            UNAVAILABLE, "is not there: is it plugged in, or its label wrong?"
        ) from None
    except pkcs11.MultipleTokensReturned:
        raise TokenTrouble(
            UNAVAILABLE, "is one of several that fit; add serial="
        ) from None
    except (pkcs11.PKCS11Error, RuntimeError) as error:
        raise TokenTrouble(UNAVAILABLE, _words(error)) from None
    try:
        # One C_Login: whoever tried again would lock the token.
        session = token.open(user_pin=pin)
    except (pkcs11.PinIncorrect, pkcs11.PinInvalid, pkcs11.PinLenRange):
        raise TokenTrouble(WRONG, was_tried=True) from None
    except pkcs11.PinLocked:
        raise TokenTrouble(LOCKED, was_tried=True) from None
    except (pkcs11.PKCS11Error, RuntimeError) as error:
        raise TokenTrouble(UNAVAILABLE, _words(error), was_tried=True) from None
    wanted = {"label": place.label, "id": place.id}
    try:
        key = session.get_key(
            object_class=pkcs11.ObjectClass.PRIVATE_KEY,
            **{name: value for name, value in wanted.items() if value is not None},
        )
    # The PIN was right: what is wrong is not the fault of whoever sent it.
    except pkcs11.NoSuchKey:
        raise TokenTrouble(UNAVAILABLE, "has no private key as the URI says") from None
    except pkcs11.MultipleObjectsReturned:
        raise TokenTrouble(UNAVAILABLE, "has several keys that fit; add id=") from None
    except (pkcs11.PKCS11Error, RuntimeError) as error:
        raise TokenTrouble(UNAVAILABLE, _words(error)) from None
    try:
        again = bool(key[pkcs11.Attribute.ALWAYS_AUTHENTICATE])
    except pkcs11.PKCS11Error:  # an older token does not know the question
        again = False
    return key, again


def _token(pkcs11: Any, place: Place) -> Any:
    wanted = {"token_label": place.token, "token_serial": place.serial}
    return pkcs11.lib(place.module).get_token(
        **{name: value for name, value in wanted.items() if value is not None}
    )


def _sign(key: Any, digest: bytes, algorithm: str, pin: str | None) -> bytes:
    import pkcs11

    # What every token can do: the digest is made here, and DER as well.
    is_rsa = algorithm.startswith("rsa")
    if (key.key_type == pkcs11.KeyType.RSA) is not is_rsa:
        return b""  # which verifies under no certificate: it is found out there
    mechanism = pkcs11.Mechanism.RSA_PKCS if is_rsa else pkcs11.Mechanism.ECDSA
    data = SHA256_INFO + digest if is_rsa else digest
    with_pin = {} if pin is None else {"pin": pin}
    try:
        found = bytes(key.sign(data, mechanism=mechanism, **with_pin))
    except (pkcs11.PKCS11Error, RuntimeError) as error:
        raise TokenTrouble(UNAVAILABLE, _words(error)) from None
    if is_rsa:
        return found
    half = len(found) // 2
    return encode_dss_signature(
        int.from_bytes(found[:half]), int.from_bytes(found[half:])
    )


def _words(error: Exception) -> str:
    said = str(error).partition("\n")[0]
    return f"cannot be used: {said or type(error).__name__}"


def _told(trouble: TokenTrouble) -> dict[str, object]:
    return {
        "trouble": trouble.code,
        "said": str(trouble),
        "was_tried": trouble.was_tried,
    }


def _say(out: BinaryIO, answer: dict[str, object]) -> None:
    out.write(json.dumps(answer).encode() + b"\n")
    out.flush()


if __name__ == "__main__":
    main()
