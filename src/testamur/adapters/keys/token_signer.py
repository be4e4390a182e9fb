"""Private keys in tokens (PKCS #11): `documents.signers.ports.OpenToken`."""

import base64
import contextlib
import json
import os
import select
import subprocess
import sys
import threading
import time
from typing import Any

from testamur.core.pins import Pin
from testamur.core.refusals import Fault, Kind, Refusal, SignerUnavailable
from testamur.core.signers import SignerAlgorithm
from testamur.documents.signers.ports import WrongPin

from .pkcs11 import read_uri
from .signing_child import LOCKED, WRONG

CHILD = "testamur.adapters.keys.signing_child"

#: A token on the network may take this long to open, and to sign once.
OPEN_SECONDS = 60.0
SIGN_SECONDS = 30.0

MAX_LINE_BYTES = 64 * 1024

PIECE = 4096


class Tokens:
    """Opens keys in tokens, each in a process of its own."""

    def check(self, uri: str) -> None:
        """
        Return if *uri* can name a key.

        Raises:
            Refusal: INVALID `token_uri`.
        """
        problem = None
        try:
            if not uri.startswith("pkcs11:"):
                problem = "The URI has to begin with pkcs11:."
            elif "pin-value" in uri:
                problem = "The URI holds a PIN; leave it out: whoever signs is asked."
            elif read_uri(uri, kind="private", called="The URI").pin_file:
                problem = (
                    "The URI names a file with the PIN; leave pin-source out: whoever "
                    "signs is asked for it."
                )
        except Fault as fault:
            problem = f"{fault}."
        if problem is not None:
            raise Refusal(Kind.INVALID, "token_uri", problem, at="pkcs11")

    def open(self, uri: str, pin: Pin) -> "TokenSession":
        """
        Return the key at *uri*, after one login.

        Raises:
            WrongPin: the token says so.
            SignerUnavailable: the token cannot be asked.
            Refusal: INVALID `token_locked`, when it takes no PIN any more.
        """
        session = TokenSession()
        try:
            session.begin(uri, pin)
        except BaseException:
            session.close()
            raise
        return session


class TokenSession:
    """
    A key in a token, and the process that is logged in. Threads may share it.

    The process ends when it is closed, and when this one ends, however it does:
    then nobody is at the other end of its standard input.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rest = b""
        # The settings of this house are none of a vendor's library's business.
        environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith("TESTAMUR_")
        }
        try:
            self._process: subprocess.Popen[bytes] | None = subprocess.Popen(
                [sys.executable, "-m", CHILD],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                bufsize=0,
                env=environment,
            )
        except OSError as trouble:
            raise SignerUnavailable(
                f"the token's process did not start: {trouble.strerror}",
                was_tried=False,
            ) from None

    def begin(self, uri: str, pin: Pin) -> None:
        """Log in, once. Raises as `Tokens.open` does."""
        answer = self._ask({"uri": uri, "pin": pin.reveal()}, OPEN_SECONDS)
        if answer is None:
            # It may have gone before it tried, or after: the guess stays counted.
            raise SignerUnavailable("the token did not answer", was_tried=True)
        if answer.get("ready"):
            return
        if answer.get("trouble") == WRONG:
            raise WrongPin
        if answer.get("trouble") == LOCKED:
            raise Refusal(
                Kind.INVALID,
                "token_locked",
                "The token takes no pin any more, after too many wrong ones: unlock it "
                "with the tools that came with it.",
                at="pin",
            )
        raise _unavailable(answer)

    def sign_digest(self, digest: bytes, algorithm: SignerAlgorithm) -> bytes:
        """
        Return the signature over what has this *digest*; ECDSA as DER.

        Raises:
            SignerUnavailable: the token is gone, or its session is.
        """
        question = {
            "digest": base64.b64encode(digest).decode(),
            "algorithm": str(algorithm),
        }
        answer = self._ask(question, SIGN_SECONDS)
        if answer is None or "signature" not in answer:
            self.close()
            raise _unavailable(
                answer or {"said": "stopped answering", "was_tried": False}
            )
        return base64.b64decode(answer["signature"])

    def close(self) -> None:
        """Log out, by ending the process. Closing twice is fine."""
        process, self._process = self._process, None
        if process is None:
            return
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        try:
            process.wait(1)  # some tokens want to be said goodbye to
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _ask(self, question: dict[str, str], seconds: float) -> dict[str, Any] | None:
        """Return the answer; None when there is none any more."""
        with self._lock:
            process = self._process
            if process is None or process.stdin is None or process.stdout is None:
                return None
            line = json.dumps(question).encode() + b"\n"
            question.clear()
            with contextlib.suppress(OSError, ValueError):
                process.stdin.write(line)
                answer: dict[str, Any] = json.loads(
                    self._line(process.stdout.fileno(), time.monotonic() + seconds)
                )
                return answer
        return None

    def _line(self, pipe: int, deadline: float) -> bytes:
        poll = select.poll()
        poll.register(pipe, select.POLLIN)
        while b"\n" not in self._rest:
            left = deadline - time.monotonic()
            if left <= 0 or not poll.poll(left * 1_000):
                return b""
            piece = os.read(pipe, PIECE)
            if not piece or len(self._rest) > MAX_LINE_BYTES:
                return b""
            self._rest += piece
        line, _, self._rest = self._rest.partition(b"\n")
        return line


def _unavailable(answer: dict[str, Any]) -> SignerUnavailable:
    return SignerUnavailable(
        f"the token {answer.get('said')}", was_tried=bool(answer.get("was_tried", True))
    )
