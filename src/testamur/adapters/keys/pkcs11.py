"""
Sealing by a secret key in a PKCS#11 token.

The token is asked for one thing that all of them can do with a key that never
leaves: HMAC-SHA256 (CKM_SHA256_HMAC), over a label and 32 random bytes. What
comes back is an AES-256-GCM key, which seals the secret and is forgotten. Keys that
wrap keys would be the textbook's way; tokens disagree about every one of them.

The URI is RFC 7512's: `token`, `serial`, `object`, `id`, `module-path`,
`pin-source`. A PIN in it (`pin-value`) is refused: URIs end up in logs.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, unquote_to_bytes

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from testamur.core.refusals import Fault

from ..files.secret import private_bytes

_VERSION = b"\x01"
_LABEL = b"testamur operator secret\0"
_SALT = 32
_NONCE = 12

EXTRA = 'install it with: pip install "testamur[pkcs11]"'

_KNOWN = frozenset({"token", "serial", "object", "id", "type", "manufacturer", "model"})


@dataclass(frozen=True, slots=True)
class Place:
    """Where a key is, as its URI says."""

    module: str
    pin_file: Path | None
    token: str | None
    serial: bytes | None
    label: str | None
    id: bytes | None


def read_uri(
    uri: str, *, kind: str = "secret-key", called: str = "TESTAMUR_SECRET_URL"
) -> Place:
    """
    Return what *uri* says of a key of this *kind*; faults call it as it is *called*.

    Raises:
        Fault: not passing, when it names no module or no key, or holds a PIN.
    """
    path, _, query = uri.removeprefix("pkcs11:").partition("?")
    names = _pairs(path, ";")
    asked = _pairs(query, "&")
    if "pin-value" in asked or "pin-value" in names:
        raise _fault(
            "holds a PIN; put it into a file and name that: pin-source=file:", called
        )
    if unknown := (names.keys() - _KNOWN) | (
        asked.keys() - {"module-path", "pin-source"}
    ):
        raise _fault(f"says {min(unknown)}, which is not understood", called)
    if unquote(names.get("type", kind)) != kind:
        raise _fault(f"names a key of another type; it has to be a {kind}", called)
    if not ({"object", "id"} & names.keys()):
        raise _fault("names no key; add object=LABEL or id=", called)
    if not asked.get("module-path"):
        raise _fault("names no library; add ?module-path=/path/to/library.so", called)
    source = unquote(asked.get("pin-source", ""))
    if source and not source.startswith(("file:", "/")):
        raise _fault(
            "has a pin-source that is not a file; write pin-source=file:/PATH", called
        )
    pin_path = source.removeprefix("file:").removeprefix("//")
    return Place(
        module=unquote(asked["module-path"]),
        pin_file=Path(pin_path) if source else None,
        token=_text(names, "token"),
        serial=_bytes(names, "serial"),
        label=_text(names, "object"),
        id=_bytes(names, "id"),
    )


def seal(uri: str, secret: bytes, *, may_make_key: bool) -> bytes:
    """Return *secret* sealed by the key at *uri*, which is made if it *may* be."""
    salt, nonce = os.urandom(_SALT), os.urandom(_NONCE)
    with _key(read_uri(uri), may_make_key=may_make_key) as key:
        cipher = AESGCM(_mac(key, salt))
    return _VERSION + salt + nonce + cipher.encrypt(nonce, secret, _LABEL)


def unseal(uri: str, sealed: bytes) -> bytes:
    """Return what was sealed."""
    salt, rest = sealed[1 : 1 + _SALT], sealed[1 + _SALT :]
    with _key(read_uri(uri), may_make_key=False) as key:
        cipher = AESGCM(_mac(key, salt))
    try:
        if sealed[:1] != _VERSION:
            raise InvalidTag
        return cipher.decrypt(rest[:_NONCE], rest[_NONCE:], _LABEL)
    except (InvalidTag, ValueError):
        raise Fault(
            "the operator secret was sealed by another key than the one that "
            "TESTAMUR_SECRET_URL names, or was changed: name the right key, or "
            "restore a backup",
            passing=False,
        ) from None


def _mac(key: Any, salt: bytes) -> bytes:
    from pkcs11 import Mechanism

    found = bytes(key.sign(_LABEL + salt, mechanism=Mechanism.SHA256_HMAC))
    if len(found) != 32:
        raise _fault("names a key whose HMAC-SHA256 is not one")
    return found


@contextmanager
def _key(place: Place, *, may_make_key: bool) -> Iterator[Any]:
    try:
        import pkcs11
    except ImportError:
        raise Fault(
            f"TESTAMUR_SECRET_URL needs python-pkcs11; {EXTRA}", passing=False
        ) from None
    pin = None
    if place.pin_file is not None:
        found = private_bytes(place.pin_file, "the PIN")
        pin = found.decode("utf-8", "replace").strip("\r\n")
    try:
        with _token(pkcs11, place).open(user_pin=pin, rw=may_make_key) as session:
            try:
                yield _found(pkcs11, session, place)
            except pkcs11.NoSuchKey:
                if not may_make_key:
                    raise
                yield _made(pkcs11, session, place)
    except pkcs11.NoSuchToken:
        raise _fault(
            "names a token that is not there; is it plugged in, or its label wrong?"
        ) from None
    except pkcs11.MultipleTokensReturned:
        raise _fault("fits several tokens; add serial=") from None
    except pkcs11.NoSuchKey:
        raise _fault(
            "names a key that is not on the token; `testamur secret seal --make-key` "
            "makes one"
        ) from None
    except pkcs11.MultipleObjectsReturned:
        raise _fault("fits several keys; add id=") from None
    except (pkcs11.PinIncorrect, pkcs11.PinInvalid, pkcs11.PinLenRange):
        raise _fault("opens a token that refuses the PIN") from None
    except pkcs11.PinLocked:
        raise _fault(
            "opens a token that is locked after too many wrong PINs; unlock it"
        ) from None
    except pkcs11.UserNotLoggedIn:
        raise _fault("names no PIN, and the token asks for one; add pin-source=") from (
            None
        )
    except (pkcs11.PKCS11Error, RuntimeError) as error:
        said = str(error).partition("\n")[0] or type(error).__name__
        raise Fault(
            f"the token that TESTAMUR_SECRET_URL names cannot be used: {said}",
            passing=isinstance(error, pkcs11.DeviceError),
        ) from None


def _token(pkcs11: Any, place: Place) -> Any:
    wanted = {"token_label": place.token, "token_serial": place.serial}
    return pkcs11.lib(place.module).get_token(
        **{name: value for name, value in wanted.items() if value is not None}
    )


def _found(pkcs11: Any, session: Any, place: Place) -> Any:
    wanted = {"label": place.label, "id": place.id}
    return session.get_key(
        object_class=pkcs11.ObjectClass.SECRET_KEY,
        **{name: value for name, value in wanted.items() if value is not None},
    )


def _made(pkcs11: Any, session: Any, place: Place) -> Any:
    return session.generate_key(
        pkcs11.KeyType.GENERIC_SECRET,
        256,
        label=place.label,
        id=place.id or os.urandom(8),
        store=True,
        capabilities=pkcs11.MechanismFlag.SIGN,
        template={
            pkcs11.Attribute.SENSITIVE: True,
            pkcs11.Attribute.EXTRACTABLE: False,
            pkcs11.Attribute.PRIVATE: True,
        },
    )


def _pairs(text: str, separator: str) -> dict[str, str]:
    pairs = [part.partition("=") for part in text.split(separator) if part]
    return {name: value for name, _, value in pairs}


def _text(names: dict[str, str], name: str) -> str | None:
    return unquote(names[name]) if name in names else None


def _bytes(names: dict[str, str], name: str) -> bytes | None:
    return unquote_to_bytes(names[name]) if name in names else None


def _fault(problem: str, called: str = "TESTAMUR_SECRET_URL") -> Fault:
    return Fault(f"{called} {problem}", passing=False)
