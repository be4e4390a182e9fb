"""
The program in which PKCS #12 files are opened: on a short leash, once.

Such a file says itself how much work its password is to be, and is full of nested
structures: a hostile one costs this process, and nobody else. It gets one file and
its password by frames on standard input, and answers with what it found.
"""

import base64
import json
import struct
import sys
import warnings
from typing import Any

from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.hazmat.primitives.serialization.pkcs12 import load_pkcs12

from testamur.core import leash

QUESTION = struct.Struct(">II")
ANSWER = struct.Struct(">I")

MEMORY_BYTES = 512 * 1024 * 1024
CPU_SECONDS = 10


def main() -> None:
    """Answer one question."""
    leash.take_leash(int(sys.argv[1]), memory_bytes=MEMORY_BYTES)
    leash.allow_time(CPU_SECONDS)
    leash.write(leash.READY)
    if (head := leash.read(QUESTION.size)) is None:
        return
    length, password_length = QUESTION.unpack(head)
    data, password = leash.read(length), leash.read(password_length)
    if data is None or password is None:
        return
    answer = json.dumps(_unpacked(data, password)).encode()
    leash.write(ANSWER.pack(len(answer)) + answer)


def _unpacked(data: bytes, password: bytes) -> dict[str, Any]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = load_pkcs12(data, password or None)
            certificates = [
                one.certificate.public_bytes(Encoding.DER)
                for one in (found.cert, *found.additional_certs)
                if one is not None
            ]
            key = found.key and found.key.private_bytes(
                Encoding.DER, PrivateFormat.PKCS8, NoEncryption()
            )
            public = found.key and found.key.public_key()
            del public
    except ValueError as error:
        # What it says is OpenSSL's, and quotes nothing.
        is_password = "password" in str(error).lower()
        return {"refused": "password" if is_password else "unreadable"}
    except Exception:
        return {"refused": "unreadable"}
    return {
        "key": base64.b64encode(key).decode() if key else None,
        "certificates": [base64.b64encode(one).decode() for one in certificates],
    }


if __name__ == "__main__":
    main()
