"""The suppression list on the native wire: read and spelled."""

from typing import Any

from testamur.core.clock import rfc3339
from testamur.core.refusals import Kind, Refusal
from testamur.core.suppressions import (
    MAX_ADDRESS_CHARACTERS,
    Suppression,
    SuppressionReason,
)

REASONS = [str(one) for one in SuppressionReason]

BODY: dict[str, Any] = {
    "type": "object",
    "required": ["address"],
    "additionalProperties": False,
    "properties": {
        "address": {"type": "string", "maxLength": MAX_ADDRESS_CHARACTERS},
        "reason": {
            "type": "string",
            "enum": REASONS,
            "description": "manual when left out",
        },
    },
    "example": {"address": "ada@example.org"},
}


def entry(body: Any) -> tuple[str, SuppressionReason]:
    """
    Read `{"address": "...", "reason": "manual"}`; the reason may be left out.

    Raises:
        Refusal: INVALID, naming the field.
    """
    if not isinstance(body, dict):
        raise _wrong("body", 'Send one JSON object, such as {"address": "..."}.')
    for name in body:
        if name not in BODY["properties"]:
            raise Refusal(
                Kind.INVALID,
                "unknown_field",
                "There is no field of this name; there are address and reason.",
                at=str(name)[:64],
            )
    address, reason = body.get("address"), body.get("reason", "manual")
    if not isinstance(address, str) or len(address) > MAX_ADDRESS_CHARACTERS:
        raise _wrong("address", "Send an e-mail address as text.")
    return address, reason_of(reason)


def reason_of(value: Any) -> SuppressionReason:
    """
    Read a reason.

    Raises:
        Refusal: INVALID, naming those there are.
    """
    if not isinstance(value, str) or value not in REASONS:
        raise _wrong("reason", f"The reason is one of {', '.join(REASONS)}.")
    return SuppressionReason(value)


def spelled(one: Suppression) -> dict[str, Any]:
    """Spell an entry of the list."""
    return {
        "id": one.id,
        "address": one.address,
        "reason": one.reason,
        "createdAt": rfc3339(one.created_at),
    }


def _wrong(at: str, detail: str) -> Refusal:
    return Refusal(Kind.INVALID, "parameter_invalid", detail, at=at)
