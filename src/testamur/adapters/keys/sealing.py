"""
The operator secret, sealed by a key in a token or a key service.

The key never leaves it; what is sealed may be kept beside the data, since nobody
opens it without the token and its PIN, or without the service's permission. A URL
says where the key is:

    pkcs11:token=LABEL;object=KEY?module-path=FILE.so&pin-source=file:PIN-FILE
    aws-kms://KEY-ID?region=REGION&endpoint=URL

Libraries of vendors, and what they keep in memory, end with the process that asks
them once.
"""

import base64
import binascii
import json
import os
import subprocess
import sys
from urllib.parse import urlsplit

from testamur.core.refusals import Fault

CHILD = "testamur.adapters.keys.child"

#: A token on a shelf of its own may take this long; who waits longer is stuck.
PATIENCE_SECONDS = 60

#: What we write begins so; another release may write something else.
PREFIX = "1:"


def seal(url: str, secret: bytes, *, may_make_key: bool = False) -> str:
    """
    Return *secret*, sealed by the key at *url*, as a line of text.

    Raises:
        Fault: the key cannot be used; the text says what to do.
    """
    sealed = _ask(
        url, {"verb": "seal", "data": _text(secret), "may_make_key": may_make_key}
    )
    return f"{PREFIX}{urlsplit(url).scheme}:{_text(sealed)}"


def unseal(url: str, sealed: str) -> bytes:
    """
    Return the secret that `seal` made *sealed* of.

    Raises:
        Fault: the key cannot be used, or is not the one that sealed it.
    """
    scheme = urlsplit(url).scheme
    head = f"{PREFIX}{scheme}:"
    if not sealed.startswith(head):
        raise Fault(
            f"the operator secret was not sealed by {scheme}: name in "
            "TESTAMUR_SECRET_URL the key that sealed it",
            passing=False,
        )
    return _ask(url, {"verb": "unseal", "data": sealed.removeprefix(head)})


def _ask(url: str, question: dict[str, object]) -> bytes:
    try:
        done = subprocess.run(
            [sys.executable, "-m", CHILD],
            # By standard input: arguments are for everybody to see.
            input=json.dumps({"url": url, **question}).encode(),
            env=os.environ,
            capture_output=True,
            timeout=PATIENCE_SECONDS,
        )
    except subprocess.TimeoutExpired:
        raise Fault(
            f"the key of the operator secret did not answer for {PATIENCE_SECONDS} s",
            passing=True,
        ) from None
    try:
        answer = json.loads(done.stdout)
        if "fault" in answer:
            raise Fault(str(answer["fault"]), passing=bool(answer["passing"]))
        return base64.b64decode(answer["data"])
    except (ValueError, KeyError, TypeError, binascii.Error):
        # What it said meanwhile may be a library's, and hold anything.
        raise Fault(
            "what opens the operator secret broke down "
            f"(exit status {done.returncode})",
            passing=False,
        ) from None


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
