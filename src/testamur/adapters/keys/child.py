"""`python -m testamur.adapters.keys.child`: asks a key once, and ends."""

import base64
import json
import sys
from typing import Any

from testamur.core.refusals import Fault


def main() -> None:
    """Answer the one question on standard input (see `sealing`)."""
    question = json.load(sys.stdin)
    try:
        answer: dict[str, Any] = {
            "data": base64.b64encode(_answer(question)).decode("ascii")
        }
    except Fault as trouble:
        answer = {"fault": str(trouble), "passing": trouble.passing}
    json.dump(answer, sys.stdout)


def _answer(question: dict[str, Any]) -> bytes:
    url, data = question["url"], base64.b64decode(question["data"])
    is_sealing = question["verb"] == "seal"
    if url.startswith("pkcs11:"):
        from . import pkcs11

        if is_sealing:
            return pkcs11.seal(url, data, may_make_key=question["may_make_key"])
        return pkcs11.unseal(url, data)
    from . import aws_kms

    return aws_kms.seal(url, data) if is_sealing else aws_kms.unseal(url, data)


if __name__ == "__main__":
    main()
