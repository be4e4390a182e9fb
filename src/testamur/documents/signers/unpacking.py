"""Opening PKCS #12 files in a child: `ports.UnpackFile`."""

import base64
import json
import threading
import time
from typing import Any

from testamur.core.child import Child
from testamur.core.pins import Password
from testamur.core.refusals import Kind, Refusal

from .ports import Unpacked
from .unpacking_child import ANSWER, QUESTION

MODULE = "testamur.documents.signers.unpacking_child"

SECONDS = 15.0

#: A key, and a chain of certificates with long names: a tenth of it.
MAX_FILE_BYTES = 256 * 1024
MAX_ANSWER_BYTES = 4 * MAX_FILE_BYTES

#: Adding a certificate is rare; a child takes 40 MB.
_ONE_AT_A_TIME = threading.Lock()

#: So many may be there, the one being opened among them: others are told to wait, and
#: keep no thread.
_PLACES = threading.BoundedSemaphore(4)


def unpack_file(data: bytes, password: Password) -> Unpacked:
    """
    Return what the PKCS #12 file *data* holds.

    Raises:
        Refusal: INVALID `certificate_password` or `certificate_unreadable`.
            TOO_OFTEN `signers_busy`, when several wait already.
        Fault: passing, when the child cannot be started.
    """
    if not data or len(data) > MAX_FILE_BYTES:
        raise unreadable()
    if not _PLACES.acquire(blocking=False):
        raise Refusal(
            Kind.TOO_OFTEN,
            "signers_busy",
            "Several certificate files are being opened at this moment. Try again "
            "shortly.",
            retry_after_seconds=5,
        )
    try:
        with _ONE_AT_A_TIME:
            found = _answer(data, password)
    finally:
        _PLACES.release()
    if found is None or found.get("refused") == "unreadable":
        raise unreadable()
    if "refused" in found:
        raise Refusal(
            Kind.INVALID,
            "certificate_password",
            "The password does not open the certificate file.",
            at="password",
        )
    key = found["key"]
    return Unpacked(
        base64.b64decode(key) if key else None,
        tuple(base64.b64decode(one) for one in found["certificates"]),
    )


def _answer(data: bytes, password: Password) -> dict[str, Any] | None:
    child = Child(MODULE, what="reader of certificates")
    try:
        child.start()
        return _ask(child, data, password)
    finally:
        child.close()


def _ask(child: Child, data: bytes, password: Password) -> dict[str, Any] | None:
    deadline = time.monotonic() + SECONDS
    try:
        secret = password.reveal().encode()
        child.send(QUESTION.pack(len(data), len(secret)) + data + secret, deadline)
        (length,) = ANSWER.unpack(child.receive(ANSWER.size, deadline))
        if length > MAX_ANSWER_BYTES:
            return None
        found: dict[str, Any] = json.loads(child.receive(length, deadline))
        return found
    except (TimeoutError, EOFError, OSError, ValueError):
        return None


def unreadable() -> Refusal:
    """Return what is said of a file that is none."""
    return Refusal(
        Kind.INVALID,
        "certificate_unreadable",
        "The certificate has to be a PKCS #12 file (.p12, .pfx) with the private key "
        "and its certificates.",
        at="certificate",
    )
