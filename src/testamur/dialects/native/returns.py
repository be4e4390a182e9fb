"""What a mail service says of a mail that came back, on the native wire."""

import re
from typing import Any

from testamur.core.mail_returns import Returned, ReturnKind, ReturnOutcome
from testamur.core.refusals import Kind, Refusal

#: What a service says, in its words and ours.
KINDS = {
    "bounce": ReturnKind.HARD,
    "delay": ReturnKind.DELAYED,
    "complaint": ReturnKind.COMPLAINT,
}

MAX_WORDS = 2_000

_CODE = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")
_MESSAGE_ID = re.compile(r"<[^<>\s]{3,250}>")

#: No such mailbox (RFC 3463, 3.2).
_UNKNOWN = re.compile(r"5\.1\.(1|2|3|6|10)|5\.2\.1")

BODY: dict[str, Any] = {
    "type": "object",
    "required": ["type", "messageId"],
    "additionalProperties": False,
    "properties": {
        "type": {"type": "string", "enum": list(KINDS)},
        "messageId": {
            "type": "string",
            "description": "The Message-ID of the mail, with or without <>",
            "maxLength": 256,
        },
        "code": {
            "type": "string",
            "description": "Such as 5.1.1 (RFC 3463); 4.x.x is passing",
            "pattern": r"^[245]\.[0-9]{1,3}\.[0-9]{1,3}$",
        },
        "words": {
            "type": "string",
            "description": "What the mail server said; addresses are taken out",
            "maxLength": MAX_WORDS,
        },
    },
    "example": {
        "type": "bounce",
        "messageId": "<0123456789abcdef01234567@example.org>",
        "code": "5.1.1",
        "words": "550 5.1.1 no such user",
    },
}


def returned(body: Any) -> tuple[str, Returned]:
    """
    Read `{"type": "bounce", "messageId": "...", "code": "5.1.1", "words": "..."}`.

    Raises:
        Refusal: INVALID, naming the field.
    """
    if not isinstance(body, dict):
        raise _wrong("body", "Send one JSON object.")
    for name in body:
        if name not in BODY["properties"]:
            known = ", ".join(BODY["properties"])
            raise Refusal(
                Kind.INVALID,
                "unknown_field",
                f"There is no field of this name; there are {known}.",
                at=str(name)[:64],
            )
    said = body.get("type")
    if not isinstance(said, str) or said not in KINDS:
        raise _wrong("type", f"The type is one of {', '.join(KINDS)}.")
    name = body.get("messageId")
    if isinstance(name, str) and not name.startswith("<"):
        name = f"<{name}>"
    if not isinstance(name, str) or not _MESSAGE_ID.fullmatch(name):
        raise _wrong("messageId", "Send the Message-ID of the mail as text.")
    code, words = body.get("code", ""), body.get("words", "")
    if not isinstance(code, str) or (
        "code" in body and not (code.isascii() and _CODE.fullmatch(code))
    ):
        raise _wrong("code", "Write a code such as 5.1.1, or leave it out.")
    if not isinstance(words, str) or len(words) > MAX_WORDS:
        raise _wrong("words", f"Send words as text of at most {MAX_WORDS:,} letters.")
    kind = KINDS[said]
    if kind is ReturnKind.HARD and code.startswith("4"):
        kind = ReturnKind.SOFT
    is_unknown = kind is ReturnKind.HARD and bool(_UNKNOWN.fullmatch(code))
    return name, Returned(kind, code, words, is_unknown)


def spelled(outcome: ReturnOutcome) -> dict[str, str]:
    """Spell what came of a message."""
    return {"outcome": outcome}


OUTCOME: dict[str, Any] = {
    "type": "object",
    "required": ["outcome"],
    "properties": {
        "outcome": {"type": "string", "enum": [str(one) for one in ReturnOutcome]}
    },
}


def _wrong(at: str, detail: str) -> Refusal:
    return Refusal(Kind.INVALID, "parameter_invalid", detail, at=at)
